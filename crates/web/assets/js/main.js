// The page's beginning: who is signed in, which view belongs to the address, and moving between views.

import { del, onSignedOut } from "./api.js";
import { keepsDrops } from "./attach.js";
import { openGoTo } from "./dialog.js";
import { fill, h, icon } from "./dom.js";
import { doorView, redeemView } from "./door.js";
import { keepVisit } from "./here.js";
import { whenIdle } from "./idle.js";
import { roomView } from "./room.js";
import { firstRoom, forget, leaveNothing, loadMe, me, refreshWaiting, roomUrl, sessionEnded, takeBack } from "./session.js";
import { makeShell } from "./shell.js";
import { takeKeys } from "./shortcuts.js";
import { lookAfterRooms } from "./unread.js";

const app = document.getElementById("app");
/** The views by address. All but the room's are fetched when they are first opened. */
const ROUTES = [
  [/^\/r\/([^/]+)$/, async () => roomView],
  [/^\/o\/([^/]+)$/, () => page("operation", "operationView")],
  [/^\/waiting$/, () => page("operations", "waitingView")],
  [/^\/operations$/, () => page("operation-list", "operationsView")],
  [/^\/commands$/, () => page("commands", "commandsView")],
  [/^\/events(?:\/([^/]+))?$/, () => page("events", "eventsView")],
  [/^\/objects$/, () => page("objects", "objectsView")],
  [/^\/sources$/, () => page("sources", "sourcesView")],
  [/^\/connectors$/, () => page("connectors", "connectorsView")],
  [/^\/routes$/, () => page("routes", "routesView")],
  [/^\/audit$/, () => page("audit", "auditView")],
  [/^\/people$/, () => page("people", "peopleView")],
  [/^\/access$/, () => page("access", "accessView")],
];
/** Where a person lets a terminal in. */
const TERMINAL = "/login/device";
/** What is shown while nobody is signed in. */
const DOOR = "door";
/** Where the style of the pages beside the rooms is, beside this version of the modules. */
const PAGES_STYLES = ["../pages.css", "../forms.css"].map((path) => new URL(path, import.meta.url).href);
let shell = null;
/** What ends with the session. */
let endings = [];
let current = null;
let shown = null;
let turn = 0;

/** Fetches the view of a page beside the rooms, and what it looks like. */
async function page(module, view) {
  const [views] = await Promise.all([import(`./${module}.js`), ...PAGES_STYLES.map(style)]);
  return views[view];
}

/** Adds a style sheet once; what failed is tried anew the next time. */
function style(href) {
  const known = document.querySelector(`link[href="${href}"]`);
  if (known) return known.sheet ? null : new Promise((resolve) => known.addEventListener("load", resolve));
  const sheet = h("link", { rel: "stylesheet", href });
  document.head.append(sheet);
  return new Promise((resolve, reject) => {
    sheet.addEventListener("load", resolve);
    sheet.addEventListener("error", () => {
      sheet.remove();
      reject(new Error(href));
    });
  });
}

/** Goes to a page of this app. `stays`: what is shown is that page already. */
function go(url, { replace = false, stays = false } = {}) {
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  if (stays) {
    // What was on its way elsewhere does not come any more.
    turn += 1;
    shown = location.pathname + location.search;
  } else {
    route();
  }
}

/** Opens the palette: its field at once, so that what is typed goes nowhere else, and what it leads to as soon as that is there. */
async function goTo() {
  const begun = openGoTo();
  try {
    const { fillPalette } = await import("./palette.js");
    if (begun.dialog.open) fillPalette(begun, { go, signOut });
  } catch {
    begun.told.textContent = "This part of the page could not be fetched from Wilco. Close it and try again.";
  }
}

/** Fetches the palette, so that it is there when somebody wants it. */
const fetchPalette = () => import("./palette.js").catch(() => {});

function leave() {
  current?.close?.();
  current = null;
}

/** Shows what stands before the rooms. */
function atTheDoor(view) {
  turn += 1;
  leave();
  shell?.close();
  shell = null;
  for (const end of endings) end();
  endings = [];
  shown = DOOR;
  document.title = `${view.title} · Wilco`;
  fill(app, view.element);
  view.focus?.focus();
}

