// What else changed since somebody was last here: who spoke to them, what is unread, what ended, what changed outside.

import { get, segment } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { lastHere, sawAll } from "./here.js";
import { inline, preview } from "./markdown.js";
import { said } from "./outside.js";
import { eventUrl, isMe, me, operationUrl, roomUrl } from "./session.js";
import { readTo, unreadIn, watchUnread } from "./unread.js";
import { isFinal, nameOf, stamp, stateMark, stateWord, time } from "./words.js";

/** So many of each are listed. */
const FEW = 6;
const OPERATIONS = 200;
const OBJECTS = 100;
/** A state in which something has come to rest, by the word of it. */
const CALM = new Set(["resolved", "ok", "up", "succeeded", "success", "passed", "fixed", "completed", "closed", "done", "merged"]);

/** The section; `element`, `close()`. */
export function makeChanged() {
  const rooms = h("div");
  const rest = h("div");
  const element = h("section.changed", { "aria-label": "Changed since you were here" }, rooms, rest);
  const mentioned = new Map();
  let closed = false;

  const stop = watchUnread(() => {
    drawRooms();
    for (const { place } of me.rooms) {
      const unread = unreadIn(place);
      if (unread?.mentions > 0) mentionsIn(place, `${readTo(place)} ${unread.mentions}`);
      else if (mentioned.delete(place)) drawRooms();
    }
  });

  /** The messages of a room that speak to the person, behind what they have read; asked again only where more came. */
  async function mentionsIn(place, key) {
    if (mentioned.get(place)?.key === key) return;
    mentioned.set(place, { key, items: [] });
    try {
      const { items } = await get(`/rooms/${segment(place)}/search`, { text: `@${me.id}`, after: readTo(place), limit: FEW });
      if (closed || mentioned.get(place)?.key !== key) return;
      mentioned.set(place, { key, items: items.filter(({ from }) => !isMe(from)) });
      drawRooms();
    } catch {
      mentioned.delete(place);
    }
  }

  function drawRooms() {
    const unread = me.rooms.map((room) => [room, unreadIn(room.place)]).filter(([, count]) => count !== null);
    const lines = [...mentioned.values()].flatMap(({ items }) => items).sort((a, b) => b.at.localeCompare(a.at)).slice(0, FEW);
    fill(rooms,
      lines.length > 0 && [h("h2.aside-title", "You are spoken to"), h("ul.items", lines.map(mention))],
      h("h2.aside-title", "Unread"),
      unread.length === 0 ? h("p.small.muted", "Nothing. What others say while you are away is counted here and at its room.")
        : h("ul.items", unread.map(([room, count]) => h("li", h("a.item", { href: roomUrl(room.place) },
          icon(room.direct ? "brand" : "hash"), h("span.item-line", room.name),
          h("span.when", `${count.count}${count.more ? "+" : ""} new`))))));
  }

  async function load() {
    const since = lastHere();
    if (since === null) {
      fill(rest, h("h2.aside-title", "Changed while you were away"), h("p.small.muted", "Nothing to tell. After you were away for ten minutes or more, what ended and what changed outside meanwhile is listed here."));
      return;
    }
    let operations = [];
    let objects = [];
    try {
      [operations, objects] = await Promise.all([
        get("/operations", { latest: OPERATIONS }).then((answer) => answer.items), get("/objects", { limit: OBJECTS }).then((answer) => answer.items),
      ]);
    } catch (problem) {
      if (!closed) fill(rest, h("p.small.muted", { role: "alert" }, inline(problem.message), " ", h("button.btn", { type: "button", on: { click: load } }, "Try again")));
      return;
    }
    if (closed) return;
    const ended = operations.filter(({ state, ended_at: at }) => isFinal(state) && at && Date.parse(at) > since);
    // What somebody has to look at first, then one's own, then the others, each newest first.
    const weight = ({ state, asker }) => (state === "needs_human" ? 2 : 0) + (isMe(asker) ? 1 : 0);
    ended.sort((a, b) => weight(b) - weight(a) || b.ended_at.localeCompare(a.ended_at));
    const moved = objects.flatMap((line) => line.members).filter((member) => Date.parse(member.newest) > since);
    const outside = [...new Map(moved.map((member) => [member.object, member])).values()].sort((a, b) => isCalm(a) - isCalm(b) || b.newest.localeCompare(a.newest));
    fill(rest,
      h("h2.aside-title", "Since you were here, ", time(new Date(since).toISOString(), stamp)),
      ended.length + outside.length === 0 && h("p.small.muted", "No operation ended, and nothing changed outside."),
      ended.length > 0 && h("ul.items", { "aria-label": "Operations that ended" }, ended.slice(0, FEW).map(operation)),
      ended.length > FEW && h("p.more-link", h("a", { href: "/operations" }, `${ended.length - FEW} more operations`)),
      outside.length > 0 && h("ul.items", { "aria-label": "Objects that changed" }, outside.slice(0, FEW).map(object)),
      outside.length > FEW && h("p.more-link", h("a", { href: "/objects" }, `${outside.length - FEW} more objects`)),
      h("p", h("button.btn.btn-quiet", { type: "button", on: { click: () => { sawAll(); load(); } } }, "I have seen this")));
  }

  load();
  return {
    element,
    close() {
      closed = true;
      stop();
    },
  };
}

const isCalm = ({ state, done }) => Number(done || CALM.has(String(state).toLowerCase()));

function mention(message) {
  const { id, place, from, at } = message;
  const room = me.rooms.find((one) => one.place === place)?.name ?? place;
  return h("li", h("a.item", { href: `${roomUrl(place)}?at=${id}` }, icon("comment"),
    h("span.item-line", h("b", nameOf(from)), " ", preview(message).replaceAll(/\s+/g, " ").slice(0, 160)), h("span.when", time(at, stamp)), h("span.item-sub", `in ${room}`)));
}

function operation({ id, state, order, about, asker, ended_at: at }) {
  return h("li", h("a.item", { href: operationUrl(id), data: { state } }, stateMark(state),
    h("span.item-line", h("span.id", id), " ", order || about), h("span.when", time(at, stamp)),
    h("span.item-sub", `${stateWord(state)}, asked by ${isMe(asker) ? "you" : nameOf(asker)}`)));
}

function object({ reference, title, line, state, event, newest }) {
  const { colour, picture, word } = said(state);
  return h("li", h("a.item", { href: eventUrl(event), data: { state: colour } }, icon(picture, word),
    h("span.item-line", title ? `${reference} ${title}` : line), h("span.when", time(newest, stamp)), h("span.item-sub", word || "changed")));
}
