// Dialogs over the page; and the field of the palette, which is there at once: what it leads to may still be on its way.

import { h, icon } from "./dom.js";

/** What a dialog returns that went elsewhere: there the focus is where that page puts it. */
export const GONE = "gone";
let open = null;

/** Shows a dialog in place of any other; when it closes, the focus goes back to where it was. */
export function show(dialog) {
  if (open) open.close();
  const before = document.activeElement;
  document.body.append(dialog);
  open = dialog;
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  // What is pressed in it is for it alone, and the same keys close it.
  dialog.addEventListener("keydown", (event) => {
    // One that is closed may have the focus until the page is drawn again: what is pressed then is for the page.
    if (!dialog.open) return;
    event.stopPropagation();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (open === dialog) open = null;
    if (dialog.returnValue !== GONE && before?.isConnected) before.focus({ preventScroll: true });
  });
  dialog.showModal();
}

/**
 * Opens the palette's field. What is typed stands in it, whether or not the palette is there yet. The result: `dialog`,
 * `field`, `list` and `told` to be filled, and `wasEntered()`, whether somebody chose the first that fits before there was any.
 */
export function openGoTo() {
  const field = h("input.input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "goto-list", "aria-autocomplete": "list", "aria-label": "Go to",
    placeholder: "A room, page, operation or command", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "120",
  });
  const list = h("ul.goto-list", { id: "goto-list", role: "listbox", "aria-label": "Where to" });
  const told = h("p.goto-told", { role: "status" });
  const dialog = h("dialog.goto", { "aria-label": "Go to" }, h("label.find", icon("search"), field), list, told);
  let entered = false;
  field.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) entered = true; });
  field.addEventListener("input", () => { entered = false; });
  show(dialog);
  return { dialog, field, list, told, wasEntered: () => entered };
}