onSignedOut(() => {
  // Several requests may hear of the same end.
  if (location.pathname === "/login" || shown === DOOR) return;
  const ended = me?.id ?? null;
  if (me) sessionEnded(location.pathname + location.search);
  else forget();
  atTheDoor(doorView({ ended, terminal: location.pathname === TERMINAL }));
});

/** Tells the other windows of this browser that somebody signed in: those that stand at the door go on where they were. */
const windows = new BroadcastChannel("wilco-windows");
windows.addEventListener("message", () => {
  if (shown !== DOOR || location.pathname === "/login") return;
  shown = null;
  route();
});

async function signOut() {
  try {
    await del("/session");
  } catch {
    // Where the session had ended already, there is nothing left to end.
  }
  leaveNothing();
  atTheDoor(doorView({}));
}

/** A one-time link was redeemed: whoever was signed in before is not any more. */
function enter() {
  forget();
  windows.postMessage("signed in");
  go("/", { replace: true });
}

async function route() {
  if (location.pathname === "/login") {
    const secret = location.hash.slice(1);
    // The secret must not stay where the next person reads it.
    if (secret) history.replaceState(null, "", "/login");
    atTheDoor(redeemView({ secret, enter }));
    return;
  }
  const address = location.pathname + location.search;
  if (address === shown) return;
  const mine = ++turn;
  if (!me) {
    try {
      await loadMe();
    } catch (problem) {
      if (problem.status !== 401 && mine === turn) atTheDoor(doorView({ problem, again: route }));
      return;
    }
    if (mine !== turn) return;
    const back = takeBack();
    refreshWaiting();
    if (back !== null && location.pathname === "/") {
      go(back, { replace: true });
      return;
    }
  }
  if (location.pathname === TERMINAL) {
    const view = await page("device", "deviceView").catch(() => null);
    if (mine !== turn) return;
    if (view) atTheDoor(view());
    else atTheDoor(doorView({ problem: { message: "This part of the page could not be fetched from Wilco." }, again: route }));
    return;
  }
  if (location.pathname === "/") {
    go(roomUrl(firstRoom()), { replace: true });
    return;
  }
  if (!shell) {
    shell = makeShell({ signOut, goTo });
    fill(app, shell.element);
    endings = [lookAfterRooms(), keepVisit(), takeKeys({ go, goTo })];
    whenIdle(fetchPalette);
  }
  shown = address;
  const [fetchView, argument] = find(location.pathname);
  const query = new URLSearchParams(location.search);
  let view;
  try {
    view = await fetchView();
  } catch {
    view = unreachable;
  }
  if (mine !== turn) return;
  leave();
  shell.quiet();
  current = view({ argument, go, connection: shell.connection, query });
  document.title = `${current.title} · Wilco`;
  shell.show(current);
  current.shown?.();
}

function find(path) {
  for (const [pattern, view] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    try {
      return [view, match[1] === undefined ? null : decodeURIComponent(match[1])];
    } catch {
      break;
    }
  }
  return [async () => nowhere, path];
}

function nowhere() {
  return {
    title: "Not found",
    top: h("h1", "Not found"),
    body: h("div.scroll", h("div.page", h("p.empty", icon("skip"), " There is no such page. ", h("a", { href: "/" }, "Go to the room")))),
  };
}

function unreachable() {
  shown = null;
  return {
    title: "Not loaded",
    top: h("h1", "Not loaded"),
    body: h("div.scroll", h("div.page", h("p.empty", { role: "alert" }, "This part of the page could not be fetched from Wilco. ",
      h("button.btn", { type: "button", on: { click: route } }, "Try again")))),
  };
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const anchor = event.target.closest("a[href]");
  if (!anchor || anchor.target || anchor.hasAttribute("download")) return;
  const url = new URL(anchor.href);
  if (url.origin !== location.origin || url.hash || url.pathname.startsWith("/api/")) return;
  event.preventDefault();
  if (url.pathname + url.search === location.pathname + location.search) shell?.show(current);
  else go(url.pathname + url.search);
});

keepsDrops();
window.addEventListener("popstate", route);
route();
