// Connectors: how the connections to networks stand, what went wrong and what to do, and the servers that are left alone.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { eventTabs, ticks, watched } from "./outside.js";
import { rowsTable } from "./table.js";
import { stamp, time, zoneName } from "./words.js";

/** How each state looks. */
const LOOKS = { connected: "succeeded", connecting: "queued", waiting: "paused", left_alone: "paused", parked: "failed" };

/** The view of connectors. */
export function connectorsView() {
  const list = h("div");
  let drawn = "";
  let closed = false;

  async function load() {
    try {
      const { items } = await get("/connectors");
      const key = JSON.stringify(items);
      if (closed || key === drawn) return;
      drawn = key;
      fill(list, table(items));
    } catch (problem) {
      if (!closed && drawn === "") fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  const leave = watched(load);
  load();
  return {
    title: "Connectors",
    top: [h("h1", { tabindex: "-1" }, "Connectors"), eventTabs("/connectors"), h("p.topbar-note", `times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Connectors" }, h("div.page", list)),
    close() {
      closed = true;
      leave();
    },
  };
}

function table(rows) {
  return rowsTable("Connectors", ["Connector", "State", "Since", "What went wrong last"], rows.flatMap(row).filter(Boolean));
}

function row({ name, kind, state, since, why, todo, failed, failed_at: failedAt }) {
  const look = LOOKS[state] ?? "queued";
  return [
    h("tr",
      h("td.lead", kind === "connector" ? h("b", name) : name),
      h("td.lead", h("span.state", { data: { state: look } }, icon(look), state.replace("_", " "))),
      h("td.when", since ? time(since, stamp) : ""),
      h("td.full", failed ? [ticks(failed), failedAt && [" at ", time(failedAt, stamp)]] : "")),
    (todo || (why && why !== failed)) && h("tr.more-of", h("td.full", { colspan: "4" }, h("span.refused-why", { data: { state: look } }, icon(look), h("span", why && why !== failed && [ticks(why), ". "], todo && ticks(todo))))),
  ];
}
