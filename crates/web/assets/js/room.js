// A room: its messages, live, with the composer below and what is under way beside.

import { announce } from "./announce.js";
import { get, segment, stream } from "./api.js";
import { makeComposer } from "./composer.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { isMe, me, operationUrl, refreshWaiting } from "./session.js";
import { makeTimeline } from "./timeline.js";
import { awaits, isFinal, left, nameOf, stamp, stateMark, stateWord, time } from "./words.js";

const PAGE = 60;
const NEAR = 48;
/** A page that stays open for days keeps no more messages than this. */
const MOST = 400;
const FINE = matchMedia("(pointer: fine)");
/** Where the operations stand beside the room. */
const WIDE = matchMedia("(min-width: 1180px)");

/** The view of a room. */
export function roomView({ argument: place, connection }) {
  const room = me.rooms.find((one) => one.place === place) ?? { place, name: place, topic: "", direct: false };
  const timeline = makeTimeline(`Messages in ${room.name}`, (message) => composer.reply(message));
  const top = h("div.timeline-top");
  const jump = h("div.to-newest", { hidden: true }, h("button.btn", { type: "button", on: { click: toNewest } }, icon("down"), h("span", "Newest")));
  const body = h("div.scroll.timeline", { tabindex: "0", role: "log", "aria-live": "off", "aria-label": `Messages in ${room.name}` }, top, timeline.element, jump);
  const composer = makeComposer({ room, timeline, sent });
  const aside = h("div");
  let follow = true;
  let unseen = 0;
  let more = false;
  let lastTop = 0;
  let live = null;
  let closed = false;
  let asideTimer = null;

  function toNewest() {
    follow = true;
    body.scrollTop = body.scrollHeight;
    // What moved here by itself is no wish of the reader.
    lastTop = body.scrollTop;
  }

  function atEnd() {
    return body.scrollHeight - body.scrollTop - body.clientHeight < NEAR;
  }

  body.addEventListener("scroll", () => {
    // Only going up is a wish to stop following: what grows below moves nothing.
    if (atEnd()) follow = true;
    else if (body.scrollTop < lastTop) follow = false;
    lastTop = body.scrollTop;
    if (follow) unseen = 0;
    drawJump();
  }, { passive: true });
  const grown = new ResizeObserver(() => { if (follow) toNewest(); });
  grown.observe(timeline.element);
  grown.observe(body);

  function drawJump() {
    jump.hidden = follow;
    jump.querySelector("span").textContent = unseen > 0 ? `${unseen} new` : "Newest";
  }

  function sent(message) {
    if (message) timeline.put(message);
    toNewest();
  }

  function arrived(message) {
    // The newer version of a message that is not shown comes with it, when earlier messages are asked for.
    const news = more && timeline.isBeyond(message) ? null : timeline.put(message);
    changed(message);
    if (!news) return;
    top.querySelector(".welcome")?.remove();
    if (follow && timeline.prune(MOST)) {
      drawTop(true, false);
      toNewest();
    }
    if (news === "new" && !follow && !isMe(message.from)) {
      unseen += 1;
      drawJump();
    }
    tell(message, news);
  }

  /** An operation said something: what stands beside the room may be old. */
  function changed(message) {
    if (message.operation || message.blocks?.some((block) => block.type === "status")) {
      refreshWaiting();
      asideTimer ??= setTimeout(drawAside, 300);
    }
  }

  const told = new Map();
  /** Reads out what people say, answers, and where an operation comes to; never how far a step is. */
  function tell(message, news) {
    if (isMe(message.from)) return;
    const status = message.blocks?.find((block) => block.type === "status");
    if (status) {
      if (told.get(status.operation) === status.state) return;
      told.set(status.operation, status.state);
      if (isFinal(status.state) || awaits(status.state) || status.state === "running") announce(`${status.operation} ${stateWord(status.state).toLowerCase()}: ${status.title}`);
    } else if (news === "new") {
      announce(`${nameOf(message.from)}: ${message.text.slice(0, 200)}`);
    }
  }

  async function load() {
    try {
      const answer = await get(`/rooms/${segment(place)}/messages`, { latest: PAGE });
      if (closed) return;
      for (const message of answer.items) timeline.put(message);
      drawTop(answer.items.length === PAGE, answer.items.length === 0);
      toNewest();
      live = stream(`/rooms/${segment(place)}/stream`, {
        after: answer.stream, on: { message: arrived }, state: connection, lost: (problem) => fill(top, failure(problem)),
      });
    } catch (problem) {
      if (!closed) fill(top, failure(problem));
    }
  }

  function failure(problem) {
    composer.element.hidden = problem.status === 404;
    const text = problem.status === 404 ? "There is no such room, or you may not read it." : inline(problem.message);
    return h("div.empty", { role: "alert" }, h("p", text), problem.status !== 404 && h("button.btn", { type: "button", on: { click: load } }, "Try again"));
  }

  function drawTop(isMore, empty) {
    more = isMore;
    if (more) fill(top, h("button.btn.btn-quiet", { type: "button", on: { click: earlier } }, "Earlier messages"));
    else if (empty) fill(top, welcome());
    else fill(top);
  }

  function welcome() {
    const say = room.direct ? "help" : `${me.wilco.name} help`;
    return h("div.empty.welcome", h("p", "Nothing was said here yet. ", h("code", say), " shows what ", me.wilco.name, " can do."));
  }

  async function earlier() {
    const oldest = timeline.oldest();
    const height = body.scrollHeight - body.scrollTop;
    try {
      const answer = await get(`/rooms/${segment(place)}/messages`, { before: oldest, limit: PAGE });
      if (closed) return;
      for (const message of answer.items) timeline.put(message);
      drawTop(answer.items.length === PAGE, false);
      body.scrollTop = body.scrollHeight - height;
    } catch (problem) {
      fill(top, failure(problem));
    }
  }

  async function drawAside() {
    asideTimer = null;
    if (!WIDE.matches) return;
    let items;
    try {
      items = (await get("/operations", { latest: 30 })).items;
    } catch {
      return;
    }
    if (closed) return;
    const open = items.filter((operation) => !isFinal(operation.state));
    const ended = items.filter((operation) => isFinal(operation.state)).slice(0, 6);
    fill(aside,
      h("section.panel", h("h2", "Under way", h("a.end", { href: "/operations" }, "all")), operationRows(open, "Nothing is under way.", endOf)),
      h("section.panel", h("h2", "Ended lately"), operationRows(ended, "Nothing has ended yet.", (operation) => time(operation.ended_at, stamp))));
  }

  function onKey(event) {
    if (event.key === "Escape" && !event.defaultPrevented && body.isConnected) composer.onEscape(event);
  }
  document.addEventListener("keydown", onKey);
  WIDE.addEventListener("change", drawAside);
  drawAside();
  load();
  try {
    localStorage.setItem("wilco-room", place);
  } catch {
    // Storage may be forbidden; then the home room opens first.
  }

  return {
    title: room.name,
    top: [h("h1", { tabindex: "-1" }, icon(room.direct ? "brand" : "hash"), ` ${room.name}`), h("p.topbar-note", room.topic)],
    body, foot: composer.element, aside, asideLabel: "Operations",
    shown() {
      if (FINE.matches) composer.focus();
      toNewest();
    },
    close() {
      closed = true;
      live?.close();
      grown.disconnect();
      clearTimeout(asideTimer);
      WIDE.removeEventListener("change", drawAside);
      document.removeEventListener("keydown", onKey);
    },
  };
}

function endOf(operation) {
  if (awaits(operation.state) && operation.expires_at) return left(operation.expires_at);
  const done = operation.steps.filter((step) => step.mark === "done").length;
  return operation.steps.length > 0 ? `${done}/${operation.steps.length}` : "";
}

/** Operations as short rows. */
export function operationRows(operations, none, end) {
  if (operations.length === 0) return h("p.small.muted", none);
  return h("ul.rows", operations.map((operation) => h("li.row", { data: { state: operation.state } },
    stateMark(operation.state),
    h("span.grow", h("a.id", { href: operationUrl(operation.id) }, operation.id), " ", operation.order || operation.about),
    h("span.end", end(operation)))));
}
