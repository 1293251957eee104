// Events: what came in, newest first, and beside the list the one that is open: where it went and why, what it came in.

import { get, segment } from "./api.js";
import { firstEvent, howToConnect } from "./connect.js";
import { fill, h, icon, link } from "./dom.js";
import { setOut } from "./json.js";
import { inline } from "./markdown.js";
import { aboutUrl, done, eventRow, eventTabs, face, hasNoRoom, kindOf, loudness, statePill, ticks, watched } from "./outside.js";
import { pieces } from "./pieces.js";
import { eventUrl, me, placeLink } from "./session.js";
import { seconds, size, time, whole, zoneName } from "./words.js";

const PAGE = 100;
/** A page that stays open for days keeps no more events than this. */
const MOST = 1000;
/** How many of an object's events stand at one of them. */
const OTHERS = 20;
/** What was listed last, so that opening an event leaves the list as it is. */
let kept = null;

/** The list with these filters, as it was left, or a new one. */
function listOf(source, object) {
  const key = JSON.stringify([source, object]);
  if (kept?.who !== me || kept.key !== key) kept = { who: me, key, rows: [], next: null, text: "", noRoom: false, top: 0, loaded: false };
  return kept;
}

/** The view of events; `argument` is the one that is open. */
export function eventsView({ argument: open, query, go }) {
  const source = query.get("source") ?? "";
  const object = query.get("object") ?? "";
  const filter = { source, object };
  const state = listOf(source, object);
  const params = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  const suffix = params ? `?${params}` : "";
  const items = h("div");
  const filters = h("div.filters", { role: "group", "aria-label": "Filter" });
  const field = h("input.input", { type: "search", value: state.text, placeholder: "Find in what is listed", data: { slash: "" }, on: { input: () => { state.text = field.value; draw(); } } });
  const list = h("section.list", { "aria-label": "Events, newest first", on: { keydown: walk } },
    h("div.list-bar", h("label.find", icon("search"), h("span.hidden-text", "Find in the events that are listed"), field, h("kbd.only-desk", "/")), filters,
      object && h("p.small.muted", "Only about ", h("code", object), ". ", h("a", { href: "/events" }, "All events"))),
    items);
  const detail = h("section.detail", { "aria-label": "Event" });
  const split = h("div.split", list, detail);
  split.classList.toggle("has-open", Boolean(open));
  let sources = null;
  let drawn = "";
  let busy = false;
  let closed = false;
  const shownEvent = open && makeDetail(detail, open, suffix);

  function take(rows) {
    const known = new Map(state.rows.map((row) => [row.id, row]));
    for (const row of rows) known.set(row.id, row);
    state.rows = [...known.values()].sort((a, b) => b.id - a.id);
    if (state.rows.length > MOST) {
      state.rows.length = MOST;
      state.next = Number(state.rows.at(-1).id);
    }
  }

  async function anew() {
    const answer = await get("/events", { ...filter, latest: PAGE });
    state.rows = [];
    state.next = answer.next;
    state.loaded = true;
    take(answer.items);
  }

  /** What came since, and those again that were not routed yet. */
  async function since() {
    const waiting = state.rows.slice(0, PAGE).findLast((row) => row.places === null);
    const after = waiting ? waiting.id - 1 : Number(state.rows[0].id);
    const answer = await get("/events", { ...filter, after, limit: 500 });
    // So many came that those between would be missing.
    if (answer.next !== null) await anew();
    else take(answer.items);
  }

  async function load() {
    if (busy || closed) return;
    busy = true;
    try {
      if (state.loaded && state.rows.length > 0) await since();
      else await anew();
      sources ??= (await get("/sources")).items;
      if (!closed) draw();
    } catch (problem) {
      if (!closed && !state.loaded) fill(items, h("p.empty.box-pad", { role: "alert" }, inline(problem.message)));
    } finally {
      busy = false;
    }
  }

  async function more(event) {
    event.currentTarget.disabled = true;
    try {
      const answer = await get("/events", { ...filter, latest: PAGE, before: state.next });
      state.next = answer.next;
      take(answer.items);
    } catch {
      // The button stays, and can be pressed again.
    }
    drawn = "";
    if (!closed) draw();
  }

  function draw() {
    drawFilters();
    const words = state.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fits = state.rows.filter((event) => (!state.noRoom || hasNoRoom(event)) && words.every((word) => textOf(event).includes(word)));
    const key = JSON.stringify([fits.map((event) => [event.id, event.places !== null]), state.next, sources?.length]);
    if (key === drawn) return;
    drawn = key;
    const held = items.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const rest = state.next !== null && h("p.more", h("button.btn.btn-quiet", { type: "button", on: { click: more } }, "Earlier events"));
    fill(items, fits.length > 0 ? h("ul", fits.map((event) => eventRow(event, eventUrl(event.id) + suffix, event.id === open))) : state.loaded && none(), rest);
    if (held) items.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  function none() {
    if (state.rows.length > 0) return h("p.empty.box-pad", "No event that is listed fits.");
    if (sources?.length === 0) return h("div.box-pad", howToConnect());
    const at = sources?.find((one) => one.name === source) ?? sources?.[0];
    return h("div.box-pad", h("div.empty.prose", h("p", "Nothing came in yet."), at && firstEvent(at), at && h("p", h("a", { href: "/sources" }, "How the sources are"))));
  }

  function drawFilters() {
    const names = [...new Set([...(sources ?? []).map((one) => one.name), ...state.rows.map((event) => event.source), source].filter(Boolean))].sort();
    const key = JSON.stringify([names, state.noRoom]);
    if (filters.dataset.key === key) return;
    filters.dataset.key = key;
    const button = (name, pressed, click) => h("button.filter", { type: "button", "aria-pressed": String(pressed), on: { click } }, name);
    const to = (name) => () => go(name ? `/events?source=${encodeURIComponent(name)}` : "/events", { replace: true });
    fill(filters, button("All", source === "", to("")), names.map((name) => button(name, name === source, to(name))),
      button("no room", state.noRoom, () => { state.noRoom = !state.noRoom; draw(); }));
  }

  /** In the list, `j` and `k` go down and up as the arrows do. */
  function walk(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === field) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...items.querySelectorAll("a.item")];
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? 0 : at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !open) return;
    if (event.target.closest("input, textarea, select, .side")) return;
    go(`/events${suffix}`);
  }

  function look() {
    load();
    shownEvent?.look();
  }

  const scroller = () => (split.scrollHeight > split.clientHeight + 1 ? split : list);
  const keepTop = () => { if (!open || scroller() === list) state.top = scroller().scrollTop; };
  for (const element of [list, split]) element.addEventListener("scroll", keepTop, { passive: true });
  document.addEventListener("keydown", onKey);
  const leave = watched(look);
  if (!open) fill(detail, h("div.detail-in", h("p.empty", "Open an event to see where it went and why. In the list ", h("kbd", "j"), " and ", h("kbd", "k"), " go down and up, ", h("kbd", "Enter"), " opens.")));
  if (state.loaded) draw();
  load();
  return {
    title: "Events",
    top: [h("h1", { tabindex: "-1" }, "Events"), eventTabs("/events"), h("p.topbar-note", `newest first · times in ${zoneName()}`)],
    body: split,
    shown() {
      const { top } = state;
      if (!open || list.scrollHeight > list.clientHeight) scroller().scrollTop = top;
      items.querySelector('[aria-current="true"]')?.focus({ preventScroll: true });
    },
    close() {
      closed = true;
      shownEvent?.close();
      leave();
      document.removeEventListener("keydown", onKey);
    },
  };
}

