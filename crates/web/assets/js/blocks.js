// What Wilco says, as the page shows it: one function for each type of block, and the card of an operation around them.

import { line } from "./api.js";
import { askForm } from "./ask.js";
import { chart } from "./chart.js";
import { decideBar, refusalBox } from "./decide.js";
import { fill, h, icon, link, ownPath } from "./dom.js";
import { inline, markdown, preview } from "./markdown.js";
import { said } from "./outside.js";
import { output } from "./output.js";
import { showPicture } from "./picture.js";
import { pieces } from "./pieces.js";
import { eventUrl, operationUrl } from "./session.js";
import { mark, pill, size, stateMark, time } from "./words.js";

/** Names with values. */
export function facts(rows) {
  return h("dl.facts", rows.map(({ name, value }) => [h("dt", name), h("dd", inline(value))]));
}

/** Rows under headings; scrolls inside its box. */
export function table(columns, rows) {
  return h("div.box.table-scroll", { tabindex: "0", role: "group", "aria-label": `Table: ${columns.join(", ")}` },
    h("table.table",
      h("thead", h("tr", columns.map((column) => h("th", { scope: "col" }, column)))),
      h("tbody", rows.map((row) => h("tr", row.map((cell) => h("td", inline(cell))))))));
}

/** How far something is: a segment a step, and in words the step under way; at the end, what came of each. */
export function progress(steps) {
  const at = steps.findIndex((step) => ["running", "failed", "unknown"].includes(step.state));
  const done = steps.filter((step) => step.state === "done").length;
  const over = steps.every((step) => step.state !== "running" && step.state !== "waiting");
  const told = over ? steps.filter((step) => step.note) : steps.slice(at, at + 1).filter(() => at >= 0);
  const label = at >= 0 ? `Step ${at + 1} of ${steps.length}` : `${done} of ${steps.length} steps done`;
  return [
    h("ol.segs", { "aria-label": label }, steps.map((step) => {
      const { state, picture, word } = mark(step.state);
      return h("li.seg", { data: { state }, title: step.note ? `${step.name}: ${preview({ from: { kind: "wilco" }, text: step.note })}` : step.name }, icon(picture, word), h("span", step.name));
    })),
    told.map((step) => h("p.progress-line",
      h("b", over ? step.name : `Step ${at + 1}/${steps.length} ${step.name}`),
      step.note && h("span.muted", inline(step.note)))),
  ];
}

/** A picture of this server with its summary. */
function picture({ url, alt }) {
  const src = ownPath(url);
  if (!src) return h("p.answer-text", alt);
  return h("figure.picture", h("img", { src, alt: "", loading: "lazy" }), h("figcaption", alt));
}

/** A file to take away: its name, size and the way to it; of a picture also what it shows, as long as it is there. */
function file({ name, url, bytes, picture: shows, until }) {
  const href = ownPath(url);
  const over = Boolean(until) && Date.parse(until) <= Date.now();
  const line = h("div.file", icon("file"), h("bdi.file-name", name), h("span.muted", size(bytes)),
    over ? h("span.muted", "not kept any more, since ", time(until))
      : href && h("a.btn", { href, download: name }, "Download", h("span.hidden-text", ` ${name}`)));
  if (!shows || over || !href) return line;
  const image = h("img", { src: href, alt: name, loading: "lazy", decoding: "async", on: { error: () => frame.replaceChildren(h("span.muted", "This picture cannot be shown.")) } });
  const frame = h("a.file-picture", { href, target: "_blank", rel: "noopener", title: "Show it large", on: { click: large } }, image);
  return h("div.file-shown", frame, line);

  /** With a key that opens it elsewhere, the browser does that. */
  function large(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    showPicture({ name, href, bytes });
  }
}

/** What is the matter with something outside. All of it is from outside, so nothing in it is markup. */
function objectLine({ event, state, text, url, level }) {
  const { colour, picture, word } = said(state);
  return h("p.obj-line", { data: { state: colour, level } }, icon(picture),
    h("span", word && h("b.obj-word", word), word && " ", pieces(text), " ",
      url && h("span.obj-meta", link(url, hostOf(url))), url && " ",
      h("a.obj-meta", { href: eventUrl(event), title: "Why it stands here" }, "why")));
}

