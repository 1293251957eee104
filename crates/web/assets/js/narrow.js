// What narrows a list: its fields behind one button, which says how many of them count.

import { h, icon } from "./dom.js";

/** Where the fields stand open as long as they count; elsewhere they would fill the screen. */
const WIDE = matchMedia("(min-width: 760px)");

/** The button with its `form` below it. `values`: what the fields hold now; those that are empty do not count. */
export function narrowBox(values, form) {
  const active = Object.values(values).filter((value) => String(value).trim() !== "").length;
  return h("details.narrow", { open: active > 0 && WIDE.matches },
    h("summary.btn", icon("filter"), h("span", "Filters"), active > 0 && h("span.count", String(active), h("span.hidden-text", " active"))),
    form);
}
