// What is read, copied or compared as one: days, hashes and ids break nowhere, addresses at their slashes, long hashes in eights.

import { h } from "./dom.js";

/** A day with or without its time, an address, an id of an operation, a hash. */
const WHOLE = /(\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?|https?:\/\/[^\s<>"'`]+|\b[a-z]-[0-9A-Z]{4}\b|\b(?=[a-f]*\d)[0-9a-f]{7,128}\b)/;
/** A longer hash does not fit beside anything on a phone. */
const SHORT = 16;
const EIGHT = /.{1,8}/g;
/** A part of an address that is longer may break anywhere: it would be cut otherwise. */
const PART = 40;
/** An address of more characters or parts than this is kept whole nowhere. */
const LONGEST = 2048;
const PARTS = 64;
/** In a text with more of them than this nothing is: an element for each would make the page slow, and nobody reads it so. */
export const MANY = 256;

/** A text with what must not break in it kept whole. */
export function pieces(text) {
  const parts = String(text).split(WHOLE);
  if (parts.length > 2 * MANY) return [String(text)];
  return parts.map((part, at) => (at % 2 === 1 ? whole(part) : part)).filter((part) => part !== "");
}

function whole(part) {
  if (part.includes("://")) return slashes(part);
  if (/^\d{4}-\d\d-/.test(part) || part.length <= SHORT) return h("span.ref", part);
  return part.match(EIGHT).flatMap((eight, at) => (at > 0 ? [h("wbr"), eight] : [eight]));
}

/** An address that breaks behind its slashes only; one that is no address for people, anywhere. */
export function slashes(address) {
  if (address.length > LONGEST) return [address];
  const parts = address.match(/[a-z]+:\/\/[^/]*\/?|[^/]+\/?|\//gi) ?? [];
  if (parts.length > PARTS) return [address];
  return parts.flatMap((part, at) => [at > 0 && h("wbr"), part.length > PART ? part : h("span.ref", part)]).filter(Boolean);
}
