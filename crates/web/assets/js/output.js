// What a program printed, or somebody pasted: set as it was, and folded where it is long.

import { freshId, h } from "./dom.js";

/** So many lines are shown at once, and of more than that so many until all are asked for. */
const MANY = 18;
const FEW = 12;

/** A text of lines, in a box of its own. */
export function output(text, label = "Output") {
  const lines = text.replace(/\n$/, "").split("\n");
  const id = freshId("output");
  const box = h("pre.log", { id, tabindex: "0", role: "group", "aria-label": label }, text);
  if (lines.length <= MANY) return box;
  box.textContent = lines.slice(0, FEW).join("\n");
  const all = `Show all ${lines.length} lines`;
  const more = h("button.btn.btn-quiet", { type: "button", "aria-expanded": "false", "aria-controls": id, on: { click } }, all);
  return h("div.folded", box, more);

  function click() {
    const open = more.getAttribute("aria-expanded") !== "true";
    box.textContent = open ? text : lines.slice(0, FEW).join("\n");
    more.textContent = open ? `Show the first ${FEW} lines` : all;
    more.setAttribute("aria-expanded", String(open));
  }
}
