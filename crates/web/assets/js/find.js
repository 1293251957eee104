// Searching a room: what was said in it by its words, newest first, and the way to where it stands.

import { get, segment } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline, preview } from "./markdown.js";
import { nameOf, stamp, time } from "./words.js";

const PAUSE = 250;
/** So many are listed before somebody asks for more. */
const PAGE = 20;

/**
 * The search of a room. `jump(id)` shows a message, `leave()` hears that it was closed.
 * The result: `element`, `open()`, `close()`, `isOpen()`.
 */
export function makeFind({ room, jump, leave }) {
  const field = h("input.input", {
    type: "search", id: "find", maxlength: "160", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
    placeholder: "Words that all stand in a message", on: { input: () => soon(), keydown: onKey },
  });
  const told = h("p.find-told", { role: "status" });
  const list = h("ol.find-list", { "aria-label": "Messages found, newest first" });
  const more = h("button.btn.btn-quiet", { type: "button", hidden: true, on: { click: () => look() } }, "Older ones");
  const element = h("section.find-panel", { role: "search", "aria-label": `Search in ${room.name}`, hidden: true },
    h("div.find-bar", h("label.find", icon("search"), h("span.hidden-text", `Search in ${room.name}`), field),
      h("button.btn.btn-icon", { type: "button", "aria-label": "Close the search", on: { click: () => close() } }, icon("x"))),
    told, h("div.find-results", list, more));
  let timer = null;
  let turn = 0;
  let sought = "";
  let next = null;
  let count = 0;

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(begin, PAUSE);
  }

  function begin() {
    clearTimeout(timer);
    const text = field.value.trim();
    if (text === sought) return;
    turn += 1;
    sought = text;
    next = null;
    count = 0;
    more.hidden = true;
    fill(list);
    fill(told);
    if (text !== "") look();
  }

  /** Looks on until a page is full or all was looked at: one answer looks at so many messages only. */
  async function look() {
    const mine = turn;
    const wanted = count + PAGE;
    more.hidden = true;
    told.textContent = count === 0 ? "Searching" : told.textContent;
    try {
      do {
        const answer = await get(`/rooms/${segment(room.place)}/search`, { text: sought, before: next, limit: wanted - count });
        if (mine !== turn) return;
        next = answer.next;
        count += answer.items.length;
        list.append(...answer.items.map(row));
      } while (next !== null && count < wanted);
    } catch (problem) {
      if (mine !== turn) return;
      fill(told, inline(problem.message));
      more.hidden = next === null && count > 0;
      return;
    }
    more.hidden = next === null;
    told.textContent = count === 0 ? `No message in ${room.name} has ${sought.includes(" ") ? "all of these words" : "this"}. The letters count as they are written, upper and lower case alike.`
      : `${count}${next === null ? "" : " and more"} found, newest first`;
  }

  function row(message) {
    const { id, from, at } = message;
    return h("li", h("button.find-row", { type: "button", on: { click: () => show(id) } },
      h("span.find-head", h("b", nameOf(from)), " ", time(at, stamp)), h("span.find-text", excerpt(preview(message)))));
  }

  /** The text around the first word that was found, with all of them marked. */
  function excerpt(text) {
    const line = text.replaceAll(/\s+/g, " ");
    const words = sought.split(/\s+/).map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const pattern = new RegExp(`(${words.join("|")})`, "gi");
    const first = Math.max(0, line.search(pattern) - 40);
    const piece = `${first > 0 ? "…" : ""}${line.slice(first, first + 200)}${line.length > first + 200 ? "…" : ""}`;
    return piece.split(pattern).map((part, at) => (at % 2 === 1 ? h("mark", part) : part));
  }

  function show(id) {
    // Where the list hides the room, it makes way.
    if (matchMedia("(max-width: 759px)").matches) close({ quiet: true });
    jump(id);
  }

  function onKey(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      begin();
      list.querySelector("button")?.focus();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      list.querySelector("button")?.focus();
    }
  }
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const rows = [...list.querySelectorAll("button")];
    const at = rows.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (at < 0 ? field : rows[Math.min(at, rows.length - 1)]).focus();
  });

  function open() {
    element.hidden = false;
    field.focus();
    field.select();
  }

  function close({ quiet = false } = {}) {
    clearTimeout(timer);
    turn += 1;
    element.hidden = true;
    if (!quiet) leave();
  }

  return { element, open, close, isOpen: () => !element.hidden };
}
