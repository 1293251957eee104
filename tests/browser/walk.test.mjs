// The walk: two people, one on a desktop and one on a phone, take a release through the demo, with the real binary.
//
// Every step is looked at: what the page says is asserted, what the service answers is fetched, a picture is taken.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Person, sizes, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { hostile, orders, plans, refusal, servers } from "./story.mjs";
import { Wilco } from "./wilco.mjs";

/** How long a service may take to answer with another version, in milliseconds. */
const SERVED = 10_000;

let wilco;
let browser;
let you;
let ana;
let addresses;
let link;

/** Waits until a server of the demo answers that it runs this ref. */
async function serves(server, ref) {
  const end = Date.now() + SERVED;
  let last = "";
  while (Date.now() < end) {
    last = await fetch(`${addresses[server]}/version`).then((answer) => answer.text(), String);
    if (last.startsWith("{") && JSON.parse(last).ref === ref) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${server} answers ${JSON.stringify(last.slice(0, 200))}, not ${ref}`);
}

/** Orders a stage, confirms it on the page, and waits for its end. */
async function stage(ref) {
  const id = await you.operate(orders.stage(ref));
  await you.press(you.card(id), "confirm");
  await you.sees(id, "Succeeded");
  await serves(servers.staging, ref);
  return id;
}

/** An operation, as this person's page reads it. */
function fetchOperation(person, id) {
  return person.page.evaluate((path) => fetch(path).then((answer) => answer.json()), `/api/v1/operations/${id}`);
}

function text(locator) {
  return locator.innerText();
}

const step = steps("walk", () => [you, ana]);

describe("a release, by two people", { timeout: 300_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "desktop", "desktop");
    ana = await Person.arrive(browser, "phone", "phone");
    addresses = await wilco.servers();
    for (const server of Object.values(servers)) assert.ok(addresses[server], `the demo names the server ${server}`);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("lets in whoever has a link, once", async () => {
    await you.page.goto(link);
    await you.page.getByRole("button", { name: "Sign in" }).waitFor();
    assert.equal(new URL(you.page.url()).hash, "", "the secret leaves the address");
    await you.shot("01-link");
    await you.signIn(link);
    await ana.signIn(await wilco.invite("ana"));
    await you.shot("02-empty-room");
    await ana.shot("02-empty-room");

    const late = await Person.arrive(browser, "late", "phone");
    await late.expecting([/410/], async () => {
      await late.page.goto(link);
      await late.page.getByRole("button", { name: "Sign in" }).click();
      await late.page.locator(".refusal").waitFor();
    });
    await late.shot("03-used-link");
    assert.deepEqual(late.faults, []);
    await late.context.close();
  });

  step("answers what it is asked", async () => {
    const help = await you.order(orders.help);
    for (const order of ["stage", "release", "rollback"]) assert.match(await text(help), new RegExp(`${order} (webapp|<app>)`));
    assert.match(await text(await you.order(orders.misspelt)), /release/);
    await you.shot("04-help");
  });

  step("completes an order as it is typed", async () => {
    const field = you.page.locator("#say");
    await field.pressSequentially("wilco st");
    await you.page.locator(".complete-item").first().waitFor();
    await you.shot("05-completion");
    await field.press("Tab");
    assert.match(await field.inputValue(), /^wilco (stage|status) webapp/);
    await field.fill("");
  });

  step("asks in the thread for what an order lacks", async () => {
    const question = await you.order(orders.incomplete);
    assert.match(await text(question), /needs operation/);
    await you.page.getByRole("button", { name: /^Reply/ }).last().click();
    await you.page.locator(".composer-thread", { hasText: orders.incomplete }).waitFor();
    await you.shot("05-thread");
    await you.say("d-0000");
    await you.page.locator(".msg-answer", { hasText: "Understood: show d-0000" }).waitFor();
    await you.page.locator(".msg-answer", { hasText: "There is no operation d-0000" }).waitFor();
    await you.page.locator("#say").press("Escape");
    await you.page.locator(".composer-thread").waitFor({ state: "hidden" });
  });

  step("shows the plan, waits for the asker, and stages v1", async () => {
    const id = await you.operate(orders.stage("v1"));
    await you.sees(id, "Waiting for confirmation");
    for (const pattern of plans.stage("v1")) assert.match(await text(you.card(id)), pattern);
    await ana.sees(id, "Waiting for confirmation");
    const hint = ana.card(id).locator(".decide-words");
    await hint.filter({ hasText: "Only @you" }).waitFor();
    await you.card(id).locator(".decide-words", { hasText: `or say wilco confirm ${id}` }).waitFor();
    assert.equal(await ana.card(id).locator('button[data-press="confirm"]').isEnabled(), false);
    await you.shot("06-stage-plan");
    await ana.shot("06-stage-plan");

    await you.press(you.card(id), "confirm");
    await you.sees(id, "Succeeded");
    await ana.sees(id, "Succeeded");
    await serves(servers.staging, "v1");
    await you.shot("07-staged");
  });

  step("refuses an approval by the asker, and names the rule", async () => {
    const id = await you.operate(orders.release);
    await you.sees(id, "Waiting for approval");
    for (const pattern of plans.release("v1")) assert.match(await text(you.card(id)), pattern);
    const hint = you.card(id).locator(".decide-words");
    await hint.filter({ hasText: "somebody else has to approve" }).waitFor();
    assert.equal(await you.card(id).locator('button[data-press="approve"]').isEnabled(), false);
    await you.card(id).locator('button[data-press="abort"]:enabled', { hasText: "Cancel" }).waitFor();
    assert.equal(await you.card(id).locator('button[data-press="deny"]').count(), 0, "who asked cancels, and denies nothing");
    await you.shot("08-release-plan");

    const answer = await you.order(orders.approve(id));
    const box = answer.locator(".refusal");
    assert.match(await text(box), refusal.text);
    assert.match(await text(box.locator("dt", { hasText: "Rule" }).locator("+ dd")), refusal.rule);
    await you.shot("09-refused");
  });

  step("runs once the other approves, on the phone, with its log live", async () => {
    const badge = ana.page.locator(".side .count");
    await badge.filter({ hasText: "1" }).waitFor({ state: "attached" });
    await ana.page.getByRole("button", { name: "Rooms and pages 1 waiting" }).waitFor();
    await ana.shot("10-badge");
    await ana.open("/waiting");
    const card = ana.page.locator(".ask").first();
    await card.locator('button[data-press="approve"]:enabled').waitFor({ timeout: 5000 });
    const id = await card.locator(".id").first().innerText();
    await ana.shot("10-waiting");
    // The operation is open elsewhere before it runs, so that what comes is seen to come live.
    const watcher = await you.context.newPage();
    await watcher.goto(`${wilco.url}/o/${id}`);
    await watcher.locator(".decide").waitFor();

    // A decision on a plan that is another by now does not count, and the page says what is another.
    const old = await fetchOperation(ana, id);
    const other = { ...old, hash: "0".repeat(64), version: old.version + 1, why: "The plan changed: ref v1 → v9." };
    const [press, list] = [`**/api/v1/operations/${id}/approve`, "**/api/v1/operations?state=*"];
    await ana.page.route(press, async (route) => {
      await ana.page.route(list, (asked) => asked.fulfill({ json: { items: [other], next: null } }));
      await route.fulfill({
        status: 409, contentType: "application/problem+json",
        json: { status: 409, title: "It does not fit what there is", detail: `The plan of \`${id}\` is another one now.`, operation: other },
      });
    });
    await ana.expecting([/409/], async () => {
      await ana.press(card, "approve");
      await card.locator(".prose", { hasText: "ref v1 → v9" }).waitFor();
    });
    assert.match(await text(card.locator(".prose .hash")), /^0{8}$/, "the new plan stands there");
    await card.locator(".refusal", { hasText: "is another one now" }).waitFor();
    assert.match(await text(card.locator(".refusal dt", { hasText: "Changed" }).locator("+ dd")), /ref v1 → v9/);
    await card.locator('button[data-press="approve"]:enabled').waitFor();
    await ana.shot("10-changed");
    await ana.page.unroute(press);
    await ana.page.unroute(list);
    await ana.open("/waiting");

    await ana.press(card, "approve");
    await card.locator(".decide-ask", { hasText: "You approved it." }).waitFor();
    assert.equal(await card.locator("button").count(), 0, "what is decided has no buttons");
    await card.locator(".decide-ask", { hasText: "Succeeded. You approved it." }).waitFor();
    await card.locator('.ask-head .pill:has-text("Succeeded")').waitFor();
    await ana.shot("11-decided");
    await ana.open(`/o/${id}`);
    await ana.page.locator(".log-live > span").nth(1).waitFor();
    await ana.shot("11-log");
    await ana.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    await ana.shot("12-released");
    await watcher.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    assert.ok((await watcher.locator(".log-live > span").count()) >= 1, "the log came to a page that was open before");
    assert.equal(await watcher.locator(".decide").count(), 0, "nothing is left to decide");
    const given = watcher.locator('section[aria-label="Needed"] li', { has: watcher.locator('[aria-label="Given"]') });
    assert.match(await text(given.filter({ hasText: "approval" })), /ana/, "the approval stands at what needed it");
    await watcher.close();

    await you.sees(id, "Succeeded");
    await serves(servers.production, "v1");
    await you.shot("13-released-in-room");
  });

  step("releases v2 the same way, from the room", async () => {
    await ana.open("/r/web%3Aops");
    await ana.page.locator("#say").waitFor();
    await stage("v2");
    const id = await you.operate(orders.release);
    await ana.sees(id, "Waiting for approval");
    await ana.card(id).scrollIntoViewIfNeeded();
    await ana.shot("14-approve-in-room");
    await ana.press(ana.card(id), "approve");
    await you.sees(id, "Succeeded");
    await serves(servers.production, "v2");
    await ana.sees(id, "Succeeded");
    await ana.shot("15-approved-in-room");
  });

  step("rolls back to v1", async () => {
    const id = await you.operate(orders.rollback);
    for (const pattern of plans.rollback("v1")) assert.match(await text(you.card(id)), pattern);
    await you.shot("16-rollback-plan");
    await you.press(you.card(id), "confirm");
    await you.sees(id, "Succeeded");
    await serves(servers.production, "v1");
    await you.shot("17-rolled-back");
  });

  step("shows text from outside as text", async () => {
    for (const line of hostile) await you.say(line);
    for (const line of hostile) await ana.page.locator(".say", { hasText: line }).first().waitFor();
    for (const { page } of [you, ana]) {
      assert.notEqual(await page.title(), "taken");
      assert.equal(await page.locator('.timeline-in :is(script, img, a[href^="javascript"])').count(), 0);
    }
    await ana.shot("18-hostile");
  });

  step("goes on after the server went away, without a gap and without a double", async () => {
    const down = [/ERR_CONNECTION|ERR_INCOMPLETE|ERR_NETWORK|ERR_EMPTY|status of 50/];
    await you.expecting(down, () => ana.expecting(down, async () => {
      await wilco.stop();
      await ana.page.locator(".banner", { hasText: "No connection" }).waitFor();
      await ana.shot("19-no-connection");
      await wilco.start();
      for (const { page } of [you, ana]) await page.locator(".live", { hasText: /^live$/ }).waitFor({ state: "attached" });
    }));
    await you.say("back again 1");
    await you.say("back again 2");
    await ana.page.locator(".say", { hasText: "back again 2" }).waitFor();
    for (const { page } of [you, ana]) await page.locator(".banner").waitFor({ state: "hidden" });
    for (const { page } of [you, ana]) {
      for (const line of ["back again 1", "back again 2", ...hostile]) assert.equal(await page.locator(".say", { hasText: line }).count(), 1, line);
    }
  });

  step("keeps what could not be sent, and sends it once", async () => {
    await ana.expecting([/ERR_INTERNET_DISCONNECTED/], async () => {
      await ana.context.setOffline(true);
      await ana.say("sent from a tunnel");
      await ana.page.locator(".unsent").waitFor();
      await ana.shot("20-not-sent");
      await ana.context.setOffline(false);
    });
    await ana.page.getByRole("button", { name: "Try again" }).click();
    await you.page.locator(".say", { hasText: "sent from a tunnel" }).waitFor();
    await ana.page.locator(".unsent").waitFor({ state: "detached" });
    assert.equal(await ana.page.locator(".say", { hasText: "sent from a tunnel" }).count(), 1);
  });

  step("shows every page in both sizes and both themes", async () => {
    const id = await you.card(await you.operate(orders.stage("v2"))).getAttribute("data-operation");
    const pages = {
      room: ["/r/web%3Aops", ".msg"], operation: [`/o/${id}`, ".steps"], waiting: ["/waiting", ".ask, .empty"],
      operations: ["/operations", ".item"], commands: ["/commands", ".item"], audit: ["/audit", "tbody tr"],
    };
    await you.showEach("30", pages);
    await you.page.setViewportSize(sizes.desktop.viewport);
  });

  step("filters the lists, and carries a command into the composer", async () => {
    await you.open("/operations");
    await you.page.getByRole("button", { name: "Under way" }).click();
    await you.page.locator('.filter[aria-pressed="true"]', { hasText: "Under way" }).waitFor();
    await you.page.locator(".item").first().waitFor();
    await you.open("/audit?who=@ana");
    await you.page.locator("tbody tr").first().waitFor();
    const people = await you.page.locator("tbody tr td:nth-child(2)").allInnerTexts();
    assert.deepEqual([...new Set(people)], ["@ana"]);
    await you.open("/commands?id=webapp.release");
    await you.page.getByRole("button", { name: "Put in composer" }).first().click();
    await you.page.locator("#say").waitFor();
    assert.equal((await you.page.locator("#say").inputValue()).trim(), orders.release);
    await you.page.locator("#say").fill("");
  });

  step("keeps the theme that was chosen", async () => {
    const root = you.page.locator("html");
    for (const theme of ["light", "dark"]) {
      await you.page.locator('.side-foot [aria-label^="Theme"]').click();
      assert.equal(await root.getAttribute("data-theme"), theme);
    }
    await you.page.reload();
    assert.equal(await root.getAttribute("data-theme"), "dark");
  });

  step("works by the keyboard alone", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator("#say:focus").waitFor();
    await you.page.keyboard.type("two lines");
    await you.page.keyboard.press("Shift+Enter");
    await you.page.keyboard.type("one message");
    await you.page.keyboard.press("Enter");
    await you.page.locator(".say", { hasText: "one message" }).waitFor();
    assert.match(await text(you.page.locator(".say", { hasText: "one message" })), /two lines\none message/);
    await you.page.locator("body").press("Escape");
    await you.page.locator("#say:focus").waitFor();
    await you.open("/commands");
    await you.page.locator(".item").first().waitFor();
    await you.page.keyboard.press("/");
    await you.page.keyboard.type("rollback");
    await you.page.locator(".item").filter({ hasNotText: "rollback" }).first().waitFor({ state: "detached" });
  });

  step("ends a session, and says how to come back", async () => {
    await ana.page.getByRole("button", { name: "Rooms and pages" }).click();
    await ana.shot("40-drawer");
    await ana.page.getByRole("button", { name: "Sign out" }).click();
    await ana.page.locator(".door", { hasText: "wilco invite" }).waitFor();
    assert.equal(await text(ana.page.locator("#announce")), "", "nothing of the session is read out any more");
    await ana.shot("41-signed-out");
    await ana.expecting([/401/], async () => {
      await ana.open("/waiting");
      await ana.page.locator(".door").waitFor();
    });
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(ana.faults, []);
  });
});
