// Sessions that end while their page is open: it says so, nothing that was typed is lost, and who signs in again is where they were.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

/** Makes a person's sessions look as if nobody had used them since yesterday: no test waits for twelve hours. */
const AGE = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=5); print(db.execute(\"UPDATE sessions SET seen_at = '2020-01-01T00:00:00Z' WHERE person = ?\", [sys.argv[2]]).rowcount); db.commit()";
const KEPT = "What you had written is kept in this tab.";

let wilco;
let browser;
let you;
let ana;
const step = steps("sessions", () => [you, ana]);

async function expire(person) {
  const { stdout } = await promisify(execFile)("python3", ["-c", AGE, join(wilco.folder, "wilco-demo/wilco.db"), person]);
  assert.ok(Number(stdout) > 0, "there was a session");
}

/** Waits until the page says that the session has ended, and shows nothing of it any more. */
async function isTold(person) {
  await person.page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await person.page.getByText(KEPT).waitFor();
  assert.equal(await person.page.locator(".shell").count(), 0, "what the session showed is gone");
}

/** Signs in by a link in the tab that is open. */
async function signInHere(person, link) {
  await person.page.goto(link);
  await person.page.getByRole("button", { name: "Sign in" }).click();
}

/** Sends a file that takes long, with words beside it, and lines behind it. The result lets the network be fast again. */
async function sendSlowly(person, words, lines) {
  const network = await person.context.newCDPSession(person.page);
  const slowly = (uploadThroughput) => network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await slowly(50_000);
  await person.page.locator("input[type=file]").setInputFiles({ name: "slow.bin", mimeType: "", buffer: Buffer.alloc(1_000_000, 1) });
  for (const line of [words, ...lines]) await person.say(line);
  await person.page.waitForFunction(() => document.querySelector(".file progress")?.value > 0);
  return () => slowly(-1);
}

const address = (person) => person.page.evaluate(() => decodeURIComponent(location.pathname) + location.search);

describe("sessions that end", { timeout: 240_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    const link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "you", "desktop");
    ana = await Person.arrive(browser, "ana", "desktop");
    await you.signIn(link);
    await ana.signIn(await wilco.invite("ana"));
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("says that somebody ended it elsewhere, and leads back to where one was", async () => {
    await ana.open("/r/web%3Aops");
    await ana.page.locator("#say").fill("half a thought");
    await ana.page.locator('.side a[href="/operations"]').click();
    await ana.page.getByRole("button", { name: "Succeeded" }).click();
    await ana.page.locator('.filter[aria-pressed=true]:has-text("Succeeded")').waitFor();
    await ana.expecting([/401/], async () => {
      await you.open("/access?all");
      const row = you.page.locator("tr", { hasText: "@ana" });
      await row.getByRole("button", { name: "End" }).click();
      await row.getByRole("button", { name: "for good" }).click();
      await you.page.getByText("The session was ended.").first().waitFor();
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    await ana.shot("90-session-ended");
    await signInHere(ana, await wilco.invite("ana"));
    await ana.page.locator('.filter[aria-pressed=true]:has-text("Succeeded")').waitFor();
    assert.equal(await address(ana), "/operations?state=succeeded");
    await ana.page.locator('.side a[data-place="web:ops"]').click();
    await ana.page.locator("#say").waitFor();
    assert.equal(await ana.page.locator("#say").inputValue(), "half a thought");
    await ana.page.locator("#say").fill("");
  });

  step("has run out: a tab goes on by itself once its person is signed in beside it", async () => {
    await ana.open("/r/web%3Aops");
    await ana.page.locator("#say").fill("the other half");
    await ana.expecting([/401/], async () => {
      await expire("ana");
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    const beside = await ana.context.newPage();
    await beside.goto(await wilco.invite("ana"));
    await beside.getByRole("button", { name: "Sign in" }).click();
    await beside.locator("#say").waitFor();
    await ana.page.locator("#say").waitFor();
    assert.equal(await ana.page.locator("#say").inputValue(), "the other half");
    await beside.close();
    await ana.page.locator("#say").press("Enter");
    await ana.page.locator(".msg:not(.is-pending) .say", { hasText: "the other half" }).waitFor();
  });

  step("keeps the line that was sent when it had run out, and what stands in a form", async () => {
    await ana.open("/commands?id=webapp.stage");
    const begun = ana.page.getByRole("form", { name: "Arguments of webapp.stage" });
    await begun.getByLabel(/^ref/).fill("v2");
    await begun.getByLabel(/^because/).fill("a reason");
    await ana.page.locator('.side a[data-place="web:ops"]').click();
    await ana.page.locator("#say").fill("sent too late");
    await ana.expecting([/401/], async () => {
      await expire("ana");
      await ana.page.locator("#say").press("Enter");
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    await signInHere(ana, await wilco.invite("ana"));
    await ana.page.locator("#say").waitFor();
    assert.equal(await ana.page.locator("#say").inputValue(), "sent too late");
    await ana.page.locator("#say").press("Enter");
    await ana.page.locator(".msg:not(.is-pending) .say", { hasText: "sent too late" }).waitFor();
    assert.equal(await ana.page.locator(".say", { hasText: "sent too late" }).count(), 1);
    await ana.page.locator('.side a[href="/commands"]').click();
    await ana.page.locator('a.item[href*="webapp.stage"]').click();
    const form = ana.page.getByRole("form", { name: "Arguments of webapp.stage" });
    assert.equal(await form.getByLabel(/^ref/).inputValue(), "v2");
    assert.equal(await form.getByLabel(/^because/).inputValue(), "a reason");
  });

  step("stops what is on its way when it ends, and gives all of it back in its order", async () => {
    await ana.open("/r/web%3Aops");
    await sendSlowly(ana, "one", ["two", "three"]);
    await ana.expecting([/401|ERR_ABORTED/], async () => {
      await expire("ana");
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    await signInHere(ana, await wilco.invite("ana"));
    await ana.page.locator("#say").waitFor();
    assert.equal(await ana.page.locator("#say").inputValue(), "one\ntwo\nthree");
    await ana.page.locator("#say").fill("");
  });

  step("says nothing of one person as another", async () => {
    await ana.open("/r/web%3Aops");
    const atLast = await sendSlowly(ana, "from ana", ["wilco ping 51", "ana said so"]);
    await ana.expecting([/401|ERR_ABORTED/], async () => {
      await expire("ana");
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    const beside = await ana.context.newPage();
    await beside.goto(await wilco.invite("you"));
    await beside.getByRole("button", { name: "Sign in" }).click();
    await ana.page.locator("#say").waitFor();
    await beside.close();
    await atLast();
    await ana.page.waitForTimeout(2000);
    await ana.say("you are here");
    await ana.page.locator(".msg:not(.is-pending) .say", { hasText: "you are here" }).waitFor();
    const said = await ana.page.locator(".timeline-in").innerText();
    assert.doesNotMatch(said, /slow\.bin|ping 51|ana said so/);
    await signInHere(ana, await wilco.invite("ana"));
    await ana.page.locator("#say").waitFor();
  });

  step("gives what was written to nobody else", async () => {
    await ana.open("/r/web%3Aops");
    await ana.page.locator("#say").fill("for nobody else");
    await ana.page.locator("input[type=file]").setInputFiles({ name: "private.txt", mimeType: "text/plain", buffer: Buffer.from("nobody else") });
    await ana.page.locator(".chip", { hasText: "private.txt" }).waitFor();
    await ana.expecting([/401/], async () => {
      await expire("ana");
      await isTold(ana);
      await ana.page.waitForLoadState("networkidle");
    });
    // Beside it, so that the page itself goes on and could still have them.
    const beside = await ana.context.newPage();
    await beside.goto(await wilco.invite("you"));
    await beside.getByRole("button", { name: "Sign in" }).click();
    await ana.page.locator("#say").waitFor();
    await beside.close();
    await ana.page.locator('.side a[data-place="web:ops"]').click();
    assert.equal(await ana.page.locator("#say").inputValue(), "");
    assert.equal(await ana.page.locator(".chip").count(), 0);
    await ana.say("with no file");
    await ana.page.locator(".msg:not(.is-pending) .say", { hasText: "with no file" }).waitFor();
    assert.equal(await ana.page.getByText("private.txt").count(), 0);
    assert.doesNotMatch(await ana.page.evaluate(() => JSON.stringify({ ...sessionStorage })), /nobody else/);
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(ana.faults, []);
  });
});
