// What stands before the rooms: signing in by a one-time link, and what to do without one.

import { get, post, useCsrf } from "./api.js";
import { h, icon } from "./dom.js";
import { inline } from "./markdown.js";
import { themeButton } from "./shell.js";

/** A page before the rooms: a card with a heading and these parts. */
export function door(title, ...parts) {
  const heading = h("h1", { tabindex: "-1" }, title);
  return {
    title,
    element: h("main.door", { id: "main" }, h("div.door-in",
      h("div.door-foot", h("span.brand", icon("brand"), "Wilco"), themeButton()), heading, parts)),
    focus: heading,
  };
}

const howTo = () => h("div.prose",
  h("p", "A link signs you in once, and is good for 10 minutes. Who runs Wilco makes one for you on its machine:"),
  h("div.said", h("code", "wilco invite NAME")),
  h("p", "Or an admin who is signed in makes one on the page ", h("b", "People"), ", with ", h("b", "Make a link"), " beside your name."));

/** A refusal, as a sentence. */
export function refusal(text) {
  return h("div.refusal", { role: "alert" }, icon("denied"), h("p", inline(text)));
}

/**
 * The page for who is not signed in. `ended`: whose session has just ended; `problem`: the server did not say who this is;
 * `terminal`: somebody came to let a terminal in.
 */
export function doorView({ ended = null, problem = null, again = null, terminal = false }) {
  if (problem) {
    const retry = h("button.btn.btn-primary", { type: "button", on: { click: again } }, "Try again");
    return door("Wilco does not answer", refusal(problem.message), retry);
  }
  return door(ended ? "Your session has ended" : "You are not signed in",
    ended && h("div.prose",
      h("p", "Nobody used it for 12 hours, or it was ended elsewhere."),
      h("p", "What you had written is kept in this tab. Sign in as ", h("b.ref", `@${ended}`), " in this browser, and you are back where you were.")),
    terminal && h("p", "To let a terminal in, sign in on this device first, then open this address again."), howTo());
}

/** Who is signed in already has to prove that this page asks; who is not has nothing to prove with. */
async function redeem(secret) {
  try {
    await post("/session", { secret });
  } catch (problem) {
    if (problem.status !== 403) throw problem;
    useCsrf((await get("/me")).csrf);
    await post("/session", { secret });
  }
}

/** The page of a one-time link: the secret is given back only when the button is pressed, never by a preview of the link. */
export function redeemView({ secret, enter }) {
  if (!secret) return door("Sign in", h("p", "This link lacks its secret: it must end in ", h("code", "#"), " and some letters."), howTo());
  const said = h("div.door-said");
  const button = h("button.btn.btn-primary", { type: "button" }, "Sign in");
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.replaceChildren();
    try {
      await redeem(secret);
      enter();
    } catch (problem) {
      const used = problem.status >= 400 && problem.status < 500;
      said.replaceChildren(refusal(problem.message), ...(used ? [howTo()] : []));
      button.disabled = used;
    }
  });
  const view = door("Sign in to Wilco", h("p.muted", "This link works once. It signs you in on this device."), button, said);
  return { ...view, focus: button };
}
