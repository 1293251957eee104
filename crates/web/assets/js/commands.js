// The catalogue: what can be ordered, how it is said, what it changes, and a form that says it; or the rule that keeps the
// person from it.

import { commandForm } from "./command-form.js";
import { beginning } from "./completion.js";
import { refusalBox } from "./decide.js";
import { fill, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { addressed, allCommands, drafts, firstRoom, me, roomUrl } from "./session.js";
import { rowsTable } from "./table.js";
import { effectOf, hasEffect, valueText } from "./words.js";

/** The filters that are kept in the address: what a command changes, and whether it may be used. */
const FILTERS = {
  effect: { label: "Filter by effect", choices: [["", "All"], ["read", "read"], ["write", "write"], ["destructive", "destructive"]] },
  may: { label: "Filter by what you may", choices: [["", "All"], ["yes", "I may use"], ["no", "I may not"]] },
};

/** The view of the catalogue; `?id=` opens a command, `?effect=` and `?may=` narrow the list. */
export function commandsView({ query, go }) {
  const items = h("div");
  const detail = h("section.detail", { "aria-label": "Command" });
  const split = h("div.split");
  const field = h("input.input", { type: "search", placeholder: "Find by word or by what it does", data: { slash: "" }, on: { input: draw } });
  const note = h("p.topbar-note");
  const open = query.get("id");
  const chosen = Object.fromEntries(Object.entries(FILTERS).map(([kind, { choices }]) => [kind, choices.find(([value]) => value === query.get(kind))?.[0] ?? ""]));
  const filters = Object.fromEntries(Object.keys(FILTERS).map((kind) => [kind, buttons(kind)]));
  let known = [];
  let all = [];
  let form = null;
  let closed = false;

  /** The buttons of a filter. */
  function buttons(kind) {
    const { label, choices } = FILTERS[kind];
    return h("div.filters", { role: "group", "aria-label": label }, choices.map(([value, name]) => h("button.filter", {
      type: "button", "aria-pressed": String(value === chosen[kind]), data: { value }, on: { click: () => {
        const before = opened();
        chosen[kind] = value;
        for (const button of filters[kind].children) button.setAttribute("aria-pressed", String(button.dataset.value === value));
        go(address({}), { replace: true, stays: true });
        draw();
        // A form that somebody fills in stays.
        if (opened() !== before) drawDetail();
        else detail.querySelector(".to-list")?.setAttribute("href", address({ id: "" }));
      } },
    }, kind === "effect" && value !== "" && icon(value), name)));
  }

  /** This page with other values in its address. */
  function address(values) {
    const params = new URLSearchParams(Object.entries({ id: open, ...chosen, ...values }).filter(([, value]) => value));
    return params.size > 0 ? `/commands?${params}` : "/commands";
  }

  async function load() {
    try {
      show(await allCommands((newer) => { if (!closed) show(newer); }));
      drawDetail();
    } catch (problem) {
      fill(items, h("p.empty", { role: "alert" }, inline(problem.message)));
    }
  }

  function show(commands) {
    if (JSON.stringify(commands) === JSON.stringify(known)) return;
    const wasShown = all.length > 0;
    const before = JSON.stringify(opened());
    known = commands;
    all = withPlan(commands);
    const usable = all.filter(({ refused }) => !refused).length;
    note.textContent = usable === all.length ? `${usable} that you may use` : `${all.length}, of which you may use ${usable}`;
    // Where nothing is refused there is nothing to choose.
    filters.may.hidden = usable === all.length && chosen.may === "";
    draw();
    // What somebody fills in stays, unless it is another command now.
    if (wasShown && JSON.stringify(opened()) !== before) drawDetail();
  }

  /** Whether a command stands in the list by its filters. */
  const stands = (command) => (chosen.effect === "" || (command.effect === chosen.effect && hasEffect(command)))
    && (chosen.may === "" || (chosen.may === "no") === Boolean(command.refused));
  /** The command that is open; where none is, the first. */
  const opened = () => (open ? all.find((one) => one.id === open) : all.find(stands)) ?? null;

  function draw() {
    const wanted = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fits = all.filter((command) => {
      const text = `${command.id} ${command.words.join(" ")} ${command.about}`.toLowerCase();
      return stands(command) && wanted.every((word) => text.includes(word));
    });
    const groups = Map.groupBy ? Map.groupBy(fits, packOf) : group(fits);
    fill(items, fits.length === 0 && h("p.list-title", "No command fits."), [...groups].map(([pack, ones]) => [
      h("h2.list-title", pack),
      h("ul", ones.map((command) => h("li", h("a.item", { href: address({ id: command.id }), "aria-current": command.id === open && "true" },
        effectMark(command), h("span.item-words", usage(command.words[0])), command.refused ? h("span.tag", "you may not") : h("span"), h("span.item-sub", inline(command.about)))))),
    ]));
  }

  function drawDetail() {
    const command = opened();
    split.classList.toggle("has-open", Boolean(open));
    const back = h("a.btn.btn-quiet.to-list.only-stacked", { href: address({ id: "" }) }, icon("back"), "All commands");
    form?.close();
    form = null;
    if (!command) {
      fill(detail, h("div.detail-in", back, all.length > 0 && open && h("p.empty", "There is no command ", h("code", open), ", or you may not use it.")));
      return;
    }
    const isPlan = command.id === PLAN;
    form = command.refused || isPlan ? null : commandForm(command, go);
    fill(detail, h("div.detail-in", back,
      h("div.page-head", h("h1", { tabindex: "-1" }, inline(command.about))),
      h("p.page-sub", effectOf(command), isPlan ? h("span", "in front of an order") : h("code", command.id)),
      !isPlan && section("Give it", form ? form.element : refusalBox(command.refused)),
      section("Ways to say it", command.words.map((words) => said([`${me.wilco.name} `, usage(words)], `${me.wilco.name} ${beginning(command, words)}`, !command.refused))),
      command.args.length > 0 && section("Arguments", argTable(command.args)),
      command.examples.length > 0 && section("For example", command.examples.map((example) => said(withName(example), withName(example), !command.refused)))));
  }

  /** A way to say it, with the link that carries it into the composer. */
  function said(shown, text, may) {
    return h("p.said", h("code", shown), may && h("button.btn.btn-quiet", { type: "button", on: { click: () => {
      const place = firstRoom();
      drafts.set(place, text);
      go(roomUrl(place));
    } } }, icon("comment"), "Put in composer"));
  }

  fill(split, h("section.list", { "aria-label": "Catalogue" },
    h("div.list-bar", h("label.find", icon("search"), h("span.hidden-text", "Find a command"), field, h("kbd.only-desk", "/")), Object.values(filters)), items), detail);
  filters.may.hidden = chosen.may === "";
  load();
  return { title: "Commands", top: [h("h1", { tabindex: "-1" }, "Commands"), note], body: split, close() { closed = true; form?.close(); } };
}

/** A command's effect as an icon, where it has one of its own. */
const effectMark = (command) => (hasEffect(command) ? icon(command.effect, command.effect) : h("span"));

/** Where the word `plan` stands among the commands. */
const PLAN = "wilco.plan";

/**
 * The commands with `plan` among them. It is none: it is read before any command is looked for, and shows what the order
 * behind it would do. Where a command of a pack begins so, the word is that command's.
 */
function withPlan(commands) {
  if (commands.some(({ words }) => words.some((pattern) => /^plan(\s|$)/i.test(pattern)))) return commands;
  const changes = commands.find(({ refused, effect, examples, id }) => !refused && effect !== "read" && examples.length > 0 && packOf({ id }) !== BUILT_IN);
  const plan = {
    id: PLAN, words: ["plan <order>"], about: "Shows what an order would do; nothing is changed", effect: "read",
    args: [{ name: "order", type: "text", required: true, about: "The order, as it would be given" }],
    examples: changes ? [`plan ${plain(changes.examples[0])}`] : [],
  };
  return [...commands.filter(({ id }) => id < PLAN), plan, ...commands.filter(({ id }) => id >= PLAN)];
}

const BUILT_IN = "built in";
const packOf = (command) => {
  const pack = command.id.split(".")[0];
  return pack === "wilco" ? BUILT_IN : pack;
};

function group(list) {
  const out = new Map();
  for (const command of list) out.set(packOf(command), [...(out.get(packOf(command)) ?? []), command]);
  return out;
}

/** A pattern with its arguments set apart from its words. */
function usage(words) {
  return words.split(/(<[^>]*>|\[[^\]]*\])/).filter(Boolean).map((piece) => (/^[<[]/.test(piece) ? h("i", piece) : piece));
}

/** An example without a name in front. */
function plain(example) {
  const name = `${me.wilco.name} `;
  return example.toLowerCase().startsWith(name.toLowerCase()) ? example.slice(name.length) : example;
}

const withName = (example) => addressed(plain(example));

function section(title, ...content) {
  return h("section.section", { "aria-label": title }, h("div.section-head", h("h2", title)), content);
}

function argTable(args) {
  return rowsTable("Arguments", ["Name", "Type", "What it is"], args.map((arg) => h("tr",
    h("td.lead", h("b.mono", arg.name)),
    h("td.lead.muted", typeName(arg.type), arg.required && !hasDefault(arg) ? ", required" : ""),
    h("td.lead.full", inline(arg.about || "–"), hasDefault(arg) && h("span.muted", " Without it: ", h("code", valueText(arg.default))),
      arg.choices?.length > 0 && h("span.muted", " One of ", arg.choices.flatMap((one, at) => [at > 0 ? ", " : "", h("code", one)]))))));
}

const hasDefault = (arg) => arg.default !== null && arg.default !== undefined;
const typeName = (type) => (typeof type === "string" ? type : (type?.type ?? Object.keys(type ?? {})[0] ?? "word"));
