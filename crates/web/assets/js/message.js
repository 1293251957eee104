// One message on the page: who says it, when, and a person's words with what is quoted, pasted and who is spoken to.

import { renderBlocks } from "./blocks.js";
import { named } from "./called.js";
import { fill, h, icon } from "./dom.js";
import { plain, preview } from "./markdown.js";
import { output } from "./output.js";
import { me } from "./session.js";
import { clock, initials, nameOf, time } from "./words.js";

/** An answer this much later than what stands above it says its time. */
const LATER = 60_000;
/** A text longer than this shows its beginning only. */
const LONG = 1200;
const MANY_LINES = 16;

/**
 * Draws an entry of a timeline anew: its message in its last version. `ways`: `reply(message)`, `jump(id)`.
 * What stays as it is keeps the focus.
 */
export function drawMessage(entry, ways) {
  const { message, element: place, parent } = entry;
  // Asked first: what stays as it is loses the focus on its way into the new body.
  const focused = document.activeElement;
  const held = place.contains(focused);
  const rendered = message.from.kind !== "wilco" ? saidBy(message, entry)
    : message.blocks?.length > 0 ? renderBlocks(message, entry.kept) : { nodes: [h("p.say", plain(message.text))] };
  entry.kept = rendered;
  place.dataset.id = message.id;
  if (message.operation) place.dataset.operation = message.operation;
  const own = parent && message.from.kind === "wilco";
  const head = own ? lateness(entry) : heading(message, ways);
  const strays = !parent && message.thread && message.thread !== message.id;
  // What is said of something outside is a line of that, and not of who says it.
  place.classList.toggle("msg-obj", !parent && !strays && message.blocks?.length > 0 && message.blocks.every((block) => block.type === "event"));
  fill(place, !parent && face(message.from), h("div.msg-body", head, strays && threadOf(entry, ways), rendered.nodes));
  // Drawing anew must not throw a reader out of the message.
  if (held) (place.contains(focused) ? focused : place).focus({ preventScroll: true });
}

/** What somebody else than Wilco says: their words, and what stands beside them. */
function saidBy(message, { kept, isOrder }) {
  if (!(message.blocks?.length > 0)) return { nodes: words(message.text, isOrder) };
  const quoted = message.blocks.find((block) => block.type === "quote");
  const beside = renderBlocks({ ...message, blocks: message.blocks.filter((block) => block !== quoted) }, kept);
  return { ...beside, nodes: [quoted && words(quoted.text, isOrder), beside.nodes] };
}

function lateness({ message, parent }) {
  const late = Date.parse(message.at) - Date.parse(parent.message.at) > LATER;
  const card = message.blocks?.some((block) => block.type === "status");
  return late && !card ? h("p.msg-head", time(message.at)) : null;
}

function heading(message, { reply }) {
  const { from, at } = message;
  const name = from.kind === "wilco" ? me.wilco.name : nameOf(from);
  return h("p.msg-head", h("b.ref", name), from.kind === "program" && h("span.small.subtle", "program"), time(at, clock),
    h("button.btn.btn-quiet.reply", { type: "button", on: { click: () => reply(message) } }, icon("reply"), h("span.word", "Reply"), h("span.hidden-text", ` to ${name}`)));
}

/** What stands long after what it answers says so, and leads there. */
function threadOf({ message, root }, { jump }) {
  const said = root ? `“${preview(root).split("\n")[0].slice(0, 60)}”` : "something earlier";
  return h("p.msg-thread", icon("comment"), h("span", "In the thread of ",
    h("button.link", { type: "button", on: { click: () => jump(message.thread) } }, said)));
}

/** A line that is on its way. */
export function pendingMessage(text, note, { file, isOrder }) {
  return h("div.msg.is-pending", face({ kind: "person", name: me.name }),
    h("div.msg-body", h("p.msg-head", h("b.ref", me.name), h("span.small.subtle", "sending")), text.trim() !== "" && words(text, isOrder), file, note));
}

function face(from) {
  if (from.kind === "wilco") return h("span.face", { "aria-hidden": "true" }, icon("brand"));
  if (from.kind === "program") return h("span.face", { "aria-hidden": "true" }, icon("robot"));
  return h("span.face", { "aria-hidden": "true" }, initials(nameOf(from)));
}

/** A person's words, the beginning of them where they are many. */
function words(text, isOrder = false) {
  const order = isOrder ? orderOf(text) : null;
  const said = order ? [order] : parts(text);
  const plainly = order || said.every((part) => part.matches("p, blockquote"));
  if (!plainly || (text.length <= LONG && text.split("\n", MANY_LINES + 1).length <= MANY_LINES)) return said;
  const clipped = h("div.clip", said);
  const more = h("button.btn.btn-quiet", { type: "button", on: { click: () => {
    clipped.classList.remove("clip");
    more.remove();
  } } }, "Show all of it");
  return [clipped, more];
}

/** An order to Wilco is set as one. What merely speaks of Wilco is talk: an order begins with a command, or was answered. */
function orderOf(text) {
  const front = named(text)?.front.trimEnd();
  if (!front) return null;
  // The sign behind a name is none of it.
  const name = front.length > 1 ? front.replace(/[:,]$/, "") : front;
  return h("p.order", h("span.name", name), plain(text.slice(name.length)));
}

/** What is said, what is quoted (`> `), and what is pasted between lines of three backticks. */
function parts(text) {
  const out = [];
  let kind = "say";
  let lines = [];
  const flush = (next) => {
    const body = lines.join("\n");
    if (kind === "code" && body !== "") out.push(output(body, "Pasted text"));
    else if (body.trim() !== "") out.push(kind === "quote" ? h("blockquote.quote", plain(body)) : h("p.say", plain(body)));
    lines = [];
    kind = next;
  };
  for (const line of text.split("\n")) {
    const fence = /^```[\w+-]*\s*$/.test(line);
    if (kind === "code") {
      if (fence) flush("say");
      else lines.push(line);
      continue;
    }
    const quote = /^> ?/.exec(line);
    if (fence) flush("code");
    else if (Boolean(quote) !== (kind === "quote")) flush(quote ? "quote" : "say");
    if (!fence) lines.push(quote ? line.slice(quote[0].length) : line);
  }
  flush("say");
  return out.length > 0 ? out : [h("p.say", text)];
}

/** The first lines of a message as a quote, to write below it. */
export function quoteOf(message) {
  const lines = message.text.trim().split("\n").filter((line) => !/^(> ?|```)/.test(line));
  const some = lines.slice(0, 6).map((line) => `> ${line.length > 300 ? `${line.slice(0, 300)}…` : line}`);
  if (lines.length > some.length) some.push("> …");
  return `${some.join("\n")}\n`;
}
