// The record: who did what, newest first, with the hash that chains each entry to the one before; whether each follows from the one before; as a file.

import { get, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { narrowBox } from "./narrow.js";
import { refusalOf } from "./order.js";
import { me, operationUrl } from "./session.js";
import { rowsTable } from "./table.js";
import { ALL_STATES, nameOf, seconds, stamp, stateWord, time, zoneName } from "./words.js";

const PAGE = 100;
/** A list that is read for hours keeps no more than this. */
const MOST = 2000;
/** How often it is asked how far a check is, in milliseconds. */
const WALK = 500;
/** The kinds by which the record is filtered: how they begin, and what they are. */
const KINDS = [
  ["", "everything"], ["order.", "orders that only read or were refused"], ["operation.", "operations"], ["decision.", "decisions that were refused"],
  ["access.", "ways in: links, sessions, tokens"], ["lock.", "locks"], ["mute.", "mutes"], ["alias.", "names for orders"], ["schedule.", "schedules"], ["memory.", "what commands remember"], ["event.", "payloads that were forgotten"],
];
const FILTERS = ["operation", "who", "kind", "since", "until"];

/** What an entry's kind is to people; what is not here is told by its own words. */
const SAID = {
  "order.read": "asked for", "order.refused": "refused", "order.limited": "refused, too many", "order.choices": "looked up choices", "gate.considered": "rules decided",
  "operation.moved": "became", "operation.needs": "now needs", "operation.posted": "said in room", "operation.counted_down": "nobody stopped it", "operation.replanned": "planned anew",
  "operation.run_started": "step began", "operation.run_ended": "step ended", "operation.run_skipped": "step left out", "operation.retrying": "step tried again",
  "operation.expanded": "items listed", "operation.asked": "asked a person", "operation.failing": "is failing",
  "decision.refused": "decision refused", "lock.taken": "lock taken", "lock.given_back": "lock given back", "mute.set": "muted", "mute.ended": "unmuted",
  "access.session": "session begun", "access.session_ended": "session ended", "access.link_made": "link made", "access.link_used": "link used",
};
/** An entry's kind, in words. */
const whatOf = (kind) => SAID[kind] ?? kind.replace(/^(operation|access)\./, "").replaceAll(/[._]/g, " ");
/** An operation's id: where one stands as who did something, it was Wilco, for that operation. */
const OPERATION = /^[a-z]-[0-9A-Z]{4,}$/;

/** Entries as a table. `alone`: they are all of one operation and one day or so. */
export function auditRows(items, { alone = false } = {}) {
  const columns = ["Time", "Who", "What", "Detail", !alone && "Operation", "Record"].filter(Boolean);
  return rowsTable("Entries", columns, items.map(byPeople).map((entry) => h("tr",
    h("td.when.lead", time(entry.at, alone ? seconds : (at) => stampSeconds(at))),
    h("td.lead", h("span.ref", nameOf(!entry.who || entry.who === "wilco" ? me.wilco.name : entry.who))),
    h("td.what.lead", h("b", { title: entry.kind }, whatOf(entry.kind))),
    h("td.full.detail-text", inline(ALL_STATES.includes(entry.text) ? stateWord(entry.text).toLowerCase() : (entry.text ?? ""))),
    !alone && h("td", entry.operation && h("a.id", { href: operationUrl(entry.operation) }, entry.operation)),
    h("td", h("span.hash", { title: `${entry.seq}: ${entry.hash}` }, `${entry.hash.slice(0, 4)}…${entry.hash.slice(-4)}`)))));
}

/** An entry with who did it, and for which operation. The rules are Wilco's, whoever they were asked about. */
function byPeople(entry) {
  if (entry.kind === "gate.considered") return { ...entry, who: "wilco", text: `for ${nameOf(entry.who)}: ${entry.text ?? ""}` };
  return OPERATION.test(entry.who ?? "") ? { ...entry, who: "wilco", operation: entry.operation ?? entry.who } : entry;
}

function stampSeconds(at) {
  const text = stamp(at);
  return text.length > 5 ? text : seconds(at);
}

/** The view of the record. */
export function auditView({ query, go }) {
  const filter = Object.fromEntries(FILTERS.map((name) => [name, (query.get(name) ?? "").trim()]));
  const filtered = FILTERS.some((name) => filter[name] !== "");
  const list = h("div");
  const walk = walkBox();
  let rows = [];
  let next = null;
  let closed = false;

  async function load() {
    try {
      const answer = await get("/audit", { ...filter, latest: PAGE, before: next });
      if (closed) return;
      rows.push(...answer.items);
      next = answer.next;
      draw();
    } catch (problem) {
      if (!closed) fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  function draw() {
    const full = rows.length >= MOST;
    fill(list,
      rows.length > 0 ? auditRows(rows) : h("p.empty", next !== null ? "What fits here is private to others; look further back." : filtered ? "No entry fits." : "The record is empty."),
      next !== null && !full && h("p.more", h("button.btn.btn-quiet", { type: "button", on: { click: (event) => { event.currentTarget.disabled = true; load(); } } }, "Earlier entries")),
      full && h("p.more.small.muted", `The newest ${MOST} that fit. Narrow it by time, or take all of them as a file.`));
  }

  const field = (name, label, props) => h("label.field", h("span.label", label), h("input.input", { name, value: filter[name], autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...props }));
  const kinds = KINDS.map(([value, name]) => h("option", { value, selected: value === filter.kind }, name));
  const other = !KINDS.some(([value]) => value === filter.kind) && h("option", { value: filter.kind, selected: true }, filter.kind);
  const form = h("form.narrow-form", { role: "search", "aria-label": "Filter the record", on: { submit: (event) => {
    event.preventDefault();
    go(address("/audit", Object.fromEntries(new FormData(form))));
  } } },
  field("operation", "Operation", { type: "search", placeholder: "d-7F3K", data: { slash: "" } }),
  field("who", "Who", { type: "search", placeholder: "@ana" }),
  h("label.field", h("span.label", "What"), h("select.input", { name: "kind" }, kinds, other)),
  field("since", `From, ${zoneName()}`, { type: "datetime-local" }), field("until", `Before, ${zoneName()}`, { type: "datetime-local" }),
  h("div.btn-row", h("button.btn", { type: "submit" }, icon("search"), "Show"), filtered && h("a.btn.btn-quiet", { href: "/audit" }, "Show all")));
  const file = (format, name) => h("a.btn", { href: address("/api/v1/audit/export", { ...filter, format }), download: `wilco-audit.${format}` }, name);

  load();
  return {
    title: "Audit",
    top: [h("h1", { tabindex: "-1" }, "Audit"), h("p.topbar-note", `newest first · times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Audit" }, h("div.page", walk.element, h("div.filter-bar", narrowBox(filter, form),
      h("p.files", h("span.small.muted", filtered ? "All that fit, as a file:" : "All of it, as a file:"), file("ndjson", "lines of JSON"), file("csv", "table (CSV)"))), list)),
    close() {
      closed = true;
      walk.close();
    },
  };
}

/** A path with these values, those that are empty left out. */
function address(path, values) {
  const text = new URLSearchParams(Object.entries(values).filter(([, value]) => String(value).trim() !== "")).toString();
  return text ? `${path}?${text}` : path;
}

/** Whether the entries follow from each other, and the button that checks it from the first one on. */
function walkBox() {
  const said = h("p", { role: "status" });
  const button = h("button.btn", { type: "button", on: { click: begin } }, "Check each entry");
  const element = h("section.box.box-pad.walk", { "aria-label": "Whether the entries follow from each other" }, said, button);
  let timer = null;
  let closed = false;

  function show(state) {
    const { running, passed, whole, hash, broken, at } = state;
    element.dataset.state = running ? "running" : broken ? "failed" : whole === null ? "planned" : "succeeded";
    button.hidden = running;
    if (running) fill(said, icon("running"), ` Checking the record: ${passed} entries so far.`);
    else if (broken) fill(said, icon("failed"), h("b", " The record is broken: "), broken, `. The ${whole} entries before follow from each other. Found at `, time(at, seconds), ".");
    else if (whole === null) fill(said, icon("planned"), " Since Wilco was started, nobody checked that the entries follow from each other.");
    else fill(said, icon("succeeded"), h("b", ` ${whole} entries follow from each other`), ", up to ", h("span.hash", { title: hash }, hash.slice(0, 8)), ", at ", time(at, seconds), ". ", h("code", "wilco audit verify"), " also compares it with the checkpoints.");
    clearTimeout(timer);
    if (running && !closed) timer = setTimeout(look, WALK);
  }

  async function look() {
    try {
      const state = await get("/audit/verify");
      if (!closed) show(state);
    } catch (problem) {
      if (!closed) fill(said, inline(problem.message));
    }
  }

  async function begin() {
    button.disabled = true;
    try {
      show(await post("/audit/verify", {}));
    } catch (problem) {
      fill(said, refusalOf(problem));
    } finally {
      button.disabled = false;
    }
  }

  look();
  return {
    element,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
