// The palette: one field that goes to any room, page, operation or command; and the list of all keys.

import { get } from "./api.js";
import { GONE, show } from "./dialog.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { PAGES } from "./pages.js";
import { commands, me, operationUrl, roomUrl } from "./session.js";
import { KEYS, letLettersAct, lettersAct } from "./shortcuts.js";
import { unreadIn } from "./unread.js";
import { stateMark, stateWord } from "./words.js";

const MOST = 12;
const OPERATIONS = 100;
/** An id of an operation, as it is said. */
const OPERATION = /^[a-z]-[0-9A-Za-z]{4,}$/;
/** Fills the field that was opened; `go(url)` opens a page, `signOut()` ends the session. */
export function fillPalette({ dialog, field, list, told, wasEntered }, { go, signOut }) {
  let all = [...rooms(), ...pages(), ...acts({ signOut })];
  let shown = [];
  let chosen = 0;

  function draw() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const typed = field.value.trim();
    shown = all.map((one) => [rank(one, words), one]).filter(([at]) => at > 0).sort((a, b) => b[0] - a[0]).map(([, one]) => one).slice(0, MOST);
    if (OPERATION.test(typed) && !shown.some((one) => one.name === typed)) {
      shown.unshift({ name: typed, about: "this operation", picture: icon("ops"), url: operationUrl(typed) });
    }
    chosen = 0;
    fill(list, shown.map((one, at) => h("li.goto-item", {
      role: "option", id: `goto-${at}`, "aria-selected": String(at === chosen), on: { click: () => take(one), mousemove: () => choose(at) },
    }, one.picture, h("span.goto-name", one.name), h("span.goto-about", one.isMarked ? inline(one.about) : one.about))));
    told.textContent = shown.length === 0 ? "Nothing is called so." : "";
    mark();
  }

  function mark() {
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
    if (shown.length > 0) field.setAttribute("aria-activedescendant", `goto-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  }

  function choose(at) {
    if (at === chosen) return;
    chosen = at;
    mark();
  }

  function take(one) {
    dialog.close(one.url ? GONE : "");
    if (one.url) go(one.url);
    else one.act();
  }

  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && shown.length > 0) {
      event.preventDefault();
      choose((chosen + by + shown.length) % shown.length);
      list.children[chosen].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && shown[chosen]) {
      event.preventDefault();
      take(shown[chosen]);
    }
  });
  draw();
  takeFirst();
  more().then((found) => {
    all = [...all, ...found];
    if (!dialog.open) return;
    const before = shown[chosen];
    draw();
    // What comes late takes nobody's choice away: who is about to press Enter goes where they looked.
    choose(Math.max(0, shown.indexOf(before)));
    takeFirst();
  });

  /** What was chosen before there was anything to choose from. */
  function takeFirst() {
    if (wasEntered() && shown[0]) take(shown[0]);
  }
}

/** How well something fits the words: 0 where one of them is nowhere, more where it is how the name begins. */
function rank({ name, about, also = "", weight = 0 }, words) {
  if (words.length === 0) return 1 + weight;
  const text = `${name} ${about} ${also}`.toLowerCase();
  let sum = 0;
  for (const word of words) {
    if (!text.includes(word)) return 0;
    if (name.toLowerCase().startsWith(word)) sum += 4;
    else if (name.toLowerCase().includes(word)) sum += 2;
    else sum += 1;
  }
  return sum + weight;
}

function rooms() {
  return me.rooms.map((room) => {
    const unread = unreadIn(room.place);
    const about = unread ? `${unread.count}${unread.more ? "+" : ""} unread${unread.mentions > 0 ? ", you are mentioned" : ""}` : room.topic;
    return { name: room.name, about, also: "room", picture: icon(room.direct ? "brand" : "hash"), url: roomUrl(room.place), weight: unread ? 0.9 : 0.5 };
  });
}

const pages = () => PAGES.map(({ href, picture, name, also }) => ({ name, about: "page", also, picture: icon(picture), url: href, weight: 0.3 }));

function acts({ signOut }) {
  return [
    { name: "Keys", about: "the list of all keys", also: "shortcuts help ?", picture: icon("commands"), act: openKeys },
    { name: "Theme", about: "as the system, light, dark", also: "dark light colour", picture: icon("theme"), act: () => document.querySelector('.side-foot [aria-label^="Theme"]')?.click() },
    { name: "Sign out", about: "end this session", also: "leave logout", picture: icon("leave"), act: signOut },
  ];
}

/** What has to be asked for: commands and the newest operations. What fails is not listed. */
async function more() {
  const [known, operations] = await Promise.all([
    commands().catch(() => []), get("/operations", { latest: OPERATIONS }).then((answer) => answer.items, () => []),
  ]);
  return [
    ...operations.map(({ id, order, about, state }) => ({ name: id, about: `${order || about}, ${stateWord(state).toLowerCase()}`, also: "operation", picture: h("span", { data: { state } }, stateMark(state)), url: operationUrl(id), weight: -0.2 })),
    ...known.map(({ id, words, about }) => ({ name: words[0] ?? id, about, isMarked: true, also: `${id} command`, picture: icon("commands"), url: `/commands?id=${encodeURIComponent(id)}`, weight: -0.1 })),
  ];
}

/** Shows the list of all keys. */
export function openKeys() {
  const box = h("input", { type: "checkbox", id: "letters", on: { change: () => letLettersAct(box.checked) } });
  box.checked = lettersAct();
  const dialog = h("dialog.goto.keys", { "aria-labelledby": "keys-title" },
    h("div.keys-head", h("h2", { id: "keys-title" }, "Keys"), h("button.btn.btn-icon", { type: "button", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("x"))),
    h("div.keys-in", { tabindex: "0", role: "group", "aria-label": "All keys" },
      h("div.keys-groups", KEYS.map(([name, keys]) => h("div", h("h3.keys-of", name), h("dl.keys-list", keys.map(([key, does]) => [h("dt", key.split(", ").map((one) => [h("kbd", one), " "])), h("dd", does)]))))),
      h("label.check", { for: "letters" }, box, " Single letters act outside of text fields"),
      h("p.small.muted", "No key decides anything: confirming, approving and denying need their button or their words.")));
  show(dialog);
}
