// A picture of a room, large, over the page: with its name, its size and the way to the file.

import { show } from "./dialog.js";
import { h, icon } from "./dom.js";
import { size } from "./words.js";

/** Shows a picture large until it is closed: by Esc, by its button, or by a click beside it. */
export function showPicture({ name, href, bytes }) {
  const close = h("button.btn.btn-icon", { type: "button", "aria-label": "Close", title: "Close (Esc)", on: { click: () => dialog.close() } }, icon("x"));
  const dialog = h("dialog.goto.large", { "aria-label": name },
    h("div.large-head", h("bdi.file-name", name), h("span.muted", size(bytes)), h("a.btn", { href, download: name }, "Download", h("span.hidden-text", ` ${name}`)), close),
    h("img", { src: href, alt: name }));
  show(dialog);
  close.focus();
}
