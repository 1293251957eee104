// Which commands fit what is being typed: by the words of their patterns, from the left.

/** The parts of a pattern: `stage webapp [<ref>]` → literals and the rest. */
const items = (pattern) => pattern.split(/\s+/).filter(Boolean);
const isLiteral = (item) => !/[<[(|]/.test(item);

const argument = (part) => part.replace(/^<|\.*>$/g, "");
/** An argument's values by name, for one command. */
const choicesOf = (command) => (name) => command.args.find((arg) => arg.name === name)?.choices ?? [];

/** What of a pattern is certain before anybody typed a word. */
export const beginning = (command, pattern) => fits(pattern, "", choicesOf(command)).insert;

/**
 * How a pattern fits a text: null where it does not, else `{ done, rest, insert }`: what is typed of it, what is not, and
 * the text that completing would make of it. `choices` gives an argument's values by name.
 */
export function fits(pattern, text, choices = () => []) {
  const parts = items(pattern);
  const typed = items(text);
  const open = text !== "" && !/\s$/.test(text);
  const out = [];
  let at = 0;
  for (; at < typed.length; at += 1) {
    const part = parts[at];
    const last = open && at === typed.length - 1;
    if (part === undefined) return /\.\.\.>|\]$/.test(parts.at(-1) ?? "") ? end(typed.length) : null;
    if (isLiteral(part)) {
      const same = part.toLowerCase() === typed[at].toLowerCase();
      if (!same && !(last && part.toLowerCase().startsWith(typed[at].toLowerCase()))) return null;
      out.push(part);
    } else if (part.startsWith("<")) {
      const values = choices(argument(part));
      const fit = values.filter((value) => value.startsWith(typed[at]));
      if (values.length > 0 && fit.length === 0) return null;
      out.push(last && fit.length === 1 ? fit[0] : typed[at]);
    } else {
      // Past an optional part anything may stand; the server reads it.
      return end(typed.length);
    }
  }
  // What can only be one word is that word, whether it is said so or is an argument with one choice.
  for (; at < parts.length; at += 1) {
    const only = isLiteral(parts[at]) ? [parts[at]] : parts[at].startsWith("<") ? choices(argument(parts[at])) : [];
    if (only.length !== 1) break;
    out.push(only[0]);
  }
  const more = parts.slice(out.length).join(" ");
  return { done: out.slice(0, typed.length).join(" "), rest: parts.slice(typed.length).join(" "), insert: out.join(" ") + (more ? " " : "") };

  function end(count) {
    return { done: typed.join(" "), rest: parts.slice(count).join(" "), insert: text };
  }
}

/** The commands that fit, shortest first: `[{ command, pattern, fit }]`. */
export function matching(commands, text) {
  if (text.trim() === "") return [];
  const found = [];
  for (const command of commands) {
    for (const pattern of command.words) {
      const fit = fits(pattern, text.trimStart(), choicesOf(command));
      if (fit) found.push({ command, pattern, fit });
    }
  }
  return found.sort((a, b) => a.pattern.localeCompare(b.pattern)).slice(0, 6);
}