function textOf(event) {
  const { line, source, object, reference, repo, state, title, actor, places, severity } = event;
  return [line, kindOf(event), source, object, reference, repo, state, title, severity, actor?.name, actor?.account, ...(places ?? []).map((place) => place.place)].filter(Boolean).join(" ").toLowerCase();
}

/** The event that is open. */
function makeDetail(detail, id, suffix) {
  const path = `/events/${segment(id)}`;
  const parts = { head: h("div"), why: h("div"), facts: h("div"), payload: h("div"), others: h("div") };
  const back = h("a.btn.btn-quiet.to-list.only-stacked", { href: `/events${suffix}` }, icon("back"), "All events");
  let event = null;
  let closed = false;

  async function load() {
    try {
      const answer = await get(path);
      if (closed) return;
      const first = event === null;
      event = answer;
      if (first) drawFirst();
      fill(parts.why, section("Why it went there", h("a", { href: `/routes?event=${segment(id)}` }, "try routes on it"), traceOf(event)));
      others();
    } catch (problem) {
      if (!closed && event === null) fill(detail, h("div.detail-in", back, h("p.empty", { role: "alert" }, problem.status === 404 ? `There is no event ${id}.` : inline(problem.message))));
    }
  }

  function drawFirst() {
    const { object, reference, line, url, received_at: received, state } = event;
    document.title = `${line || kindOf(event)} · Wilco`;
    fill(detail, h("div.detail-in", back, parts.head, parts.why, parts.facts, parts.payload, parts.others));
    fill(parts.head,
      h("p.crumb.small.muted", event.source, " · ", h("code", kindOf(event)), object && [" · ", h("code", object)]),
      h("div.page-head", h("h1", { tabindex: "-1" }, pieces(line || kindOf(event))), statePill(state)),
      h("p.page-sub", h("span", "received ", time(received, whole)), url && link(url, `look at ${reference ?? "it"} `, icon("ext"))),
      event.text && h("blockquote.quote", event.text));
    fill(parts.facts, section("Facts", "what rules see", h("div.box.box-pad", factsOf(event))));
    payload();
  }

  function payload() {
    const { kept: there, length } = event.payload;
    const end = length !== null && size(length);
    if (!there) {
      fill(parts.payload, section("Payload", end, h("p.small.muted", "It is not kept any more, as it was old. The event itself stays.")));
      return;
    }
    const place = h("div.box.box-pad", h("button.btn", { type: "button", on: { click: show } }, "Show the payload"));
    fill(parts.payload, section("Payload", end, place));
    async function show(click) {
      click.currentTarget.disabled = true;
      try {
        const { text, json, cut } = await get(`${path}/payload`);
        const body = h("pre.log.payload", { tabindex: "0", role: "group", "aria-label": "Payload" }, json && !cut ? setOut(text) : text);
        fill(parts.payload, section("Payload", end, h("div.box", body, cut && h("p.card-foot", "Only its beginning. All of it: ", h("code", `GET /api/v1${path}/payload?whole=true`)))));
        body.focus();
      } catch (problem) {
        fill(place, h("p", { role: "alert" }, inline(problem.message)));
      }
    }
  }

  async function others() {
    if (!event.object) return;
    try {
      const { items, next } = await get("/events", { object: event.object, latest: OTHERS });
      if (closed) return;
      fill(parts.others, section(`All about ${event.reference ?? event.object}`, next !== null && h("a", { href: aboutUrl(event.object) }, "all of them"),
        h("ul.items", items.map((one) => eventRow(one, eventUrl(one.id) + suffix, one.id === event.id)))));
    } catch {
      // The event says what it says without the others.
    }
  }

  load();
  return {
    /** Where it went is told once; until then it is asked for. */
    look() { if (event === null || event.places === null) load(); },
    close() { closed = true; },
  };
}

