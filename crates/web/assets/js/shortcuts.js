// Keys that work everywhere on the page. Letters act only outside of text fields, and can be turned off.

import { me, roomUrl } from "./session.js";
import { unreadIn } from "./unread.js";

/** How long the letter behind `g` may take, in milliseconds. */
const PATIENCE = 1500;
const KEPT = "wilco-letters";
/** Where `g` and a letter lead; rooms are the one that is open or was last. */
const PLACES = { r: "/", w: "/waiting", o: "/operations", c: "/commands", e: "/events" };
/** What `j` and `k` go through: the first of these that is on the page. */
const ROWS = [".timeline-in .msg:not(.is-pending)", "a.item", ".ask", ".rows a.id", ".table tbody a[href]"];

/** All keys, for the list that `?` shows: what is pressed, and what it does. */
export const KEYS = [
  ["Everywhere", [
    ["Ctrl K", "go to a room, a page, an operation or a command"],
    ["/", "search in the room, or filter the list"],
    ["g r", "rooms"], ["g w", "waiting for me"], ["g o", "operations"], ["g c", "commands"], ["g e", "events"],
    ["j, k", "next, previous message or row"],
    ["Enter", "open what has the focus"],
    ["Esc", "close, and back to the composer"],
    ["[, ]", "previous, next unread room"],
    ["?", "this list"],
  ]],
  ["In the composer", [
    ["Tab", "complete"], ["↑, ↓", "choose what fits"], ["Enter", "send"], ["Shift Enter", "new line"],
    ["Shift Tab", "leave it, so that letters act"],
  ]],
];

/** Whether letters act. */
export function lettersAct() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

/** Lets letters act, or not. */
export function letLettersAct(act) {
  try {
    if (act) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, "off");
  } catch {
    // Storage may be forbidden; then they act.
  }
}

/** Listens to keys; the result ends it. `go(url)` opens a page, `goTo()` the palette. */
export function takeKeys({ go, goTo }) {
  let begun = -PATIENCE;

  function onKey(event) {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      goTo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // A dialog that is closed may have the focus until the page is drawn again; nobody writes in it any more.
    const taken = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    if (taken && !taken.closest("dialog:not([open])")) return;
    if (event.key === "Enter") {
      openRow(event);
      return;
    }
    if (event.key.length !== 1 || !lettersAct()) return;
    // When it was pressed, not when a busy page came to it.
    const isPlace = event.timeStamp - begun < PATIENCE && PLACES[event.key];
    begun = -PATIENCE;
    if (isPlace) go(isPlace);
    else if (event.key === "g") begun = event.timeStamp;
    else if (event.key === "/") slash();
    else if (event.key === "?") showKeys();
    else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
    else if (event.key === "[" || event.key === "]") unread(event.key === "]" ? 1 : -1, go);
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

async function showKeys() {
  try {
    (await import("./palette.js")).openKeys();
  } catch {
    // Without a connection there is no list.
  }
}

function slash() {
  const field = document.querySelector("main [data-slash]");
  // What narrows a list may be folded away.
  field?.closest("details")?.setAttribute("open", "");
  if (field?.matches("button")) field.click();
  else field?.focus();
}

/** The focus goes to the next row, from the one that has it; from nowhere, to the last message or the first row. */
function step(by) {
  const rows = ROWS.map((selector) => [...document.querySelectorAll(`main ${selector}`)]).find((some) => some.length > 0) ?? [];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const fromNowhere = rows[0].matches(".msg") ? rows.length - 1 : 0;
  // From within a row, back is the row itself.
  const from = by < 0 && at >= 0 && rows[at] !== document.activeElement ? at + 1 : at;
  const row = rows[at < 0 ? fromNowhere : Math.min(Math.max(from + by, 0), rows.length - 1)];
  if (!row.matches("a, [tabindex]")) row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/** `Enter` on a message opens what it speaks of. */
function openRow(event) {
  const row = event.target;
  if (!row.matches?.(".msg, .ask")) return;
  const way = row.querySelector("a.id, .obj-line a, a[href]");
  if (!way) return;
  event.preventDefault();
  way.click();
}

/** Opens the next room with something unread; those that speak to the person are no different, only the order counts. */
function unread(by, go) {
  const places = me.rooms.map((room) => room.place);
  const here = places.findIndex((place) => roomUrl(place) === location.pathname);
  for (let step = 1; step <= places.length; step += 1) {
    const place = places[(((here + by * step) % places.length) + places.length) % places.length];
    if (unreadIn(place)) {
      go(roomUrl(place));
      return;
    }
  }
}
