// JSON text set out in lines. Its values stay as they were written: a number of twenty digits keeps them all.

const INDENT = "  ";
/** Deeper than this, lines go no further to the right. */
const DEEPEST = 30;
/** A text that would become longer than this is shown as it is. */
const LONGEST = 4_000_000;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The text in lines, or as it is where that would say nothing. */
export function setOut(text) {
  const out = [];
  let length = 0;
  let depth = 0;
  let before = "";
  const line = () => `\n${INDENT.repeat(Math.min(depth, DEEPEST))}`;
  for (const [token] of text.matchAll(TOKEN)) {
    let piece = token;
    if (token === "}" || token === "]") {
      depth -= 1;
      if (before !== "{" && before !== "[") piece = line() + token;
    } else if (before === "{" || before === "[" || before === ",") {
      piece = line() + token;
    }
    if (token === "{" || token === "[") depth += 1;
    else if (token === ":") piece = ": ";
    length += piece.length;
    if (length > LONGEST) return text;
    out.push(piece);
    before = token;
  }
  return out.join("");
}
