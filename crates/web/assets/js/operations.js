// What waits for the person who is signed in.

import { get, segment } from "./api.js";
import { operationRows } from "./beside.js";
import { makeChanged } from "./changed.js";
import { decideBar, openChoices } from "./decide.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { planFacts } from "./operation.js";
import { decisions, isMe, me, operationUrl, refreshWaiting, roomName, roomUrl, watchWaiting } from "./session.js";
import { awaits, isFinal, left, nameOf, pill, stamp, stateWord, time } from "./words.js";

const EVERY = 10_000;
/** How often an operation is looked at that was decided here, and how long its end stays to be read. */
const FOLLOW = 1000;
const KEPT = 60_000;
const PAST = { confirm: "confirmed", approve: "approved", deny: "denied", abort: "cancelled" };

/** What waits for the person who is signed in. */
export function waitingView() {
  const asks = h("div.asks");
  const aside = h("div.page-aside");
  const changed = makeChanged();
  const cards = new Map();
  let items = [];

  function draw(list) {
    items = list;
    const soonest = (a, b) => String(a.expires_at ?? "9").localeCompare(String(b.expires_at ?? "9"));
    const mine = items.filter((operation) => decisions(operation).length > 0).sort(soonest);
    const others = items.filter((operation) => decisions(operation).length === 0 && isMe(operation.asker));
    // Cards stay as they are while their plan does, so that no button moves away under a finger.
    const wait = new Map(mine.map((operation) => [operation.id, operation]));
    for (const [id, card] of cards) {
      if (wait.has(id) || card.isHeld()) continue;
      card.close();
      cards.delete(id);
    }
    for (const [id, operation] of wait) {
      const card = cards.get(id);
      if (card?.shows(operation)) card.update(operation);
      else {
        card?.close();
        cards.set(id, askCard(operation, card));
      }
    }
    const wanted = [...cards.values()].map((card) => card.element);
    if (wanted.length === 0) fill(asks, h("p.empty", "Nothing waits for you. When a plan needs your confirmation or approval, it stands here and in its room."));
    else if (wanted.length !== asks.children.length || wanted.some((element, at) => asks.children[at] !== element)) fill(asks, wanted);
    fill(aside,
      h("section", { "aria-label": "You asked, others decide" }, h("h2.aside-title", "You asked, others decide"),
        h("div.box.box-pad", operationRows(others, "Nothing.", (operation) => (operation.expires_at ? left(operation.expires_at) : "")))));
  }

  const stop = watchWaiting(draw);
  const timer = setInterval(() => { if (!document.hidden) refreshWaiting(); }, EVERY);
  refreshWaiting();
  return {
    title: "Waiting for me",
    top: [h("h1", { tabindex: "-1" }, "Waiting for me"), h("p.topbar-note", "soonest end first"), h("div.topbar-end.only-desk", me.roles.length > 0 && h("span.small.muted", `as ${me.roles.join(", ")}`))],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Plans that wait for you" }, h("div.page.page-split", asks, h("div", aside, changed.element))),
    close() {
      stop();
      changed.close();
      clearInterval(timer);
      for (const card of cards.values()) card.close();
    },
  };
}

/** A plan that waits; once it is decided, what becomes of it. `older`: the card of the plan before. */
function askCard(operation, older) {
  const bar = decideBar(openChoices(operation), { before: older?.bar, decided });
  const badge = h("span", pill(operation.state));
  const timer = h("span.timer");
  const became = h("p.decide-ask", { tabindex: "-1" });
  const outcome = h("div.decide", became);
  let current = operation;
  let pressed = null;
  let endedAt = null;
  let next = null;
  let closed = false;
  const element = h("article.card.ask", { "aria-label": `${operation.id}, ${operation.order}` },
    h("header.ask-head",
      h("p.ask-line", badge, h("a.id", { href: operationUrl(operation.id) }, operation.id), timer),
      h("h2", operation.order || operation.about),
      h("p.ask-line", h("span", h("b.ref", nameOf(operation.asker)), " asked in ", h("a", { href: roomUrl(operation.place) }, roomName(operation.place)), " at ", time(operation.created_at, stamp)))),
    h("div.card-part.prose", operation.why && h("p", inline(operation.why)), planFacts(operation),
      h("p.now", "Plan ", h("span.hash", operation.hash.slice(0, 8)), " ", h("a", { href: operationUrl(operation.id) }, "all of it"))),
    bar.element);
  bar.update(current);
  draw();

  function decided(newer, press) {
    if (press && !awaits(newer.state) && pressed === null) {
      pressed = press;
      const held = element.contains(document.activeElement) || document.activeElement === document.body;
      bar.element.replaceWith(outcome);
      if (held) became.focus({ preventScroll: true });
      next = setTimeout(follow, FOLLOW);
    }
    update(newer);
  }

  /** What becomes of a decision is told on the card, until there is nothing more to tell. */
  async function follow() {
    try {
      update(await get(`/operations/${segment(operation.id)}`));
    } catch {
      // The next try comes by itself.
    }
    if (!closed && !isFinal(current.state)) next = setTimeout(follow, FOLLOW);
  }

  function draw() {
    const { state, expires_at: expires, why } = current;
    if (badge.dataset.state !== state) fill(badge, pill(state));
    badge.dataset.state = state;
    timer.textContent = awaits(state) && expires ? left(expires) : "";
    if (pressed === null || outcome.dataset.state === state) return;
    outcome.dataset.state = state;
    const told = isFinal(state) && pressed !== "deny" && pressed !== "abort" && why;
    fill(became, icon(state), h("span", h("b", `${stateWord(state)}.`), ` You ${PAST[pressed]} it.`, told && [" ", inline(why)]));
  }

  function update(newer) {
    if (newer.version < current.version) return;
    current = newer;
    if (isFinal(current.state)) endedAt ??= Date.now();
    if (pressed === null) bar.update(current);
    draw();
  }

  return {
    element,
    bar,
    shows: ({ hash, state }) => pressed === null && hash === operation.hash && state === operation.state,
    isHeld: () => pressed !== null && (endedAt === null || Date.now() - endedAt < KEPT),
    update,
    close() {
      closed = true;
      clearTimeout(next);
    },
  };
}
