// Which commands fit what is being typed, and what the word at its end may become: by the words of their patterns, from
// the left, with the values that their arguments declare.

/** The parts of a pattern: `stage webapp [<ref>]` → literals and the rest. */
const items = (pattern) => pattern.split(/\s+/).filter(Boolean);
const isLiteral = (item) => !/[<[(|]/.test(item);
/** The argument that a part is, needed or not: `<ref>`, `[<ref>]`; none for what is more than one. */
const argument = (part) => /^\[?<([^<>]+?)(?:\.{3})?>\]?$/.exec(part)?.[1] ?? null;
/** So many values of an argument are offered, and so many lines in all. */
const VALUES = 6;
export const LINES = 8;

/** An argument's values by name, for one command: `{ values, only }`; `only` where nothing else fits. */
const choicesOf = (command, people) => (name) => {
  const arg = command.args.find((one) => one.name === name);
  if (arg?.type === "person") return { values: people, only: false };
  return { values: arg?.choices ?? [], only: true };
};
const none = () => ({ values: [], only: true });

/** What of a pattern is certain before anybody typed a word. */
export const beginning = (command, pattern) => fits(pattern, "", choicesOf(command, [])).insert;

/**
 * How a pattern fits a text: null where it does not, else `{ done, rest, insert, values }`: what is typed of it, what is
 * not, the text that completing would make of it, and what the word at the end may become, each `{ done, rest, insert }`.
 * `choices` gives an argument's values by name.
 */
export function fits(pattern, text, choices = none) {
  const parts = items(pattern);
  const typed = items(text);
  const open = text !== "" && !/\s$/.test(text);
  const out = [];
  let values = [];
  let at = 0;
  for (; at < typed.length; at += 1) {
    const part = parts[at];
    const last = open && at === typed.length - 1;
    if (part === undefined) return /\.\.\.>|\]$/.test(parts.at(-1) ?? "") ? end(typed.length) : null;
    if (isLiteral(part)) {
      const same = part.toLowerCase() === typed[at].toLowerCase();
      if (!same && !(last && part.toLowerCase().startsWith(typed[at].toLowerCase()))) return null;
      out.push(part);
      continue;
    }
    const name = argument(part);
    // Past what is more than an argument anything may stand; the server reads it.
    if (name === null) return end(typed.length);
    const { values: all, only } = choices(name);
    const some = all.filter((value) => value.startsWith(typed[at].replace(/^@/, "")));
    const needed = part.startsWith("<");
    if (all.length > 0 && only && some.length === 0) return needed ? null : end(typed.length);
    if (last && some.length > 1) values = some;
    out.push(last && some.length === 1 ? some[0] : typed[at]);
    if (!needed && !last) return end(typed.length);
  }
  const next = parts[at] === undefined || isLiteral(parts[at]) || open ? null : argument(parts[at]);
  if (next !== null && typed.length > 0) values = choices(next).values;
  const given = values.length > 0 ? out.slice(0, open ? at - 1 : at) : [];
  // What can only be one word is that word, whether it is said so or is an argument with one choice.
  for (; at < parts.length; at += 1) {
    const name = isLiteral(parts[at]) ? null : argument(parts[at]);
    const only = isLiteral(parts[at]) ? [parts[at]] : name !== null && parts[at].startsWith("<") && choices(name).only ? choices(name).values : [];
    if (only.length !== 1) break;
    out.push(only[0]);
  }
  const more = parts.slice(out.length).join(" ");
  return {
    done: out.slice(0, typed.length).join(" "), rest: parts.slice(typed.length).join(" "), insert: out.join(" ") + (more ? " " : ""),
    values: values.length > 1 ? values.slice(0, VALUES).map(valued) : [],
  };

  function valued(value) {
    const words = [...given, value].join(" ");
    const behind = parts.slice(given.length + 1).join(" ");
    return { done: words, rest: behind, insert: words + (behind ? " " : "") };
  }

  function end(count) {
    return { done: typed.join(" "), rest: parts.slice(count).join(" "), insert: text, values: [] };
  }
}

/** Whether no command begins as what is typed does, nor anything else that is always understood. */
export function isNone(commands, text) {
  if (text.trim() === "" || commands.length === 0 || isThumbsUp(text)) return false;
  // These are said in a hurry.
  const [first, ...rest] = items(text).map((word) => word.replaceAll(/^[.,!?]+|[.,!?]+$/g, "").toLowerCase()).filter((word) => word !== "" && word !== "please");
  if (first === undefined) return false;
  const open = rest.length === 0 && !/\s$/.test(text);
  if (ALWAYS.some((word) => (open ? word.startsWith(first) : word === first))) return false;
  return !begins(commands, text) && commands.every(({ words }) => words.every((pattern) => fits(pattern, text) === null));
}

/** What is understood whatever there is to order. */
const ALWAYS = ["plan", "stop", "yes", "cancel", "abort", "deny"];
/** The sign in any colour, as a picture or not. */
const isThumbsUp = (text) => text.trim().replaceAll(/[\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, "") === "\u{1f44d}";

/** Whether the first word is a command's: behind it something may only be wrong. */
export function begins(commands, text) {
  const first = items(text)[0]?.toLowerCase();
  return first !== undefined && commands.some(({ words }) => words.some((pattern) => {
    const [part] = items(pattern);
    return part !== undefined && isLiteral(part) && part.toLowerCase() === first;
  }));
}

/**
 * What the words may become, shortest first: `[{ command, pattern, fit }]`, one for each value where there are several;
 * with no word yet one for each command's first word, and where a thing is named first what can be done with it.
 */
export function matching(commands, text, people = []) {
  if (text.trim() === "") return firstWords(commands);
  const found = fitting(commands, text, people);
  return found.length > 0 ? found : objectFirst(commands, text).sort(byPattern).slice(0, LINES);
}

const byPattern = (a, b) => a.pattern.localeCompare(b.pattern);

/** The commands that fit words as they are said. */
export function fitting(commands, text, people = []) {
  const found = [];
  for (const command of commands) {
    for (const pattern of command.words) {
      const fit = fits(pattern, text.trimStart(), choicesOf(command, people));
      if (!fit) continue;
      if (fit.values.length > 0) found.push(...fit.values.map((one) => ({ command, pattern, fit: one })));
      else found.push({ command, pattern, fit });
    }
  }
  return found.sort(byPattern).slice(0, LINES);
}

/** `webapp`, `webapp sta`: the commands that take what is named, beginning with the word behind it. It is no order before it is put so. */
function objectFirst(commands, text) {
  const [object, verb = "", ...rest] = items(text.trimStart());
  if (rest.length > 0) return [];
  const found = [];
  for (const command of commands) {
    const choices = choicesOf(command, []);
    for (const pattern of command.words) {
      const parts = items(pattern);
      const at = parts.findIndex((part) => !isLiteral(part));
      const name = at > 0 ? argument(parts[at]) : null;
      if (name === null || !parts[0].toLowerCase().startsWith(verb.toLowerCase()) || !choices(name).values.includes(object)) continue;
      const done = [...parts.slice(0, at), object].join(" ");
      const behind = parts.slice(at + 1).join(" ");
      found.push({ command, pattern, fit: { done, rest: behind, insert: done + (behind ? " " : "") } });
    }
  }
  return found;
}

/** What an order may begin with: a line for each first word. */
function firstWords(commands) {
  const all = new Map();
  for (const command of commands) {
    for (const pattern of command.words) {
      const [word] = items(pattern);
      if (word !== undefined && isLiteral(word)) all.set(word, [...(all.get(word) ?? []), { command, pattern }]);
    }
  }
  const one = ([word, ways]) => {
    const [{ command, pattern }] = ways;
    const rest = items(pattern).slice(1).join(" ");
    const insert = word + (rest ? " " : "");
    return ways.length === 1 ? { command, pattern, fit: { done: word, rest, insert } } : { command: { ...command, about: `${ways.length} ways` }, pattern: word, fit: { done: word, rest: "…", insert: `${word} ` } };
  };
  // Packs' words first: those that everybody knows by heart are built in.
  const own = ([, [{ command }]]) => (command.id.startsWith("wilco.") ? 1 : 0);
  return [...all].sort((a, b) => own(a) - own(b) || a[0].localeCompare(b[0])).map(one);
}

/** The flags that may end an order, where one is begun: its reason, and its arguments by name. */
export function flags(commands, text) {
  const begun = /^(.+\s)--([\w-]*)$/.exec(text.trimStart());
  if (!begun) return [];
  const front = begun[1];
  const said = items(front.split(/\s--/)[0]).map((word) => word.toLowerCase());
  // The command whose words are said: the one with most of them.
  const literals = (pattern) => {
    const parts = items(pattern);
    const end = parts.findIndex((part) => !isLiteral(part));
    return end < 0 ? parts : parts.slice(0, end);
  };
  const fit = (one) => Math.max(...one.words.map((pattern) => (literals(pattern).every((word, at) => said[at] === word.toLowerCase()) ? literals(pattern).length : 0)));
  const command = commands.reduce((best, one) => (fit(one) > (best ? fit(best) : 0) ? one : best), null);
  if (!command) return [];
  // What stands in its place already needs no name.
  const given = front.split(/\s--/)[0].trim();
  const fitting = command.words.map((pattern) => ({ pattern, fit: fits(pattern, given) })).find((one) => one.fit);
  const isOpen = ({ name }) => !fitting?.pattern.includes(`<${name}`) || fitting.fit.rest.includes(`<${name}`);
  const offered = command.args.filter(isOpen).map((arg) => ({ name: arg.name, about: arg.about, rest: `<${arg.name}>` }));
  if (command.effect !== "read") offered.push({ name: "because", about: "Why, for whoever decides and for the record", rest: "\"…\"" });
  return offered
    .filter((one) => one.name.startsWith(begun[2]) && !front.includes(`--${one.name} `))
    .slice(0, LINES)
    .map((one) => ({ done: `--${one.name}`, rest: one.rest, about: one.about, insert: `${front}--${one.name} ` }));
}

/** The people who may be meant by what begins with `@` at the end of a text. */
export function people(text, names) {
  const begun = /(^|[\s(])@([\p{L}\p{N}_-]*)$/u.exec(text);
  if (!begun) return [];
  return names.filter((name) => name.startsWith(begun[2].toLowerCase())).slice(0, LINES)
    .map((name) => ({ done: `@${name}`, rest: "", about: "", insert: `${text.slice(0, text.length - begun[2].length)}${name} ` }));
}
