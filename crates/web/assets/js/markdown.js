// The small subset of Markdown that Wilco's texts use, read into nodes: **bold**, `code`, [text](https://…), "- " lists.

import { h, link } from "./dom.js";
import { MANY, pieces, slashes } from "./pieces.js";
import { me } from "./session.js";

const INLINE = /`([^`\n]+)`|\*\*(.+?)\*\*|\[([^\]\n]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]])/g;
const ADDRESS = /(https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]])/g;

/** One line's nodes. */
export function inline(text) {
  const out = [];
  let at = 0;
  for (const match of String(text).matchAll(INLINE)) {
    const [whole, code, bold, label, url, address] = match;
    if (match.index > at) out.push(pieces(text.slice(at, match.index)));
    if (code !== undefined) out.push(h("code", pieces(code)));
    else if (bold !== undefined) out.push(h("b", inline(bold)));
    else if (label !== undefined) out.push(link(url, label));
    else out.push(link(address, slashes(address)));
    at = match.index + whole.length;
  }
  if (at < text.length) out.push(pieces(text.slice(at)));
  return out;
}

/**
 * A message's text where there is room for a line of it only. Wilco's own text has no marks there; what comes from outside, and
 * what people say, is as it is.
 */
export function preview({ from, text, blocks }) {
  const isMarked = from?.kind === "wilco" && !blocks?.some((block) => block.type === "event" || block.type === "quote");
  return isMarked ? text.replaceAll(/`([^`\n]+)`|\*\*(.+?)\*\*/g, "$1$2") : text;
}

/** A name that is spoken to: `@ana`, and not a part of an address, a path or a place. The server counts the same. */
const MENTION = /(?<![\p{L}\p{N}_\-:.@/])@([\p{L}\p{N}_-]+)(?!\/)/gu;

/** A text in which names that are spoken to stand out, one's own most. */
function mentions(text) {
  const out = [];
  let at = 0;
  for (const match of [...text.matchAll(MENTION)].slice(0, MANY)) {
    if (match.index > at) out.push(pieces(text.slice(at, match.index)));
    out.push(h(match[1].toLowerCase() === me?.id ? "b.mention.mention-me" : "b.mention", match[0]));
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push(pieces(text.slice(at)));
  return out;
}

/** A person's own words: plain, but an address in them can be followed, and who is spoken to stands out. */
export function plain(text) {
  const parts = String(text).split(ADDRESS);
  if (parts.length > 2 * MANY) return [String(text)];
  return parts.map((part, at) => (at % 2 === 1 ? link(part, slashes(part)) : mentions(part)));
}

/** A text of several lines: paragraphs and lists. */
export function markdown(text) {
  const out = [];
  let lines = [];
  let items = [];
  const flush = () => {
    if (lines.length > 0) out.push(h("p", lines.flatMap((line, at) => (at > 0 ? [h("br"), ...inline(line)] : inline(line)))));
    if (items.length > 0) out.push(h("ul.bullets", items.map((item) => h("li", inline(item)))));
    lines = [];
    items = [];
  };
  for (const line of String(text).split("\n")) {
    if (line.startsWith("- ")) {
      if (lines.length > 0) flush();
      items.push(line.slice(2));
    } else if (line.trim() === "") {
      flush();
    } else {
      if (items.length > 0) flush();
      lines.push(line);
    }
  }
  flush();
  return out;
}