/** The name that stands for an address. */
function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** Lines to say, each a button: whoever presses says it, in the thread of the message. */
function offered({ offers }, { place, thread }) {
  const told = h("p.muted", { role: "status" });
  const buttons = offers.map(({ label, says }) => {
    const say = line(place, says, thread);
    return h("button.btn.btn-says", { type: "button", title: says, on: { click } }, label);
    async function click() {
      for (const button of buttons) button.disabled = true;
      try {
        await say();
        told.textContent = `You said: ${says}`;
      } catch (problem) {
        for (const button of buttons) button.disabled = false;
        fill(told, inline(problem.message));
      }
    }
  });
  return h("div.btn-row", buttons, told);
}

/** A block where no operation stands around it. */
function bare(block, message) {
  switch (block.type) {
    case "text": return h("div.answer-text.prose", markdown(block.text));
    case "event": return objectLine(block);
    case "quote": return h("blockquote.quote", block.text);
    case "fields": return facts(block.fields);
    case "code": return output(block.text);
    case "table": return table(block.columns, block.rows);
    case "chart": return chart(block, table);
    case "image": return picture(block);
    case "progress": return h("div", progress(block.steps));
    case "refusal": return refusalBox(block);
    case "link": return h("p.answer-text", link(block.url, block.text));
    case "file": return file(block);
    case "offers": return offered(block, message);
    default: return null;
  }
}

/** A block as a part of an operation's card. */
function part(block, message) {
  switch (block.type) {
    case "text": return h("div.card-part.card-part-tight.card-text.prose", markdown(block.text));
    case "fields": return h("div.card-part.card-part-tight", facts(block.fields));
    case "progress": return h("div.card-part", progress(block.steps));
    case "code": return output(block.text);
    case "table": return table(block.columns, block.rows);
    default: {
      const inner = bare(block, message);
      return inner && h("div.card-part", inner);
    }
  }
}

/** What a line says beside what happened: words, and who decided. */
const BESIDE = new Set(["Approved by", "Confirmed by"]);
const inLine = (block) => block.type === "text" || (block.type === "fields" && block.fields.every(({ name }) => BESIDE.has(name)));
const wordsOf = (block) => (block.type === "text" ? block.text : block.fields.map(({ name, value }) => `${name} ${value}.`).join(" "));

const ROUTINE = new Set(["succeeded", "aborted", "expired"]);

/**
 * A message's blocks as nodes. `kept` is what this function returned for the version before: where the buttons or the
 * form are the same, they stay as they are, with what was said or filled in and the focus on them.
 */
export function renderBlocks(message, kept) {
  const blocks = message.blocks ?? [];
  const status = blocks.find((block) => block.type === "status");
  const choices = blocks.filter((block) => block.type === "choices").flatMap((block) => block.choices);
  const others = merged(blocks.filter((block) => !["status", "choices", "ask"].includes(block.type)));
  const bar = choices.length > 0 ? keptBar(choices, kept, message.place) : null;
  if (!status) {
    const around = bar && h("article.card", bar.element);
    const form = askForm(blocks.find((block) => block.type === "ask"), message, kept?.form);
    return { nodes: [others.map((block) => bare(block, message)), around, form?.element], bar, key: bar?.key, form };
  }
  const id = h("a.id", { href: operationUrl(status.operation) }, status.operation);
  if (!bar && ROUTINE.has(status.state) && others.every(inLine)) {
    const rest = others.flatMap((block) => [" ", h("span.muted", inline(wordsOf(block).replaceAll(/\s*\n\s*/g, " ")))]);
    const line = h("div.outcome", { data: { state: status.state } }, stateMark(status.state), h("p", id, " ", inline(status.title), rest));
    return { nodes: [line], bar: null };
  }
  const card = h("article.card", { "aria-label": `${status.operation}, ${status.title}` },
    h("header.card-head", pill(status.state), h("h2.card-title", id, " ", inline(status.title)), h("span.card-end", time(message.at))),
    others.map((block) => part(block, message)), bar?.element);
  return { nodes: [card], bar, key: bar?.key };
}

/** Rows that follow each other stand in one grid, so that their values do. */
function merged(blocks) {
  const out = [];
  for (const block of blocks) {
    const last = out.at(-1);
    if (block.type === "fields" && last?.type === "fields") out[out.length - 1] = { ...last, fields: [...last.fields, ...block.fields] };
    else out.push(block);
  }
  return out;
}

function keptBar(choices, kept, place) {
  const key = JSON.stringify(choices);
  if (kept?.key === key) {
    kept.bar.refresh();
    return kept.bar;
  }
  const compact = choices.every((choice) => choice.press === "abort");
  const bar = decideBar(choices, { compact, log: compact, brief: true, place, before: kept?.bar });
  bar.key = key;
  bar.refresh();
  return bar;
}
