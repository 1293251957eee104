// What an order lacks, as a form: filled in, it becomes one line with the whole order, which is said in the question's thread.

import { line as lineOf } from "./api.js";
import { fill, freshId, h } from "./dom.js";
import { inline } from "./markdown.js";
import { me } from "./session.js";

/** So many choices are a button each, where nothing else is asked for. */
const FEW = 8;
/** The form that was begun in each thread: what stands in it is taken over where the same is asked for anew. */
const begunIn = new Map();

/**
 * The form of a question: of its block, none where there is none. `kept` is what this returned for the version before.
 * Only who gave the order sees it, and only as long as the server asks; what was begun to be filled in stays.
 */
export function askForm(block, message, kept) {
  const key = block ? JSON.stringify(block) : null;
  if (kept && (kept.key === key || (kept.isBegun() && !block))) {
    if (!block) kept.outlive();
    return kept;
  }
  // Whether an answer is still waited for is the server's to say: this clock may be another.
  if (!block || block.whom !== `web:${me.id}`) return null;
  const [only, ...more] = block.blanks;
  const isChoice = more.length === 0 && only.choices.length > 0 && only.choices.length <= FEW;
  const say = kept?.say ?? sayer(message);
  const form = isChoice ? buttons(block, only, say) : fields(block, message, say);
  return { ...form, key, say };
}

