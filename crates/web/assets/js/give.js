// Under a plan that was only looked at: the button that gives its order, for whoever asked. Fetched with the first such plan.

import { line } from "./api.js";
import { named, planned } from "./called.js";
import { fill, h } from "./dom.js";
import { before } from "./ids.js";
import { inline } from "./markdown.js";
import { isMe, me } from "./session.js";
import { isSame } from "./words.js";

/** Whether somebody asks to see a plan with this, and for nothing more. */
function asksForPlan({ text, place }) {
  const isDirect = me.rooms.some((room) => room.place === place && room.direct);
  const at = named(text) ?? (isDirect ? { front: "", rest: text } : null);
  return at !== null && (planned(at).front !== at.front || /\s--dry-run(\s|$)/i.test(at.rest));
}

/**
 * Whether the reader may want to give the order of a plan that is shown: they asked for it, and did not give it since.
 * `messages` are those that are known.
 */
export function isToGive(shown, says, messages) {
  const thread = shown.thread ?? shown.id;
  let asked = null;
  for (const message of messages) {
    if (message.from.kind === "wilco") continue;
    if (before(message.id, shown.id)) {
      if ((message.thread ?? message.id) === thread && (asked === null || before(asked.id, message.id))) asked = message;
    } else if (isMe(message.from) && isSame(message.text, says)) return false;
  }
  return asked !== null && isMe(asked.from) && asksForPlan(asked);
}

/** The button that says the order in the room. `jump(id)` shows the message that came of it. The result: `element`; `isUsed()`. */
export function giveBox({ place }, says, jump) {
  const say = line(place, says);
  const button = h("button.btn", { type: "button", title: says, on: { click } }, "Give this order");
  const told = h("p.small.muted", { role: "status" }, "It is planned anew, and the plan may be another by then.");
  const element = h("div.btn-row.give", button, told);
  let isUsed = false;

  async function click() {
    // The message may be there before the answer is.
    isUsed = true;
    button.disabled = true;
    try {
      const { id } = await say();
      const way = h("button.link", { type: "button", on: { click: () => jump(id) } }, says);
      const isHeld = button === document.activeElement || document.activeElement === document.body;
      button.remove();
      fill(told, "You gave it: ", way);
      if (isHeld) way.focus({ preventScroll: true });
    } catch (problem) {
      isUsed = false;
      button.disabled = false;
      fill(told, inline(problem.message));
    }
  }

  return { element, isUsed: () => isUsed };
}
