// What goes with the line that is being written: files that were chosen, dropped or pasted, each a chip until it is sent.

import { announce } from "./announce.js";
import { Problem, upload } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { me, stopsWithSession } from "./session.js";
import { isSame, size } from "./words.js";

/** So many go with one line; what is more was rather a folder. */
const MOST = 10;

/** What the browser calls every picture that is pasted. */
const PASTED = /^image\.(png|jpe?g|gif|webp)$/;

/**
 * The files of a room's composer. `changed()` hears that there are more or fewer, `focus()` takes the writer back to the
 * line. The result: `button` and `list` to show, `add(files)`, `take()`, which gives and forgets them, `onPaste(event)`,
 * and `goesOn()`, which hears that somebody goes on writing.
 */
export function makeAttach({ changed, focus }) {
  const input = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", on: { change } });
  const button = h("button.btn.btn-quiet.btn-icon", { type: "button", "aria-label": "Add a file", title: "Add a file", on: { click: () => input.click() } }, icon("clip"));
  const why = h("span");
  const told = h("p.attach-told", why, h("button.btn.btn-quiet.btn-icon", { type: "button", "aria-label": "Dismiss", title: "Dismiss", on: { click: () => { tell(""); focus(); } } }, icon("x")));
  const chips = h("ul.chips", { "aria-label": "Files to send" });
  const list = h("div.attach", { hidden: true }, told, chips);
  let files = [];
  tell("");

  /** Why something is not taken, until something else is chosen or written. */
  function tell(text) {
    why.textContent = text;
    told.hidden = text === "";
    draw();
  }

  function change() {
    add([...input.files]);
    // The same file may be chosen again once it was taken out.
    input.value = "";
  }

  function add(more) {
    const most = me.wilco.file_bytes;
    const fits = more.filter((file) => file.size > 0 && file.size <= most);
    const left = Math.max(0, MOST - files.length);
    const not = more.filter((file) => !fits.includes(file)).map((file) => (file.size === 0 ? `${file.name} is empty.` : `${file.name} is larger than ${most / 2 ** 20} MiB, the most that a file may have.`));
    if (fits.length > left) not.push(`At most ${MOST} files go with one line.`);
    files = [...files, ...fits.slice(0, left)];
    tell(not.join(" "));
    if (not.length > 0) announce(not.join(" "));
    else if (files.length > 0) announce(files.length === 1 ? `${files[0].name} goes with your line` : `${files.length} files go with your line`);
    focus();
  }

  function remove(file) {
    files = files.filter((other) => other !== file);
    tell("");
    focus();
  }

  function draw() {
    list.hidden = files.length === 0 && told.hidden;
    chips.hidden = files.length === 0;
    fill(chips, files.map((file) => h("li.chip", icon("file"), h("bdi.chip-name", file.name), h("span.muted", size(file.size)),
      h("button.btn.btn-quiet.btn-icon", { type: "button", "aria-label": `Take out ${file.name}`, on: { click: () => remove(file) } }, icon("x")))));
    changed();
  }

  /** A picture of the clipboard is added; where there is text beside it, as of a table, the text is what was meant. */
  function onPaste(event) {
    const { files: pasted, types } = event.clipboardData ?? {};
    if (!pasted?.length || types.includes("text/plain")) return;
    event.preventDefault();
    add([...pasted].map((file) => (PASTED.test(file.name) ? new File([file], `pasted-${stampOf(new Date())}.${PASTED.exec(file.name)[1]}`, { type: file.type }) : file)));
  }

  return {
    button: [input, button], list, add, onPaste,
    isEmpty: () => files.length === 0,
    /** Somebody goes on writing: what was told of an earlier choice was read. */
    goesOn: () => { if (!told.hidden) tell(""); },
    take() {
      const taken = files;
      files = [];
      tell("");
      return taken;
    },
  };
}

function stampOf(date) {
  return date.toISOString().slice(0, 19).replaceAll(":", "-").replace("T", "-");
}

/** A name that Wilco keeps as it is: others are shortened, or lose signs, folders or dots. */
const KEPT = /^[\p{L}\p{N}_-](?:[\p{L}\p{N}_ .()-]{0,118}[\p{L}\p{N}_)-])?$/u;

/** Whether a message is this file with these words. */
export function isFile(message, file, words) {
  const { name, bytes } = message.blocks?.find(({ type }) => type === "file") ?? {};
  const said = message.blocks?.find(({ type }) => type === "quote")?.text ?? "";
  return bytes === file.size && (name === file.name || !KEPT.test(file.name)) && isSame(said, words);
}

/**
 * A file on its way: `element` shows how far it is, `turn(before)` waits until what goes before it is over, and then
 * `send()` promises its message. Both may be called anew after a failure: all tries have one key. Stopping it is a
 * failure, too, whether it waits or is under way.
 */
export function makeSending({ place, file, words, thread }) {
  const done = h("progress", { max: file.size, value: 0, "aria-label": `Sending ${file.name}` });
  const stop = h("button.btn", { type: "button", on: { click: () => abort?.abort() } }, "Stop", h("span.hidden-text", ` sending ${file.name}`));
  const element = h("div.file", icon("file"), h("bdi.file-name", file.name), h("span.muted", size(file.size)), done, stop);
  const begin = upload(place, file, { words, thread });
  let abort = null;

  const show = (isShown) => {
    for (const part of [done, stop]) part.hidden = !isShown;
  };

  function turn(before) {
    const { signal } = abort = new AbortController();
    done.value = 0;
    show(true);
    return new Promise((go, failed) => {
      before.then(go);
      signal.addEventListener("abort", () => {
        show(false);
        failed(new Problem(0, { detail: "You stopped it." }));
      });
    });
  }

  async function send() {
    const over = stopsWithSession(() => abort.abort());
    try {
      return await begin({ signal: abort.signal, progress: (sent) => { done.value = sent; } });
    } finally {
      over();
      show(false);
    }
  }

  return { element, turn, send };
}

const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** A file that is dropped where nothing takes it does not take the page's place. */
export function keepsDrops() {
  addEventListener("dragover", (event) => {
    if (!brings(event) || event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", (event) => { if (brings(event)) event.preventDefault(); });
}

/** Takes files that are dropped on an element; while some are held over it, it says so. */
export function takesDrops(element, add) {
  const told = h("p.drop", { "aria-hidden": "true", hidden: true }, icon("file"), "Drop to add it to your line");
  let inside = 0;
  const show = (by) => {
    inside = Math.max(0, inside + by);
    told.hidden = inside === 0;
  };
  element.append(told);
  element.addEventListener("dragenter", (event) => { if (brings(event)) { event.preventDefault(); show(1); } });
  element.addEventListener("dragleave", (event) => { if (brings(event)) show(-1); });
  element.addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  element.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    inside = 0;
    show(0);
    add([...event.dataTransfer.files]);
  });
}
