// Objects: the lines that rooms are shown of what is outside, and how far showing them has got.

import { get } from "./api.js";
import { howToConnect } from "./connect.js";
import { fill, h, icon, link } from "./dom.js";
import { inline } from "./markdown.js";
import { aboutUrl, eventTabs, statePill, watched } from "./outside.js";
import { pieces } from "./pieces.js";
import { eventUrl, placeLink } from "./session.js";
import { rowsTable } from "./table.js";
import { stamp, time, zoneName } from "./words.js";

const PAGE = 100;
/** What a line stands for that is not one of objects. */
const KINDS = { overflow: "too much for the room", digest: "digest", fold: "too much for a thread" };

/** The view of objects. */
export function objectsView() {
  const list = h("div");
  const field = h("input.input", { type: "search", placeholder: "Find in what is listed", data: { slash: "" }, on: { input: draw } });
  let lines = [];
  let wanted = PAGE;
  let next = null;
  let loaded = false;
  let sources = null;
  let drawn = "";
  let closed = false;

  async function load() {
    try {
      const answer = await get("/objects", { limit: wanted });
      if (answer.items.length === 0) sources ??= (await get("/sources")).items;
      if (closed) return;
      ({ items: lines, next } = answer);
      loaded = true;
      draw();
    } catch (problem) {
      if (!closed && !loaded) fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  function draw() {
    if (!loaded) return;
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const rows = lines.flatMap(rowsOf).filter(({ text }) => words.every((word) => text.includes(word)));
    const key = JSON.stringify([rows.map(({ key: one }) => one), next]);
    if (key === drawn) return;
    drawn = key;
    if (lines.length === 0) {
      fill(list, sources?.length === 0 ? howToConnect() : h("p.empty", "No object has a line yet. The first event that is routed to a room makes one."));
      return;
    }
    const held = list.contains(document.activeElement) && document.activeElement.getAttribute("href");
    fill(list,
      rows.length === 0 ? h("p.empty", "No line that is listed fits.") : table(rows.map(({ row }) => row())),
      next !== null && wanted < 500 && h("p.more", h("button.btn.btn-quiet", { type: "button", on: { click: () => { wanted = 500; load(); } } }, "More")));
    if (held) list.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  const leave = watched(load);
  load();
  return {
    title: "Objects",
    top: [h("h1", { tabindex: "-1" }, "Objects"), eventTabs("/objects"), h("p.topbar-note", `newest line first · times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Objects" }, h("div.page",
      h("div.filter-bar", h("label.find", icon("search"), h("span.hidden-text", "Find in the lines that are listed"), field)), list)),
    close() {
      closed = true;
      leave();
    },
  };
}

const table = (rows) => rowsTable("Lines", ["State", "Line", "Place", "Since", "Shown", "Events"], rows);

/** A row an object, and one for what a line says beside its objects. */
function rowsOf(line) {
  const rows = line.members.map((member) => ({
    key: [line.id, line.version, line.shown, member.object, member.event],
    text: `${member.object} ${member.reference} ${member.line} ${member.state ?? ""} ${line.place}`.toLowerCase(),
    row: () => h("tr",
      h("td.lead", statePill(member.state) || h("span.subtle", "–")),
      h("td.full.lead", pieces(member.line), " ", member.url && link(member.url, icon("ext", `Look at ${member.reference}`))),
      placeCell(line),
      h("td.when", time(member.since, stamp)),
      shownCell(line),
      h("td.nowrap", h("a", { href: aboutUrl(member.object) }, member.reference), " ", h("a.small.muted", { href: eventUrl(member.event), title: "Why the newest went there" }, "why"))),
  }));
  if (rows.length > 0 && line.counted === 0) return rows;
  const more = line.counted > 0 ? `${line.counted} counted` : line.text.split("\n", 1)[0];
  rows.push({
    key: [line.id, line.version, line.shown, line.counted],
    text: `${more} ${line.text} ${line.place}`.toLowerCase(),
    row: () => h("tr", h("td.lead", h("span.tag", KINDS[line.kind] ?? "several")), h("td.full.lead", more), placeCell(line), h("td.when", time(line.opened_at, stamp)), shownCell(line), h("td")),
  });
  return rows;
}

function placeCell({ place }) {
  return h("td.nowrap", placeLink(place));
}

/** How far showing a line has got. */
function shownCell({ version, shown, waiting }) {
  if (!waiting) return h("td", h("span.state", { data: { state: "succeeded" } }, icon("succeeded"), "shown"));
  const text = shown === 0 ? "waits to be posted" : `waits, version ${shown} of ${version} is there`;
  return h("td", h("span.state", { data: { state: "queued" } }, icon("queued"), text));
}