function section(title, end, ...content) {
  return h("section.section", { "aria-label": title }, h("div.section-head", h("h2", title), end && h("span.end", end)), content);
}

/** Where an event went and why, step by step. */
function traceOf(event) {
  const { signed, places, considered, source } = event;
  const step = (state, picture, what, ...text) => h("li", { data: { state } }, icon(picture), h("span.what", what), h("div.grow", text));
  const rows = [signed
    ? step("allowed", "succeeded", "Proven", "The sender proved who they are.")
    : step("paused", "awaiting_confirm", "Not proven", `Nobody proved who sent it: `, h("code", `[source.${source}]`), " takes unsigned requests. It triggers no write.")];
  for (const { rule, note } of considered ?? []) rows.push(step("idle", "ops", "Looked at", h("code", rule), " ", ticks(note)));
  if (places === null) return h("ol.box.trace", rows, step("queued", "queued", "Waits", "It is kept, and not routed yet."));
  for (const { place, level, did, note, slot } of places) {
    const { shown, word, text } = done(did);
    rows.push(step(shown ? "allowed" : "idle", shown ? "succeeded" : "skip", word,
      h("b", placeLink(place)), ` at level ${level}: ${text}.`, note && [" ", ticks(sentence(note))], slot && h("span.subtle", ` Line ${slot}.`)));
  }
  if (places.length === 0) rows.push(step("idle", "skip", "No room", "No route matched, and the source names no room in its ", h("code", "to"), ": it is kept and told nowhere."));
  return h("ol.box.trace", rows);
}

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

function factsOf(event) {
  const { source, kind, action, object, reference, title, number, repo, branch, severity, labels, actor, at, received_at: received, delivery, sender_id: senderId, signed } = event;
  const tags = Array.isArray(labels) ? labels : Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const rows = [
    ["Source", h("a", { href: `/events?source=${encodeURIComponent(source)}` }, source)],
    ["Kind", h("code", kind)],
    ["Action", action && h("code", action)],
    ["Object", object && h("a", { href: aboutUrl(object) }, h("code", object))],
    ["Called", reference],
    ["Title", title],
    ["Number", number],
    ["Repository", repo && h("code", repo)],
    ["Branch", branch && h("code", branch)],
    ["State", event.state && statePill(event.state)],
    ["Severity", severity],
    ["Labels", tags.length > 0 && tags.flatMap((tag, index) => [index > 0 ? " " : "", h("span.tag", tag)])],
    ["Actor", actor && [h("b.ref", actor.name), actor.account !== actor.name && h("span.muted", ` ${actor.account}`)]],
    ["Level", `${event.level} by itself${loudness(event) === event.level ? "" : `, ${loudness(event)} where it went`}`],
    ["Happened", time(at, seconds)],
    ["Received", time(received, seconds)],
    ["Delivery", delivery && h("code", pieces(delivery))],
    ["Sender's id", h("code", pieces(senderId))],
    ["Signed", signed ? "yes" : "no"],
  ];
  return h("dl.facts", rows.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "").map(([name, value]) => [h("dt", name), h("dd", value)]));
}
