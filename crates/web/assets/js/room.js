// A room: its messages, live, with the composer below.

import { announce } from "./announce.js";
import { get, segment, stream } from "./api.js";
import { makeAside } from "./aside.js";
import { takesDrops } from "./attach.js";
import { makeComposer } from "./composer.js";
import { fill, h, icon } from "./dom.js";
import { makeFind } from "./find.js";
import { makeHere } from "./here.js";
import { makeHistory, MOST } from "./history.js";
import { inline } from "./markdown.js";
import { behind } from "./ids.js";
import { isMe, me, refreshWaiting } from "./session.js";
import { makeTimeline } from "./timeline.js";
import { countAll, lookAtRooms, markRead, readTo } from "./unread.js";
import { awaits, isFinal, nameOf, stateWord } from "./words.js";

const NEAR = 48;
/** This close to an end of what is loaded, more is fetched. */
const FETCH = 600;
/** So many messages that arrived are drawn at once, so that the page answers meanwhile. */
const SLICE = 60;
/** More than so many at once are read out as a number. */
const TOLD = 3;
/** What comes so soon after a connection was lost and found again was missed. */
const CATCHING_UP = 3000;
const FINE = matchMedia("(pointer: fine)");

/** The view of a room. */
export function roomView({ argument: place, connection, query }) {
  const room = me.rooms.find((one) => one.place === place) ?? { place, name: place, topic: "", direct: false };
  const timeline = makeTimeline(`Messages in ${room.name}`, { reply: (message) => composer.reply(message), jump, isBegun: () => history.isBegun(), isOrder: (text) => composer.isOrder(text) });
  const history = makeHistory(place, timeline, stay);
  const top = h("div.timeline-top");
  const newest = h("div.to-newest", { hidden: true }, h("button.btn", { type: "button", on: { click: toNewest } }, icon("down"), h("span", "Newest")));
  const toNew = h("div.to-new", { hidden: true },
    h("button.btn", { type: "button", on: { click: toFirstNew } }, icon("up"), h("span")),
    h("button.btn.btn-icon", { type: "button", "aria-label": "Mark all as read", title: "Mark all as read", on: { click: clearNew } }, icon("x")));
  const body = h("div.scroll.timeline", { tabindex: "0", role: "log", "aria-live": "off", "aria-label": `Messages in ${room.name}` }, toNew, top, timeline.element, newest);
  const here = makeHere();
  const find = makeFind({ room, jump, leave: () => composer.focus() });
  const composer = makeComposer({ room, timeline, sent, people: () => [...new Set([...timeline.speakers(), ...hereIds])] });
  const aside = makeAside(room);
  takesDrops(body, (files) => composer.attach(files));
  takesDrops(composer.element, (files) => composer.attach(files));
  const queue = [];
  const told = new Map();
  /** The state that each operation was heard in last. */
  const states = new Map();
  let hereIds = [];
  let follow = true;
  let unseen = 0;
  let lastTop = 0;
  let live = null;
  let loaded = false;
  let fetching = false;
  let closed = false;
  let queueTimer = null;
  /** What is new begins behind this message; what is known of it, and how much it is. */
  let news = { after: null, count: 0, more: false };
  /** The newest message when the page was last seen, or connected. */
  let away = null;
  let isOpened = false;
  let missedUntil = 0;

  async function toNewest() {
    if (!history.isAtEnd()) await anew(() => history.toNewest());
    toEnd();
  }

  function toEnd() {
    follow = true;
    body.scrollTop = body.scrollHeight;
    // What moved here by itself is no wish of the reader.
    lastTop = body.scrollTop;
    seen();
  }

  const isAtEnd = () => history.isAtEnd() && body.scrollHeight - body.scrollTop - body.clientHeight < NEAR;

  /** Changes what is above or below without moving what is looked at. */
  function stay(change) {
    const edge = body.getBoundingClientRect().top;
    // Headings move to other messages.
    const anchor = [...timeline.element.children].find((item) => !item.matches(".day") && item.getBoundingClientRect().bottom > edge);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) body.scrollTop += anchor.getBoundingClientRect().top - before;
    lastTop = body.scrollTop;
  }

  /** Only going up is a wish to stop following: what grows below moves nothing. */
  function heed() {
    if (isAtEnd()) follow = true;
    else if (body.scrollTop < lastTop) follow = false;
    lastTop = body.scrollTop;
  }

  body.addEventListener("scroll", () => {
    if (!loaded) return;
    heed();
    if (follow) seen();
    draw();
    reach();
  }, { passive: true });

  /** Fetches what comes on, where the reader is near an end of what is there. */
  function reach() {
    if (body.clientHeight === 0) return;
    if (body.scrollTop < FETCH && !history.isBegun()) fetchMore(history.earlier);
    else if (!history.isAtEnd() && body.scrollHeight - body.scrollTop - body.clientHeight < FETCH) fetchMore(history.later);
  }
  const grown = new ResizeObserver(() => { if (follow && loaded) toEnd(); });
  grown.observe(timeline.element);
  grown.observe(body);

  async function fetchMore(fetch) {
    if (fetching) return;
    fetching = true;
    try {
      await fetch();
      if (!closed) stay(drawTop);
    } catch (problem) {
      if (!closed) fill(top, failure(problem, () => fetchMore(fetch)));
      return;
    } finally {
      fetching = false;
    }
    // Whoever went to the other end meanwhile stands there: no scrolling tells of it again.
    if (loaded && !closed) reach();
  }

  /** All up to the end was read, where the reader sees it. */
  function seen() {
    if (!loaded || document.hidden || !follow || !history.isAtEnd()) return;
    unseen = 0;
    markRead(place, history.newest());
    draw();
  }

  /** The buttons that lead to the newest message, and to the first one that is new. */
  function draw() {
    newest.hidden = follow && history.isAtEnd();
    newest.querySelector("span").textContent = unseen > 0 ? `${unseen} new` : "Newest";
    const line = timeline.line();
    const isSeen = line && !document.hidden && line.getBoundingClientRect().top >= body.getBoundingClientRect().top;
    if (isSeen) news.count = 0;
    toNew.hidden = news.count === 0;
    toNew.querySelector("span").textContent = `To the first of ${news.count}${news.more ? "+" : ""} new`;
  }

  function clearNew() {
    setNew(null, 0);
    composer.focus();
  }

  function setNew(after, count, more = false) {
    news = { after, count, more };
    timeline.markNew(after);
    draw();
  }

  async function toFirstNew() {
    if (!timeline.line()) await jumpAround(behind(news.after));
    const line = timeline.line();
    if (!line) return clearNew();
    follow = false;
    line.scrollIntoView({ block: "start" });
    body.scrollTop -= NEAR;
    lastTop = body.scrollTop;
    const first = line.nextElementSibling;
    (first?.matches(".msg") ? first : first?.querySelector(".msg"))?.focus({ preventScroll: true });
    draw();
  }

  /** Shows a message, wherever in the room it stands. */
  async function jump(id) {
    if (!timeline.has(id)) await jumpAround(id);
    const element = timeline.find(id);
    if (!element) {
      announce("This message is not there.");
      return;
    }
    follow = false;
    element.scrollIntoView({ block: "center" });
    lastTop = body.scrollTop;
    for (const old of body.querySelectorAll(".is-found")) old.classList.remove("is-found");
    element.classList.add("is-found");
    element.focus({ preventScroll: true });
    draw();
  }

  async function jumpAround(id) {
    follow = false;
    await anew(() => history.around(id));
  }

  async function anew(begin) {
    loaded = false;
    try {
      return await begin();
    } catch (problem) {
      if (!closed) fill(top, failure(problem, load));
      return null;
    } finally {
      loaded = true;
      if (!closed) {
        timeline.markNew(news.after);
        drawTop();
      }
    }
  }

  function sent(message) {
    setNew(null, 0);
    if (message && history.isAtEnd()) history.arrive([message], true);
    toNewest();
  }

  function arrived(message) {
    queue.push(message);
    queueTimer ??= setTimeout(flush, 8);
  }

  function flush() {
    queueTimer = null;
    if (closed || !loaded) {
      if (!closed) queueTimer = setTimeout(flush, 50);
      return;
    }
    // Of a flood only the newest are drawn, which needs all of it at once.
    // A reader who went up just now is not taken down again: the browser tells of it later.
    heed();
    const batch = queue.splice(0, follow && queue.length > MOST ? queue.length : SLICE);
    let came;
    if (follow) came = history.arrive(batch, true);
    else stay(() => { came = history.arrive(batch, false); });
    for (const message of batch) changed(message);
    const fresh = [...came.news.filter(({ isNew }) => isNew).map(({ message }) => message), ...came.beyond];
    const others = fresh.filter((message) => !isMe(message.from));
    if (fresh.length > 0) top.querySelector(".welcome")?.remove();
    if (Date.now() < missedUntil) missedUntil = Date.now() + CATCHING_UP / 3;
    if (others.length > 0 && (document.hidden || missedUntil > Date.now())) {
      // What comes while nobody looks, or is caught up with, begins behind what was there when they left.
      if (news.after !== away) setNew(away, 0);
      news.count += others.length;
    }
    if (!follow || !history.isAtEnd()) unseen += others.length;
    if (others.length > TOLD) announce(`${others.length} new messages in ${room.name}`);
    else for (const { message, isNew } of came.news) tell(message, isNew);
    if (follow) toEnd();
    drawTop();
    draw();
    if (queue.length > 0) queueTimer ??= setTimeout(flush, 0);
  }

  /** An operation or something outside said something: what waits and what stands beside the room may be old. */
  function changed(message) {
    const status = message.blocks?.find((block) => block.type === "status");
    // How far a step is changes nothing of what waits; how many have approved does.
    const isProgress = Boolean(status) && states.get(status.operation) === status.state && !awaits(status.state);
    if (states.size > MOST) states.clear();
    if (status) states.set(status.operation, status.state);
    aside.changed(message, { status, isProgress });
    if ((status || message.operation) && !isProgress) refreshWaiting();
  }

  /** Reads out what people say, answers, and where an operation comes to; never how far a step is. */
  function tell(message, isNew) {
    if (isMe(message.from)) return;
    const status = message.blocks?.find((block) => block.type === "status");
    if (status) {
      if (told.get(status.operation) === status.state) return;
      told.set(status.operation, status.state);
      if (isFinal(status.state) || awaits(status.state) || status.state === "running") announce(`${status.operation} ${stateWord(status.state).toLowerCase()}: ${status.title}`);
    } else if (isNew) {
      announce(`${nameOf(message.from)}: ${message.text.slice(0, 200)}`);
    }
  }

  async function load() {
    const at = /^\d{1,20}$/.test(query?.get("at") ?? "") ? query.get("at") : null;
    const mark = readTo(place);
    try {
      const [from, unread] = await Promise.all([
        at ? history.around(at).then((answer) => answer?.stream) : history.toNewest(),
        mark === null ? null : get(`/rooms/${segment(place)}/unread`, { after: mark }),
      ]);
      if (closed) return;
      loaded = true;
      away = history.newest();
      drawTop();
      if (at) jump(at);
      else toEnd();
      // At the end already, so that what is new above is not taken for seen.
      if (unread?.count > 0) setNew(mark, unread.count, unread.more);
      live?.close();
      live = stream(`/rooms/${segment(place)}/stream`, {
        after: from, query: { around: true }, state: connected, lost: (problem) => fill(top, failure(problem, load)),
        on: { message: arrived, here: whoIsHere, rooms: ({ places }) => countAll(places) },
      });
    } catch (problem) {
      if (!closed) fill(top, failure(problem, load));
    }
  }

  function connected(isLive, since) {
    connection(isLive, since);
    if (!isLive) return here.offline();
    // The stream tells what other rooms hear from now on; what they heard on the way here is asked for.
    lookAtRooms();
    if (isOpened) {
      if (news.count === 0) away = history.newest();
      missedUntil = Date.now() + CATCHING_UP;
    }
    isOpened = true;
  }

  function whoIsHere({ people }) {
    here.update(people);
    hereIds = people.map(({ id }) => id);
  }

  function failure(problem, again) {
    composer.element.hidden = problem.status === 404;
    const text = problem.status === 404 ? "There is no such room, or you may not read it." : inline(problem.message);
    return h("div.empty", { role: "alert" }, h("p", text), problem.status !== 404 && h("button.btn", { type: "button", on: { click: again } }, "Try again"));
  }

  function drawTop() {
    if (!history.isBegun()) {
      if (!top.querySelector(".btn-quiet")) fill(top, h("button.btn.btn-quiet", { type: "button", on: { click: () => fetchMore(history.earlier) } }, "Earlier messages"));
    } else if (history.newest() === null) fill(top, welcome());
    else fill(top);
  }

  function welcome() {
    const say = room.direct ? "help" : `${me.wilco.name} help`;
    return h("div.empty.welcome", h("p", "Nothing was said here yet. ", h("code", say), " shows what ", me.wilco.name, " can do."));
  }

  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !body.isConnected || document.querySelector("dialog[open]")) return;
    if (find.isOpen() && find.element.contains(document.activeElement)) find.close();
    else composer.onEscape(event);
  }

  function onVisible() {
    if (document.hidden) away = history.newest();
    else seen();
    draw();
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", onVisible);
  load();
  try {
    localStorage.setItem("wilco-room", place);
  } catch {
    // Storage may be forbidden; then the home room opens first.
  }

  return {
    title: room.name,
    top: [h("h1", { tabindex: "-1" }, icon(room.direct ? "brand" : "hash"), ` ${room.name}`), h("p.topbar-note", room.topic),
      h("div.topbar-end", !room.direct && here.element,
        h("button.btn.btn-icon", { type: "button", "aria-label": `Search in ${room.name}`, title: "Search (/)", data: { slash: "" }, on: { click: () => find.open() } }, icon("search")),
        aside.button)],
    body: [find.element, body], foot: composer.element, aside: aside.element, asideLabel: `Beside ${room.name}`,
    shown() {
      if (FINE.matches) composer.focus();
      if (loaded && follow) toEnd();
    },
    close() {
      closed = true;
      live?.close();
      composer.close();
      find.close({ quiet: true });
      grown.disconnect();
      aside.close();
      clearTimeout(queueTimer);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("visibilitychange", onVisible);
    },
  };
}
