// All operations, newest first, by state, asker, command, place and time; and what is locked now.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { narrowBox } from "./narrow.js";
import { addressed, me, operationUrl, roomName } from "./session.js";
import { ALL_STATES, isFinal, nameOf, stamp, stateMark, stateWord, time, zoneName } from "./words.js";

const EVERY = 10_000;
const PAGE = 100;
/** A list that is read for hours keeps no more than this. */
const MOST = 2000;
/** How many answers without a hit are asked for before the reader has to. */
const EMPTY_IN_A_ROW = 5;

/** The states by which the list is filtered, in the words of the buttons. */
const GROUPS = [
  ["", "All"],
  [ALL_STATES.filter((state) => !isFinal(state)).join(","), "Under way"],
  ["succeeded", "Succeeded"],
  ["failed", "Failed"],
  ["needs_human", "Needs a human"],
  ["aborted,expired", "Never ran to its end"],
];
const FILTERS = ["who", "command", "place", "since", "until"];

/** The view of all operations. */
export function operationsView({ query, go }) {
  const state = (query.get("state") ?? "").split(",").filter((name) => ALL_STATES.includes(name)).join(",");
  const filter = Object.fromEntries(FILTERS.map((name) => [name, (query.get(name) ?? "").trim()]));
  const filtered = FILTERS.some((name) => filter[name] !== "");
  const list = h("div");
  const foot = h("div");
  const locks = h("div");
  let rows = [];
  let next = null;
  let loaded = false;
  let drawn = "";
  let locked = "[]";
  let busy = false;
  let closed = false;

  const ask = (before) => get("/operations", { ...filter, state, latest: PAGE, before });

  /** The newest come in front; those that are listed are brought up to date. */
  async function load() {
    if (busy || closed) return;
    busy = true;
    try {
      let answer = await ask(null);
      // Of few that fit, one answer may hold none.
      for (let tries = 0; !loaded && answer.items.length === 0 && answer.next !== null && tries < EMPTY_IN_A_ROW; tries += 1) answer = await ask(answer.next);
      if (closed) return;
      const known = new Set(rows.map((row) => row.id));
      const gap = loaded && answer.next !== null && answer.items.every((one) => !known.has(one.id));
      if (!loaded || gap) {
        rows = answer.items;
        next = answer.next;
      } else {
        const newer = new Map(answer.items.map((one) => [one.id, one]));
        rows = [...answer.items, ...rows.filter((row) => !newer.has(row.id))];
      }
      loaded = true;
      draw();
    } catch (problem) {
      if (!closed && !loaded) fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    } finally {
      busy = false;
    }
    lockedNow();
  }

  async function more(event) {
    event.currentTarget.disabled = true;
    try {
      const answer = await ask(next);
      next = answer.next;
      const known = new Set(rows.map((row) => row.id));
      const older = answer.items.filter((one) => !known.has(one.id));
      rows.push(...older);
      if (closed) return;
      drawn = keyOf();
      const shown = list.querySelector("ul.items");
      // Those that are there stay: drawing a thousand anew takes longer than a reader waits.
      if (shown) {
        shown.append(...older.map(item));
        fill(foot, rest());
        return;
      }
    } catch {
      // The button is made anew, and can be pressed again.
    }
    drawn = "";
    if (!closed) draw();
  }

  const keyOf = () => JSON.stringify([rows.map((row) => [row.id, row.version]), next]);

  /** What leads to older ones, or why nothing does. */
  function rest() {
    const full = rows.length >= MOST;
    return [
      next !== null && !full && h("p.more", h("button.btn.btn-quiet", { type: "button", on: { click: more } }, rows.length === 0 ? "Look further back" : "Earlier operations")),
      full && h("p.more.small.muted", `The newest ${MOST} that fit. Narrow it by time to see older ones.`),
    ];
  }

  function draw() {
    const key = keyOf();
    if (key === drawn) return;
    drawn = key;
    const held = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
    fill(foot, rest());
    fill(list, rows.length > 0 && h("ul.items.long", rows.map(item)), rows.length === 0 && h("p.empty", none()), foot);
    if (held) list.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  function none() {
    if (next !== null) return "Among the newest operations none fits.";
    if (filtered || state !== "") return "No operation fits.";
    return ["No operation was asked for yet. An order that changes something makes one: see ", h("a", { href: "/commands" }, "the commands"), "."];
  }

  async function lockedNow() {
    try {
      const { items } = await get("/locks");
      const key = JSON.stringify(items);
      if (closed || key === locked) return;
      locked = key;
      fill(locks, items.length > 0 && h("section.section.locks", { "aria-label": "Locked now" }, h("div.section-head", h("h2", "Locked now")), h("ul.box.rows-box", items.map(lock))));
    } catch {
      // The operations are told without their locks.
    }
  }

  const address = (values) => {
    const params = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
    const text = params.toString();
    return text ? `/operations?${text}` : "/operations";
  };
  const timer = setInterval(() => { if (!document.hidden) load(); }, EVERY);
  load();
  const groups = h("div.filters", { role: "group", "aria-label": "Filter by state" }, GROUPS.map(([value, name]) => h("button.filter", {
    type: "button", "aria-pressed": String(value === state), on: { click: () => go(address({ ...filter, state: value }), { replace: true }) },
  }, name)));
  return {
    title: "Operations",
    top: [h("h1", { tabindex: "-1" }, "Operations"), h("p.topbar-note", `newest first · times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Operations" }, h("div.page",
      locks, h("div.filter-bar", groups, narrow(filter, filtered, (values) => go(address({ ...values, state })))), list)),
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** The fields that narrow the list. */
function narrow(filter, filtered, apply) {
  const field = (name, label, props) => {
    const control = h("input.input", { name, value: filter[name], autocomplete: "off", ...props });
    return [control, h("label.field", h("span.label", label), control)];
  };
  const [who, whoField] = field("who", "Asked by", { type: "text", placeholder: "@ana", autocapitalize: "off", spellcheck: "false" });
  const [command, commandField] = field("command", "Command", { type: "text", placeholder: "webapp.", autocapitalize: "off", spellcheck: "false" });
  const [since, sinceField] = field("since", `From, ${zoneName()}`, { type: "datetime-local" });
  const [until, untilField] = field("until", `Before, ${zoneName()}`, { type: "datetime-local" });
  const rooms = me.rooms.map((room) => h("option", { value: room.place, selected: room.place === filter.place }, room.direct ? "with Wilco alone" : room.name));
  const other = filter.place !== "" && !me.rooms.some((room) => room.place === filter.place);
  const place = h("select.input", { name: "place" }, h("option", { value: "" }, "anywhere"), rooms, other && h("option", { value: filter.place, selected: true }, filter.place));
  const controls = { who, command, place, since, until };
  return narrowBox(filter, h("form.narrow-form", { "aria-label": "Narrow the list", on: { submit: (event) => {
    event.preventDefault();
    apply(Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value.trim()])));
  } } }, whoField, commandField, h("label.field", h("span.label", "Place"), place), sinceField, untilField,
  h("div.btn-row", h("button.btn", { type: "submit" }, icon("search"), "Show"), filtered && h("button.btn.btn-quiet", { type: "button", on: { click: () => apply({}) } }, "Show all"))));
}

function lock({ key, operation, who, reason, at, expires_at: until }) {
  return h("li", { data: { state: "paused" } }, h("div.row", icon("lock"), h("span.grow", h("code", key), " held by ",
    operation ? h("a.id", { href: operationUrl(operation) }, operation) : h("b.ref", who), reason && h("span.muted", `: ${reason}`)),
  h("span.end", "since ", time(at, stamp), ", until ", time(until, stamp))),
  !operation && h("p.now", "Given back by ", h("code", addressed(`unlock ${key}`))));
}

function item(operation) {
  const { state, asker, place, created_at: created, ended_at: ended } = operation;
  const when = isFinal(state) && ended ? ended : created;
  return h("li", h("a.item", { href: operationUrl(operation.id), data: { state } },
    stateMark(state),
    h("span.item-line", h("span.id", operation.id), " ", operation.order || operation.about),
    h("span.when", time(when, stamp)),
    h("span.item-sub", stateWord(state), " · ", nameOf(asker), " in ", roomName(place), operation.why && [" · ", inline(operation.why)])));
}
