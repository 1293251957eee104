// How states, times, spans, sizes and people are said.

import { h, icon } from "./dom.js";

const STATES = {
  planned: "Planned",
  awaiting_confirm: "Waiting for confirmation",
  awaiting_approval: "Waiting for approval",
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  verifying: "Verifying",
  aborting: "Stopping",
  succeeded: "Succeeded",
  failed: "Failed",
  aborted: "Aborted",
  expired: "Expired",
  needs_human: "Needs a human",
};

/** All states, in the order of an operation's life. */
export const ALL_STATES = Object.keys(STATES);
const FINAL = new Set(["succeeded", "failed", "aborted", "expired", "needs_human"]);

/** Whether nothing more happens by itself. */
export const isFinal = (state) => FINAL.has(state);
/** Whether somebody has to decide. */
export const awaits = (state) => state === "awaiting_confirm" || state === "awaiting_approval";
/** A state's word. */
export const stateWord = (state) => STATES[state] ?? String(state).replaceAll("_", " ");
const stateIcon = (state) => (state in STATES ? state : "planned");

/** A state as icon, word and colour. */
export function pill(state) {
  return h("span.pill", { data: { state } }, icon(stateIcon(state)), stateWord(state));
}

/** A state where there is room for an icon only; its word is the label. */
export function stateMark(state) {
  return icon(stateIcon(state), stateWord(state));
}

const MARKS = {
  waiting: ["planned", "planned", "Not begun"],
  running: ["running", "running", "Running"],
  done: ["succeeded", "succeeded", "Done"],
  failed: ["failed", "failed", "Failed"],
  unknown: ["needs_human", "needs_human", "Nobody can tell"],
  skipped: ["aborted", "skip", "Not done"],
};

/** A step's mark as the state that colours it, its icon and its word. */
export function mark(name) {
  const [state, picture, word] = MARKS[name] ?? MARKS.waiting;
  return { state, picture, word };
}

/** An effect as icon and word. */
export function effect(name) {
  const picture = ["read", "write", "destructive"].includes(name) ? name : "write";
  return h("span.effect", { data: { effect: name } }, icon(picture), name);
}

/** What speaks of another order: it is as strong as that is, which is not known before it is named. */
const DECIDES = new Set(["confirm", "approve", "deny", "abort", "answer", "again", "retry", "pause", "resume"].map((word) => `wilco.${word}`));
/** Whether a command decides about another order, or gives it again. */
export const decides = (command) => DECIDES.has(command);
/** What changes nothing but what is somebody's own. */
const OWN = new Set(["alias", "unalias", "link", "link-me", "unlink"].map((word) => `wilco.${word}`));
/** A command's effect as icon and word; where that is said otherwise, in words. */
export function effectOf({ id, effect: name }) {
  if (decides(id)) return h("span.muted", "about another order");
  return OWN.has(id) ? h("span.muted", "about yourself") : effect(name);
}
/** Whether a command's effect says what it changes. */
export const hasEffect = ({ id }) => !DECIDES.has(id) && !OWN.has(id);

/** A person, role or program by name. */
export function nameOf(who) {
  if (!who) return "somebody";
  if (typeof who === "string") return who.replace(/^person:/, "");
  return who.name || who.id || who.kind || "somebody";
}

/** A person by the name that orders use, which nobody shares; others by their name. */
export const handle = (who) => (who?.kind === "person" ? `@${who.id}` : nameOf(who));

/** One or two letters for a face. */
export function initials(name) {
  const words = String(name).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? "?").slice(0, 2);
  return letters.toUpperCase();
}

let zone = "UTC";
let formats = {};

/** Sets the zone in which all times are said. */
export function useZone(name) {
  zone = name || "UTC";
  formats = {};
}

/** The zone in which all times are said. */
export const zoneName = () => zone;

function format(key, options) {
  if (!formats[key]) {
    try {
      formats[key] = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    } catch {
      zone = "UTC";
      formats[key] = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    }
  }
  return formats[key];
}

const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SECONDS = { ...CLOCK, second: "2-digit" };

/** The day of a time, as a heading. */
export const dayOf = (at) => format("day", DAY).format(new Date(at)).replace(",", "");
/** Hours and minutes. */
export const clock = (at) => format("clock", CLOCK).format(new Date(at));
/** Hours, minutes and seconds. */
export const seconds = (at) => format("seconds", SECONDS).format(new Date(at));
/** A time with its day and zone. */
export const whole = (at) => `${dayOf(at)}, ${seconds(at)} ${zone}`;
/** Hours and minutes, with the day where it is not today. */
export function stamp(at) {
  const short = clock(at);
  if (dayOf(at) === dayOf(Date.now())) return short;
  return `${format("short", { day: "numeric", month: "short" }).format(new Date(at))} ${short}`;
}

/** The reader's own clock, where it is another one. */
let own = null;
function yours(at) {
  own ??= new Intl.DateTimeFormat("en-GB", { ...CLOCK, weekday: "short" });
  const theirs = own.resolvedOptions().timeZone;
  return theirs === zone ? "" : ` (for you ${own.format(new Date(at)).replace(",", "")} ${theirs})`;
}

/** A time element; the whole time with its zone stands in its title, and the reader's own where that is another. */
export function time(at, say = stamp, props = {}) {
  if (!at || Number.isNaN(Date.parse(at))) return null;
  return h("time", { datetime: at, title: whole(at) + yours(at), ...props }, say(at));
}

/** A span of milliseconds: `0.4 s`, `41 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`. */
export function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const two = (big, unit, small, lesser) => (small > 0 ? `${big} ${unit} ${small} ${lesser}` : `${big} ${unit}`);
  if (s < 3600) return two(Math.floor(s / 60), "min", Math.floor(s % 60), "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

/** What is left until then, in minutes where that is enough. */
export function left(at) {
  const ms = Date.parse(at) - Date.now();
  if (ms <= 0) return "ending now";
  return `${ms < 120_000 ? span(Math.ceil(ms / 1000) * 1000).replace(/\.\d/, "") : span(Math.ceil(ms / 60_000) * 60_000)} left`;
}

/** A size in bytes. */
export function size(bytes) {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let at = -1;
  let value = bytes;
  do {
    value /= 1000;
    at += 1;
  } while (value >= 1000 && at < units.length - 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

/** A value of a plan's inputs, as text. */
export const valueText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
/** What is read of a text: Wilco takes most of the signs out that nobody sees. */
const read = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").trim();
/** Whether two texts read the same. */
export const isSame = (one, other) => read(one) === read(other);
