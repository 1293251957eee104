// What stands beside a room, over it: a sheet at the right, on a phone from below. Fetched when it is opened.

import { makeBeside } from "./beside.js";
import { GONE, show } from "./dialog.js";
import { h, icon } from "./dom.js";

/** Opens it. The result: `changed(…)`, as of makeBeside; `close()`, and `leave()` where the page goes elsewhere. */
export function openSheet(room) {
  const beside = makeBeside(room.place, () => true);
  const shut = h("button.btn.btn-icon", { type: "button", "aria-label": "Close", title: "Close (Esc)", on: { click: close } }, icon("x"));
  const dialog = h("dialog.goto.sheet", { "aria-label": `Beside ${room.name}` },
    h("div.keys-head", h("h2", `Beside ${room.name}`), shut),
    h("div.keys-in", { tabindex: "0", role: "region", "aria-label": `What stands beside ${room.name}` },
      h("p.empty", { role: "status" }, "What is there comes as soon as Wilco answers."), beside.element));
  dialog.addEventListener("close", () => beside.close());
  show(dialog);
  shut.focus();

  function close() {
    dialog.close();
  }

  return { changed: beside.changed, close, leave: () => dialog.close(GONE) };
}
