// The live log of an operation: as many lines as a page can hold, following the newest unless the reader looks back.

import { fill, freshId, h, icon } from "./dom.js";
import { seconds, whole } from "./words.js";

const MOST = 2000;
/** So many lines are kept for searching; the whole log is at its address. */
const KEPT = 20_000;
const NEAR = 24;

/** A log view: `add(line)`, `ended()`, `element`; `address` is where the whole log is. */
export function makeLog(address) {
  const pre = h("pre.log.log-live", { tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Log", id: freshId("log") });
  const cut = h("span.small", { hidden: true });
  const state = h("span");
  const count = h("span");
  const button = h("button.btn.btn-quiet", { type: "button", on: { click: () => { setFollow(!follow); if (follow) toEnd(); } } });
  const foot = h("footer.card-foot", state, count, cut, h("span.btn-row", h("a.btn.btn-quiet", { href: address, target: "_blank" }, "As JSON"), button));
  const found = h("span.small", { role: "status" });
  const field = h("input.input", { type: "search", placeholder: "Find in the log", autocomplete: "off", spellcheck: "false", on: { input: search } });
  const bar = h("div.log-bar", h("label.find", icon("search"), h("span.hidden-text", "Find in the log"), field), found);
  const element = h("div.box", bar, pre, foot);
  let kept = [];
  let wanted = "";
  let lines = [];
  let frame = null;
  let total = 0;
  let last = 0;
  let follow = true;
  let over = false;
  let lastTop = 0;
  fill(pre, h("span.meta", "Nothing was printed yet."));
  say();

  function add(line) {
    if (line.number <= last) return;
    last = line.number;
    lines.push(line);
    frame ??= requestAnimationFrame(draw);
  }

  function draw() {
    frame = null;
    if (total === 0) pre.replaceChildren();
    total += lines.length;
    kept = kept.concat(lines).slice(-KEPT);
    pre.append(...lines.filter(fits).slice(-MOST).map(row));
    lines = [];
    if (wanted !== "") countHits();
    while (pre.childElementCount > MOST) pre.firstElementChild.remove();
    if (follow) toEnd();
    say();
  }

  const fits = ({ text, step }) => wanted === "" || text.toLowerCase().includes(wanted) || step.toLowerCase().includes(wanted);

  /** Shows only the lines that hold what is looked for. */
  function search() {
    wanted = field.value.trim().toLowerCase();
    if (total === 0) return;
    pre.replaceChildren(...kept.filter(fits).slice(-MOST).map(row));
    countHits();
    if (follow || wanted === "") toEnd();
    else pre.scrollTop = 0;
    lastTop = pre.scrollTop;
  }

  function countHits() {
    const hits = wanted === "" ? 0 : kept.filter(fits).length;
    found.textContent = wanted === "" ? "" : hits === 0 ? "No line fits." : `${hits} of ${kept.length} lines${hits > MOST ? `, the last ${MOST} are shown` : ""}`;
  }

  /** A text with what is looked for marked in it. */
  function marked(text) {
    const at = wanted === "" ? -1 : text.toLowerCase().indexOf(wanted);
    return at < 0 ? text : [text.slice(0, at), h("mark", text.slice(at, at + wanted.length)), text.slice(at + wanted.length)];
  }

  function row({ at, step, stream, text }) {
    const kind = { err: "err", note: "note" }[stream];
    return h("span", { title: whole(at) },
      h("span.meta", `${seconds(at)} ${step.padEnd(8)} ${stream === "err" ? "!" : " "} `),
      kind ? h(`span.${kind}`, marked(text)) : marked(text), "\n");
  }

  function toEnd() {
    pre.scrollTop = pre.scrollHeight;
    // What moved here by itself is no wish of the reader.
    lastTop = pre.scrollTop;
  }

  pre.addEventListener("scroll", () => {
    const end = pre.scrollHeight - pre.scrollTop - pre.clientHeight < NEAR;
    // Only going up is a wish to stop following: what grows below moves nothing.
    if (end && !follow) setFollow(true);
    else if (!end && follow && pre.scrollTop < lastTop) setFollow(false);
    lastTop = pre.scrollTop;
  }, { passive: true });

  function setFollow(value) {
    follow = value;
    say();
  }

  function say() {
    state.dataset.state = over ? "planned" : "running";
    state.className = "state";
    fill(state, over ? "Ended" : follow ? [icon("running"), "Following"] : [icon("paused"), "Not following"]);
    if (!over && !follow) state.dataset.state = "paused";
    button.hidden = over;
    button.textContent = follow ? "Stop following" : "Follow";
    count.textContent = total === 1 ? "1 line" : `${total} lines`;
    cut.hidden = total <= MOST;
    cut.textContent = `the first ${total - MOST} are not shown here`;
  }

  function ended() {
    over = true;
    say();
  }

  return { element, add, ended, close: () => cancelAnimationFrame(frame) };
}
