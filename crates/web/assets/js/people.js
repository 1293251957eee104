// People and roles: who is who, and which rules say who may do what.

import { get, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { copyable, refusalOf } from "./order.js";
import { me } from "./session.js";
import { rowsTable } from "./table.js";
import { effect, seconds, span, time, zoneName } from "./words.js";

const VIEWS = [["/people", "People"], ["/access", "Ways in"]];
/** The role that makes links and tokens. */
export const ADMIN = "admin";
/** Whether the person who is signed in has it. */
export const isAdmin = () => me.roles.includes(ADMIN);

/** The way between the pages of people. */
export function peopleTabs(here) {
  return h("nav.filters.tabs", { "aria-label": "Pages of people" }, VIEWS.map(([href, name]) => h("a.filter", { href, "aria-current": href === here && "page" }, name)));
}

/** A part of a page under a heading. */
export function part(title, end, ...content) {
  return h("section.section", { "aria-label": title }, h("div.section-head", h("h2", title), end && h("span.end", end)), content);
}

/** The view of people and roles. */
export function peopleView() {
  const body = h("div.page");
  const link = h("div.order-told", { "aria-live": "polite" });
  let closed = false;

  async function load() {
    try {
      const [people, rules] = await Promise.all([get("/people"), get("/rules")]);
      if (!closed) draw(people.items, rules);
    } catch (problem) {
      if (!closed) fill(body, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  function draw(people, { grants, requirements }) {
    const admin = isAdmin();
    const known = people.some((person) => person.accounts !== null);
    const columns = ["Person", "Roles", known && "Accounts", "Declared in", admin && ""].filter((name) => name !== false);
    fill(body,
      part("People", ["as ", h("code", "wilco.toml"), " names them"], rowsTable("People", columns, people.map((person) => h("tr",
        h("td.lead", h("b", person.name), " ", h("span.ref.muted", `@${person.id}`), person.id === me.id && [" ", h("span.tag", "you")]),
        h("td", person.roles.length > 0 ? person.roles.map((role) => [h("span.tag", role), " "]) : h("span.subtle", "none")),
        known && h("td.full", person.accounts === null ? h("span.subtle", "theirs to see") : person.accounts.length > 0 ? person.accounts.flatMap((account, at) => [at > 0 ? ", " : "", h("code", account)]) : h("span.subtle", "the page alone")),
        h("td", h("code", person.rule)),
        admin && h("td.num", h("button.btn.btn-quiet", { type: "button", on: { click: (event) => invite(person, event.currentTarget) } }, icon("inbox"), "Make a link", h("span.hidden-text", ` for ${person.name}`)))))),
        link,
        admin ? h("p.small.muted.below", "A link signs its person in once, within 10 minutes. Send it by a way that you trust.") : h("p.small.muted.below", "Who lacks a way in asks somebody with the role ", h("code", ADMIN), ": ", adminsOf(people), ".")),
      part("Roles", null, roles(people, grants)),
      part("Who may do what", "any one of these suffices", grantTable(grants)),
      part("What it then needs", "all that fit add up", requirementTable(requirements)));
  }

  async function invite(person, button) {
    button.disabled = true;
    try {
      const made = await post("/invites", { person: person.id });
      fill(link, h("div.box.box-pad.prose", h("p", "A one-time link for ", h("b", person.name), ", until ", time(made.expires_at, (at) => `${seconds(at)} ${zoneName()}`), ". Whoever opens it is signed in as them. It is shown this once."), copyable(made.url, "the link")));
    } catch (problem) {
      fill(link, refusalOf(problem));
    } finally {
      button.disabled = false;
    }
  }

  load();
  return {
    title: "People",
    top: [h("h1", { tabindex: "-1" }, "People"), peopleTabs("/people")],
    body: h("div.scroll", { tabindex: "0", role: "region", "aria-label": "People and roles" }, body),
    close() { closed = true; },
  };
}

/** Who makes links, by name. */
const adminsOf = (people) => people.filter((person) => person.roles.includes(ADMIN)).map((person) => `@${person.id}`).join(", ") || "the local operator";

function roles(people, grants) {
  const names = new Set(people.flatMap((person) => person.roles));
  for (const grant of grants) for (const to of grant.to) if (to.startsWith("role:")) names.add(to.slice(5));
  if (names.size === 0) return h("p.empty", "No role is named.");
  return rowsTable("Roles", ["Role", "Who has it", "What is granted to it"], [...names].sort().map((name) => {
    const has = people.filter((person) => person.roles.includes(name));
    const granted = grants.filter((grant) => grant.to.includes(`role:${name}`));
    return h("tr",
      h("td.lead", h("code", `role:${name}`)),
      h("td", has.length > 0 ? has.flatMap((person, at) => [at > 0 ? ", " : "", h("span.ref", `@${person.id}`)]) : h("span.subtle", "nobody")),
      h("td.full", granted.length > 0 ? granted.flatMap((grant, at) => [at > 0 ? ", " : "", h("code", grant.command)]) : h("span.subtle", name === ADMIN ? "the built-in commands, links and tokens" : "nothing by name")));
  }));
}

const list = (values, none) => (values === null || values.length === 0 ? h("span.subtle", none) : values.flatMap((value, at) => [at > 0 ? ", " : "", h("code", value)]));

function grantTable(grants) {
  if (grants.length === 0) return h("p.empty", "No ", h("code", "[[grant]]"), " is declared: every read is for all who are signed in, and no write is granted.");
  return rowsTable("Grants", ["Commands", "To", "Where", "Under which condition", "Rule"], grants.map((grant) => h("tr",
    h("td.lead", h("code", grant.command), grant.effect && [" up to ", effect(grant.effect)], grant.flags.map((flag) => [" ", h("span.tag", `--${flag}`)])),
    h("td", list(grant.to, "nobody")),
    h("td", list(grant.rooms, "anywhere")),
    h("td.full", grant.when ? h("code", grant.when) : h("span.subtle", "always")),
    h("td", h("code", grant.rule)))));
}

function requirementTable(requirements) {
  if (requirements.length === 0) return h("p.empty", "No ", h("code", "[[require]]"), " is declared.");
  return rowsTable("Requirements", ["Commands", "Under which condition", "Needs", "Rule"], requirements.map((one) => {
    const needs = [
      one.confirm && "the asker confirms",
      one.approve > 0 && [`${one.approve} ${one.approve === 1 ? "approval" : "approvals"}`, one.by && [" by ", h("code", one.by)], ` within ${span(one.within_secs * 1000)}`],
      one.max_targets !== null && `at most ${one.max_targets} targets`,
      one.deny && `denied: ${one.deny}`,
    ].filter(Boolean);
    return h("tr",
      h("td.lead", one.command ? h("code", one.command) : h("span.subtle", "of its pack")),
      h("td.full", one.when ? h("code", one.when) : h("span.subtle", "always")),
      h("td.full", needs.flatMap((need, at) => [at > 0 ? "; " : "", need])),
      h("td", h("code", one.rule)));
  }));
}
