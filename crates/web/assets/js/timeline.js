// A room's messages on the page: each once, in its last version, answers under their order, days apart.

import { renderBlocks } from "./blocks.js";
import { fill, h, icon } from "./dom.js";
import { inline, plain } from "./markdown.js";
import { me } from "./session.js";
import { clock, dayOf, initials, nameOf, time } from "./words.js";

/** Ids are numbers of any length, as text. */
const before = (a, b) => (a.length === b.length ? a < b : a.length < b.length);
/** An answer this much later than what stands above it says its time. */
const LATER = 60_000;

/**
 * A timeline. `put(message)` shows a message or its newer version and returns whether it was news: `"new"`, `"edited"` or
 * null; `pending(text, actions)` shows a line that is on its way; `oldest()` is the id of the first one; `element` is the
 * list. `reply(message)` hears that somebody wants to speak in the thread of a message.
 */
export function makeTimeline(label, reply) {
  const element = h("ol.timeline-in", { "aria-label": label });
  const entries = new Map();
  const roots = [];
  const days = new Map();
  const waiting = [];

  function put(message) {
    const old = entries.get(message.id);
    if (old) {
      if (message.version <= old.message.version) return null;
      old.message = message;
      draw(old);
      return "edited";
    }
    settle(message);
    const parent = message.thread && message.thread !== message.id ? entries.get(message.thread) : null;
    const entry = { message, element: null, answers: null, kept: null, parent };
    entries.set(message.id, entry);
    if (parent && !parent.parent) {
      placeAnswer(parent, entry);
    } else {
      entry.parent = null;
      placeRoot(entry);
      adopt(entry);
    }
    draw(entry);
    return "new";
  }

  /** Answers that came before their order did, as older messages are loaded later, go where they belong. */
  function adopt(root) {
    for (const stray of roots.filter((entry) => entry.message.thread === root.message.id && entry !== root)) {
      roots.splice(roots.indexOf(stray), 1);
      stray.item.remove();
      stray.item = null;
      stray.parent = root;
      placeAnswer(root, stray);
      draw(stray);
    }
    tidyDays();
  }

  function placeRoot(entry) {
    entry.element = h("div.msg", { tabindex: "-1" });
    entry.answers = h("ol");
    entry.item = h("li", entry.element, entry.answers);
    let at = roots.length;
    while (at > 0 && before(entry.message.id, roots[at - 1].message.id)) at -= 1;
    const next = roots[at]?.item ?? waiting[0]?.item ?? null;
    roots.splice(at, 0, entry);
    element.insertBefore(entry.item, next);
    tidyDays();
  }

  function placeAnswer(root, entry) {
    entry.element = h("li.msg.msg-answer", { tabindex: "-1" });
    const later = [...root.answers.children].find((child) => before(entry.message.id, child.dataset.id));
    root.answers.insertBefore(entry.element, later ?? null);
  }

  /** A heading stands before the first message of each day, and nowhere else. */
  function tidyDays() {
    let day = null;
    const used = new Set();
    for (const { message, item } of roots) {
      const name = dayOf(message.at);
      if (name === day) continue;
      day = name;
      used.add(name);
      if (!days.has(name)) days.set(name, h("li.day", name));
      const heading = days.get(name);
      if (heading.nextSibling !== item) element.insertBefore(heading, item);
    }
    for (const [name, heading] of days) if (!used.has(name)) heading.remove();
  }

  function draw(entry) {
    const { message, element: place } = entry;
    // Asked first: what stays as it is loses the focus on its way into the new body.
    const focused = document.activeElement;
    const held = place.contains(focused);
    const rendered = message.from.kind === "person" && !(message.blocks?.length > 0)
      ? { nodes: [words(message.text)] }
      : message.blocks?.length > 0 ? renderBlocks(message, entry.kept) : { nodes: [h("p.say", plain(message.text))] };
    entry.kept = rendered;
    place.dataset.id = message.id;
    if (message.operation) place.dataset.operation = message.operation;
    const own = entry.parent && message.from.kind === "wilco";
    const head = own ? lateness(entry) : heading(message, !entry.parent);
    const body = h("div.msg-body", head, rendered.nodes);
    fill(place, !entry.parent && face(message.from), body);
    // Drawing anew must not throw a reader out of the message.
    if (held) (place.contains(focused) ? focused : place).focus({ preventScroll: true });
  }

  function lateness(entry) {
    const late = Date.parse(entry.message.at) - Date.parse(entry.parent.message.at) > LATER;
    const card = entry.message.blocks?.some((block) => block.type === "status");
    return late && !card ? h("p.msg-head", time(entry.message.at)) : null;
  }

  function heading(message, opens) {
    const { from, at } = message;
    const name = from.kind === "wilco" ? me.wilco.name : nameOf(from);
    return h("p.msg-head", h("b.ref", name), from.kind === "program" && h("span.small.subtle", "program"), time(at, clock),
      opens && h("button.btn.btn-quiet.reply", { type: "button", on: { click: () => reply(message) } }, "Reply", h("span.hidden-text", ` to ${name}`)));
  }

  /** Shows a line that is on its way. The result: `failed(text)`, `gone()`. */
  function pending(text, { again, back }) {
    const note = h("p.unsent", { role: "alert", hidden: true });
    const line = h("div.msg.is-pending", face({ kind: "person", name: me.name }),
      h("div.msg-body", h("p.msg-head", h("b.ref", me.name), h("span.small.subtle", "sending")), words(text), note));
    const one = { text, item: h("li", line), sent: false };
    waiting.push(one);
    element.append(one.item);
    const said = line.querySelector(".subtle");
    return {
      failed(why) {
        line.classList.replace("is-pending", "is-unsent");
        said.textContent = "not sent";
        fill(note, icon("failed"), h("span", inline(why)),
          h("button.btn", { type: "button", on: { click: () => { resend(); again(); } } }, "Try again"),
          h("button.btn.btn-quiet", { type: "button", on: { click: () => { remove(one); back(); } } }, "Take back"));
        note.hidden = false;
      },
      gone: () => remove(one),
    };
    function resend() {
      line.classList.replace("is-unsent", "is-pending");
      said.textContent = "sending";
      note.hidden = true;
    }
  }

  function remove(one) {
    const at = waiting.indexOf(one);
    if (at >= 0) waiting.splice(at, 1);
    one.item.remove();
  }

  /** The real message takes the place of the line that was on its way. */
  function settle(message) {
    if (message.from.kind !== "person" || message.from.id !== me.id) return;
    const one = waiting.find((line) => line.text.trim() === message.text.trim());
    if (one) remove(one);
  }

  /** Whether a message is older than all that are shown. */
  function isBeyond(message) {
    const first = roots[0]?.message.id;
    return first !== undefined && before(message.id, first);
  }

  /** Takes the oldest messages away where there are more than these; returns whether it did. */
  function prune(most) {
    const gone = roots.splice(0, Math.max(0, roots.length - most));
    for (const { item } of gone) {
      for (const { dataset } of item.querySelectorAll(".msg")) entries.delete(dataset.id);
      item.remove();
    }
    if (gone.length > 0) tidyDays();
    return gone.length > 0;
  }

  return { element, put, pending, isBeyond, prune, oldest: () => [...entries.keys()].reduce((a, b) => (a === null || before(b, a) ? b : a), null) };
}

