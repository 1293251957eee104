// Whether a line is said to Wilco: by its name, or by a sign that stands for it; and what it is told.

import { me } from "./session.js";

/** What stands before an order, and the rest, `{ front, rest }`; null where the text is not said to Wilco by name or sign. */
export function named(text) {
  const { name, prefixes } = me.wilco;
  const match = new RegExp(`^\\s*@?${name.replace(/[^\w-]/g, "\\$&")}[\\s:,]\\s*`, "i").exec(text);
  if (match) return { front: match[0], rest: text.slice(match[0].length) };
  const said = text.trimStart();
  // `...` is talk, and so is `.5 s`.
  const sign = prefixes.filter((one) => said.startsWith(one) && /^\p{Alphabetic}/u.test(said.slice(one.length))).sort((a, b) => b.length - a.length)[0];
  if (sign === undefined) return null;
  const front = text.slice(0, text.length - said.length + sign.length);
  return { front, rest: text.slice(front.length) };
}

/** What stands behind `plan` is an order as any other: with that word in front, where it is there. */
export function planned({ front, rest }) {
  const plan = /^\s*plan\s+/i.exec(rest)?.[0] ?? "";
  return { front: front + plan, rest: rest.slice(plan.length) };
}
