// Charts: numbers over times or names, drawn with the page's own colours. The summary stands below in words, and is the
// drawing's name for whoever does not see it; all values are in a table on demand.

import { freshId, h, s } from "./dom.js";

/** The plot's own measure: it is stretched to whatever width there is. */
const WIDE = 1000;
const HIGH = 100;
/** The most bars with names that are drawn; the table has all. */
const MAX_BARS = 40;
/** The letters of large numbers, as everywhere in Wilco. */
const LARGE = [[1e12, "T"], [1e9, "G"], [1e6, "M"]];

/** A number with its unit: `310 ms`, `1.2 GB`, `7`. */
export function quantity(value, unit) {
  const size = Math.abs(value);
  if (size < 1e-300) return unit ? `0 ${unit}` : "0";
  if (size < 1e-3 || size >= 1e15) return `${value.toExponential(1).replace("e+", "e")}${unit ? ` ${unit}` : ""}`;
  const [scale, letter] = LARGE.find(([least]) => size >= least) ?? [1, ""];
  const scaled = value / scale;
  const left = Math.abs(scaled);
  const number = scaled.toFixed(left < 1 ? 3 : left < 10 ? 2 : left < 100 ? 1 : 0);
  const short = number.includes(".") ? number.replace(/\.?0+$/, "") : number;
  return unit ? `${short} ${letter}${unit}` : `${short}${letter}`;
}

/** A chart's block; `table` makes a table of headings and rows. */
export function chart(block, table) {
  const id = freshId("chart");
  const named = block.kind === "bars" && !block.times;
  const picture = named ? bars(block, id) : plot(block, id);
  return h("figure.chart",
    h("div.chart-head", block.title && h("b", block.title), block.series.length > 1 && legend(block)),
    picture,
    h("figcaption", { id }, block.summary),
    values(block, table));
}

/** The least and the greatest value; bars begin at zero. */
function range(block) {
  const known = block.series.flatMap((series) => series.values).filter((value) => value !== null);
  if (known.length === 0) return null;
  const ends = block.kind === "bars" ? [...known, 0] : known;
  return [Math.min(...ends), Math.max(...ends)];
}

/** How far a value is between two others, from 0 to 1; what never changes stands above, and nothing below. */
const share = (value, low, high) => (high > low ? (value - low) / (high - low) : Number(value !== 0));
const round = (number) => Math.round(number * 10) / 10;

/** How far each point is along, from 0 to 1. */
function places(block) {
  const { labels, times } = block;
  if (!times || block.kind === "bars") return labels.map((_, at) => (labels.length > 1 ? at / (labels.length - 1) : 0.5));
  const since = times.map((at) => Date.parse(at) - Date.parse(times[0]));
  return since.map((ms) => (since.at(-1) > 0 ? ms / since.at(-1) : 0.5));
}

/** Lines, or bars over times. */
function plot(block, id) {
  const ends = range(block);
  const [low, high] = ends ?? [0, 0];
  const across = places(block);
  const y = (value) => round((1 - share(value, low, high)) * HIGH);
  const draw = block.kind === "bars" ? columns : path;
  const zero = low < 0 && high > 0 && s("path", { class: "zero", d: `M0 ${y(0)}h${WIDE}` });
  const inner = s("svg", { x: 0, y: 20, width: "100%", height: 112, viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", class: "chart-lines" },
    s("path", { class: "grid", d: [0, 0.5, 1].map((part) => `M0 ${part * HIGH}h${WIDE}`).join("") }), zero,
    block.series.map((series, at) => draw(series.values, at, { block, across, y, low, high })));
  const told = low === high ? [[low === 0 ? 128 : 15, low]] : [[15, high], [128, low]];
  const side = ends && told.map(([at, value]) => s("text", { class: "end", x: 12, y: at }, quantity(value, block.unit)));
  return s("svg", { class: "chart-plot", role: "img", "aria-labelledby": id }, inner, side, ticks(block, across));
}

/** A series as a line, with its gaps as gaps. */
function path(values, at, { across, y }) {
  let pen = "M";
  let [line, dots] = ["", ""];
  values.forEach((value, point) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const place = `${round(across[point] * WIDE)} ${y(value)}`;
    // A point between two gaps is a dot: a line of no length with round ends.
    if (pen === "M" && (values[point + 1] ?? null) === null) dots += `M${place}h0`;
    else line += `${pen}${place}`;
    pen = "L";
  });
  return [s("path", { class: `line s${at + 1}`, d: line }), dots && s("path", { class: `line dots s${at + 1}`, d: dots })];
}

