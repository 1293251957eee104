// What stands beside a room: what last succeeded where, what is under way, what is wrong outside and told here, what arrives here.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { said } from "./outside.js";
import { eventUrl, operationUrl, watchWaiting } from "./session.js";
import { ALL_STATES, awaits, isFinal, stamp, stateMark, time } from "./words.js";

/** Where there is room for it. */
const WIDE = matchMedia("(min-width: 1180px)");
/** So many that are under way are listed, those that run before those that wait; and so many that have ended. */
const SHOWN = 8;
const ENDED = 4;
/** So many targets are listed; what succeeded last is looked for among so many, and kept for targets that nothing new is of. */
const TARGETS = 5;
const SUCCEEDED = 20;
/** Among so many lines of all rooms those of this one are looked for, and so many are listed. */
const LINES = 200;
const OBJECTS = 6;
const ROUTES = 6;
/** What came in this long, in milliseconds, is looked at once; where only a step went on, in this long. */
const SOON = 300;
const STEP = 3000;
/** What is wrong, the worst first. */
const WRONG = ["firing", "failed", "acked"];
const statesThat = (is) => ALL_STATES.filter(is).join(",");
const goesOn = (state) => !isFinal(state) && !awaits(state);
const lastFirst = (a, b) => Date.parse(b.ended_at) - Date.parse(a.ended_at);

/**
 * `isShown()`: whether there is anything to look at. The result: `element`; `changed(message, { status, isProgress })`
 * hears what came into the room; `close()`.
 */
export function makeBeside(place, isShown = () => WIDE.matches) {
  let running = null;
  let waiting = null;
  let ofTargets = [];

  const open = makePart(isShown, "/operations", { state: statesThat(goesOn), latest: SHOWN + 1 }, (items) => {
    running = items;
    return underWay(running, waiting);
  });
  // A little more than is listed: they come in the order in which they were asked for.
  const ended = makePart(isShown, "/operations", { state: statesThat(isFinal), latest: 2 * ENDED }, (items) => panel("Ended lately", null,
    operationRows(items.sort(lastFirst).slice(0, ENDED), "Nothing has ended yet.", (operation) => time(operation.ended_at, stamp))));
  const succeeded = makePart(isShown, "/operations", { state: "succeeded", latest: SUCCEEDED }, (items) => {
    ofTargets = lastOf([...items, ...ofTargets]);
    return succeededLast(ofTargets);
  });
  const wrong = makePart(isShown, "/objects", { limit: LINES }, (items) => wrongIn(items, place));
  const arrives = makePart(isShown, "/routes", {}, (items) => arriving(items, place));
  const parts = [succeeded, open, wrong, ended, arrives];

  // What waits is asked for already, by whoever counts it.
  const stopWaiting = watchWaiting((items) => {
    const newest = items.slice(-SHOWN - 1).reverse();
    if (JSON.stringify(newest) === JSON.stringify(waiting)) return;
    waiting = newest;
    if (running !== null) open.draw(underWay(running, waiting));
  });
  const look = () => { for (const part of parts) part.catchUp(); };
  WIDE.addEventListener("change", look);
  document.addEventListener("visibilitychange", look);
  look();

  return {
    element: h("div", parts.map((part) => part.element)),
    changed({ operation, blocks }, { status, isProgress }) {
      if (status || operation) open.soon(isProgress ? STEP : SOON);
      if (status && isFinal(status.state) && !isProgress) {
        ended.soon(SOON);
        if (status.state === "succeeded") succeeded.soon(SOON);
      }
      if (blocks?.some((block) => block.type === "event")) wrong.soon(SOON);
    },
    close() {
      stopWaiting();
      for (const part of parts) part.close();
      WIDE.removeEventListener("change", look);
      document.removeEventListener("visibilitychange", look);
    },
  };
}

/**
 * A part of what stands there, as `toNodes(items)` makes it of what is asked for. One request at a time, and one more after
 * it for what came meanwhile; none where nobody sees it, which is caught up with. What cannot be asked stays as it is: the
 * room is read without it.
 */