/** A value as it is written in a line. */
function quoted(value) {
  const bare = /^[\p{L}\p{N}_./:@#%+,~][\p{L}\p{N}\-_./:@#%+,~]*$/u.test(value) && !value.endsWith(".");
  return bare ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const whole = (block, values) => [block.line, ...values.map(([name, value]) => `--${name} ${quoted(value)}`)].join(" ") + block.behind;

/** Says lines in the thread of a message; one whose answer was lost is the same line when it is said again. */
function sayer({ id, place, thread }) {
  const unanswered = new Map();
  return async (text) => {
    if (!unanswered.has(text)) unanswered.set(text, lineOf(place, text, thread ?? id));
    await unanswered.get(text)();
    unanswered.delete(text);
  };
}

/** One thing is missing, and there are few choices: a button for each. One of them is pressed, once. */
function buttons(block, { name, choices }, say) {
  const told = h("p.blank-hint", { role: "status" });
  const all = choices.map((choice) => {
    const line = whole(block, [[name, choice]]);
    return h("button.btn", { type: "button", title: line, on: { click: () => press(line) } }, choice);
  });
  async function press(line) {
    for (const button of all) button.disabled = true;
    try {
      await say(line);
      told.textContent = `You said: ${line}`;
    } catch (problem) {
      fill(told, inline(problem.message));
      for (const button of all) button.disabled = false;
    }
  }
  const element = h("div", h("div.btn-row", { role: "group", "aria-label": name }, all), told);
  return { element, isBegun: () => false, outlive: () => {} };
}

function fields(block, message, say) {
  const rows = block.blanks.map(field);
  const line = h("code.blanks-line");
  const told = h("p.blank-hint", { role: "status" });
  const send = h("button.btn.btn-primary", { type: "submit" }, "Say it");
  const away = h("button.btn.btn-quiet", { type: "button", hidden: true, on: { click: putAway } }, "Put away");
  const element = h("form.blanks", { "aria-label": `What ${block.line} lacks`, novalidate: true, on: { submit, input } },
    rows.map((row) => row.element),
    h("p.blank-hint", "You will say: ", line), h("div.btn-row", send, away), told);
  const where = `${message.place} ${message.thread ?? message.id}`;
  // What is given already stands behind the words of the command, by name.
  const own = { command: block.line.split(" --")[0], rows, putAway };
  let begun = false;
  takeOver(begunIn.get(where));
  show();

  /** What was filled in of the same order, by the names of its blanks, with the cursor where it was. */
  function takeOver(before) {
    if (!before || before.command !== own.command) return;
    for (const row of rows) {
      const old = before.rows.find(({ name }) => name === row.name);
      if (!old || old.value() === "") continue;
      row.takeOver(old.control);
      setBegun(true);
    }
    before.putAway();
  }

  function setBegun(is) {
    begun = is;
    if (is) begunIn.set(where, own);
    else if (begunIn.get(where) === own) begunIn.delete(where);
  }

  function show() {
    line.textContent = whole(block, rows.map((row) => [row.name, row.value() || "…"])).replaceAll('"…"', "…");
  }

  function input() {
    setBegun(true);
    send.disabled = false;
    for (const row of rows) if (row.isWrong()) row.check();
    show();
  }

  async function submit(event) {
    event.preventDefault();
    if (send.disabled) return;
    const wrong = rows.filter((row) => !row.check());
    if (wrong.length > 0) {
      wrong[0].focus();
      return;
    }
    const said = whole(block, rows.map((row) => [row.name, row.value()]));
    // Said once: what is to be said again was changed before. The form may be taken away before the answer is here.
    send.disabled = true;
    setBegun(false);
    try {
      await say(said);
      told.textContent = `You said: ${said}`;
    } catch (problem) {
      send.disabled = false;
      setBegun(true);
      fill(told, inline(problem.message));
    }
  }

  /** Nobody waits for it any more, and somebody is filling it in. */
  function outlive() {
    told.textContent = "Nobody waits for this any more. You can still say it.";
    away.hidden = false;
  }

  function putAway() {
    setBegun(false);
    element.remove();
  }

  return { element, isBegun: () => begun, outlive };
}

/** A labelled field for one value, with what fits under it and what is wrong beside it. */
function field(blank) {
  const [id, hint, error] = [freshId("blank"), freshId("hint"), freshId("error")];
  const props = { id, class: "input", "aria-describedby": `${hint} ${error}`, "aria-required": "true", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  const control = controlFor(blank, props);
  const wrong = h("p.blank-error", { id: error, role: "alert" });
  const about = [blank.about, blank.choices.length > 0 ? "" : blank.fits].filter(Boolean).join(": ");
  const value = () => control.value.trim();
  return {
    name: blank.name, value, control, focus: () => control.focus(), isWrong: () => wrong.textContent !== "",
    element: h("div.blank", h("label", { for: id }, blank.name), control, h("p.blank-hint", { id: hint }, inline(about)), wrong),
    takeOver(old) {
      control.value = old.value;
      if (document.activeElement !== old) return;
      const { selectionStart: from, selectionEnd: to } = old;
      // It stands nowhere yet.
      queueMicrotask(() => {
        control.focus({ preventScroll: true });
        if (typeof from === "number") control.setSelectionRange?.(from, to);
      });
    },
    check() {
      const why = value() === "" ? "This is missing." : fits(blank.kind, value()) ? "" : `This is not ${blank.fits}.`;
      wrong.textContent = why;
      control.setAttribute("aria-invalid", String(why !== ""));
      return why === "";
    },
  };
}

function controlFor({ kind, choices, example }, props) {
  if (choices.length > 0) {
    return h("select", props, h("option", { value: "" }, "choose"), choices.map((choice) => h("option", { value: choice }, choice)));
  }
  const placeholder = example ? `as in ${example}` : null;
  if (kind === "text" || kind === "json") return h("textarea", { ...props, rows: "2", placeholder });
  const inputmode = { integer: "numeric", number: "decimal", url: "url" }[kind];
  return h("input", { ...props, type: "text", inputmode, placeholder });
}

/** Whether a value can be right. What only the server knows it tells, in the thread. */
function fits(kind, value) {
  switch (kind) {
    case "integer": return /^[+-]?\d+$/.test(value);
    case "number": return Number.isFinite(Number(value));
    case "url": return /^https?:\/\/\S+$/.test(value);
    case "json":
      try {
        JSON.parse(value);
        return true;
      } catch {
        return false;
      }
    default: return kind === "text" || !/[\r\n]/.test(value);
  }
}
