// The record: who did what, newest first, with the hash that chains each entry to the one before.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { operationUrl } from "./session.js";
import { ALL_STATES, nameOf, seconds, stamp, stateWord, time, zoneName } from "./words.js";

const SHOWN = 200;
const PAGE = 500;
const LEAP = 1000;

/** Entries as a table. `alone`: they are all of one operation and one day or so. */
export function auditRows(items, { alone = false } = {}) {
  const columns = ["Time", "Who", "What", "Detail", !alone && "Operation", "Record"].filter(Boolean);
  return h("div.box.table-scroll", { tabindex: "0", role: "group", "aria-label": "Entries" }, h("table.table.table-stack",
    h("thead", h("tr", columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", items.map((entry) => h("tr",
      h("td.when", time(entry.at, alone ? seconds : (at) => stampSeconds(at))),
      h("td", h("span.ref", nameOf(entry.who ?? "wilco"))),
      h("td.what", h("b", entry.kind.replace(/^operation\./, "").replaceAll(/[._]/g, " "))),
      h("td.full.detail-text", inline(ALL_STATES.includes(entry.text) ? stateWord(entry.text).toLowerCase() : (entry.text ?? ""))),
      !alone && h("td", entry.operation && h("a.id", { href: operationUrl(entry.operation) }, entry.operation)),
      h("td", h("span.hash", { title: `${entry.seq}: ${entry.hash}` }, `${entry.hash.slice(0, 4)}…${entry.hash.slice(-4)}`)))))));
}

function stampSeconds(at) {
  const text = stamp(at);
  return text.length > 5 ? text : seconds(at);
}

/** Whether the record goes on behind this number. */
async function goesOn(after) {
  const { items, next } = await get("/audit", { after, limit: 1 });
  return items.length > 0 || next !== null;
}

/** A number near the record's end: it is listed from its beginning, so the end is found by leaps and halves. */
async function nearEnd() {
  let low = 0;
  let high = LEAP;
  while (await goesOn(high)) [low, high] = [high, high * 4];
  while (high - low > LEAP) {
    const middle = Math.floor((low + high) / 2);
    if (await goesOn(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** All entries behind this number. */
async function behind(filter, after) {
  const all = [];
  for (let next = after; next !== null;) {
    const answer = await get("/audit", { ...filter, after: next, limit: PAGE });
    all.push(...answer.items);
    next = answer.next;
  }
  return all;
}

/** The newest entries, newest first. */
async function newest(filter) {
  const end = await nearEnd();
  for (let reach = 2 * LEAP; ; reach *= 4) {
    const after = Math.max(0, end - reach);
    const items = await behind(filter, after);
    if (items.length >= SHOWN || after === 0) return items.slice(-SHOWN).reverse();
  }
}

/** The view of the record. */
export function auditView({ query, go }) {
  const filter = { operation: query.get("operation") ?? "", who: query.get("who") ?? "" };
  const list = h("div");
  const byOperation = h("input.input", { type: "search", name: "operation", value: filter.operation, placeholder: "Operation, as d-7F3K", "aria-label": "Operation", data: { slash: "" } });
  const byPerson = h("input.input", { type: "search", name: "who", value: filter.who, placeholder: "Who, as @ana", "aria-label": "Who" });
  const form = h("form.filter-bar", { role: "search", "aria-label": "Filter the record", on: { submit: (event) => {
    event.preventDefault();
    const params = new URLSearchParams();
    for (const field of [byOperation, byPerson]) if (field.value.trim()) params.set(field.name, field.value.trim());
    const text = params.toString();
    go(text ? `/audit?${text}` : "/audit");
  } } }, h("label.find", icon("search"), byOperation), h("label.find", icon("people"), byPerson), h("button.btn", { type: "submit" }, "Show"));
  let closed = false;

  async function load() {
    try {
      const items = await newest(filter);
      if (closed) return;
      const filtered = filter.operation || filter.who;
      fill(list, items.length === 0 ? h("p.empty", filtered ? "No entry fits." : "The record is empty.") : auditRows(items));
    } catch (problem) {
      if (!closed) fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  load();
  return {
    title: "Audit",
    top: [h("h1", { tabindex: "-1" }, "Audit"), h("p.topbar-note", `newest first · times in ${zoneName()}`), h("div.topbar-end.only-desk", h("span.small.muted", h("code", "wilco audit verify"), " proves it whole"))],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Audit" }, h("div.page", form, list)),
    close() { closed = true; },
  };
}
