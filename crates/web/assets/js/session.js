// Who is signed in, and the few things that several views share: the commands, what waits, drafts.

import { hush } from "./announce.js";
import { get, useCsrf } from "./api.js";
import { h, useOrigin } from "./dom.js";
import { forgetKept, keep, takeKept } from "./kept.js";
import { useZone } from "./words.js";

/** The answer of `/me`; null before it came. */
export let me = null;
/** Texts begun in a room and not yet sent, by place; and what stands in a command's form, by {@link formOf}. */
export const drafts = new Map();
/** Files that were chosen and not sent, or could not be, and go with the next line of a room, by place; they are there as long as the page is. */
export const unsentFiles = new Map();
/** Where the values of a command's form stand among the drafts. */
export const formOf = (command) => `form ${command}`;

/** Whose session ended, and where they were: their drafts are theirs still. */
let ended = null;
let commandList = null;
/** All commands with when they were asked for, `{ items, asked }`; and the question that is under way. */
let catalogue = null;
let catalogueAsked = null;
let waitingItems = null;
let waitingTimer = null;
let waitingAgain = null;
const watchers = new Set();
/** What is under way and stops with the session. */
const stops = new Set();
const AWAITING = "awaiting_confirm,awaiting_approval";
const EVERY = 20_000;
/** All commands are asked for again after so many milliseconds, when somebody looks at them. */
const CATALOGUE_OLD = 60_000;

/** Asks who is signed in. */
export async function loadMe() {
  me = await get("/me");
  useCsrf(me.csrf);
  useZone(me.wilco.zone);
  useOrigin(me.wilco.public_url);
  return me;
}

/** The session ended by itself or elsewhere: what was begun is kept for its person. */
export function sessionEnded(at) {
  ended = { who: me.id, at };
  keep({ ...ended, drafts });
  forget();
}

/** Stops this if the session ends before; the result says that it is over. */
export function stopsWithSession(stop) {
  stops.add(stop);
  return () => stops.delete(stop);
}

/**
 * What could not be said is a draft again, also where that is noticed after the session's end: `text` stands before what
 * was begun since, and behind `earlier`, which the last call gave back. The result is what the next call takes as
 * `earlier`; null where `who` wrote it is not here any more.
 */
export function putBack(who, place, { text, file }, earlier) {
  if ((me ? me.id : ended?.who) !== who) return null;
  if (file) unsentFiles.set(place, [...(unsentFiles.get(place) ?? []), file]);
  if (text.trim() === "") return earlier;
  const begun = drafts.get(place) ?? "";
  const isThere = earlier !== "" && (begun === earlier || begun.startsWith(`${earlier}\n`));
  const back = isThere ? `${earlier}\n${text}` : text;
  const rest = isThere ? begun.slice(earlier.length + 1) : begun;
  drafts.set(place, rest.trim() === "" ? back : `${back}\n${rest}`);
  if (ended) keep({ ...ended, drafts });
  return back;
}

/** Files that were chosen and not sent wait in their room, for whoever chose them. */
export function keepFiles(who, place, files) {
  if (files.length === 0 || (me ? me.id : ended?.who) !== who) return;
  unsentFiles.set(place, [...(unsentFiles.get(place) ?? []), ...files]);
}

/** Gives whoever is signed in now back what they had begun. The result is where they were; null where there is nothing of theirs. */
export function takeBack() {
  if (ended?.who !== me.id) forgetBegun();
  ended = null;
  const kept = takeKept(me.id);
  if (kept === null) return null;
  for (const [place, text] of kept.drafts) drafts.set(place, text);
  return kept.at;
}

/** Somebody signed out: nothing of theirs stays. */
export function leaveNothing() {
  ended = null;
  forgetBegun();
  forgetKept();
  forget();
}

function forgetBegun() {
  drafts.clear();
  unsentFiles.clear();
}

