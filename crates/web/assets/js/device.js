// Letting a terminal in: a person types its code, looks at what asks, and says yes or no.

import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { door, refusal } from "./door.js";
import { me } from "./session.js";
import { seconds, time, zoneName } from "./words.js";

const at = (moment) => time(moment, (value) => `${seconds(value)} ${zoneName()}`);

/** The page of a device code. Nothing is let in but by a press after a look. */
export function deviceView() {
  const field = h("input.input.door-code", {
    id: "code", name: "code", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    maxlength: "20", required: true, placeholder: "KXD4-7F3Q", "aria-describedby": "code-care",
  });
  const look = h("button.btn.btn-primary", { type: "submit" }, "Look who asks");
  const said = h("div.door-said", { "aria-live": "polite" });
  const form = h("form.door-said", { on: { submit } }, h("label", { for: "code" }, "Code in the terminal"), field, look);
  const view = door("Let a terminal in",
    h("p", "You are signed in as ", h("b", me.name), me.kind === "person" && ` (@${me.id})`, "."),
    h("p.door-care", { id: "code-care" }, h("b", "Only if you started ", h("code", "wilco login"), " yourself."),
      " Whoever sends you here with a code wants to act as you."),
    form, said);

  async function submit(event) {
    event.preventDefault();
    const code = field.value;
    look.disabled = true;
    said.replaceChildren();
    try {
      show(code, await post("/device/look", { code }));
    } catch (problem) {
      fill(said, refusal(problem.message));
      field.select();
      field.focus();
    } finally {
      look.disabled = false;
    }
  }

  function show(code, ask) {
    const heading = h("h2", { tabindex: "-1" }, "This asks to act as you");
    const yes = h("button.btn.btn-primary", { type: "button", on: { click: () => answer("accept") } }, "Let it in");
    const no = h("button.btn", { type: "button", on: { click: () => answer("deny") } }, "Turn it away");
    const outcome = h("div.door-said", { "aria-live": "polite" });
    /** Whether an answer may have counted that nobody heard of. */
    let isUnsure = false;
    form.hidden = true;
    fill(said, heading,
      h("dl.facts",
        h("dt", "It came from"), h("dd", ask.from),
        h("dt", "It asked at"), h("dd", at(ask.asked_at)),
        h("dt", "Until"), h("dd", at(ask.expires_at)),
        h("dt", "It calls itself"), h("dd", ask.client)),
      h("p.muted", "What it calls itself is its own words. It will be able to do all that you can, confirming and approving included, until 12 hours pass without use or ",
        h("code", "wilco login --end"), "."),
      h("div.door-answers", yes, no), outcome);
    // Not on a button: whoever presses Enter once too often has looked at nothing yet.
    heading.focus();

    /** There is nothing to answer any more: another code may be typed. */
    function over(problem) {
      fill(said, refusal(problem.message),
        isUnsure && h("p", "Your answer before this one may have counted: the terminal shows it."));
      form.hidden = false;
      field.select();
      field.focus();
    }

    async function answer(what) {
      yes.disabled = true;
      no.disabled = true;
      outcome.replaceChildren();
      try {
        await post(`/device/${what}`, { code, seen: ask.seen });
        // A yes lets nothing in by itself: the terminal has to come for it.
        const done = h("h2", { tabindex: "-1" }, what === "accept" ? "You said yes" : "It was turned away");
        fill(said, done, h("p", what === "accept"
          ? isUnsure ? "Your yes counts once: the terminal was let in already, or is when it asks next. Look there; it says so."
            : "The terminal is let in when it asks next, within seconds if it still waits; look there. If it does not come, nothing is let in."
          : "The terminal is told. Nothing was given to it."),
          h("p", h("a", { href: "/" }, "Go to the rooms")));
        done.focus();
      } catch (problem) {
        if (problem.status === 404 || problem.status === 409 || problem.status === 410) {
          over(problem);
          return;
        }
        isUnsure ||= problem.status === 0 || problem.status >= 500;
        fill(outcome, refusal(problem.message));
        yes.disabled = false;
        no.disabled = false;
        (what === "accept" ? yes : no).focus();
      }
    }
  }

  return { ...view, focus: field };
}