function face(from) {
  if (from.kind === "wilco") return h("span.face", { "aria-hidden": "true" }, icon("brand"));
  if (from.kind === "program") return h("span.face", { "aria-hidden": "true" }, icon("robot"));
  return h("span.face", { "aria-hidden": "true" }, initials(nameOf(from)));
}

/** A text longer than this shows its beginning only. */
const LONG = 1200;
const MANY_LINES = 16;

/** A person's words, the beginning of them where they are many. */
function words(text) {
  const said = wording(text);
  if (text.length <= LONG && text.split("\n", MANY_LINES + 1).length <= MANY_LINES) return said;
  said.classList.add("clip");
  const more = h("button.btn.btn-quiet", { type: "button", on: { click: () => {
    said.classList.remove("clip");
    more.remove();
  } } }, "Show all of it");
  return [said, more];
}

/** An order to Wilco is set as one. */
function wording(text) {
  const name = me.wilco.name;
  const start = text.slice(0, name.length + 2).toLowerCase();
  const addressed = [name, `@${name}`].find((way) => start.startsWith(way) && /^[\s:,]/.test(text.slice(way.length)));
  if (!addressed) return h("p.say", plain(text));
  return h("p.order", h("span.name", text.slice(0, addressed.length)), plain(text.slice(addressed.length)));
}
