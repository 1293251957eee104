// What stands beside a room: what last succeeded where, what is under way, what is wrong outside and told here, what arrives here.

import { get } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { said } from "./outside.js";
import { eventUrl, operationUrl } from "./session.js";
import { ALL_STATES, awaits, isFinal, stamp, stateMark, time } from "./words.js";

/** Where there is room for it. */
const WIDE = matchMedia("(min-width: 1180px)");
/** Among so many that are under way so many are listed, those that run before those that wait; and so many that have ended. */
const UNDER_WAY = 50;
const SHOWN = 8;
const ENDED = 4;
/** Among so many that succeeded the last of each target is looked for, and so many targets are listed. */
const SUCCEEDED = 50;
const TARGETS = 5;
/** Among so many lines of all rooms those of this one are looked for, and so many are listed. */
const LINES = 200;
const OBJECTS = 6;
const ROUTES = 6;
/** What came in this long, in milliseconds, is looked at once. */
const SOON = 300;
/** What is wrong, the worst first. */
const WRONG = ["firing", "failed", "acked"];
const statesThat = (is) => ALL_STATES.filter(is).join(",");

/** The result: `element`; `changed(message)` hears what came into the room; `close()`. */
export function makeBeside(place) {
  const parts = { succeeded: h("div"), open: h("div"), wrong: h("div"), ended: h("div"), arrives: h("div") };
  const element = h("div", Object.values(parts));
  const timers = new Map();
  let closed = false;

  /** Asks and draws what it gives; what cannot be asked stays as it is. */
  async function show(part, path, query, draw) {
    if (!WIDE.matches) return;
    try {
      const { items } = await get(path, query);
      if (!closed) fill(part, draw(items));
    } catch {
      // The room is read without it.
    }
  }

  function operations() {
    show(parts.open, "/operations", { state: statesThat((state) => !isFinal(state)), latest: UNDER_WAY },
      (items) => panel("Under way", h("a", { href: "/operations" }, items.length > SHOWN ? `all ${items.length}` : "all"),
        operationRows(items.sort((a, b) => awaits(a.state) - awaits(b.state)).slice(0, SHOWN), "Nothing is under way.", endOf)));
    show(parts.ended, "/operations", { state: statesThat(isFinal), latest: ENDED },
      (items) => panel("Ended lately", null, operationRows(items, "Nothing has ended yet.", (operation) => time(operation.ended_at, stamp))));
    show(parts.succeeded, "/operations", { state: "succeeded", latest: SUCCEEDED }, lastOf);
  }

  const objects = () => show(parts.wrong, "/objects", { limit: LINES }, (items) => wrongIn(items, place));
  const routes = () => show(parts.arrives, "/routes", {}, (items) => arriving(items, place));

  function soon(look) {
    if (timers.has(look)) return;
    timers.set(look, setTimeout(() => {
      timers.delete(look);
      look();
    }, SOON));
  }

  function all() {
    operations();
    objects();
    routes();
  }
  WIDE.addEventListener("change", all);
  all();
  return {
    element,
    changed({ operation, blocks }) {
      if (operation || blocks?.some((block) => block.type === "status")) soon(operations);
      if (blocks?.some((block) => block.type === "event")) soon(objects);
    },
    close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
      WIDE.removeEventListener("change", all);
    },
  };
}

function panel(title, end, content) {
  return h("section.panel", { "aria-label": title }, h("h2", title, end && h("span.end", end)), content);
}

/** The last that succeeded of each target, by the key that it held: it says what was done last, not what runs there. */
function lastOf(items) {
  const last = new Map();
  for (const operation of items) if (operation.lock && !last.has(operation.lock)) last.set(operation.lock, operation);
  if (last.size === 0) return null;
  return panel("Succeeded last", h("a", { href: "/operations?state=succeeded" }, "all"), h("ul.rows", [...last].slice(0, TARGETS).map(([target, operation]) => h("li",
    h("div.row", h("b.grow", { title: target }, target), h("span.end", time(operation.ended_at, stamp))),
    h("p.row.muted", h("span.grow", named(operation)))))));
}

/** Objects that this room was told of and that are not well. */
function wrongIn(lines, place) {
  const members = lines.filter((line) => line.place === place).flatMap((line) => line.members).filter((member) => !member.done);
  const known = new Map(members.map((member) => [member.object, { ...member, ...said(member.state) }]));
  const rank = ({ colour }) => WRONG.indexOf(colour);
  const wrong = [...known.values()].filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b) || b.since.localeCompare(a.since));
  if (wrong.length === 0) return null;
  return panel("Firing, failed or acked", h("a", { href: "/objects" }, wrong.length > OBJECTS ? `all ${wrong.length}` : "all"), h("ul.rows", wrong.slice(0, OBJECTS).map(({ reference, title, line, event, since, colour, picture, word }) => h("li.row", { data: { state: colour } },
    icon(picture, word), h("span.grow", { title: line }, h("a", { href: eventUrl(event) }, title ? reference : line), title && ` ${title}`), h("span.end", time(since, stamp))))));
}

/** The routes that lead here, and the sources whose events come here where no route fits. */
function arriving(routes, place) {
  const here = routes.filter((route) => route.to.includes(place) && !route.drop);
  const row = ({ kind, source, when, rule, level }) => h("li",
    h("div.row", h("span.grow", { title: when }, kind === "source" ? h("b", source) : when ? h("code", when) : "every event"), h("span.end", rule)),
    kind === "source" ? h("p.small.muted", "what no route takes") : level && h("p.small.muted", `at level ${level}`));
  return panel("Arrives here", h("a", { href: "/routes" }, here.length > ROUTES ? `all ${here.length}` : "routes"),
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
