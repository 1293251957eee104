// The line where a person writes: Enter sends, Tab completes, what is begun stays for later.

import { announce } from "./announce.js";
import { line as lineOf, Problem } from "./api.js";
import { isFile, makeAttach, makeSending } from "./attach.js";
import { named, planned } from "./called.js";
import { begins, fitting, flags, isNone, LINES, matching, people as peopleBy } from "./completion.js";
import { fill, h, icon } from "./dom.js";
import { whenIdle } from "./idle.js";
import { inline, preview } from "./markdown.js";
import { quoteOf } from "./message.js";
import { commands, drafts, keepFiles, me, putBack, unsentFiles } from "./session.js";
import { effect, hasEffect, isSame } from "./words.js";

/** So many bytes of words go beside a file at most. */
const BESIDE = 8 * 1024;
/** Where the commands could not be fetched, typing asks for them again after so many milliseconds. */
const AGAIN = 5000;

/** The composer that is shown: what comes back from another one of its room goes there. */
let shown = null;
/** How many lines and files are on their way, whichever room is shown. */
let underWay = 0;

/** Whoever closes the page is asked first while something is on its way: it would be lost. */
function askToStay(event) {
  event.preventDefault();
}

function onItsWay(by) {
  underWay += by;
  // A page that always listens is not kept by the browser for the way back.
  if (underWay > 0) window.addEventListener("beforeunload", askToStay);
  else window.removeEventListener("beforeunload", askToStay);
}

/**
 * The composer of a room. `timeline` shows what is on its way; `sent(message)` hears of what arrived; `people()` names
 * those who may be spoken to.
 * The result: `element`, `focus()`, `onEscape(event)`, `attach(files)`, which adds files to the line, `reply(message)`,
 * which goes on in the thread of a message, `isOrder(text)`, whether a line is one by all that is known here, and
 * `close()`, after which it is not shown any more: what is on its way goes on, and what fails is a draft again.
 */
