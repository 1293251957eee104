// One operation: what it will do, who decides, how far it is, what it printed, what the record holds.

import { afterwards } from "./afterwards.js";
import { announce } from "./announce.js";
import { get, segment, stream } from "./api.js";
import { auditRows } from "./audit.js";
import { progress } from "./blocks.js";
import { byWhom, decideBar, openChoices } from "./decide.js";
import { fill, h, icon } from "./dom.js";
import { makeLog } from "./log.js";
import { inline, markdown } from "./markdown.js";
import { pieces } from "./pieces.js";
import { addressed, operationUrl, placeLink } from "./session.js";
import { awaits, effect, handle, isFinal, mark, nameOf, pill, seconds, span, stamp, stateWord, time, valueText, whole, zoneName } from "./words.js";

/** The view of an operation. */
export function operationView({ argument: id, connection, go }) {
  const path = `/operations/${segment(id)}`;
  const log = makeLog(`/api/v1${path}/log`);
  const decide = h("div.status-now");
  const parts = { head: h("div"), now: h("div"), plan: h("div"), steps: h("div"), audit: h("div"), after: h("div"), aside: h("div.page-aside"), end: h("div.topbar-end") };
  const logSection = section("Log", `times in ${zoneName()}`, log.element);
  const column = h("div");
  const page = h("div.page", parts.head, parts.now, decide, h("div.page-split", column, parts.aside));
  const body = h("div.scroll", { tabindex: "0", role: "region", "aria-label": `Operation ${id}` }, page);
  let operation = null;
  let bar = null;
  let barKey = "";
  let live = null;
  let closed = false;
  let clockTimer = null;
  let auditTimer = null;

  async function load() {
    try {
      take(await get(path));
    } catch (problem) {
      if (!closed) fill(body, h("div.page", h("div.empty", { role: "alert" }, h("p", problem.status === 404 ? `There is no operation ${id}, or you may not see it.` : inline(problem.message)), h("a", { href: "/operations" }, "All operations"))));
      return;
    }
    if (closed) return;
    live = stream(`${path}/log`, { on: { line: log.add, operation: take }, state: connection });
  }

  function take(newer) {
    if (closed || (operation && newer.version < operation.version)) return;
    const changed = operation && operation.state !== newer.state;
    operation = newer;
    if (changed) announce(`${id} ${stateWord(newer.state).toLowerCase()}`);
    draw();
    auditTimer ??= setTimeout(drawAudit, operation.version === newer.version && !changed ? 100 : 400);
  }

  /** What is decided stands first while it waits; how it goes stands first from then on. */
  function order(waiting) {
    if (column.dataset.waiting === String(waiting)) return;
    column.dataset.waiting = String(waiting);
    fill(column, waiting ? [parts.plan, parts.steps] : [parts.steps, parts.after, logSection, parts.plan], parts.audit);
  }

  function draw() {
    const { state } = operation;
    order(awaits(state) || state === "planned");
    document.title = `${operation.id} ${stateWord(state).toLowerCase()} · Wilco`;
    drawHead();
    drawDecision();
    fill(parts.plan, section("Plan", isFinal(state) ? "as it was planned" : "what was approved is what runs", planBox(operation)));
    fill(parts.steps, operation.steps.length > 0 && section("Steps", stepCount(operation), stepList(operation)));
    if (isFinal(state)) {
      log.ended();
      // Once: what is being looked at there stays.
      if (parts.after.childElementCount === 0) fill(parts.after, afterwards(operation, go));
    }
    fill(parts.aside, asideParts(operation));
    clearInterval(clockTimer);
    if (!isFinal(state) && (operation.started_at || operation.alone?.starts_at)) clockTimer = setInterval(drawHead, 1000);
  }

  function drawHead() {
    const { asker, place, state, started_at: started, ended_at: ended } = operation;
    const took = started && (ended ? ["took ", h("b", span(Date.parse(ended) - Date.parse(started)))] : ["running for ", h("b", span(Date.now() - Date.parse(started)))]);
    const starts = operation.alone?.starts_at;
    const until = starts && ["starts alone in ", h("b", span(Math.max(0, Date.parse(starts) - Date.now())))];
    fill(parts.head,
      h("div.page-head", h("h1", { tabindex: "-1" }, operation.order || inline(operation.about)), pill(state)),
      h("p.page-sub",
        h("span", "asked by ", h("b.ref", nameOf(asker)), place && [" in ", placeLink(place)], " at ", time(operation.created_at, stamp)),
        took && h("span", took), until && h("span", until)));
    const showing = operation.steps.length > 0 && (operation.started_at || isFinal(state));
    fill(parts.now, (showing || operation.why) && h("div.box.box-pad.status-now", { data: { state } },
      // Once it has ended, the steps below say what came of each.
      showing && progress(operation.steps.map((step) => ({ name: stepName(step), state: step.mark, note: isFinal(state) ? null : step.note ?? step.error }))),
      operation.why && h("p.progress-line", h("span", inline(operation.why)))));
  }

  function drawDecision() {
    const choices = openChoices(operation);
    const key = JSON.stringify(choices);
    const decidable = awaits(operation.state);
    if (key !== barKey) {
      barKey = key;
      const before = bar;
      bar = null;
      fill(decide);
      fill(parts.end);
      if (choices.length > 0 && (decidable || operation.may?.includes("abort"))) {
        bar = decideBar(choices, { compact: !decidable, before, decided: take });
        if (decidable) fill(decide, h("div.box", bar.element));
        else {
          fill(parts.end, bar.row);
          fill(decide, bar.said);
        }
      }
    }
    bar?.update(operation);
  }

  async function drawAudit() {
    auditTimer = null;
    try {
      const { items } = await get("/audit", { operation: id, limit: 200 });
      if (!closed) fill(parts.audit, items.length > 0 && section("Audit", h("a", { href: `/audit?operation=${segment(id)}` }, "in the whole record"), auditRows(items, { alone: true })));
    } catch {
      // Who may not read the record sees the operation without it.
    }
  }

  load();
  return {
    title: id,
    top: [h("p.crumb-bar", h("a", { href: "/operations" }, "Operations"), h("span.subtle", " / "), h("b.id", id)), parts.end],
    body,
    close() {
      closed = true;
      live?.close();
      log.close();
      clearInterval(clockTimer);
      clearTimeout(auditTimer);
    },
  };
}

