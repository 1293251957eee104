// The line where a person writes: Enter sends, Tab completes, what is begun stays for later.

import { line as lineOf } from "./api.js";
import { matching } from "./completion.js";
import { fill, h, icon } from "./dom.js";
import { commands, drafts, me } from "./session.js";
import { effect } from "./words.js";

/**
 * The composer of a room. `timeline` shows what is on its way; `sent(message)` hears of what arrived.
 * The result: `element`, `focus()`, `onEscape(event)`, and `reply(message)`, which goes on in the thread of a message.
 */
export function makeComposer({ room, timeline, sent }) {
  const name = me.wilco.name;
  const field = h("textarea", {
    id: "say", rows: "1", spellcheck: "false", autocomplete: "off", autocapitalize: "off", enterkeyhint: "send",
    "aria-autocomplete": "list", "aria-controls": "complete",
    placeholder: room.direct ? "help" : `${name} help`, data: { slash: "" },
  });
  const list = h("ul.complete", { id: "complete", role: "listbox", "aria-label": "Commands that match", hidden: true });
  const hint = h("span.end");
  const thread = h("p.composer-thread", { hidden: true });
  const send = h("button.btn.btn-primary", { type: "submit" }, icon("send"), h("span.only-desk", "Send"), h("span.hidden-text.only-phone", "Send"));
  const element = h("form.composer", { "aria-label": `Write to ${room.name}`, on: { submit } },
    h("div.composer-box", list, thread,
      h("div.composer-row", h("label.hidden-text", { for: "say" }, `Message or order for ${room.name}`), field, send)),
    h("p.composer-hint",
      h("span.only-desk", h("kbd", "Tab"), " complete"), h("span.only-desk", h("kbd", "Enter"), " send"),
      h("span.only-desk", h("kbd", "Shift Enter"), " new line"), hint));
  let known = [];
  let matches = [];
  let chosen = 0;
  let inThread = null;
  let queue = Promise.resolve();

  commands().then((items) => { known = items; look(); }, () => {});
  field.value = drafts.get(room.place) ?? "";
  field.addEventListener("input", () => { drafts.set(room.place, field.value); look(); });
  field.addEventListener("keydown", onKey);
  say();

  /** What stands after Wilco's name; null where the text is not addressed. */
  function addressed(text) {
    const match = new RegExp(`^\\s*@?${name.replace(/[^\w-]/g, "\\$&")}[\\s:,]\\s*`, "i").exec(text);
    if (match) return { front: match[0], rest: text.slice(match[0].length) };
    return room.direct ? { front: "", rest: text } : null;
  }

  function say() {
    const text = field.value;
    if (addressed(text) || text.trim() === "" || room.direct) {
      hint.textContent = room.direct ? `Only you and ${name} read this` : `Everyone in ${room.name} sees what you order`;
      hint.className = "end only-desk";
      return;
    }
    const order = matching(known, text).some(({ fit }) => fit.done.split(" ").length > 1 || fit.rest === "");
    fill(hint, order ? ["To give this as an order, put ", h("code", name), " in front"] : `Said to the people in ${room.name}`);
    hint.className = order ? "end" : "end only-desk";
  }

  function look() {
    say();
    const at = field.value.includes("\n") ? null : addressed(field.value);
    matches = at ? matching(known, at.rest) : [];
    const single = matches.length === 1 && matches[0].fit.rest === "" && at.front + matches[0].fit.insert === field.value;
    if (single) matches = [];
    chosen = 0;
    drawList();
  }

  function drawList() {
    list.hidden = matches.length === 0;
    if (matches.length > 0) field.setAttribute("aria-activedescendant", `c${chosen}`);
    else field.removeAttribute("aria-activedescendant");
    fill(list, matches.map(({ command, fit }, at) => h("li.complete-item", {
      role: "option", id: `c${at}`, "aria-selected": String(at === chosen),
      on: { mousedown: (event) => event.preventDefault(), click: () => { chosen = at; accept(); } },
    }, h("span.complete-words", h("b", fit.done), fit.done && fit.rest ? " " : "", h("i", fit.rest)), h("span.complete-about", command.about), effect(command.effect))));
  }

  function accept() {
    const at = addressed(field.value);
    const match = matches[chosen];
    if (!at || !match) return false;
    const text = at.front + match.fit.insert;
    if (text === field.value) return false;
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
    } else if (event.key === "Tab" && !event.shiftKey && !list.hidden) {
      if (accept()) event.preventDefault();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : matches.length - 1)) % matches.length;
      drawList();
    }
  }

  function reply(message) {
    inThread = message?.id ?? null;
    thread.hidden = !message;
    fill(thread, message && [
      h("span.grow", "In the thread of ", h("b", message.text.slice(0, 60))),
      h("button.btn.btn-quiet", { type: "button", on: { click: () => reply(null) } }, "Leave the thread")]);
    field.focus();
  }

  function onEscape(event) {
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
    if (text.trim() === "") return;
    const say = lineOf(room.place, text, inThread);
    field.value = "";
    drafts.delete(room.place);
    look();
    const line = timeline.pending(text, {
      again: () => { queue = queue.then(carry); },
      back: () => {
        field.value = field.value.trim() === "" ? text : field.value;
        drafts.set(room.place, field.value);
        field.focus();
        look();
      },
    });
    sent(null);
    // One after the other, so that what was written first stands first.
    queue = queue.then(carry);
    async function carry() {
      try {
        const message = await say();
        line.gone();
        sent(message);
      } catch (problem) {
        line.failed(problem.message);
      }
    }
  }

  return { element, focus: () => field.focus(), onEscape, reply };
}
