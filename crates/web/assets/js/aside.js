// Where that is which stands beside a room: beside it, where the window is wide enough; elsewhere over it, behind a button.
//
// Not what stands there: beside.js, which is fetched with the first look at it.

import { show } from "./dialog.js";
import { fill, h, icon } from "./dom.js";
import { whenIdle } from "./idle.js";

/** Where there is room for it beside the room; elsewhere it is not even fetched before somebody asks. */
const WIDE = matchMedia("(min-width: 1180px)");

/** The result: `element` to stand beside the room; `button` for its bar; `changed(…)`, as of makeBeside; `close()`. */
export function makeAside(room) {
  const element = h("div");
  const button = h("button.btn.btn-icon.only-narrow", {
    type: "button", "aria-label": "Beside this room", "aria-haspopup": "dialog", title: "Beside this room", on: { click: open },
  }, icon("beside"));
  let beside = null;
  let sheet = null;
  let opening = false;
  let closed = false;
  WIDE.addEventListener("change", look);
  whenIdle(look);

  async function look() {
    if (WIDE.matches) sheet?.close();
    if (closed || beside || !WIDE.matches) return;
    const made = await import("./beside.js").catch(() => null);
    if (closed || beside || made === null) return;
    beside = made.makeBeside(room.place);
    fill(element, beside.element);
  }

  async function open() {
    // Not every browser gives what is pressed the focus, which comes back here.
    button.focus();
    if (opening) return;
    opening = true;
    const made = await import("./sheet.js").catch(() => null);
    opening = false;
    // Whoever went on to something else meanwhile is left alone.
    if (closed || WIDE.matches || document.activeElement !== button) return;
    if (made !== null) sheet = made.openSheet(room);
    else show(h("dialog.goto", { "aria-label": "Not loaded" }, h("p.empty", { role: "alert" }, "This part of the page could not be fetched from Wilco. Close it and try again.")));
  }

  return {
    element, button,
    changed(message, about) {
      beside?.changed(message, about);
      sheet?.changed(message, about);
    },
    close() {
      closed = true;
      WIDE.removeEventListener("change", look);
      sheet?.leave();
      beside?.close();
    },
  };
}
