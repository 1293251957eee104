// What was not read yet in each room, how many of it speak to the person, and up to where they have read.
//
// How far somebody has read is kept by their browser; the server counts what lies behind it.

import { get, segment } from "./api.js";
import { before } from "./ids.js";
import { me } from "./session.js";

const EVERY = 20_000;
const counts = new Map();
const watchers = new Set();
let marks = null;
let marksOf = null;
let timer = null;

const key = () => `wilco-read-${me.id}`;

function load() {
  if (marks && marksOf === me.id) return marks;
  marksOf = me.id;
  marks = {};
  try {
    const kept = JSON.parse(localStorage.getItem(key()) ?? "{}");
    for (const [place, id] of Object.entries(kept)) if (/^\d{1,20}$/.test(id)) marks[place] = id;
  } catch {
    // Storage may be forbidden or hold something else; then all that is there counts as read.
  }
  return marks;
}

/** The last message of a room that was read; null where the room was never opened. */
export const readTo = (place) => load()[place] ?? null;

/** All of a room up to a message was read. */
export function markRead(place, id) {
  const all = load();
  if (id === null || (all[place] && !before(all[place], id))) return;
  all[place] = id;
  try {
    localStorage.setItem(key(), JSON.stringify(all));
  } catch {
    // Then it lasts until the page is left.
  }
  if (counts.delete(place)) tell();
}

/** What is unread in a room: `{ count, more, mentions, first }`; null where nothing is. */
export const unreadIn = (place) => counts.get(place) ?? null;

/** Hears of every change, and is told at once how things are; the result ends it. */
export function watchUnread(listener) {
  watchers.add(listener);
  listener();
  return () => watchers.delete(listener);
}

function tell() {
  for (const listener of watchers) listener();
}

/** Counts what is unread in a room. */
export async function countUnread(place) {
  const mark = readTo(place);
  if (mark === null) return null;
  const found = await get(`/rooms/${segment(place)}/unread`, { after: mark });
  if (readTo(place) !== mark) return unreadIn(place);
  if (found.count > 0) counts.set(place, found);
  else counts.delete(place);
  tell();
  return unreadIn(place);
}

/** Counts in these rooms; what fails is counted the next time. */
export async function countAll(places) {
  await Promise.all(places.map((place) => countUnread(place).catch(() => null)));
}

function take(rooms) {
  const stale = [];
  for (const { place, newest } of rooms) {
    const mark = readTo(place);
    // What was said before somebody first came here is no news to them.
    if (mark === null) markRead(place, newest ?? "0");
    else if (newest === null) continue;
    else if (before(mark, newest) || counts.has(place)) stale.push(place);
  }
  return countAll(stale);
}

/** Looks which rooms have something new. */
export async function lookAtRooms() {
  if (document.hidden || !me) return;
  try {
    await take((await get("/rooms")).items);
  } catch {
    // The next look comes by itself.
  }
}

/** Begins to look after all rooms, now and every few seconds; the result ends it. */
export function lookAfterRooms() {
  counts.clear();
  take(me.rooms);
  const look = lookAtRooms;
  // What was read in another window was read.
  const onStorage = (event) => {
    if (event.key !== key()) return;
    marks = null;
    countAll([...counts.keys()]);
  };
  timer = setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("storage", onStorage);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("storage", onStorage);
  };
}
