// Routes: where events go and why, and a place to try a condition and a line on an event before they are written down.

import { get, post } from "./api.js";
import { fill, freshId, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { refusalOf } from "./order.js";
import { eventTabs, ticks, watched } from "./outside.js";
import { part } from "./people.js";
import { eventUrl, placeLink } from "./session.js";
import { rowsTable } from "./table.js";

/** What an event that never was looks like at first. */
const SAMPLE = {
  source: "github", kind: "issues", action: "opened", repo: "acme/webapp", number: 812, title: "Login fails on Safari",
  object: "github:acme/webapp#812", state: "open", labels: ["bug", "p1"], actor: { account: "ana", name: "Ana" }, line: "@ana opened webapp#812: Login fails on Safari",
  payload: { issue: { number: 812 } },
};

/** The view of routes; `?event=` tries on that event. */
export function routesView({ query }) {
  const list = h("div");
  const result = h("div.try-result", { "aria-live": "polite" });
  const number = h("input.input.mono", { id: freshId("event"), type: "text", inputmode: "numeric", autocomplete: "off", value: query.get("event") ?? "", placeholder: "its number, as 4711", data: { slash: "" } });
  const sample = h("textarea.input.mono", { id: freshId("sample"), rows: "14", spellcheck: "false", autocomplete: "off" }, JSON.stringify(SAMPLE, null, 2));
  const when = h("textarea.input.mono", { id: freshId("when"), rows: "2", spellcheck: "false", autocapitalize: "off", maxlength: "500", placeholder: "event.repo == 'acme/webapp' and 'p1' in event.labels" });
  const say = h("textarea.input.mono", { id: freshId("say"), rows: "2", spellcheck: "false", autocapitalize: "off", maxlength: "500", placeholder: "{{ event.title }} ({{ event.actor.name }})" });
  const button = h("button.btn.btn-primary", { type: "submit" }, "See what it would do");
  const kept = h("input", { type: "radio", name: "which", value: "kept", checked: true });
  const made = h("input", { type: "radio", name: "which", value: "made" });
  const byNumber = h("div.field.field-short", h("label", { for: number.id }, "Event"), number, h("p.help", "The number stands in the address of an ", h("a", { href: "/events" }, "event"), "."));
  const byHand = h("div.field", h("label", { for: sample.id }, "Event ", h("span.type", "JSON")), sample, h("p.help", "Its fields are what ", h("code", "event.…"), " means in conditions. What is left out is none."));
  const form = h("form.form", { "aria-label": "Try on an event", on: { submit: attempt } },
    h("fieldset.choice", h("legend.hidden-text", "Which event"), h("label", kept, "One that came in"), h("label", made, "One that never was")),
    byNumber, byHand,
    h("div.field", h("label", { for: when.id }, "when ", h("span.type", "a condition, may be left out")), when),
    h("div.field", h("label", { for: say.id }, "say ", h("span.type", "a line, may be left out")), say),
    h("div.btn-row", button, h("span.small.muted", "Nothing is told, kept or set off.")));
  let drawn = "";
  let closed = false;
  let turn = 0;
  const choose = () => {
    byNumber.hidden = !kept.checked;
    byHand.hidden = kept.checked;
  };
  for (const one of [kept, made]) one.addEventListener("change", choose);
  choose();

  async function load() {
    try {
      const { items } = await get("/routes");
      const key = JSON.stringify(items);
      if (closed || key === drawn) return;
      drawn = key;
      fill(list, items.length > 0 ? table(items) : h("p.empty", "No route is declared: see ", h("a", { href: "/sources" }, "the sources"), " for where their events go."));
    } catch (problem) {
      if (!closed && drawn === "") fill(list, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  async function attempt(event) {
    event?.preventDefault();
    const mine = ++turn;
    const body = { when: when.value, say: say.value };
    if (kept.checked) body.event = number.value.trim();
    else {
      try {
        body.sample = JSON.parse(sample.value);
      } catch (error) {
        fill(result, refusalOf({ message: `The event is no JSON: ${error.message}` }));
        return;
      }
    }
    button.disabled = true;
    try {
      const would = await post("/routes/try", body);
      if (mine === turn && !closed) fill(result, outcome(would, body.event));
    } catch (problem) {
      if (mine === turn && !closed) fill(result, refusalOf(problem));
    } finally {
      button.disabled = false;
    }
  }

  const leave = watched(load);
  load();
  if (number.value) attempt();
  return {
    title: "Routes",
    top: [h("h1", { tabindex: "-1" }, "Routes"), eventTabs("/routes")],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Routes" }, h("div.page",
      part("Where events go", "in this order; all that fit add up", list),
      h("div.page-split.try", part("Try it", null, form), h("div", result)))),
    close() {
      closed = true;
      leave();
    },
  };
}

const places = (names) => names.flatMap((name, at) => [at > 0 ? ", " : "", placeLink(name)]);

function table(items) {
  return rowsTable("Routes", ["When", "Does", "Declared in"], items.map((one) => h("tr",
    h("td.full", one.kind === "source" ? ["no route matches an event of ", h("a", { href: `/events?source=${encodeURIComponent(one.source)}` }, one.source)] : one.when === null ? "always" : h("code", one.when)),
    h("td.full", does(one)),
    h("td", h("code", one.rule)))));
}

function does({ kind, drop, to, level, group_secs: group, say, run, name }) {
  if (kind === "rule") return ["runs ", h("code", run), " as ", h("code", `rule:${name}`)];
  if (drop) return "keeps it out of every room";
  return [
    places(to), level && ` at level ${level}`, kind === "route" && group === null && ", always as a post of its own",
    say && [", as ", h("code", say)],
  ];
}

/** Whether a condition holds: icon, word, and what stands beside it. */
function mark(holds) {
  if (holds === null) return { state: "paused", picture: "awaiting_confirm", word: "Nobody can tell" };
  return holds ? { state: "allowed", picture: "succeeded", word: "Fits" } : { state: "idle", picture: "skip", word: "Does not fit" };
}

function terms(list) {
  if (list.length === 0) return null;
  return h("ul.terms", list.map(({ text, holds, why }) => h("li", { data: { state: holds === true ? "allowed" : "denied" } },
    icon(holds === true ? "check" : "x", holds === true ? "holds" : "does not hold"), h("span", h("code", text), why && h("span.subtle", ` ${why}`)))));
}

function row(holds, what, ...content) {
  const { state, picture, word } = mark(holds);
  return h("li", { data: { state } }, icon(picture, word), h("span.what", what ?? word), h("div.grow", content));
}

/** What would come of an event. */
function outcome(would, id) {
  const { tried, routes, places: targets, dropped_by: droppedBy, orders, payload } = would;
  const rows = routes.map(({ rule, when, holds, why, terms: all, note }) => row(holds, null,
    h("code", rule), note && [": ", ticks(note)], why && [": ", ticks(why)], holds !== true && when && all.length === 0 && h("p.small.muted", h("code", when)), holds !== true && terms(all)));
  return [
    h("p.page-sub", h("span", would.source, " · ", h("code", would.kind)), h("span", would.line), id && h("a", { href: eventUrl(id) }, "the event")),
    tried && part("What you try", null, h("ol.box.trace",
      (tried.holds !== null || tried.why) && row(tried.holds, null, tried.why ? ticks(tried.why) : terms(tried.terms) ?? "The condition is one part."),
      tried.line !== null && row(true, "Says", tried.line),
      tried.line_why && row(null, "Says", "The event's own line: ", ticks(tried.line_why)),
      tried.without_payload && row(null, "Payload", "What is tried looks at no payload above 64 KiB."))),
    part("What the routes say", null, rows.length > 0 ? h("ol.box.trace", rows) : h("p.empty", "There is no route and no rule.")),
    part("So it would go to", null, h("ol.box.trace",
      targets.map(({ place: name, level, line, rule }) => row(true, "Room", h("b", placeLink(name)), ` at level ${level}, by `, h("code", rule), line && [", as: ", line])),
      droppedBy && row(false, "Dropped", h("code", droppedBy), " keeps it out of every room."),
      !droppedBy && targets.length === 0 && row(false, "No room", "No route matches, and the source names no room in its ", h("code", "to"), "."),
      orders.map(({ rule, order, why }) => row(order !== null ? true : null, "Order", h("code", `rule:${rule}`), order !== null ? [" gives ", h("code", order), ", if it may."] : [": ", ticks(why)]))),
      h("p.small.muted.below", "What a room was told before, its budget and what is muted there are looked at when an event really comes.",
        payload === "too_long" && " The payload has more than 1 MiB, so conditions that look into it cannot be told here: wilco explain takes it.")),
  ];
}