function section(title, end, ...content) {
  return h("section.section", { "aria-label": title }, h("div.section-head", h("h2", title), end && h("span.end", end)), content);
}

/** What an operation will do, as facts. */
export function planFacts({ plan, because, asker, state, started_at: started }) {
  const rows = [];
  const [now, will] = started || isFinal(state) ? ["Before", state === "succeeded" ? "Did" : isFinal(state) ? "Was to do" : "Is doing"] : ["Now", "Will do"];
  const lines = (values) => (values.length === 1 ? inline(values[0]) : h("ul.bullets", values.map((value) => h("li", inline(value)))));
  for (const { name, value } of plan.now ?? []) rows.push([rows.length === 0 ? now : "", [h("b", name), ": ", inline(value)]]);
  if (plan.will?.length > 0) rows.push([will, lines(plan.will)]);
  if (plan.targets?.length > 0) rows.push(["Touches", plan.targets.flatMap((target, at) => [at > 0 ? ", " : "", h("code", target)])]);
  const inputs = Object.entries(plan.inputs ?? {});
  if (inputs.length > 0) rows.push(["Fixed inputs", inputs.map(([name, value]) => inputLine(name, value))]);
  if (plan.undo?.length > 0) rows.push(["Undo", lines(plan.undo)]);
  return [
    h("dl.facts", rows.map(([name, value]) => [h("dt", name), h("dd", value)])),
    because && h("div.because", h("p.words-label", `In the words of ${handle(asker)}, not checked`), h("p.words", because)),
  ];
}

function inputLine(name, value) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    return Object.entries(value).map(([inner, one]) => inputLine(`${name}.${inner}`, one));
  }
  return h("div", h("code", name), value === null ? " is nothing" : [" = ", h("code", pieces(valueText(value)))]);
}

function planBox(operation) {
  const groups = operation.hash.match(/.{1,8}/g) ?? [];
  return h("div.box",
    h("div.box-pad", planFacts(operation)),
    h("div.box-pad", h("p.hash-full", h("span.hidden-text", "Plan hash, SHA-256: "), groups.map((group, at) => h(at === 0 ? "b" : "span", group))),
      h("details.meaning", h("summary", "What this hash means"),
        h("p", "It is the SHA-256 of the command and its definition, the values it was given, who asked and where, what it touches, its fixed inputs, its steps and what undoes it."),
        h("p", "A yes counts for this hash and no other. Just before the start the plan is made anew: where it comes out as another one, every yes is void, and what changed is said here."))));
}

/** A step as rooms call it. */
const stepName = (step) => (step.verify ? `verify ${step.id}` : step.id);

function stepCount({ steps }) {
  return `${steps.filter((step) => step.mark === "done").length} of ${steps.length} done`;
}

