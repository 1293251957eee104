// Sources: who sends events, whether they prove it, what came and what was refused, and the address to send to.

import { announce } from "./announce.js";
import { get } from "./api.js";
import { howToConnect } from "./connect.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { eventTabs, ticks, watched } from "./outside.js";
import { slashes } from "./pieces.js";
import { rowsTable } from "./table.js";
import { stamp, time, zoneName } from "./words.js";


/** The view of sources. */
export function sourcesView() {
  const list = h("div");
  let drawn = "";
  let closed = false;

  async function load() {
    try {
      const { items } = await get("/sources");
      const key = JSON.stringify(items);
      if (closed || key === drawn) return;
      // What is drawn anew would take the focus from the button that was just pressed.
      const held = list.contains(document.activeElement) && document.activeElement.dataset.copy;
      drawn = key;
      fill(list, items.length === 0 ? howToConnect() : [table(items), h("p.small.muted.below", "Counts are since Wilco was started.")]);
      if (held) list.querySelector(`[data-copy="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    } catch (problem) {
      if (!closed && drawn === "") fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  const leave = watched(load);
  load();
  return {
    title: "Sources",
    top: [h("h1", { tabindex: "-1" }, "Sources"), eventTabs("/sources"), h("p.topbar-note", `times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Sources" }, h("div.page", list)),
    close() {
      closed = true;
      leave();
    },
  };
}

function table(sources) {
  const counts = ["Events", "Repeats", "Refused"].map((name) => ({ name, num: true }));
  return rowsTable("Sources", ["Source", "Proof", ...counts, "Last event", "Address at the sender"], sources.flatMap(rows).filter(Boolean), { class: "sources" });
}

function rows(source) {
  const { name, kind, signed, taken, repeated, refused, taken_at: takenAt, refused_at: refusedAt, refused_why: why } = source;
  const count = (value) => h("td.num", String(value));
  return [
    h("tr",
      h("td.lead", h("a", { href: `/events?source=${encodeURIComponent(name)}` }, h("b", name)), kind !== name && h("span.muted", ` ${kind}`)),
      h("td.lead", signed
        ? h("span.state", { data: { state: "succeeded" } }, icon("lock"), "signed")
        : h("span.state", { data: { state: "paused" }, title: "Anybody who can reach the address can send. Its events trigger no write." }, icon("awaiting_confirm"), "unsigned")),
      count(taken), count(repeated), count(refused),
      h("td.when", takenAt ? time(takenAt, stamp) : "none yet"),
      h("td.full", address(source))),
    refusedAt && h("tr.more-of", h("td.full", { colspan: "7" }, h("span.refused-why", { data: { state: "failed" } }, icon("failed"), h("span", "Last refusal at ", time(refusedAt, stamp), ": ", ticks(why ?? ""))))),
  ];
}

/** The address to enter at the sender, with a way to take it along. */
function address({ name, url }) {
  const text = h("code", slashes(url));
  const word = h("span", "Copy");
  const button = h("button.btn.btn-quiet", { type: "button", data: { copy: name }, "aria-label": `Copy the address of ${name}`, on: { click: copy } }, icon("copy"), word);
  async function copy() {
    try {
      await navigator.clipboard.writeText(url);
      word.textContent = "Copied";
      announce("The address is copied");
      setTimeout(() => { word.textContent = "Copy"; }, 2000);
    } catch {
      // Without encryption a browser lends no clipboard: then the address stands selected.
      getSelection().selectAllChildren(text);
      announce("The address is selected");
    }
  }
  return h("div.said", text, button);
}
