// What an order lacks, as a form on the page: with the keyboard on a desktop, with a finger on a phone, with the real binary.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

/** A command that lacks four things, each of another kind, and one that lacks a yes or no. */
const PACK = `[pack]
name = "forms"

[[command]]
id       = "print"
words    = ["print <paper> <copies> <loud> <note...>"]
about    = "Print a note"
effect   = "read"
examples = ["print a4 2 no for the board"]
args.paper  = { choices = ["a3", "a4", "a5", "a6", "b4", "b5", "b6", "c4", "c5"], about = "What it is printed on" }
args.copies = { type = "integer", about = "How many" }
args.loud   = { type = "bool", about = "Whether the printer may beep" }
args.note   = { type = "text", about = "What stands on it" }

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["echo", "{{ copies }} times {{ paper }}, loud: {{ loud }}:", "{{ note }}"] }

[[command]]
id     = "beep"
words  = ["beep <loud>"]
about  = "Beep"
effect = "read"
args.loud = { type = "bool", about = "Whether all may hear it" }

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["echo", "loud: {{ loud }}"] }
`;

let wilco;
let browser;
let you;
let ana;
const step = steps("ask", () => [you, ana]);

describe("the form of what an order lacks", () => {
  before(async () => {
    wilco = await Wilco.make();
    const folder = join(wilco.folder, "wilco-demo/packs/forms");
    await mkdir(folder, { recursive: true });
    await wilco.configure("", { "packs/forms/pack.toml": PACK });
    browser = await startBrowser();
    you = await Person.arrive(browser, "you", "desktop");
    ana = await Person.arrive(browser, "ana", "phone");
    await you.signIn(await wilco.start());
    await ana.signIn(await wilco.invite("ana"));
    for (const person of [you, ana]) await person.open("/r/web%3Aops");
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("asks for all that is missing, and says what does not fit beside its field", async () => {
    await you.order("wilco print");
    const form = you.page.locator("form.blanks");
    await form.waitFor();
    assert.deepEqual(await form.locator("label").allInnerTexts(), ["paper", "copies", "loud", "note"]);
    await you.shot("50-form");
    await form.getByRole("button", { name: "Say it" }).click();
    assert.deepEqual(await form.getByRole("alert").allInnerTexts(), ["This is missing.", "This is missing.", "This is missing.", "This is missing."]);
    await form.getByLabel("paper").and(you.page.locator(":focus")).waitFor();
    await form.getByLabel("copies").fill("two");
    await form.getByRole("alert").filter({ hasText: "This is not a whole number." }).waitFor();
    assert.equal(await form.getByLabel("copies").getAttribute("aria-invalid"), "true");
    await you.shot("51-form-wrong");
  });

  step("is filled in by the keyboard, and becomes one line that everybody reads", async () => {
    const form = you.page.locator("form.blanks");
    await form.getByLabel("paper").focus();
    const { keyboard } = you.page;
    await keyboard.press("a");
    await keyboard.press("a");
    await keyboard.press("Tab");
    await keyboard.type("2");
    await keyboard.press("Tab");
    await keyboard.press("n");
    await keyboard.press("Tab");
    await keyboard.type('the "last" one --force');
    const line = 'wilco print --paper a4 --copies 2 --loud no --note "the \\"last\\" one --force"';
    assert.equal(await form.locator(".blanks-line").innerText(), line);
    await you.shot("52-form-filled");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    for (const person of [you, ana]) {
      await person.page.locator(".order", { hasText: line }).waitFor();
      await person.page.locator(".msg-answer", { hasText: 'times a4, loud: False: the "last" one --force' }).first().waitFor();
    }
    await form.waitFor({ state: "detached" });
    assert.equal(await you.page.locator(".msg-answer", { hasText: "dropped" }).count(), 0, "nothing was dropped");
    await you.shot("53-form-said");
  });

  step("is the asker's alone, and fits a phone", async () => {
    await ana.order("wilco print --copies 3");
    const form = ana.page.locator("form.blanks");
    await form.waitFor();
    assert.deepEqual(await form.locator("label").allInnerTexts(), ["paper", "loud", "note"]);
    await you.page.locator(".msg-answer", { hasText: "needs paper" }).last().waitFor();
    assert.equal(await you.page.locator("form.blanks").count(), 0);
    await form.getByLabel("paper").selectOption("b5");
    await form.getByLabel("loud").selectOption("yes");
    await form.getByLabel("note").fill("plain");
    await ana.shot("54-form-phone");
    await form.getByRole("button", { name: "Say it" }).tap();
    await ana.page.locator(".msg-answer", { hasText: "3 times b5, loud: True: plain" }).first().waitFor();
    await form.waitFor({ state: "detached" });
  });

  step("is a button for each where few are to choose from", async () => {
    const question = await you.order("wilco beep");
    await question.getByRole("group", { name: "loud" }).waitFor();
    await you.shot("55-form-buttons");
    await question.getByRole("button", { name: "yes" }).click();
    await you.page.locator(".msg-answer", { hasText: "loud: True" }).last().waitFor();
    await question.getByRole("group", { name: "loud" }).waitFor({ state: "detached" });
  });

  step("keeps what was begun when nobody waits for it any more", async () => {
    await you.order("wilco print");
    const form = you.page.locator("form.blanks");
    await form.getByLabel("note").fill("half a word");
    await you.say("wilco ping");
    await form.getByText("Nobody waits for this any more").waitFor();
    assert.equal(await form.getByLabel("note").inputValue(), "half a word");
    await you.shot("56-form-kept");
    await form.getByRole("button", { name: "Put away" }).click();
    await form.waitFor({ state: "detached" });
    await you.order("wilco print");
    await form.waitFor();
    await you.say("wilco ping");
    await form.waitFor({ state: "detached" });
  });

  step("is one order, however often it is sent", async () => {
    await you.order("wilco print --paper a4 --copies 1 --loud no");
    const form = you.page.locator("form.blanks");
    await form.getByLabel("note").fill("once");
    const keys = [];
    // The first try is lost on its way.
    await you.page.route("**/messages", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      await (keys.length === 1 ? route.abort() : route.continue());
    });
    await you.expecting([/ERR_FAILED/], async () => {
      await form.evaluate((element) => { element.requestSubmit(); element.requestSubmit(); });
      await form.getByText("Wilco does not answer.").waitFor();
    });
    assert.equal(keys.length, 1, "sent twice at once, it goes out once");
    await form.getByRole("button", { name: "Say it" }).click();
    await form.waitFor({ state: "detached" });
    assert.equal(keys.length, 2);
    assert.ok(keys[0] && keys[0] === keys[1], "the second try is known as the first");
    await you.page.unroute("**/messages");

    const question = await you.order("wilco beep");
    await question.getByRole("group", { name: "loud" }).waitFor();
    // The answer is there before the room has it.
    await you.page.route("**/messages", (route) => route.fulfill({ status: 201, json: {} }));
    await question.getByRole("button", { name: "yes" }).click();
    await question.getByText("You said: wilco beep --loud yes").waitFor();
    for (const name of ["yes", "no"]) assert.ok(await question.getByRole("button", { name }).isDisabled(), `${name} is not pressed again`);
    await you.page.unroute("**/messages");
    await you.say("wilco ping");
    await question.getByRole("group", { name: "loud" }).waitFor({ state: "detached" });
  });

  step("is taken over by name where the same is asked for anew", async () => {
    await you.order("wilco print");
    const form = you.page.locator("form.blanks");
    await form.getByLabel("copies").fill("7");
    await form.getByLabel("note").fill("half a word");
    // One of them is answered in the thread, in another window: a further message asks for the rest.
    const other = await you.context.newPage();
    await other.goto(you.page.url());
    await other.locator(".timeline-in > li", { has: other.locator("form.blanks") }).getByRole("button", { name: /^Reply/ }).click();
    await other.locator("#say").fill("a5");
    await other.locator("#say").press("Enter");
    await form.getByText("paper", { exact: true }).waitFor({ state: "detached" });
    await other.close();
    assert.equal(await form.count(), 1, "there is one form for one order");
    assert.deepEqual(await form.locator("label").allInnerTexts(), ["copies", "loud", "note"]);
    assert.equal(await form.getByLabel("copies").inputValue(), "7");
    await form.getByLabel("note").and(you.page.locator(":focus")).waitFor();
    await you.page.keyboard.type(" more");
    assert.equal(await form.getByLabel("note").inputValue(), "half a word more");
    assert.match(await form.locator(".blanks-line").innerText(), /^wilco print --paper a5 --copies 7 --loud … --note "half a word more"$/);
    await you.shot("57-form-carried");
    // Another order is another form, though it asks for something of the same name.
    await you.order("wilco beep");
    await form.getByRole("button", { name: "Put away" }).click();
    await you.say("wilco ping");
  });

  step("is there on a device whose clock is wrong", async () => {
    await ana.page.evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 24 * 3_600_000;
    });
    await ana.order("wilco print --copies 3");
    const form = ana.page.locator("form.blanks");
    await form.waitFor();
    await ana.say("wilco ping");
    await form.waitFor({ state: "detached" });
  });

  step("is read aloud from its first word on", async () => {
    await you.order("wilco print");
    const form = you.page.locator("form.blanks");
    await form.waitFor();
    const regions = form.locator("[role=alert]:empty, [role=status]:empty");
    assert.equal(await regions.count(), 5, "one for each field, and one for the form");
    assert.deepEqual(await regions.evaluateAll((all) => all.map((one) => getComputedStyle(one).display === "none")), Array(5).fill(false));
    await you.say("wilco ping");
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(ana.faults, []);
  });
});
