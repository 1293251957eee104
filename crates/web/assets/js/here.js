// Who is in a room now, and up to when somebody was on this page before.

import { fill, h } from "./dom.js";
import { me } from "./session.js";

/** Who was away longer than this comes back; a shorter pause is none. */
const PAUSE = 10 * 60_000;
const EVERY = 30_000;

/** The people of a room, in a line: `update(people)` says who is here, `offline()` that nobody can tell. */
export function makeHere() {
  const element = h("span.here", { hidden: true });
  return {
    element,
    offline() {
      if (element.hidden) return;
      element.title = "Who is here is told again once the page is connected";
      fill(element, h("span.dot", { "aria-hidden": "true" }), "unknown while offline");
    },
    update(people) {
      const names = people.map(({ id, name }) => (id === me.id ? "you" : name)).sort((a, b) => (b === "you") - (a === "you") || a.localeCompare(b));
      element.hidden = people.length === 0;
      element.title = `Here: ${names.join(", ")}`;
      fill(element, h("span.dot", { data: { live: "true" }, "aria-hidden": "true" }), `${people.length} here`, h("span.hidden-text", `: ${names.join(", ")}`));
    },
  };
}

const key = () => `wilco-here-${me.id}`;

function read() {
  try {
    const { seen, since } = JSON.parse(localStorage.getItem(key()) ?? "{}");
    return { seen: Number(seen) || null, since: Number(since) || null };
  } catch {
    return { seen: null, since: null };
  }
}

function write(kept) {
  try {
    localStorage.setItem(key(), JSON.stringify(kept));
  } catch {
    // Storage may be forbidden; then every visit is the first one.
  }
}

/** When the person was here last, before they went away; null at their first visit, or once they have said that they saw all. */
export const lastHere = () => read().since;

/** All that changed was seen. */
export const sawAll = () => write({ seen: Date.now(), since: null });

/** Keeps up to when the person is here; the result ends it. */
export function keepVisit() {
  const look = () => {
    if (document.hidden) return;
    const { seen, since } = read();
    const now = Date.now();
    write({ seen: now, since: seen !== null && now - seen > PAUSE ? seen : since });
  };
  look();
  const timer = setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