/** A series as bars that stand side by side with those of the others. */
function columns(values, at, { block, y, low, high }) {
  const slot = WIDE / values.length;
  const wide = (slot * 0.8) / block.series.length;
  const zero = high > low ? y(0) : HIGH;
  return s("g", { class: `bar s${at + 1}` }, values.map((value, point) => {
    if (value === null || high <= low) return null;
    const top = Math.min(y(value), zero);
    return s("rect", { x: round(point * slot + slot * 0.1 + at * wide), y: top, width: round(wide), height: round(Math.max(y(value), zero) - top) });
  }));
}

/** A few of the labels below: the first, the last, and what fits between. */
function ticks(block, across) {
  const last = block.labels.length - 1;
  const points = [...new Set([0, Math.round(last / 3), Math.round((last * 2) / 3), last])];
  return points.map((point) => {
    const part = block.kind === "bars" ? (point + 0.5) / (last + 1) : across[point];
    const side = part < 0.15 ? ["start", "0%", 12] : part > 0.85 ? ["end", "100%", -12] : ["middle", `${round(part * 100)}%`, 0];
    const crowded = point !== 0 && point !== last && (part < 0.22 || part > 0.78);
    return !crowded && s("text", { x: side[1], dx: side[2], y: 150, "text-anchor": side[0] }, block.labels[point]);
  });
}

/** A row a name, its bars from zero. */
function bars(block, id) {
  const [low, high] = range(block) ?? [0, 0];
  const zero = share(0, low, high) * 100;
  const shown = block.labels.slice(0, MAX_BARS);
  const row = (label, point) => h("div.bars-row",
    h("span.bars-name", { title: label }, label),
    h("span.bars-of", block.series.map((series, at) => h("span.bars-one",
      s("svg", { class: "bars-bar", "aria-hidden": "true" }, bar(series.values[point], at, { low, high, zero })),
      h("span.bars-value", series.values[point] === null ? "–" : quantity(series.values[point], block.unit))))));
  const more = block.labels.length - shown.length;
  return h("div.bars", { role: "img", "aria-labelledby": id }, shown.map(row), more > 0 && h("p.small.muted", `${more} more in the table`));
}

function bar(value, at, { low, high, zero }) {
  if (value === null || high <= low) return null;
  const end = share(value, low, high) * 100;
  const [from, to] = [Math.min(zero, end), Math.max(zero, end)];
  return s("rect", { class: `bar s${at + 1}`, x: `${round(from)}%`, width: `${round(to - from)}%`, y: 3, height: 10, rx: 1 });
}

function legend(block) {
  const key = (at) => (block.kind === "bars"
    ? s("svg", { "aria-hidden": "true" }, s("rect", { class: `bar s${at + 1}`, width: 18, height: 8, rx: 1 }))
    : s("svg", { "aria-hidden": "true" }, s("path", { class: `line s${at + 1}`, d: "M0 4h18" })));
  return h("p.legend", block.series.map((series, at) => h("span", key(at), series.name || `series ${at + 1}`)));
}

/** All values as a table, made when somebody wants it. */
function values(block, table) {
  const columns = [block.times ? "time" : "name", ...block.series.map((series) => series.name || "value")];
  const rows = () => block.labels.map((label, point) => [
    label, ...block.series.map((series) => (series.values[point] === null ? "–" : quantity(series.values[point], block.unit))),
  ]);
  const details = h("details.chart-values", h("summary", "Values"));
  details.addEventListener("toggle", () => details.append(table(columns, rows())), { once: true });
  return details;
}
