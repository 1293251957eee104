// What stands around every view: the side bar, the bar at the foot of a phone, the banner when the connection is lost.

import { fill, h, icon } from "./dom.js";
import { PAGES } from "./pages.js";
import { decisions, me, roomUrl, watchWaiting } from "./session.js";
import { unreadIn, watchUnread } from "./unread.js";
import { clock } from "./words.js";

/** Pages that stand below another one in the side bar. */
const BELOW = [[/^\/o\//, "/operations"], [/^\/(events\/|objects$|sources$|connectors$|routes$)/, "/events"], [/^\/access$/, "/people"]];
const THEMES = ["auto", "light", "dark"];

/**
 * Builds the shell. `signOut` ends the session, `goTo` opens the palette. The result: `element`, `show(view)` puts a view's parts in place,
 * `connection(live, since)` says how the stream does, `close()`.
 */
export function makeShell({ signOut, goTo }) {
  const dot = h("span.dot", { "aria-hidden": "true" });
  const live = h("span.live");
  const banner = h("p.banner", { data: { state: "paused" }, role: "status", hidden: true });
  const side = h("nav.side", { id: "rooms", "aria-label": "Rooms and pages" });
  const tabs = h("nav.tabbar", { "aria-label": "Pages" });
  const main = h("main.main", { id: "main", tabindex: "-1" });
  const counts = [];
  const roomsCount = h("span.count.count-me", { hidden: true });
  let bannerTimer = null;
  let path = "";

  const count = () => {
    const element = h("span.count", { hidden: true });
    counts.push(element);
    return element;
  };
  // In a room no bar stands at the foot, so what waits is counted on the way to the pages.
  const menuCount = count();
  const pageLinks = PAGES.filter(({ side }) => side).map(({ href, picture, name }) => {
    return h("li", h("a.side-link", { href }, icon(picture), h("span", name), href === "/waiting" && count()));
  });
  const roomLink = (room) => {
    const name = room.direct ? (room.name || me.wilco.name) : room.name;
    return h("li", h("a.side-link", { href: roomUrl(room.place), data: { place: room.place } }, icon(room.direct ? "brand" : "hash"), h("span", name), h("span.count", { hidden: true })));
  };
  const rooms = me.rooms.filter((room) => !room.direct).map(roomLink);
  const direct = me.rooms.filter((room) => room.direct).map(roomLink);
  const shut = h("button.btn.btn-icon.only-phone", { type: "button", "aria-label": "Close", on: { click: () => drawer(false) } }, icon("x"));

  fill(
    side,
    h("div.side-head", h("a.brand", { href: "/" }, icon("brand"), me.wilco.name === "wilco" ? "Wilco" : me.wilco.name), shut),
    h("div.side-find", h("button.side-goto", { type: "button", on: { click: goTo } }, icon("search"), h("span", "Go to"), h("kbd.only-desk", { "aria-hidden": "true" }, "Ctrl K"))),
    h("div.side-scroll",
      h("ul", pageLinks),
      h("h2.side-title", "Rooms"), h("ul", rooms),
      direct.length > 0 && [h("h2.side-title", "Direct"), h("ul", direct)]),
    h("div.side-foot",
      dot, h("span.who", { title: `${me.name}${me.roles.length > 0 ? `: ${me.roles.join(", ")}` : ""}` }, me.name),
      h("span.end", live, themeButton(),
        h("button.btn.btn-icon", { type: "button", "aria-label": "Sign out", title: "Sign out", on: { click: signOut } }, icon("leave")))),
  );
  fill(
    tabs,
    h("a", { href: roomUrl(me.wilco.home), data: { rooms: "" } }, icon("rooms"), "Rooms", roomsCount),
    PAGES.filter(({ bar }) => bar).map(({ href, picture, bar }) => h("a", { href }, icon(picture), bar, href === "/waiting" && count())),
  );

  const stopCounting = watchWaiting((items) => {
    const mine = items.filter((operation) => decisions(operation).length > 0).length;
    for (const element of counts) {
      element.hidden = mine === 0;
      element.textContent = String(mine);
      element.setAttribute("aria-label", `${mine} waiting`);
    }
  });

  /** What is unread stands at its room, and on the way to the rooms that it speaks to the person. */
  const stopUnread = watchUnread(() => {
    let mentions = 0;
    for (const anchor of side.querySelectorAll("a[data-place]")) {
      const unread = unreadIn(anchor.dataset.place);
      const element = anchor.querySelector(".count");
      anchor.classList.toggle("is-unread", unread !== null);
      element.hidden = unread === null;
      if (unread === null) continue;
      mentions += unread.mentions;
      const many = `${unread.count}${unread.more ? "+" : ""}`;
      element.classList.toggle("count-me", unread.mentions > 0);
      element.textContent = unread.mentions > 0 ? `@${unread.mentions}` : many;
      element.setAttribute("aria-label", `${many} unread${unread.mentions > 0 ? ", you are mentioned" : ""}`);
    }
    roomsCount.hidden = mentions === 0;
    roomsCount.textContent = `@${mentions}`;
    roomsCount.setAttribute("aria-label", `you are mentioned ${mentions} times`);
  });

  function drawer(open) {
    side.classList.toggle("is-open", open);
    main.inert = open;
    if (open) side.querySelector("[aria-current], .side-link").focus();
    else main.querySelector("[data-menu]")?.focus();
  }

  function onKey(event) {
    if (event.key === "Escape" && side.classList.contains("is-open")) {
      drawer(false);
      event.stopPropagation();
    }
  }
  document.addEventListener("keydown", onKey, true);

  function show(view) {
    side.classList.remove("is-open");
    main.inert = false;
    path = location.pathname;
    for (const anchor of [...side.querySelectorAll("a.side-link"), ...tabs.querySelectorAll("a")]) {
      const target = anchor.getAttribute("href");
      const here = target === path || BELOW.some(([below, page]) => target === page && below.test(path)) || (anchor.dataset.rooms === "" && path.startsWith("/r/"));
      if (here) anchor.setAttribute("aria-current", "page");
      else anchor.removeAttribute("aria-current");
    }
    const menu = h("button.btn.btn-icon.only-phone", {
      type: "button", "aria-controls": "rooms", data: { menu: "" }, on: { click: () => drawer(true) },
    }, icon("menu"), h("span.hidden-text", "Rooms and pages "), view.foot && menuCount);
    const pane = h("div.pane",
      h("header.topbar", menu, view.top), banner, view.body, view.foot ?? tabs);
    fill(main, pane, view.aside && h("aside.aside", { "aria-label": view.asideLabel }, view.aside));
  }

  function connection(isLive, since) {
    dot.dataset.live = String(isLive);
    live.textContent = isLive ? "live" : "not live";
    clearTimeout(bannerTimer);
    if (isLive) {
      banner.hidden = true;
      return;
    }
    // A connection that comes back at once is not worth a word.
    bannerTimer = setTimeout(() => {
      fill(banner, icon("offline"), h("span", h("b", "No connection to Wilco"), ` since ${clock(since)}. Trying again; what you see may be old.`));
      banner.hidden = false;
    }, Math.max(0, since + 2500 - Date.now()));
  }

  /** A view without a stream makes no statement about the connection. */
  function quiet() {
    clearTimeout(bannerTimer);
    banner.hidden = true;
    live.textContent = "";
    dot.dataset.live = "true";
  }

  function close() {
    stopCounting();
    stopUnread();
    clearTimeout(bannerTimer);
    document.removeEventListener("keydown", onKey, true);
  }

  return { element: h("div.shell", side, main), show, connection, quiet, close };
}

/** The button that goes through the themes: as the system, light, dark. */
export function themeButton() {
  const root = document.documentElement;
  const button = h("button.btn.btn-icon", { type: "button" }, icon("theme"));
  const label = () => {
    const text = `Theme: ${root.dataset.theme ?? "as the system"}`;
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "auto") localStorage.removeItem("wilco-theme");
      else localStorage.setItem("wilco-theme", next);
    } catch {
      // Storage may be forbidden; then the choice lasts until the page is left.
    }
    label();
  });
  label();
  return button;
}
