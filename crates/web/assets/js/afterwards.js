// What can be ordered once an operation has ended: the same again, or what undoes it. Each is planned first.

import { fill, h } from "./dom.js";
import { orderBox } from "./order.js";
import { addressed, roomName } from "./session.js";

/** The part of an operation's page that offers it; null where there is nothing to offer. `go(url)` leads to what comes of it. */
export function afterwards({ id, state, home, plan }, go) {
  const offers = [{ name: state === "succeeded" ? "Run it again" : "Try it again", words: `retry ${id}`, about: "The same order, read anew and planned as things are now: a new operation, with decisions of its own." }];
  // What never ran has nothing to be undone.
  const ran = state === "succeeded" || state === "failed" || state === "needs_human";
  for (const words of ran ? plan.undo ?? [] : []) offers.push({ name: `Undo: ${words}`, words, about: "What the plan names as its way back. It is an order of its own, with a plan and approvals of its own." });
  const open = h("div");
  const buttons = offers.map((offer) => h("button.btn", { type: "button", "aria-pressed": "false", on: { click: (event) => choose(offer, event.currentTarget) } }, offer.name));

  function choose(offer, button) {
    const again = button.getAttribute("aria-pressed") === "true";
    for (const one of buttons) one.setAttribute("aria-pressed", String(one === button && !again));
    if (again) {
      fill(open);
      return;
    }
    const box = orderBox({ words: () => offer.words, place: () => home, changes: true, label: "Give this order", go });
    fill(open, h("div.box.box-pad.prose.below", h("p", offer.about), h("div.said", h("code", addressed(offer.words))), h("p.small.muted", `Everyone in ${roomName(home)} sees it.`), box.element));
  }

  return h("section.section", { "aria-label": "Afterwards" }, h("div.section-head", h("h2", "Afterwards")), h("div.btn-row", buttons), open);
}