function makePart(isShown, path, query, toNodes) {
  const element = h("div");
  let isOld = true;
  let busy = false;
  let timer = null;
  let due = Infinity;
  let closed = false;

  function draw(content) {
    const held = element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    fill(element, content);
    if (held !== null) [...element.querySelectorAll("a")].find((anchor) => anchor.getAttribute("href") === held)?.focus({ preventScroll: true });
  }

  async function catchUp() {
    if (closed || !isOld || busy || !isShown() || document.hidden) return;
    isOld = false;
    busy = true;
    try {
      const { items } = await get(path, query);
      if (!closed) draw(toNodes(items));
    } catch {
      // The next change asks again.
    }
    busy = false;
    if (isOld && timer === null) soon(SOON);
  }

  /** It is not what it was: it is asked for in about so many milliseconds, or earlier where that is due already. */
  function soon(about) {
    // Every page that is open hears of a change at the same moment.
    const wait = about * (1 + Math.random() / 2);
    if (closed || due <= Date.now() + about) return;
    clearTimeout(timer);
    due = Date.now() + wait;
    timer = setTimeout(() => {
      timer = null;
      due = Infinity;
      isOld = true;
      catchUp();
    }, wait);
  }

  return {
    element, draw, catchUp, soon,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** What runs and what waits; what has gone on since it was known to wait runs. */
function underWay(running, waiting) {
  if (running.length === 0 && waiting === null) return null;
  const known = new Set(running.map(({ id }) => id));
  const all = [...running, ...(waiting ?? []).filter(({ id }) => !known.has(id))];
  return panel("Under way", h("a", { href: "/operations" }, all.length > SHOWN ? "more" : "all"),
    operationRows(all.slice(0, SHOWN), "Nothing is under way.", endOf));
}

function panel(title, end, content) {
  return h("section.panel", { "aria-label": title }, h("h2", title, end && h("span.end", end)), content);
}

/** The last that succeeded of each target, by the key that it held, the latest first. */
function lastOf(items) {
  const last = new Map();
  for (const operation of items.filter(({ lock }) => lock).sort(lastFirst)) if (!last.has(operation.lock)) last.set(operation.lock, operation);
  return [...last.values()].slice(0, TARGETS);
}

/** It says what was done last, not what runs there. */
function succeededLast(operations) {
  if (operations.length === 0) return null;
  return panel("Succeeded last", h("a", { href: "/operations?state=succeeded" }, "all"), h("ul.rows", operations.map((operation) => h("li",
    h("div.row", h("b.grow", { title: operation.lock }, operation.lock), h("span.end", time(operation.ended_at, stamp))),
    h("p.row.muted", h("span.grow", named(operation)))))));
}

/** Objects that this room was told of and that are not well. */
function wrongIn(lines, place) {
  const members = lines.filter((line) => line.place === place).flatMap((line) => line.members).filter((member) => !member.done);
  const known = new Map(members.map((member) => [member.object, { ...member, ...said(member.state) }]));
  const rank = ({ colour }) => WRONG.indexOf(colour);
  const wrong = [...known.values()].filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b) || b.since.localeCompare(a.since));
  if (wrong.length === 0) return null;
  return panel("Firing, failed or acked", h("a", { href: "/objects" }, wrong.length > OBJECTS ? "more" : "all"), h("ul.rows", wrong.slice(0, OBJECTS).map(({ reference, title, line, event, since, colour, picture, word }) => h("li.row", { data: { state: colour } },
    icon(picture, word), h("span.grow", { title: line }, h("a", { href: eventUrl(event) }, title ? reference : line), title && ` ${title}`), h("span.end", time(since, stamp))))));
}

/** The routes that lead here, and the sources whose events come here where no route fits. */
function arriving(routes, place) {
  const here = routes.filter((route) => route.to.includes(place) && !route.drop);
  const row = ({ kind, source, when, rule, level }) => h("li",
    h("div.row", h("span.grow", { title: when }, kind === "source" ? h("b", source) : when ? h("code", when) : "every event"), h("span.end", rule)),
    kind === "source" ? h("p.small.muted", "what no route takes") : level && h("p.small.muted", `at level ${level}`));
  return panel("Arrives here", h("a", { href: "/routes" }, here.length > ROUTES ? "more" : "routes"),
    here.length === 0 ? h("p.small.muted", "Nothing: no route leads here.") : h("ul.rows", here.slice(0, ROUTES).map(row)));
}

function endOf(operation) {
  // Not what is left: nobody counts it down here.
  if (awaits(operation.state) && operation.expires_at) return ["until ", time(operation.expires_at, stamp)];
  const done = operation.steps.filter((step) => step.mark === "done").length;
  return operation.steps.length > 0 ? `${done}/${operation.steps.length}` : "";
}

const named = (operation) => [h("a.id", { href: operationUrl(operation.id) }, operation.id), " ", operation.order || operation.about];

/** Operations as short rows. */
export function operationRows(operations, none, end) {
  if (operations.length === 0) return h("p.small.muted", none);
  return h("ul.rows", operations.map((operation) => h("li.row", { data: { state: operation.state } },
    stateMark(operation.state), h("span.grow", { title: operation.order || operation.about }, named(operation)), h("span.end", end(operation)))));
}