/** Forgets who was signed in. What they had begun is looked at when somebody is again: see {@link takeBack}. */
export function forget() {
  me = null;
  commandList = null;
  catalogue = null;
  catalogueAsked = null;
  waitingItems = null;
  useCsrf(null);
  hush();
  clearTimeout(waitingTimer);
  for (const stop of [...stops]) stop();
}

/** Whether this is the person who is signed in. */
export const isMe = (who) => Boolean(who) && who.kind === "person" && who.id === me?.id;

/** The commands that the person may use somewhere, each with its `rooms`; asked once, and again where the last try failed. */
export function commands() {
  commandList ??= get("/commands", { anywhere: true }).then((answer) => answer.items).catch((problem) => {
    commandList = null;
    throw problem;
  });
  return commandList;
}

/**
 * All commands, also those that the person may see and use nowhere: they have `refused`. What was asked for before is there
 * at once; `newer(items)` hears what became of it, where it is old.
 */
export async function allCommands(newer) {
  if (catalogue === null) return askCatalogue();
  const { items, asked } = catalogue;
  // Without a connection the old ones are still of use.
  if (Date.now() - asked > CATALOGUE_OLD) askCatalogue().then(newer, () => {});
  return items;
}

function askCatalogue() {
  const asked = Date.now();
  const asking = catalogueAsked ??= get("/commands", { anywhere: true, refused: true }).then(({ items }) => {
    // Somebody else may have signed in since.
    if (catalogueAsked === asking) catalogue = { items, asked };
    return items;
  }).finally(() => { if (catalogueAsked === asking) catalogueAsked = null; });
  return asking;
}

/** The page of a place. */
export const roomUrl = (place) => `/r/${encodeURIComponent(place)}`;
/** The page of an event. */
export const eventUrl = (id) => `/events/${encodeURIComponent(id)}`;
/** The page of an operation. */
export const operationUrl = (id) => `/o/${encodeURIComponent(id)}`;

/** The room to show first: the one that was open last, else the home room, else any. */
export function firstRoom() {
  const known = (place) => me.rooms.some((room) => room.place === place);
  let last = null;
  try {
    last = localStorage.getItem("wilco-room");
  } catch {
    // Storage may be forbidden; then the home room is first.
  }
  if (known(last)) return last;
  return known(me.wilco.home) ? me.wilco.home : (me.rooms[0]?.place ?? me.wilco.home);
}

/** A room's name for people. */
export function roomName(place) {
  return me?.rooms.find((room) => room.place === place)?.name ?? String(place);
}

/** A room by its name, with the whole place in its title; a link where the page has it. Where it is not the page's, the place. */
export function placeLink(place) {
  const known = me?.rooms.some((room) => room.place === place);
  return known ? h("a", { href: roomUrl(place), title: place }, roomName(place)) : h("span", roomName(place));
}

/** Words as they are said to Wilco: with its name in front, but not where only it listens. `place`: where, if it is known. */
export function addressed(words, place) {
  const direct = me.rooms.some((room) => room.place === place && room.direct);
  return direct ? words : `${me.wilco.name} ${words}`;
}

/** Which of an operation's decisions the person may take now. */
export const decisions = (operation) => (operation.may ?? []).filter((press) => press !== "abort");

/** Hears of what waits, now and whenever it was asked again; the result ends it. */
export function watchWaiting(listener) {
  watchers.add(listener);
  if (waitingItems) listener(waitingItems);
  return () => watchers.delete(listener);
}

/** Asks again what waits; calls that come close together become one. */
export function refreshWaiting() {
  waitingAgain ??= setTimeout(askWaiting, 250);
}

async function askWaiting() {
  waitingAgain = null;
  clearTimeout(waitingTimer);
  if (!me) return;
  if (!document.hidden) {
    try {
      waitingItems = (await get("/operations", { state: AWAITING, limit: 500 })).items;
      for (const listener of watchers) listener(waitingItems);
    } catch {
      // The next try comes by itself; what fails for longer shows in the view.
    }
  }
  if (me) waitingTimer = setTimeout(refreshWaiting, EVERY);
}
