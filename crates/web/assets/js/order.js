// An order in words that is looked at before it is given: what it would do and what it needs, then what came of it.

import { announce } from "./announce.js";
import { freshKey, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { refusalBox } from "./decide.js";
import { fill, h, icon } from "./dom.js";
import { slashes } from "./pieces.js";
import { operationUrl, refreshWaiting, roomName } from "./session.js";

/** What is of use only in a room, where there is somebody to answer. */
const IN_ROOMS = new Set(["ask", "choices"]);

const shown = ({ blocks }, place) => renderBlocks({ blocks: blocks.filter((block) => !IN_ROOMS.has(block.type)), place, at: new Date().toISOString() }).nodes;

/** A rule's no, or whatever else went wrong, as a box. */
export function refusalOf(problem) {
  const { rule, who_can, you_can } = problem.body ?? {};
  return refusalBox({ text: problem.message, rule, who_can, you_can }, "alert");
}

/**
 * The buttons of an order. `words()` gives it without a name in front, or null while it is not whole; `place()` the room
 * that is told, or null; `changes`: whether it changes something, and so is looked at first. `go(url)` leads to the
 * operation that comes of it. The result: `element`; `changed()` says that the words are other ones now.
 */
export function orderBox({ words, place = () => null, changes, label = "Give it", go }) {
  const look = h("button.btn", { type: "button", hidden: !changes, on: { click: preview } }, icon("read"), "Show what it would do");
  const give = h("button.btn.btn-primary", { type: "button", on: { click: carry } }, label);
  const hint = h("span.small.muted");
  const told = h("div.order-told", { "aria-live": "polite" });
  const element = h("div.order-box", h("div.btn-row", look, give, hint), told);
  /** The words, with their room, whose plan is shown; what is given are these. */
  let seen = null;
  /** One key for all tries of one press, so that an answer that was lost makes no second operation. */
  let key = null;
  let turn = 0;
  /** The words that were last told of, with their room. */
  let known;
  changed();

  /** What is asked for: another room may have other rules, and so another plan. */
  function asked() {
    const text = words();
    return text === null ? null : `${place() ?? ""} ${text}`;
  }

  function say() {
    const text = asked();
    look.disabled = text === null;
    give.disabled = text === null || (changes && seen !== text);
    hint.textContent = text === null ? "Something is missing or does not fit." : give.disabled ? "First look at what it would do." : "";
  }

  function changed() {
    const now = asked();
    // What was asked for these words goes on.
    if (now === known) return;
    known = now;
    turn += 1;
    seen = null;
    key = null;
    fill(told);
    say();
  }

  async function preview() {
    const [text, room, wanted] = [words(), place(), asked()];
    const mine = ++turn;
    look.disabled = true;
    hint.textContent = "Planning.";
    try {
      const answer = await post("/calls", { order: text, dry_run: true, place: room ?? undefined });
      if (mine !== turn) return;
      seen = wanted;
      fill(told, h("section.box.box-pad.prose", { "aria-label": "What it would do" },
        room !== null && h("p.small.muted", "Given in ", h("b", roomName(room)), ", this is what it would do. Nobody there was told that you looked."), shown(answer, null)));
    } catch (problem) {
      if (mine === turn) fill(told, refusalOf(problem));
    }
    if (mine === turn) say();
  }

  async function carry() {
    const text = words();
    const mine = ++turn;
    key ??= freshKey();
    give.disabled = true;
    look.disabled = true;
    hint.textContent = "Giving it.";
    try {
      const answer = await post("/calls", { order: text, place: place() ?? undefined }, key);
      key = null;
      if (answer.operation) {
        announce(`${answer.operation} was made`);
        // No stream of a room tells it here.
        refreshWaiting();
        go(operationUrl(answer.operation));
        return;
      }
      seen = null;
      if (mine === turn) fill(told, h("section.box.box-pad.prose", { "aria-label": "The answer", tabindex: "-1" }, shown(answer, place())));
    } catch (problem) {
      // Where no answer came, the next press is the same order.
      if (problem.status !== 0) key = null;
      if (mine === turn) fill(told, refusalOf(problem));
    }
    if (mine === turn) say();
  }

  return { element, changed };
}

/** A value as it is written in a line. */
export function quoted(value) {
  const bare = /^[\p{L}\p{N}_./:@#%+,~][\p{L}\p{N}\-_./:@#%+,~]*$/u.test(value) && !value.endsWith(".");
  return bare ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Takes a text along; where a browser lends no clipboard, it stands selected. `word` is the button's own. */
export async function copyText(text, element, word) {
  try {
    await navigator.clipboard.writeText(text);
    word.textContent = "Copied";
    announce("Copied");
    setTimeout(() => { word.textContent = "Copy"; }, 2000);
  } catch {
    getSelection().selectAllChildren(element);
    announce("Selected");
  }
}

/** A text to be taken along, with the button that does it. */
export function copyable(text, name) {
  const code = h("code", slashes(text));
  const word = h("span", "Copy");
  return h("div.said", code, h("button.btn.btn-quiet", { type: "button", "aria-label": `Copy ${name}`, on: { click: () => copyText(text, code, word) } }, icon("copy"), word));
}
