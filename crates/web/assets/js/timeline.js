// A stretch of a room's messages on the page: each once, in its last version, answers under their order, days apart.
//
// It knows nothing of what comes before and behind: history.js has that, and keeps the stretch short.

import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { drawMessage, pendingMessage } from "./message.js";
import { before, distance, earlier, later } from "./ids.js";
import { me } from "./session.js";
import { dayOf, zoneName } from "./words.js";

/** An answer hangs from what it answers only so long, and so many numbers of the journal later; else nobody would see it. */
const HANGS = 15 * 60_000;
const HANGS_NUMBERS = 300;

/**
 * A timeline. `ways`: `reply(message)` hears that somebody wants to speak in the thread of a message, `jump(id)` that
 * they want to see another one, `isBegun()` knows whether nothing comes before, `isOrder(text)` whether a line begins with
 * a command. `add(messages)` shows messages or newer versions of them, and returns what was news:
 * `[{ message, isNew }]`; `dropFirst(most)` and `dropLast(most)` take away what is more than so many at one end, and
 * return the last or the first id of it; `markNew(id)` draws a line behind that message, if others spoke since.
 */
export function makeTimeline(label, ways) {
  const element = h("ol.timeline-in", { "aria-label": label });
  const entries = new Map();
  const roots = [];
  const days = new Map();
  const waiting = [];
  const answered = new Set();
  const line = h("li.day.day-new", { id: "new" }, "New");
  let readTo = null;

  function add(messages) {
    const news = [];
    let placed = false;
    for (const message of messages) {
      const old = entries.get(message.id);
      if (old) {
        if (message.version <= old.message.version) continue;
        old.message = message;
        drawMessage(old, ways);
        news.push({ message, isNew: false });
        continue;
      }
      settle(message);
      place(message);
      placed = true;
      news.push({ message, isNew: true });
    }
    if (placed) tidy();
    return news;
  }

  function place(message) {
    const entry = { message, day: dayOf(message.at), element: null, answers: null, item: null, kept: null, parent: null, root: null, isOrder: false };
    entries.set(message.id, entry);
    const root = message.thread && message.thread !== message.id ? entries.get(message.thread) : null;
    entry.root = root?.message ?? null;
    if (root && !root.parent && hangs(message, root.message)) {
      placeAnswer(root, entry);
    } else {
      placeRoot(entry);
      adopt(entry);
    }
    findAnswered(entry);
    drawMessage(entry, ways);
  }

  /**
   * What somebody said is an order once Wilco spoke after it in its thread: also what goes on in the thread of another one.
   * What begins with a command will be, and is one at once, so that its answer changes nothing that is looked at.
   */
  function findAnswered(entry) {
    const answers = (one, other) => one.message.from.kind === "wilco" && threadOf(one) === threadOf(other) && before(other.message.id, one.message.id);
    if (entry.message.from.kind !== "wilco") {
      entry.isOrder = (entry.message.from.kind === "person" && ways.isOrder(entry.message.text)) || [...entries.values()].some((one) => answers(one, entry));
      return;
    }
    for (const other of entries.values()) {
      if (other.isOrder || other.message.from.kind === "wilco" || !answers(entry, other)) continue;
      other.isOrder = true;
      drawMessage(other, ways);
    }
  }

  /** Answers that came before their order did, as older messages are loaded later, go where they belong. */
  function adopt(root) {
    for (const stray of roots.filter((entry) => entry.message.thread === root.message.id && entry !== root)) {
      stray.root = root.message;
      if (hangs(stray.message, root.message)) {
        roots.splice(roots.indexOf(stray), 1);
        stray.item.remove();
        stray.item = null;
        placeAnswer(root, stray);
      }
      drawMessage(stray, ways);
    }
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
  }

  function placeAnswer(root, entry) {
    entry.parent = root;
    entry.element = h("li.msg.msg-answer", { tabindex: "-1" });
    const behind = [...root.answers.children].find((child) => child.dataset.id && before(entry.message.id, child.dataset.id));
    root.answers.insertBefore(entry.element, behind ?? null);
  }

  /** A heading stands before the first message of each day, and the line before what is new; both nowhere else. */
  function tidy() {
    let day = null;
    const used = new Set();
    for (const root of roots) {
      if (root.day === day) continue;
      day = root.day;
      used.add(day);
      if (!days.has(day)) days.set(day, h("li.day", `${day}, ${zoneName()}`));
      const heading = days.get(day);
      if (heading.nextSibling !== root.item && !(heading.nextSibling === line && line.nextSibling === root.item)) element.insertBefore(heading, root.item);
    }
    for (const [name, heading] of days) {
      if (used.has(name)) continue;
      heading.remove();
      days.delete(name);
    }
    drawLine();
  }

  function drawLine() {
    let first = null;
    // Only where what comes before it is here: else the first that is shown need not be the first.
    let isWhole = readTo !== null && ways.isBegun();
    if (readTo !== null) {
      for (const entry of entries.values()) {
        const { id, from } = entry.message;
        if (!before(readTo, id)) isWhole = true;
        else if (!(from.kind === "person" && from.id === me.id) && (!first || before(id, first.message.id))) first = entry;
      }
    }
    const target = isWhole && first && (first.parent ? first.element : first.item);
    if (!target) line.remove();
    else if (line.nextSibling !== target) target.before(line);
  }

  function markNew(id) {
    readTo = id;
    drawLine();
  }

  /**
   * Shows what is on its way: its text, and `shown` for a file; `is(message)` knows it when it comes. The result:
   * `failed(text)`, `gone(id)`, as it became that message, and `isGone()`.
   */
  function pending({ text, is, shown: file }, { again, back }) {
    const note = h("p.unsent", { role: "alert", hidden: true });
    const shown = pendingMessage(text, note, { file, isOrder: ways.isOrder(text) });
    const one = { is, item: h("li", shown) };
    waiting.push(one);
    element.append(one.item);
    const said = shown.querySelector(".subtle");
    return {
      failed(why) {
        one.hasFailed = true;
        shown.classList.replace("is-pending", "is-unsent");
        said.textContent = "not sent";
        fill(note, icon("failed"), h("span", inline(why)),
          h("button.btn", { type: "button", on: { click: () => { resend(); again(); } } }, "Try again"),
          h("button.btn.btn-quiet", { type: "button", on: { click: () => { remove(one); back(); } } }, "Take back"));
        note.hidden = false;
      },
      gone(id) {
        answered.add(id);
        remove(one);
      },
      isGone: () => !waiting.includes(one),
    };
    function resend() {
      one.hasFailed = false;
      shown.classList.replace("is-unsent", "is-pending");
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
    // Its own line is gone already, and another one that says the same is still on its way.
    if (answered.delete(message.id)) return;
    const like = waiting.filter((other) => other.is(message));
    const one = like.find((other) => !other.hasFailed) ?? like[0];
    if (one) remove(one);
  }

  /** Takes away the roots that this gives, one after the other, while there are more messages than these. */
  function drop(most, next, choose) {
    let edge = null;
    while (entries.size > most && roots.length > 1) {
      const root = next();
      for (const { dataset } of root.item.querySelectorAll(".msg")) {
        entries.delete(dataset.id);
        edge = choose(edge, dataset.id);
      }
      root.item.remove();
    }
    if (edge !== null) tidy();
    return edge;
  }

  function clear() {
    for (const { item } of roots) item.remove();
    roots.length = 0;
    entries.clear();
    tidy();
  }

  return {
    element, add, pending, markNew, clear,
    dropFirst: (most) => drop(most, () => roots.shift(), later),
    dropLast: (most) => drop(most, () => roots.pop(), earlier),
    has: (id) => entries.has(id),
    find: (id) => entries.get(id)?.element ?? null,
    line() {
      drawLine();
      return line.isConnected ? line : null;
    },
    speakers: () => [...new Set([...entries.values()].map(({ message }) => message.from).filter((from) => from.kind === "person").map((from) => from.id))],
  };
}

const threadOf = ({ message }) => message.thread ?? message.id;

function hangs(message, root) {
  return Date.parse(message.at) - Date.parse(root.at) <= HANGS && distance(root.id, message.id) <= HANGS_NUMBERS;
}
