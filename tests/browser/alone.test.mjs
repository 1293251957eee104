// Somebody starts something alone: the countdown on the page, the button that stops it, and what is seen for ever.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { shots, startBrowser, youAndAna } from "./people.mjs";
import { Wilco } from "./wilco.mjs";

const RULES = `[[grant]]
command = "webapp.stage"
to = ["role:developer"]
flags = ["alone"]

[[require]]
command = "webapp.stage"
approve = 1
by = "role:lead"
`;
const ORDER = 'wilco stage webapp v1 --alone --because "staging is down"';
/** How long a countdown may take to end, in milliseconds. */
const COUNTDOWN = 100_000;

let wilco;
let browser;
let you;
let ana;

/** Gives the order and confirms it, so that it counts down. */
async function countdown() {
  const id = await you.operate(ORDER);
  await you.sees(id, "Waiting for confirmation");
  await you.press(you.card(id), "confirm");
  await you.sees(id, "Waiting for approval");
  return id;
}

describe("an order that is given alone", { timeout: 300_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await wilco.configure(RULES);
    const link = await wilco.start();
    browser = await startBrowser();
    [you, ana] = await youAndAna(browser, wilco, link);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  it("is told loudly, and stopped by whoever sees it", async () => {
    try {
      const id = await countdown();
      const loud = ana.page.locator(".timeline-in > li", { hasText: `starts ${id} alone` });
      await loud.locator('button[data-press="abort"]:enabled', { hasText: "Stop" }).waitFor();
      await ana.card(id).locator(".decide-ask", { hasText: "starts it alone at" }).waitFor();
      await ana.shot("alone-01-countdown");
      // What the bar says beside the button is a way that works.
      const words = await ana.page.locator(`.msg[data-operation="${id}"] .decide-words code`).first().innerText();
      assert.equal(words, `wilco stop ${id}`);
      await you.shot("alone-01-countdown");
      await ana.open("/waiting");
      await ana.page.locator(".ask", { hasText: id }).locator(".decide-ask", { hasText: "starts it alone at" }).waitFor();
      await ana.shot("alone-02-waiting");
      await ana.open(`/o/${id}`);
      await ana.page.locator(".page-sub", { hasText: "starts alone in" }).waitFor();
      await ana.shot("alone-03-operation");
      await ana.press(ana.page.locator(".decide"), "abort");
      await ana.page.locator('.page-head .pill:has-text("Aborted")').waitFor();
      await ana.page.locator(".status-now", { hasText: "Stopped by @ana" }).first().waitFor();
      await you.sees(id, "Aborted");
    } catch (error) {
      for (const person of [you, ana]) await person.page.screenshot({ path: join(shots, `failed-alone-${person.name}.png`) });
      throw error;
    }
  });

  it("is stopped by the words that stand beside the button", async () => {
    const id = await countdown();
    await ana.open("/r/web%3Aops");
    const words = ana.card(id).locator(".decide-words code");
    await words.waitFor();
    await ana.say(await words.innerText());
    await you.sees(id, "Aborted");
  });

  it("starts by itself where nobody stops it, and says so for ever", async () => {
    const id = await countdown();
    await you.open(`/o/${id}`);
    const facts = you.page.locator('section[aria-label="Facts"]');
    await facts.locator("dd", { hasText: "nobody stopped it in 60 s" }).waitFor({ timeout: COUNTDOWN });
    await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    await you.page.locator(".because", { hasText: "staging is down" }).waitFor();
    const needed = you.page.locator('section[aria-label="Needed"] li', { hasText: "role:lead" });
    assert.match(await needed.innerText(), /not waited for/);
    await you.shot("alone-04-mark");
    assert.deepEqual([you.faults, ana.faults], [[], []]);
  });
});
