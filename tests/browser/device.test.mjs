// A terminal is let in: `wilco login` of the real binary, its code on the page, and what the person is shown of it.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

let wilco;
let browser;
let you;
let link;
const step = steps("device", () => [you]);

/** Types a code by the keyboard alone, and looks who asks. */
async function look(login) {
  await you.open(login.address);
  const field = you.page.getByLabel("Code in the terminal");
  await field.waitFor();
  assert.equal(await you.page.evaluate(() => document.activeElement.id), "code", "the field has the focus");
  await you.page.keyboard.type(login.code.toLowerCase().replace("-", " "));
  await you.page.keyboard.press("Enter");
  await you.page.getByRole("heading", { name: "This asks to act as you" }).waitFor();
}

/** Lets a terminal in, and the answer is lost on its way back; the result is the button that said it. */
async function sayYesUnheard(login) {
  await look(login);
  await you.page.route("**/device/accept", async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  const yes = you.page.getByRole("button", { name: "Let it in" });
  await yes.click();
  await you.page.getByRole("alert").getByText("Wilco does not answer.").waitFor();
  assert.equal(await login.ended, 0);
  return yes;
}

describe("letting a terminal in", { timeout: 120_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "device", "desktop");
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("asks who is not signed in to sign in first", async () => {
    await you.expecting([/401/], async () => {
      await you.page.goto(`${wilco.url}/login/device`);
      await you.page.getByText("To let a terminal in, sign in on this device first").waitFor();
    });
    await you.signIn(link);
  });

  step("shows what asks, and lets nothing in by one key too many", async () => {
    const login = await wilco.login();
    await you.open(login.address);
    await you.page.getByText("Only if you started wilco login yourself.").waitFor();
    await you.shot("60-device");
    await look(login);
    const facts = await you.page.locator("dl.facts").innerText();
    assert.match(facts, /It came from\s+127\.0\.0\.1/);
    assert.match(facts, /It asked at\s+\d\d:\d\d:\d\d \S+/);
    assert.match(facts, /It calls itself\s+wilco \S+ on /);
    await you.page.keyboard.press("Enter");
    await you.shot("61-device-asks");
    assert.ok(await you.page.getByRole("button", { name: "Let it in" }).isEnabled(), "nothing was pressed");
    await you.page.keyboard.press("Tab");
    await you.page.keyboard.press("Enter");
    await you.page.getByRole("heading", { name: "You said yes" }).and(you.page.locator(":focus")).waitFor();
    await you.shot("62-device-in");
    assert.equal(await login.ended, 0);
    assert.match(login.out, /^You are @you at /m);
    assert.match(await wilco.cli("run", "whoami"), /@you/);
    await wilco.cli("login", "--end");
  });

  step("turns one away, and says of a code that it is none", async () => {
    const login = await wilco.login();
    await look(login);
    await you.page.getByRole("button", { name: "Turn it away" }).click();
    await you.page.getByRole("heading", { name: "It was turned away" }).waitFor();
    assert.equal(await login.ended, 1);
    assert.match(login.err, /Somebody said no on the page/);
    await you.open(login.address);
    await you.expecting([/404/], async () => {
      await you.page.getByLabel("Code in the terminal").fill(login.code);
      await you.page.keyboard.press("Enter");
      await you.page.getByRole("alert").getByText("Nothing asks with this code").waitFor();
    });
    await you.page.setViewportSize({ width: 390, height: 844 });
    await you.shot("63-device-none");
  });

  step("says that a terminal is let in only when it is, and leaves the focus where it goes on", async () => {
    const gone = await wilco.login();
    await look(gone);
    gone.end();
    await gone.ended;
    const region = you.page.locator("[aria-live=polite]:empty");
    assert.equal(await region.evaluate((one) => getComputedStyle(one).display === "none"), false, "what is said there is read from its first word on");
    await you.page.getByRole("button", { name: "Let it in" }).click();
    await you.page.getByText("If it does not come, nothing is let in.").waitFor();
    assert.equal(await you.page.getByText("It is let in").count(), 0);

    // The answer is lost on its way back, so it is said again, when the terminal has long been let in.
    const login = await wilco.login();
    await you.expecting([/ERR_FAILED/], async () => {
      const yes = await sayYesUnheard(login);
      await yes.and(you.page.locator(":focus")).waitFor();
      await you.page.keyboard.press("Enter");
      await you.page.getByRole("heading", { name: "You said yes" }).and(you.page.locator(":focus")).waitFor();
      await you.page.getByText("Your yes counts once: the terminal was let in already, or is when it asks next").waitFor();
      assert.equal(await yes.count(), 0, "there is nothing to answer any more");
    });
    assert.match(await wilco.cli("run", "whoami"), /@you/);
    await you.shot("64-device-over");
    await wilco.cli("login", "--end");

    // Whoever thinks better of a yes that they heard nothing of cannot take it back here, and is told so.
    const regretted = await wilco.login();
    await you.expecting([/ERR_FAILED/, /404/], async () => {
      await sayYesUnheard(regretted);
      await you.page.getByRole("button", { name: "Turn it away" }).click();
      await you.page.getByRole("alert").getByText("Nothing asks with this code").waitFor();
      await you.page.getByText("Your answer before this one may have counted").waitFor();
      await you.page.getByLabel("Code in the terminal").and(you.page.locator(":focus")).waitFor();
    });
    await wilco.cli("login", "--end");
  });

  step("finds no fault in the browser's console", () => assert.deepEqual(you.faults, []));
});
