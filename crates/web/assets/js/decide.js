// The buttons with which a person decides about an operation, what is asked of whom, and what a rule said against it.

import { get, post, segment } from "./api.js";
import { announce } from "./announce.js";
import { fill, freshId, h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { addressed, isMe, operationUrl, refreshWaiting } from "./session.js";
import { awaits, clock, handle, isFinal, seconds, stateWord, time } from "./words.js";

const WEIGHTS = { primary: "btn-primary", bad: "btn-bad" };
/** What is said in place of a press where that is another word: the button says Stop. */
const WORDS = { abort: "stop" };
const DOING = { confirm: "Confirming", approve: "Approving", deny: "Denying", abort: "Stopping" };
const DONE = { confirm: "confirmed", approve: "approved", deny: "denied", abort: "told to stop" };

/** A refusal: what happened, what is another now, the rule, who can, what the reader can do. */
export function refusalBox({ text, changed, rule, who_can, you_can }, role) {
  const facts = [["Changed", changed], ["Rule", rule], ["Who can", who_can], ["You can", you_can]].filter(([, value]) => value);
  return h("div.refusal", { role }, icon("denied", "Refused"), h("div",
    h("p", inline(text)),
    facts.length > 0 && h("dl.facts", facts.map(([name, value]) => [h("dt", name), h("dd", inline(value))]))));
}

/** Whether the viewer cannot deny it and can still cancel it: it is their own. */
const cancels = (operation) => Boolean(operation.may?.includes("abort") && !operation.may.includes("deny"));

/** The decisions that an operation's state leaves open, as choices. */
export function openChoices(operation) {
  const choice = (press, label, weight) => ({ press, label, weight, operation: operation.id, plan: operation.hash });
  if (operation.state === "awaiting_confirm") return [choice("confirm", "Confirm", "primary"), choice("abort", "Cancel", "plain")];
  if (operation.alone?.starts_at) {
    const approve = operation.needs.some((need) => need.kind === "approve" && !need.met);
    return [choice("abort", "Stop", "bad"), approve && choice("approve", "Approve", "plain")].filter(Boolean);
  }
  if (operation.state === "awaiting_approval") {
    const rest = cancels(operation) ? choice("abort", "Cancel", "plain") : choice("deny", "Deny", "plain");
    return [choice("approve", "Approve", "primary"), rest];
  }
  return isFinal(operation.state) ? [] : [choice("abort", "Stop", "bad")];
}

/** How it begins where those whom a rule names cannot. */
const NOBODY = "nobody";

/** Who can give what is needed: whom the rule names, and who that is now; null where the rule names nobody. */
export function byWhom({ by, who }) {
  if (!who) return by && h("code", by);
  return by && who.startsWith(by) ? [h("code", by), who.slice(by.length)] : who;
}

/** Who is still needed, in words. */
function needed(operation) {
  const open = operation.needs.filter((need) => need.kind === "approve" && !need.met);
  return open.map((need) => {
    const missing = need.count - (need.have?.length ?? 0);
    const people = missing === 1 ? "one approval" : `${missing} approvals`;
    if (need.who) return [people, " by ", byWhom(need)];
    return [people, need.by ? [" by ", h("code", need.by)] : "", isMe(operation.asker) ? " other than you" : ` other than ${handle(operation.asker)}`];
  });
}

/** What is asked. `brief`: where the plan, who is needed and until when stand right above. */
function ask(operation, brief) {
  const may = operation.may ?? [];
  if (operation.alone?.starts_at) {
    const at = time(operation.alone.starts_at, seconds);
    return [h("b", `${handle(operation.asker)} starts it alone at `, at, " unless somebody stops it."), " Anybody may."];
  }
  if (brief) {
    const asks = operation.state === "awaiting_confirm" ? "Confirm to start it." : "You may approve it.";
    const waits = operation.state === "awaiting_confirm" ? `${handle(operation.asker)} has to confirm.` : isMe(operation.asker) ? "Somebody else has to approve it." : "It waits for approval.";
    return [h("b", may.includes("confirm") || may.includes("approve") ? asks : waits), " Void if the plan changes."];
  }
  const end = operation.expires_at && [" Ends at ", time(operation.expires_at, clock), "; void if the plan changes."];
  if (operation.state === "awaiting_confirm") {
    if (may.includes("confirm")) return [h("b", "Confirm to start it."), end];
    return [h("b", `${handle(operation.asker)} has to confirm.`), end];
  }
  const who = needed(operation).flatMap((part, at) => (at > 0 ? [" and ", part] : part));
  return [h("b", "Needs ", who.length > 0 ? who : "an approval", "."), may.includes("approve") && " You may approve.", end];
}

/** Why the person cannot press this one; null where they can. */
function whyNot(operation, press) {
  if ((operation.may ?? []).includes(press)) return null;
  const asked = isMe(operation.asker);
  const approves = operation.needs.some((need) => need.kind === "approve" && !need.met);
  if (operation.alone?.starts_at && press === "approve" && asked && approves) return "You asked for it, so somebody else could approve.";
  if (isFinal(operation.state)) return `It is past deciding: ${stateWord(operation.state).toLowerCase()}.`;
  if (press === "abort") return "Only who asked for it, or who may approve it, can stop it.";
  if (!awaits(operation.state)) return "It is decided.";
  const mine = (operation.given ?? []).find((given) => isMe({ kind: "person", id: given.person }));
  if (press === "confirm") return asked ? "You have confirmed." : `Only ${handle(operation.asker)} can confirm it.`;
  if (press === "approve" && mine?.kind === "approve") return `You approved at ${clock(mine.at)}.`;
  if (operation.state === "awaiting_confirm") return `First ${handle(operation.asker)} has to confirm.`;
  if (asked) return "You asked for it, so somebody else has to approve.";
  const need = operation.needs.find((one) => one.kind === "approve" && !one.met);
  const whom = need?.who ?? need?.by;
  if (!whom) return "No rule lets you decide this.";
  return whom.startsWith(NOBODY) ? "As the rules are now, nobody can approve this." : `This is for ${whom}.`;
}

/**
 * The bar for these choices. `compact` is for what runs: one quiet button, and with `log` the way to its log; `brief` is
 * for a message that says who is needed itself; `place` is the room where it stands; `before` is the bar that stood here
 * for another plan: what it said last stays to be read. The result: `element`, with
 * `row` and `said` in it for a view that has other places for them; `refresh()` asks the server what the viewer may press;
 * `update(operation)` takes it as it is; `decided(operation, press)` is called after a press, with null as the press where
 * it did not count.
 */
export function decideBar(choices, { compact = false, log = false, brief = false, place = null, before = null, decided = () => {} } = {}) {
  const id = choices[0].operation;
  const { plan } = choices[0];
  const hint = h("span.decide-words", { id: freshId("hint") });
  const said = h("div", { hidden: true });
  const question = h("span");
  const mark = h("span");
  const labels = choices.map((choice) => h("span", choice.label));
  const buttons = choices.map((choice, at) => h("button.btn", {
    type: "button", disabled: true, class: [WEIGHTS[choice.weight], compact && "btn-quiet"].filter(Boolean).join(" "),
    "aria-describedby": hint.id, data: { press: choice.press }, on: { click: () => press(at) },
  }, labels[at]));
  const row = h("div.btn-row", log && h("a.btn.btn-quiet", { href: operationUrl(id) }, "Log"), buttons, !compact && hint);
  const element = compact
    ? h("div.card-foot", hint, row, said)
    : h("div.decide", { data: { state: choices.some((choice) => choice.press === "confirm") ? "awaiting_confirm" : "awaiting_approval" } },
      h("p.decide-ask", mark, question), row, said);
  /** The choices as the viewer has them. */
  let offered = choices;
  let operation = null;
  let busy = false;
  let heir = null;

  /** Who asked does not deny: they cancel. */
  function offer() {
    offered = choices.map((choice) => (choice.press === "deny" && cancels(operation) ? { ...choice, press: "abort", label: "Cancel" } : choice));
    offered.forEach((choice, at) => {
      labels[at].textContent = choice.label;
      buttons[at].dataset.press = choice.press;
    });
  }

  function update(newer) {
    if (operation && newer.version < operation.version) return;
    operation = newer;
    if (busy) return;
    offer();
    if (!compact) {
      if (awaits(operation.state)) element.dataset.state = operation.state;
      fill(mark, icon(awaits(operation.state) ? operation.state : "skip"));
      fill(question, (awaits(operation.state) && ask(operation, brief)) || [h("b", `${stateWord(operation.state)}.`), " There is nothing to decide any more."]);
    }
    const stale = !isFinal(operation.state) && operation.hash !== plan;
    const reasons = offered.map((choice) => (stale ? "The plan changed." : whyNot(operation, choice.press)));
    buttons.forEach((button, at) => { button.disabled = reasons[at] !== null; });
    const able = offered.filter((choice, at) => reasons[at] === null && choice.press !== "deny");
    if (compact) hint.textContent = "";
    else if (stale) fill(hint, "This is the old plan: ", h("a", { href: operationUrl(id) }, "look at the new one"));
    else if (reasons[0] !== null) hint.textContent = reasons[0];
    else fill(hint, "or say ", h("code", addressed(`${WORDS[able[0].press] ?? able[0].press} ${id}`, place)), " · plan ", h("span.hash", plan.slice(0, 8)));
    if (compact && reasons[0] !== null) buttons[0].title = reasons[0];
  }

  async function refresh() {
    if (busy) return;
    try {
      update(await get(`/operations/${segment(id)}`));
    } catch {
      // Without the answer the buttons work all the same: the server decides at the press.
      for (const button of buttons) button.disabled = false;
    }
  }

  function tell(...what) {
    fill(said, what);
    said.hidden = false;
  }

  async function press(at) {
    const choice = offered[at];
    busy = true;
    said.hidden = true;
    labels[at].textContent = DOING[choice.press];
    for (const button of buttons) button.disabled = true;
    try {
      const newer = await post(`/operations/${segment(id)}/${choice.press}`, { plan });
      announce(`${id} ${DONE[choice.press]}`);
      busy = false;
      update(newer);
      decided(newer, choice.press);
    } catch (problem) {
      busy = false;
      labels[at].textContent = choice.label;
      const { rule, who_can, you_can, operation: newer } = problem.body ?? {};
      const changed = newer && newer.hash !== plan ? newer.why : null;
      (heir ?? bar).tell(refusalBox({ text: problem.message, rule, who_can, you_can, changed }, "alert"));
      if (newer?.version) {
        update(newer);
        decided(newer, null);
      } else {
        await refresh();
      }
    } finally {
      refreshWaiting();
    }
  }

  /** The bar for the next plan takes this one's place: what was said of a press on this plan is told there. */
  function bequeath(next) {
    heir = next;
    if (!said.hidden && operation && operation.hash !== plan) next.tell(...said.childNodes);
  }

  const bar = { element, row, said, refresh, update, tell, bequeath };
  before?.bequeath(bar);
  return bar;
}
