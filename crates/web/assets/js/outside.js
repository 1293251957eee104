// How what happens outside is said: an object's state, what came of an event in a place, how loud it was.

import { h, icon } from "./dom.js";
import { pieces } from "./pieces.js";
import { roomName } from "./session.js";
import { stamp, time } from "./words.js";

/** A state's colour and icon, by the senders' words for it. Other words are shown as they are, without a colour. */
const STATES = new Map();
for (const [colour, picture, words] of [
  ["firing", "firing", "firing alerting critical down"],
  ["acked", "acked", "acked acknowledged"],
  ["resolved", "succeeded", "resolved ok up"],
  ["merged", "merged", "merged"],
  ["succeeded", "succeeded", "succeeded success passed fixed completed"],
  ["failed", "failed", "failed failure error broken unstable timed_out"],
  ["running", "running", "running in_progress started"],
  ["queued", "queued", "queued pending requested waiting"],
  ["aborted", "aborted", "aborted cancelled canceled"],
  ["idle", "issue", "open opened reopened"],
  ["idle", "planned", "draft"],
  ["idle", "check", "closed done"],
]) for (const word of words.split(" ")) STATES.set(word, [colour, picture]);

/** A state as colour, icon and word; without one, or where nobody knows it, no colour. */
export function said(state) {
  if (!state) return { colour: "idle", picture: "events", word: "" };
  const text = String(state);
  const [colour, picture] = STATES.get(text.toLowerCase()) ?? ["idle", "events"];
  const words = text.replaceAll("_", " ");
  return { colour, picture, word: words.charAt(0).toUpperCase() + words.slice(1) };
}

/** An icon for what has no state, by the sender's word for its kind. */
const KINDS = [[/comment|note/, "comment"], [/pull_request|merge_request/, "pr"], [/push|commit/, "commit"], [/tag|release|create/, "tag"], [/issue/, "issue"]];

/** An event's colour and icon, with the word that is read for it. */
export function face({ state, kind }) {
  if (state) return said(state);
  const picture = KINDS.find(([pattern]) => pattern.test(kind.toLowerCase()))?.[1] ?? "events";
  return { colour: "idle", picture, word: kind.replaceAll("_", " ") };
}

/** An object's state as icon, word and colour. */
export function statePill(state) {
  const { colour, picture, word } = said(state);
  return word && h("span.pill", { data: { state: colour } }, icon(picture), word);
}

/** What was done with an event in a place: whether the room shows it, a word for it, and a sentence. */
const DONE = {
  posted: [true, "Posted", "its object got a line"],
  edited: [true, "Edited", "its object's line was brought up to date"],
  threaded: [true, "Thread", "a line was put into its object's thread"],
  grouped: [true, "Joined", "it joined a line that stands for several"],
  counted: [true, "Counted", "it is counted in the digest of the day"],
  folded: [true, "Folded", "it was folded with others, as they were too many or went to and fro"],
  kept: [false, "Kept", "nothing was shown: its level is off"],
  alike: [false, "Alike", "nothing was shown: the same was told before"],
  late: [false, "Late", "nothing was shown: something newer was there"],
  muted: [false, "Muted", "nothing was shown: the place is muted for it"],
  dropped: [false, "Dropped", "nothing was shown: a route drops it"],
};

/** What was done in a place. */
export function done(did) {
  const [shown, word, text] = DONE[did] ?? [false, String(did), "this page does not know what that is"];
  return { shown, word, text };
}

/** Whether an event was routed and no room shows it. */
export const hasNoRoom = ({ places }) => places !== null && !places.some((place) => done(place.did).shown);

const LEVELS = ["off", "digest", "thread", "normal", "loud"];

/** How loud an event was where it was loudest. */
export function loudness({ level, places }) {
  const all = places?.length > 0 ? places.map((place) => place.level) : [level];
  return all.reduce((a, b) => (LEVELS.indexOf(b) > LEVELS.indexOf(a) ? b : a));
}

/** Where an event went, in a few words. */
export function ways(event) {
  const { places } = event;
  if (places === null) return "not routed yet";
  const shown = places.filter((place) => done(place.did).shown);
  if (shown.length > 0) return `→ ${shown.map(({ place, did }) => (did === "threaded" ? `thread in ${roomName(place)}` : roomName(place))).join(", ")}`;
  if (places.length === 0) return "→ nowhere, no route matched";
  return `→ nowhere, ${[...new Set(places.map((place) => done(place.did).word.toLowerCase()))].join(", ")}`;
}

/** Wilco's sentence about what came from outside: what stands in backticks is set as typed, and nothing else is markup. */
export const ticks = (text) => String(text).split(/`([^`]+)`/).map((part, at) => (at % 2 === 1 ? h("code", pieces(part)) : pieces(part)));

/** A kind with what was done: `pull_request.closed`. */
export const kindOf = ({ kind, action }) => (action ? `${kind}.${action}` : kind);

/** The events about an object. */
export const aboutUrl = (object) => `/events?object=${encodeURIComponent(object)}`;

/** An event as a row of a list. */
export function eventRow(event, href, current) {
  const { colour, picture, word } = face(event);
  const level = loudness(event);
  return h("li", h("a.item", { href, "aria-current": current && "true", data: { state: colour } },
    icon(picture, word),
    h("span.item-line", event.line || kindOf(event)),
    h("span.when", time(event.received_at, stamp)),
    h("span.item-sub",
      level !== "normal" && [h("span.tag", level), " "], hasNoRoom(event) && [h("span.tag", "no room"), " "],
      event.source, " ", kindOf(event), " ", ways(event))));
}

const VIEWS = [["/events", "Events"], ["/objects", "Objects"], ["/routes", "Routes"], ["/sources", "Sources"], ["/connectors", "Connectors"]];

/** How often what is outside is looked at, in milliseconds. */
const EVERY = 5000;

/** Looks again every few seconds while the page is shown, and when it is shown again. What this gives ends it. */
export function watched(look) {
  const again = () => { if (!document.hidden) look(); };
  document.addEventListener("visibilitychange", again);
  const timer = setInterval(again, EVERY);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", again);
  };
}

/** The way between the pages of events. */
export function eventTabs(here) {
  const links = VIEWS.map(([href, name]) => h("a.filter", { href, "aria-current": href === here && "page" }, name));
  // On a narrow screen they do not stand side by side, and the one where one is may be out of sight.
  requestAnimationFrame(() => links.find((link) => link.hasAttribute("aria-current"))?.scrollIntoView({ block: "nearest", inline: "center" }));
  return h("nav.filters.tabs", { "aria-label": "Pages of events" }, links);
}