function stepList({ steps, plan }) {
  const uses = (step) => plan.steps?.find((one) => one.id === step.id)?.uses;
  return h("ol.box.steps", steps.map((step) => {
    const { state, picture, word } = mark(step.mark);
    const from = step.started_at && Date.parse(step.started_at);
    const took = from && step.ended_at ? span(Date.parse(step.ended_at) - from) : step.mark === "running" && from ? `since ${seconds(from)}` : "";
    return h("li", { data: { state } }, icon(picture, word),
      h("div.step-body",
        h("span.step-name", stepName(step)), " ", uses(step) && h("code.small.muted", uses(step)),
        step.note && h("div.step-note.prose", markdown(step.note)), step.error && h("div.step-note.is-error", inline(step.error))),
      h("span.step-time", { title: from ? whole(from) : null }, took));
  }));
}

function asideParts(operation) {
  const { effect: strength, lock, deadline, expires_at: expires, retry_of: retry, home, command, started_at: started, ended_at: ended, needs, given } = operation;
  const open = !isFinal(operation.state);
  const words = [`show ${operation.id}`, `log ${operation.id}`, `why ${operation.id}`, isFinal(operation.state) ? `retry ${operation.id}` : `abort ${operation.id}`];
  const rows = [
    ["Command", h("a", { href: `/commands?id=${segment(command)}` }, h("code", command))],
    ["Effect", effect(strength)],
    ["Home", placeLink(home)],
    lock && ["Lock", h("code", lock)],
    operation.forced && ["Forced", operation.forced],
    operation.alone && ["Alone", aloneWords(operation)],
    awaits(operation.state) && expires && [operation.alone?.starts_at ? "Starts at" : "Decide by", time(expires, operation.alone?.starts_at ? seconds : stamp)],
    started && ["Began", time(started, seconds)],
    ended && ["Ended", time(ended, seconds)],
    open && deadline && ["Deadline", time(deadline, seconds)],
    retry && ["Retries", h("a.id", { href: operationUrl(retry) }, retry)],
  ].filter(Boolean);
  return [
    panel("Needed", h("ul.box.rows-box", needs.length > 0 ? needs.map((need) => needRow(need, given, operation)) : h("li", "Nothing: it may run as it is."))),
    panel("Facts", h("div.box.box-pad", h("dl.facts", rows.map(([name, value]) => [h("dt", name), h("dd", value)])))),
    panel("In words", h("ul.box.box-pad.words-list", words.map((line) => h("li", h("code", addressed(line)))))),
  ];
}

/** What is for ever to be seen of an operation that its asker started alone. */
function aloneWords({ alone, asker, needs, given }) {
  const instead = alone.in_place_of.length > 0 && [", in place of the approval that ", alone.in_place_of.map((rule, at) => [at > 0 && " and ", h("code", rule)]), " asks for"];
  const approved = given.filter((one) => one.kind === "approve").map((one) => `@${one.person}`);
  if (alone.unstopped_at) {
    const within = needs.find((need) => need.kind === "countdown")?.within_secs;
    return [`by ${handle(asker)}`, instead, `; nobody stopped it${within ? ` in ${within} s` : ""}, until `, time(alone.unstopped_at, seconds)];
  }
  if (approved.length > 0 && !alone.starts_at) return `asked for by ${handle(asker)}, and then approved by ${approved.join(", ")}`;
  return [`by ${handle(asker)}`, instead];
}

function panel(title, content) {
  return h("section.section", { "aria-label": title }, h("h2.aside-title", title), content);
}

function needRow(need, given, operation) {
  const instead = need.kind === "approve" && !need.met && operation.alone?.unstopped_at;
  const state = need.met ? "succeeded" : isFinal(operation.state) || instead ? "aborted" : need.kind === "confirm" ? "awaiting_confirm" : "awaiting_approval";
  const title = need.kind === "countdown" ? `${need.within_secs} s in which nobody stops it` : need.kind === "confirm" ? ["Confirm by ", h("span.ref", nameOf(operation.asker))] : [`${need.count} approval${need.count === 1 ? "" : "s"}`, (need.who || need.by) && [" by ", byWhom(need)]];
  const yes = given.filter((one) => one.kind === need.kind && (need.have ?? []).includes(one.person));
  return h("li", { data: { state } },
    h("div.row", icon(need.met ? "succeeded" : state === "aborted" ? "skip" : state, need.met ? "Given" : "Not given"), h("span.grow", title), h("span.end", need.met ? "" : instead ? "not waited for" : "open")),
    yes.map((one) => need.kind === "countdown" ? h("p.now", "over at ", time(one.at, seconds)) : h("p.now", h("b.ref", one.person), " at ", time(one.at, seconds), one.account && [", ", h("code", one.account)])),
    h("p.now", "Rule ", h("code", need.rule)));
}