export function makeComposer({ room, timeline, sent, people }) {
  const name = me.wilco.name;
  const who = me.id;
  const field = h("textarea", {
    id: "say", rows: "1", spellcheck: "false", autocomplete: "off", autocapitalize: "off", enterkeyhint: "send",
    "aria-autocomplete": "list", "aria-controls": "complete",
    placeholder: room.direct ? "help" : `${name} help`,
  });
  const list = h("ul.complete", { id: "complete", role: "listbox", "aria-label": "What fits", hidden: true });
  const hint = h("span.end");
  const thread = h("p.composer-thread", { hidden: true });
  const attach = makeAttach({ changed: () => {}, focus: () => field.focus() });
  const send = h("button.btn.btn-primary", { type: "submit" }, icon("send"), h("span.only-desk", "Send"), h("span.hidden-text.only-phone", "Send"));
  const element = h("form.composer", { "aria-label": `Write to ${room.name}`, on: { submit } },
    h("div.composer-box", list, thread, attach.list,
      h("div.composer-row", attach.button, h("label.hidden-text", { for: "say" }, `Message or order for ${room.name}`), field, send)),
    h("p.composer-hint",
      h("span.only-desk", h("kbd", "Tab"), " complete"), h("span.only-desk", h("kbd", "Enter"), " send"),
      h("span.only-desk", h("kbd", "Shift Enter"), " new line"), hint));
  let known = [];
  let asked = 0;
  let matches = [];
  let chosen = 0;
  /** Whether Tab asked for all that an order may begin with. */
  let lists = false;
  /** Whether Escape put the list away; what is typed next brings it back. */
  let isAway = false;
  let inThread = null;
  let queue = Promise.resolve();
  let closed = false;
  let returned = "";
  const unsent = new Set();

  // What completes the first words is fetched once the messages are there, or with the first of them.
  whenIdle(learn);
  restore();
  field.addEventListener("input", () => {
    drafts.set(room.place, field.value);
    attach.goesOn();
    isAway = false;
    look();
    if (known.length === 0 && Date.now() - asked > AGAIN) learn();
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("paste", attach.onPaste);
  say();
  shown = { place: room.place, close, restore: () => { restore(); look(); } };

  /** Shows what was begun here, and what came back. */
  function restore() {
    field.value = drafts.get(room.place) ?? "";
    const files = unsentFiles.get(room.place) ?? [];
    unsentFiles.delete(room.place);
    if (files.length > 0) attach.add(files);
  }

  function learn() {
    asked = Date.now();
    commands().then((items) => {
      known = items.filter(({ rooms }) => rooms.includes(room.place));
      look();
    }, () => {});
  }

  /** What Wilco is told; null where the text is not addressed. */
  function addressed(text) {
    return named(text) ?? (room.direct ? { front: "", rest: text } : null);
  }

  function isOrder(text) {
    const at = named(text);
    return at !== null && begins(known, planned(at).rest);
  }

  function say() {
    const text = field.value;
    const at = addressed(text);
    // In a thread it may be the answer to a question.
    if (at && inThread === null && isNone(known, planned(at).rest)) {
      fill(hint, "No command that you may use here begins so; ", h("code", room.direct ? "help" : `${name} help`), " lists them.");
      hint.className = "end";
      return;
    }
    if (at || text.trim() === "") {
      hint.textContent = room.direct ? `Only you and ${name} read this` : `Everyone in ${room.name} sees what you order`;
      hint.className = "end only-desk";
      return;
    }
    const order = fitting(known, text).some(({ fit }) => fit.done.split(" ").length > 1 || fit.rest === "");
    fill(hint, order ? ["To give this as an order, put ", h("code", name), " in front"] : `Said to the people in ${room.name}`);
    hint.className = order ? "end" : "end only-desk";
  }

  function look() {
    lists = false;
    matches = isAway ? [] : suggestions();
    chosen = 0;
    say();
    drawList();
  }

  /** Behind the name alone, Tab lists what an order may begin with. From an empty line it goes on. */
  function listAll() {
    const at = named(field.value);
    if (isAway || at?.rest !== "" || field.value.includes("\n")) return false;
    lists = true;
    matches = suggestions();
    drawList();
    return matches.length > 0;
  }

  /** What the text may become: `[{ done, rest, about, effect, insert }]`. */
  function suggestions() {
    const text = field.value;
    const lines = text.split("\n");
    // A name may be spoken to in any line, an order has one.
    const names = peopleBy(lines.at(-1), [...people(), name]);
    if (names.length > 0) {
      const before = lines.slice(0, -1).map((line) => `${line}\n`).join("");
      return names.map((one) => ({ ...one, insert: before + one.insert }));
    }
    const order = lines.length > 1 ? null : addressed(text);
    if (!order || (order.rest.trim() === "" && !lists)) return [];
    const at = planned(order);
    const begun = flags(known, at.rest);
    if (begun.length > 0) return begun.map((one) => ({ ...one, insert: at.front + one.insert }));
    const found = matching(known, at.rest, people());
    if (found.length === 1 && found[0].fit.rest === "" && at.front + found[0].fit.insert === text) return [];
    return found.map(({ command, fit }) => ({ done: fit.done, rest: fit.rest, about: command.about, effect: hasEffect(command) ? command.effect : null, insert: at.front + fit.insert }));
  }

  function drawList() {
    // Of many, those around the chosen one are shown.
    const first = Math.max(0, Math.min(chosen - LINES / 2, matches.length - LINES));
    list.hidden = matches.length === 0;
    if (matches.length > 0) field.setAttribute("aria-activedescendant", `c${chosen}`);
    else field.removeAttribute("aria-activedescendant");
    fill(list, matches.slice(first, first + LINES).map((one, nth) => [one, first + nth]).map(([one, at]) => h("li.complete-item", {
      role: "option", id: `c${at}`, "aria-selected": String(at === chosen), "aria-setsize": String(matches.length), "aria-posinset": String(at + 1),
      on: { mousedown: (event) => event.preventDefault(), click: () => { chosen = at; accept(); } },
    }, h("span.complete-words", h("b", one.done), one.done && one.rest ? " " : "", h("i", one.rest)), h("span.complete-about", inline(one.about ?? "")), one.effect ? effect(one.effect) : h("span"))));
  }

  function accept() {
    const text = matches[chosen]?.insert;
    if (text === undefined || text === field.value) return false;
    field.value = text;
    drafts.set(room.place, text);
    field.focus();
    look();
    return true;
  }

  function onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      element.requestSubmit();
    } else if (event.key === "Tab" && !event.shiftKey && (list.hidden ? listAll() : accept())) {
      event.preventDefault();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : matches.length - 1)) % matches.length;
      drawList();
    }
  }

  function reply(message) {
    inThread = message?.id ?? null;
    say();
    thread.hidden = !message;
    fill(thread, message && [
      h("span.grow", "In the thread of ", h("b", preview(message).slice(0, 60))),
      h("button.btn.btn-quiet", { type: "button", on: { click: () => quote(message) } }, "Quote"),
      h("button.btn.btn-quiet", { type: "button", on: { click: () => reply(null) } }, "Leave the thread")]);
    field.focus();
  }

  /** Writes what somebody said in front of the text, as a quote. */
  function quote(message) {
    field.value = quoteOf(message) + field.value;
    drafts.set(room.place, field.value);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    look();
  }

  function onEscape(event) {
    if (document.activeElement === field) isAway = true;
    if (list.hidden) {
      if (inThread && document.activeElement === field) reply(null);
      field.focus();
      return;
    }
    event.preventDefault();
    matches = [];
    drawList();
  }

  function submit(event) {
    event.preventDefault();
    const text = field.value;
    const files = attach.take();
    if (text.trim() === "" && files.length === 0) {
      // What is typed next belongs here, and not to the button.
      field.focus();
      return;
    }
    field.value = "";
    drafts.delete(room.place);
    look();
    // Long words stand by themselves, before the first file; others go with it.
    const beside = text.trim() !== "" && new Blob([text]).size <= BESIDE;
    if (text.trim() !== "" && !(files.length > 0 && beside)) dispatch({ text, is: (message) => isSame(message.text, text), send: lineOf(room.place, text, inThread) });
    files.forEach((file, at) => {
      const words = at === 0 && beside ? text : "";
      dispatch({ text: words, is: (message) => isFile(message, file, words), file, ...makeSending({ place: room.place, file, words, thread: inThread }) });
    });
  }

  /** Shows what is on its way, and sends it in its turn. */
  function dispatch({ text, is, send, file, element: part, turn = (before) => before }) {
    const one = { text, file };
    const line = one.line = timeline.pending({ text, is, shown: part }, {
      again: () => {
        go();
        // The button that was pressed is gone.
        field.focus();
      },
      back: () => {
        unsent.delete(one);
        field.value = field.value.trim() === "" ? text : field.value;
        drafts.set(room.place, field.value);
        if (file) attach.add([file]);
        field.focus();
        look();
      },
    });
    sent(null);
    go();

    /** One after the other, so that what was written first stands first. */
    function go() {
      const before = queue;
      unsent.delete(one);
      onItsWay(1);
      const carried = carry(before).finally(() => onItsWay(-1));
      // What was stopped while it waited lets nothing pass that stands before it.
      queue = before.then(() => carried);
    }

    async function carry(before) {
      try {
        await turn(before);
        // In the meantime somebody else may have signed in here, and would be taken for the one who said it.
        if (me?.id !== who) throw new Problem(401, { detail: "Whoever wrote it is not signed in any more." });
        const message = await send();
        line.gone(message.id);
        if (!closed) sent(message);
      } catch (problem) {
        // It was said, and only the answer was lost.
        if (line.isGone()) return;
        if (closed) {
          giveBack(one, problem);
          return;
        }
        unsent.add(one);
        line.failed(problem.message);
      }
    }
  }

  /** Nobody sees the line any more that failed: its words and its file stand in the composer of the room again. */
  function giveBack(one, problem) {
    const back = putBack(who, room.place, one, returned);
    if (back === null) return;
    returned = back;
    if (me === null) return;
    if (shown?.place === room.place) shown.restore();
    if (problem) announce(`${one.file ? one.file.name : "Your line"} was not sent to ${room.name}: ${problem.message} It stands in its composer again`);
  }

  function close() {
    closed = true;
    if (shown?.close === close) shown = null;
    for (const one of unsent) {
      if (!one.line.isGone()) giveBack(one);
    }
    unsent.clear();
    keepFiles(who, room.place, attach.take());
  }

  return { element, focus: () => field.focus(), onEscape, reply, isOrder, attach: attach.add, close };
}
