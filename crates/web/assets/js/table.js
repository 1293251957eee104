// Tables of the pages: rows under headings, and where there is no room for columns each row by itself, its values under their names.

import { h } from "./dom.js";

/**
 * A table of rows. A column is its name, or `{ name, num }` where figures stand in it; one without a name has its own words
 * in each row. A cell of the class `lead` says what the row is about, and needs no name.
 */
export function rowsTable(label, columns, rows, props = {}) {
  const names = columns.map((column) => column.name ?? column);
  const body = h("tbody", rows);
  for (const row of body.rows) {
    [...row.cells].forEach((cell, at) => {
      if (names[at] && cell.colSpan === 1 && !cell.matches(".lead")) cell.dataset.label = names[at];
    });
  }
  return h("div.box.table-scroll", { tabindex: "0", role: "group", "aria-label": label }, h("table.table.table-stack", props,
    h("thead", h("tr", columns.map((column, at) => h(column.num ? "th.num" : "th", { scope: "col" }, names[at] || h("span.hidden-text", "What can be done"))))), body));
}
