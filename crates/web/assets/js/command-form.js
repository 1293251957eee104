// A command's arguments as a form: what is filled in becomes words, which are looked at and given.

import { get, post } from "./api.js";
import { beginning } from "./completion.js";
import { fill, freshId, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { copyText, orderBox, quoted } from "./order.js";
import { ticks } from "./outside.js";
import { addressed, drafts, firstRoom, formOf, me, roomUrl } from "./session.js";
import { decides, valueText } from "./words.js";

/** So many choices are shown at once; more are a list. */
const FEW = 4;
/** How long after the last sign the words are asked for, in milliseconds. */
const PAUSE = 250;
/** What a value of a type looks like. */
const AS = {
  integer: "a whole number", number: "a number", duration: "a span of time, as 90s or 2h", bytes: "a size, as 10kB or 4MiB",
  url: "an address with http or https", person: "a person, as @ana", room: "a room, as web:ops", ref: "a commit, tag or branch",
  json: "any JSON", time: "a time, as 18:00 or friday 18:00 or in 2h", word: "one word; quotes are not needed", text: "any text",
};

/** The form of a command. `go(url)` leads to what comes of it. The result: `element`, `close()`. */
export function commandForm(command, go) {
  const changes = command.effect !== "read";
  const fields = command.args.map(field);
  const because = changes ? h("input.input", { id: freshId("because"), type: "text", autocomplete: "off", maxlength: "500" }) : null;
  const shared = me.rooms.filter((room) => !room.direct);
  // Where it may not be given there is nothing to choose; that it may be nowhere but in private is rare, and is told.
  const granted = shared.filter((room) => command.rooms.includes(room.place));
  const rooms = granted.length > 0 ? granted : shared;
  const room = h("select.input", { id: freshId("room"), on: { change: () => { box.changed(); ask(); } } },
    !changes && h("option", { value: "" }, "nobody: answer me here"),
    rooms.map((one) => h("option", { value: one.place }, one.name)));
  if (changes && rooms.some((one) => one.place === me.wilco.home)) room.value = me.wilco.home;
  const line = h("code");
  const word = h("span", "Copy");
  const lacks = h("p.help", { role: "status" });
  /** What is sure before the server said anything. */
  const sure = beginning(command, command.words[0] ?? command.id).trim();
  let order = null;
  let turn = 0;
  let timer = null;

  const box = orderBox({ words, place: () => room.value || null, changes, label: changes ? "Give this order" : decides(command.id) ? "Say it" : "Ask", go: leave });
  const element = h("form.form.form-cols", { "aria-label": `Arguments of ${command.id}`, novalidate: true, on: { submit: (event) => event.preventDefault(), input: wait, change: wait } },
    fields.map((one) => one.element),
    because && h("div.field", h("label", { for: because.id }, "because ", h("span.type", "text, kept in the record")), because),
    h("div.field.field-short", h("label", { for: room.id }, "Room"), room,
      h("p.help", changes ? "Everyone there sees the plan, the start and the outcome, and it is planned by what holds there." : "Nobody else sees it unless you choose a room.")),
    h("div.field", h("span.label", { id: freshId("words") }, "In words"),
      h("div.said", line, h("button.btn.btn-quiet", { type: "button", on: { click: () => copyText(line.textContent, line, word) } }, icon("copy"), word),
        h("button.btn.btn-quiet", { type: "button", on: { click: compose } }, icon("comment"), "Put in composer")),
      lacks),
    box.element);
  line.textContent = addressed(sure);
  people(fields);
  fillIn(drafts.get(formOf(command.id)));
  element.addEventListener("input", () => drafts.set(formOf(command.id), filledIn()));
  ask();

  /** What was typed, for whoever comes back to this form. */
  function filledIn() {
    return JSON.stringify({ values: Object.fromEntries(fields.map((one) => [one.name, one.text()])), because: because?.value ?? "", room: room.value });
  }

  function fillIn(kept) {
    if (!kept) return;
    const { values, because: reason, room: place } = JSON.parse(kept);
    for (const one of fields) if (values[one.name]) one.set(values[one.name]);
    if (because) because.value = reason;
    if ([...room.options].some(({ value }) => value === place)) room.value = place;
  }

  /** What was typed was given. */
  function leave(url) {
    drafts.delete(formOf(command.id));
    go(url);
  }

  /** The whole order; null while it is not one. */
  function words() {
    if (order === null) return null;
    const reason = because?.value.trim();
    return reason ? `${order} --because ${quoted(reason)}` : order;
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  /** The server says what it is in words, and what is wrong with it. */
  async function ask() {
    clearTimeout(timer);
    const mine = ++turn;
    const args = {};
    for (const one of fields) {
      const value = one.value();
      one.wrong("");
      if (value !== undefined) args[one.name] = value;
    }
    const broken = fields.find((one) => one.isBroken());
    if (broken) {
      settle(null);
      broken.wrong("This is no JSON.");
      return;
    }
    try {
      const { order: said, missing, wrong } = await post("/calls/words", { command: command.id, args, place: room.value || undefined });
      if (mine !== turn) return;
      settle(said !== null && missing.length === 0 ? said : null, said);
      if (wrong !== null) tellWrong(wrong);
      else lacks.textContent = missing.length === 0 ? "" : `Still missing: ${missing.join(", ")}.`;
    } catch (problem) {
      if (mine !== turn) return;
      settle(null);
      fill(lacks, ticks(problem.message));
    }
  }

  /** What does not fit, beside its field where it is one's. */
  function tellWrong(what) {
    const [, name, why] = /^`([^`]+)`: (.*)$/s.exec(what) ?? [];
    const at = fields.find((one) => one.name === name);
    if (at) at.wrong(why.charAt(0).toUpperCase() + why.slice(1));
    else fill(lacks, ticks(what));
  }

  function settle(whole, begun = null) {
    order = whole;
    line.textContent = addressed(words() ?? `${begun ?? sure} …`);
    if (whole === null) lacks.textContent = "";
    box.changed();
  }

  function compose() {
    const place = room.value || firstRoom();
    drafts.set(place, line.textContent.replace(/ ?…$/, " "));
    go(roomUrl(place));
  }

  return {
    element,
    close() {
      clearTimeout(timer);
      turn += 1;
    },
  };
}

/** Suggests the people that there are, where a person is asked for. */
async function people(fields) {
  const asking = fields.filter((one) => one.suggests);
  if (asking.length === 0) return;
  try {
    const { items } = await get("/people");
    for (const one of asking) fill(one.suggests, items.map((person) => h("option", { value: `@${person.id}` }, person.name)));
  } catch {
    // Whoever knows the name types it.
  }
}

const hasDefault = (arg) => arg.default !== null && arg.default !== undefined;

/** A labelled field for one argument. */
function field(arg) {
  const [id, help, error] = [freshId("arg"), freshId("help"), freshId("error")];
  const choices = arg.choices ?? (arg.type === "bool" ? ["yes", "no"] : null);
  const needed = arg.required && !hasDefault(arg);
  const label = [`${arg.name} `, h("span.type", arg.type, needed ? ", required" : "")];
  const as = arg.type === "text" || arg.type === "word" ? null : AS[arg.type];
  const told = [arg.about || AS[arg.type] || "", arg.about && as && ` (${as})`].filter(Boolean).join("");
  const without = hasDefault(arg) ? [" Without it: ", h("code", valueText(arg.default)), "."] : !arg.required ? " May be left out." : null;
  const about = h("p.help", { id: help }, inline(told), told && without && !/[.!?]$/.test(told) && ".", without);
  const wrong = h("p.error", { id: error, role: "alert" });
  const props = { id, class: "input mono", "aria-describedby": `${help} ${error}`, autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  const few = choices !== null && choices.length <= FEW;
  let control;
  let suggests = null;
  if (few) {
    control = h("fieldset.choice", h("legend.hidden-text", arg.name), choices.map((choice) => h("label", h("input", { type: "radio", name: id, value: choice, checked: needed && choices.length === 1 }), choice)),
      !needed && h("label", h("input", { type: "radio", name: id, value: "", checked: true }), "leave out"));
  } else if (choices !== null) {
    control = h("select", props, h("option", { value: "" }, needed ? "choose" : "leave out"), choices.map((choice) => h("option", { value: choice }, choice)));
  } else if (arg.type === "text" || arg.type === "json") {
    control = h("textarea", { ...props, rows: "2", spellcheck: arg.type === "text" ? "true" : "false" });
  } else {
    suggests = arg.type === "person" ? h("datalist", { id: freshId("people") }) : null;
    control = h("input", { ...props, type: "text", list: suggests?.id, inputmode: { integer: "numeric", number: "decimal", url: "url" }[arg.type] });
  }
  const text = () => (few ? (control.querySelector("input:checked")?.value ?? "") : control.value).trim();
  const json = () => {
    try {
      return JSON.parse(text());
    } catch {
      return undefined;
    }
  };
  return {
    name: arg.name,
    suggests,
    text,
    set(value) {
      if (!few) control.value = value;
      else for (const radio of control.querySelectorAll("input")) radio.checked = radio.value === value;
    },
    element: h("div.field", few ? h("span.label", { "aria-hidden": "true" }, label) : h("label", { for: id }, label), control, suggests, about, wrong),
    value: () => (text() === "" ? undefined : arg.type === "json" ? json() : text()),
    isBroken: () => arg.type === "json" && text() !== "" && json() === undefined,
    wrong(why) {
      fill(wrong, why !== "" && ticks(/[.!?]$/.test(why) ? why : `${why}.`));
      if (!few) control.setAttribute("aria-invalid", String(why !== ""));
    },
  };
}
