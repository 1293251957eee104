// Sessions and tokens: which ways in are open, and ending them.

import { announce } from "./announce.js";
import { del, get, post, segment } from "./api.js";
import { fill, freshId, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { copyable, refusalOf } from "./order.js";
import { ADMIN, isAdmin, part, peopleTabs } from "./people.js";
import { me } from "./session.js";
import { rowsTable } from "./table.js";
import { stamp, time, zoneName } from "./words.js";

const DAY = 86_400;

/** The view of sessions and tokens; `?all` shows everybody's sessions to admins. */
export function accessView({ query, go }) {
  const all = isAdmin() && query.has("all");
  const sessions = h("div");
  const tokens = h("div");
  const told = h("div.order-told", { "aria-live": "polite" });
  const made = h("div.order-told", { "aria-live": "polite" });
  let closed = false;

  async function loadSessions() {
    try {
      const { items } = await get("/sessions", { all: all || null });
      if (!closed) fill(sessions, sessionTable(items));
    } catch (problem) {
      if (!closed) fill(sessions, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  async function loadTokens() {
    if (!isAdmin()) {
      fill(tokens, h("p.empty", "Tokens are for programs. Somebody with the role ", h("code", ADMIN), " makes, sees and revokes them here."));
      return;
    }
    try {
      const { items } = await get("/tokens");
      if (!closed) fill(tokens, tokenTable(items));
    } catch (problem) {
      if (!closed) fill(tokens, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  function sessionTable(items) {
    if (items.length === 0) return h("p.empty", "No session is open.");
    const columns = [all && "Whose", "Session", "Began", "Last used", ""].filter((name) => name !== false);
    return rowsTable("Sessions", columns, items.map((one) => h("tr",
      all && h("td.lead", h("span.ref", `@${one.person}`), one.person === me.id && [" ", h("span.tag", "you")]),
      h("td.lead", one.current ? h("span.tag", "this one") : h("span.hash", one.id.slice(0, 8))),
      h("td", time(one.created_at, stamp)),
      h("td", time(one.seen_at, stamp)),
      h("td.num", one.current
        ? h("span.small.muted", "end it by signing out")
        : twice("End", `End this session of @${one.person}`, () => end(`/sessions/${segment(one.id)}`, "The session was ended.", loadSessions))))));
  }

  function tokenTable(items) {
    if (items.length === 0) return h("p.empty", "There is no token. A program that calls the API needs one.");
    const now = Date.now();
    const alive = (one) => one.revoked_at === null && Date.parse(one.expires_at) > now;
    const sorted = [...items].sort((a, b) => Number(alive(b)) - Number(alive(a)) || a.name.localeCompare(b.name));
    return rowsTable("Tokens", ["Name", "May", "Made", "Until", "State", ""], sorted.map((one) => h("tr",
      h("td.lead", h("b.mono", one.name)),
      h("td", one.scope === "order" ? "give orders that are granted to it" : "read"),
      h("td", time(one.created_at, stamp), h("span.muted", ` by ${one.by}`)),
      h("td", time(one.expires_at, stamp)),
      h("td", alive(one)
        ? h("span.state", { data: { state: "succeeded" } }, icon("succeeded"), "counts")
        : h("span.state", { data: { state: "aborted" } }, icon("aborted"), one.revoked_at ? "revoked" : "ended")),
      h("td.num", alive(one) && twice("Revoke", `Revoke the token ${one.name}`, () => end(`/tokens/${segment(one.name)}`, `The token ${one.name} is revoked.`, loadTokens))))));
  }

  async function end(path, word, again) {
    try {
      await del(path);
      announce(word);
      fill(told, h("p.small", icon("check"), " ", word));
    } catch (problem) {
      fill(told, refusalOf(problem));
    }
    await again();
  }

  const whose = isAdmin() && h("div.filters", { role: "group", "aria-label": "Whose sessions" }, [["/access", "Mine", !all], ["/access?all", "Everybody's", all]].map(([href, name, on]) => h("button.filter", {
    type: "button", "aria-pressed": String(on), on: { click: () => go(href, { replace: true }) },
  }, name)));
  loadSessions();
  loadTokens();
  return {
    title: "Ways in",
    top: [h("h1", { tabindex: "-1" }, "Ways in"), peopleTabs("/access"), h("p.topbar-note", `times in ${zoneName()}`)],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Sessions and tokens" }, h("div.page", told,
      part("Sessions", whose, sessions, h("p.small.muted.below", "A page or a terminal that is signed in. Last use is known to ten minutes; 12 hours without any end a session. What is ended here is shut out within 5 s.")),
      part("Tokens", null, tokens, isAdmin() && tokenForm(made, loadTokens), made))),
    close() { closed = true; },
  };
}

/** A button that asks once more before it does what cannot be taken back. */
function twice(word, label, act) {
  const place = h("span.btn-row.twice");
  const first = h("button.btn.btn-quiet.btn-bad", { type: "button", "aria-label": label, on: { click: ask } }, word);
  function ask() {
    const yes = h("button.btn.btn-bad", { type: "button", "aria-label": `${label}, for good`, on: { click: () => { yes.disabled = true; act(); } } }, `${word} for good`);
    fill(place, yes, h("button.btn.btn-quiet", { type: "button", on: { click: () => { fill(place, first); first.focus(); } } }, "Keep"));
    yes.focus();
  }
  return fill(place, first);
}

/** The form that makes a token. */
function tokenForm(made, again) {
  const name = h("input.input.mono", { id: freshId("token"), type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "64", placeholder: "ci", required: true });
  const scope = h("select.input", { id: freshId("scope") }, h("option", { value: "read" }, "read"), h("option", { value: "order" }, "read, and give orders that are granted to it"));
  const days = h("select.input", { id: freshId("days") }, [1, 7, 30, 90, 366].map((count) => h("option", { value: String(count), selected: count === 30 }, count === 1 ? "1 day" : `${count} days`)));
  const button = h("button.btn", { type: "submit" }, "Make a token");
  return h("form.form.below", { "aria-label": "Make a token", on: { submit } },
    h("div.field.field-short", h("label", { for: name.id }, "Name ", h("span.type", "lower-case letters, digits, - and _")), name),
    h("div.field.field-short", h("label", { for: scope.id }, "It may"), scope),
    h("div.field.field-short", h("label", { for: days.id }, "For"), days),
    h("div.btn-row", button));
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const token = await post("/tokens", { name: name.value.trim(), scope: scope.value, expires_in_secs: Number(days.value) * DAY });
      fill(made, h("div.box.box-pad.prose", h("p", "The token ", h("b.mono", token.name), ". It is shown this once: nobody can read it again."), copyable(token.token, "the token")));
      name.value = "";
      await again();
    } catch (problem) {
      fill(made, refusalOf(problem));
    } finally {
      button.disabled = false;
    }
  }
}
