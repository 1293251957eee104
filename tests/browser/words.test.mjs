// Words: what somebody reads who never saw the page before, and whether it is enough to go on. With the real binary.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Person, startBrowser, youAndAna } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

const CONFIG = `
[source.ci]
kind = "generic"
secret = { file = "ci.secret" }
to = ["web:ops"]

[source.meter]
kind = "generic"
unsigned = true

[source.meter.event]
title = "{{ payload.title }}"
`;
/** A picture of one grey pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

let wilco;
let browser;
let you;
let ana;
let staged;

const line = (person) => person.page.locator("#say");
const hint = (person) => person.page.locator(".composer-hint .end");
const items = (person) => person.page.locator(".complete-item .complete-words");

async function choose(person, files) {
  await person.page.locator('input[type="file"]').setInputFiles(files.map(({ name, bytes, type = "text/plain" }) => ({ name, mimeType: type, buffer: Buffer.from(bytes) })));
}

/** Waits until this comes true. */
async function until(what, holds, patience = 20_000) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const step = steps("words", () => [you, ana]);

describe("a stranger on the page", { timeout: 300_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await wilco.configure(CONFIG, { "ci.secret": "0123456789abcdef0123456789abcdef\n" });
    const link = await wilco.start();
    browser = await startBrowser();
    [you, ana] = await youAndAna(browser, wilco, link);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("sees one event of the demo, told once however often it is started", async () => {
    await you.page.locator(".obj-line", { hasText: "The demo was set up" }).waitFor();
    assert.equal(await you.page.locator(".obj-line").count(), 1);
    await you.open("/events");
    await you.page.locator("a.item", { hasText: "The demo was set up" }).click();
    await you.page.locator(".trace", { hasText: "no route matched, so it goes where to of the source says: web:ops, at level normal" }).waitFor();
    const went = you.page.locator(".trace").getByRole("link", { name: "ops", exact: true });
    assert.equal(await went.getAttribute("title"), "web:ops");
    await you.shot("100-event");
    await you.open("/objects");
    await you.page.locator("td", { hasText: "The demo was set up" }).first().waitFor();
    await you.open("/routes");
    await you.page.getByRole("cell", { name: "event.source == 'demo' and event.state == 'failed'" }).waitFor();
  });

  step("finds out how the first event of a source comes in", async () => {
    await you.open("/events?source=meter");
    const command = await you.page.locator(".empty .said code").innerText();
    assert.ok(command.startsWith("curl ") && command.endsWith(`${wilco.url}/hooks/meter`), command);
    await you.shot("101-no-event");
    const [, body] = /-d '([^']+)'/.exec(command);
    const answer = await fetch(`${wilco.url}/hooks/meter`, { method: "POST", headers: { "content-type": "application/json" }, body });
    assert.equal(answer.status, 200, "the line works as it stands");
    await you.page.locator("a.item", { hasText: "Hello" }).waitFor();
    await you.open("/events?source=ci");
    await you.page.locator(".empty", { hasText: `Enter ${wilco.url}/hooks/ci as the webhook at ci, with the secret that [source.ci] of wilco.toml names.` }).waitFor();
    assert.equal(await you.page.locator(".empty .said").count(), 0, "no secret is shown, and none is asked for in a line");
  });

  step("is told words that work where they are told", async () => {
    await you.open("/r/web%3Aops");
    const help = await you.order("wilco help rollback");
    assert.match(await help.innerText(), /^wilco rollback <app>/);
    await you.order("wilco release webapp").then(async (answer) => assert.match(await answer.innerText(), /say wilco stage webapp first/));
    await you.open("/r/web%3A%40you");
    await line(you).fill("help rollback");
    await line(you).press("Enter");
    assert.match(await you.page.locator(".msg-answer").first().innerText(), /^rollback <app>/);
  });

  step("completes from the name on, and what is named before its command", async () => {
    await you.open("/r/web%3Aops");
    await line(you).pressSequentially("wilco st");
    await items(you).first().waitFor();
    await line(you).fill("wilco ");
    assert.equal(await items(you).count(), 0, "nothing is offered before somebody asks");
    await line(you).press("Tab");
    await items(you).first().waitFor();
    assert.match((await items(you).allInnerTexts()).join("\n"), /^logs .*\nrelease .*\n/m);
    await you.shot("102-all-words");
    for (let at = 0; at < 9; at += 1) await line(you).press("ArrowDown");
    await you.page.locator('.complete-item[aria-selected="true"][aria-posinset="10"]').waitFor();
    await line(you).press("Escape");
    await line(you).fill("wilco webapp");
    await items(you).filter({ hasText: /^stage webapp/ }).waitFor();
    await line(you).fill("wilco webapp sta");
    assert.deepEqual((await items(you).allInnerTexts()).map((text) => text.split(" ")[0]), ["stage", "status"]);
    await line(you).press("Tab");
    assert.equal(await line(you).inputValue(), "wilco stage webapp ");
    await line(you).fill("wilco plan rel");
    await line(you).press("Tab");
    assert.equal(await line(you).inputValue(), "wilco plan release webapp");
  });

  step("leaves the composer by Tab, which completes only what was typed", async () => {
    const { keyboard } = you.page;
    const isIn = () => line(you).evaluate((field) => field === document.activeElement);
    for (const [path, typed, more] of [["/r/web%3Aops", "wilco ", "sta"], ["/r/web%3A%40you", "sta", "g"]]) {
      await you.open(path);
      await line(you).fill("");
      await line(you).focus();
      await keyboard.press("Tab");
      assert.equal(await isIn(), false, `${path}: Tab leaves an empty line`);
      await keyboard.press("Shift+Tab");
      assert.equal(await isIn(), true);
      await until("the commands are there", async () => {
        await line(you).fill("");
        await keyboard.type("wilco sta");
        return (await items(you).count()) > 0;
      });
      await line(you).fill("");
      await keyboard.type(typed);
      if (typed === "wilco ") await keyboard.press("Tab");
      await items(you).first().waitFor();
      for (const _ of ["once", "again"]) {
        await keyboard.press("Escape");
        await items(you).first().waitFor({ state: "detached" });
        await keyboard.press("Tab");
        assert.equal(await isIn(), false, `${path}: Tab leaves the line once the list was put away`);
        await keyboard.press("Shift+Tab");
      }
      assert.equal(await line(you).inputValue(), typed);
      await keyboard.press("End");
      await keyboard.type(more);
      await items(you).first().waitFor();
      // What is whole has nothing to be completed with.
      for (let at = 0; at < 12 && (await isIn()); at += 1) await keyboard.press("Tab");
      assert.equal(await isIn(), false, `${path}: Tab leaves a line that is whole`);
      await line(you).fill("");
    }
  });

  step("learns while writing what is no command, and nothing that is not so", async () => {
    const NONE = "No command that you may use here begins so; wilco help lists them.";
    await you.open("/r/web%3Aops");
    await line(you).pressSequentially("wilco st");
    await items(you).first().waitFor();
    for (const text of ["wilco is on holiday", "wilco webapp stage", "wilco plan nothing known"]) {
      await line(you).fill(text);
      await hint(you).filter({ hasText: NONE }).waitFor();
    }
    for (const text of ["wilco Stop!", "wilco yes.", "wilco \u{1f44d}\u{1f3fd}", "wilco please stop", "wilco status of what", "wilco plan "]) {
      await line(you).fill(text);
      await hint(you).filter({ hasText: "Everyone in ops sees what you order" }).waitFor();
    }
    for (const text of ["webapp", "webapp sta", "stage is where we meet"]) {
      await line(you).fill(text);
      await hint(you).filter({ hasText: "Said to the people in ops" }).waitFor();
    }
    await line(you).fill("status webapp");
    await hint(you).filter({ hasText: "To give this as an order, put wilco in front" }).waitFor();
    await you.page.locator(".timeline-in > li > .msg", { has: you.page.locator(".order") }).last().getByRole("button", { name: /^Reply/ }).click();
    await line(you).fill("wilco is on holiday");
    await hint(you).filter({ hasText: "Everyone in ops sees what you order" }).waitFor();
    await you.page.getByRole("button", { name: "Leave the thread" }).click();
    await hint(you).filter({ hasText: NONE }).waitFor();
    await you.shot("103-no-command");
  });

  step("is helped with an order that begins with a sign as with one that begins with the name", async () => {
    await you.open("/r/web%3Aops");
    await line(you).pressSequentially(".sta");
    await items(you).first().waitFor();
    assert.deepEqual((await items(you).allInnerTexts()).map((text) => text.split(" ")[0]), ["stage", "status"]);
    await hint(you).filter({ hasText: "Everyone in ops sees what you order" }).waitFor();
    await you.shot("1031-sign");
    await line(you).fill(".plan rel");
    await line(you).press("Tab");
    assert.equal(await line(you).inputValue(), ".plan release webapp");
    await line(you).fill(".gitignore is missing");
    await hint(you).filter({ hasText: "No command that you may use here begins so" }).waitFor();
    for (const text of ["...", ". status", ".5 s is enough"]) {
      await line(you).fill(text);
      await hint(you).filter({ hasText: "Said to the people in ops" }).waitFor();
    }
    await line(you).fill("");
    await you.order(".ping 8");
    assert.equal(await you.page.locator(".order", { hasText: ".ping 8" }).locator(".name").innerText(), ".");
  });

  step("sees talk as talk, and an order as one from the moment it is sent", async () => {
    await line(you).fill("wilco is on holiday");
    await line(you).press("Enter");
    const said = you.page.locator(".msg:not(.is-pending)", { hasText: "wilco is on holiday" });
    await said.locator(".say").waitFor();
    await you.page.evaluate(() => {
      window.talk = [];
      new MutationObserver(() => {
        for (const { textContent } of document.querySelectorAll(".say")) if (textContent.includes("ping 7")) window.talk.push(textContent);
      }).observe(document.querySelector(".timeline-in"), { childList: true, subtree: true });
    });
    await you.order("wilco ping 7");
    assert.deepEqual(await you.page.evaluate(() => window.talk), [], "it was never drawn otherwise");
    const high = (selector, text) => you.page.locator(selector, { hasText: text }).last().evaluate((element) => element.getBoundingClientRect().height);
    assert.equal(await high(".order", "wilco ping 7"), await high(".say", "wilco is on holiday"), "what is redrawn moves nothing");
    assert.equal(await said.locator(".order").count(), 0);
    await you.page.reload();
    await you.page.locator(".order", { hasText: "wilco ping 7" }).waitFor();
    assert.equal(await said.locator(".order").count(), 0);
  });

  step("sees what is theirs to see and not to use, with the rule and who can", async () => {
    await ana.open("/commands?id=wilco.unlock");
    const box = ana.page.locator(".detail .refusal");
    assert.match(await box.innerText(), /@ana may not use wilco\.unlock in web:ops\.[\s\S]*Rule[\s\S]*Who can[\s\S]*role:admin/);
    assert.equal(await ana.page.locator(".detail form").count(), 0);
    await ana.shot("104-may-not");
    await you.open("/commands?id=wilco.approve");
    assert.match(await you.page.locator(".page-sub").innerText(), /^about another order\s*wilco\.approve$/);
    await you.page.locator('section[aria-label="Ways to say it"]').waitFor();
    await you.shot("105-approve");
  });

  step("is told who let it start, what it did, and how to give it again", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator(".order", { hasText: "wilco ping 7" }).waitFor();
    staged = await you.operate("wilco stage webapp v1");
    await you.press(you.card(staged), "confirm");
    await you.sees(staged, "Succeeded");
    assert.match(await you.card(staged).innerText(), /Confirmed by\s+@you at \d\d:\d\d:\d\d UTC/);
    await you.shot("106-confirmed");
    await you.open(`/o/${staged}`);
    await you.page.locator(".page-head .pill", { hasText: "Succeeded" }).waitFor();
    const plan = await you.page.locator('section[aria-label="Plan"]').innerText();
    assert.ok(plan.includes("Before") && plan.includes("Did") && !plan.includes("Will do"), plan);
    assert.deepEqual(await you.page.locator(".step-name").allInnerTexts(), ["stage", "verify probe"]);
    await you.page.getByRole("button", { name: "Run it again" }).click();
    await you.shot("107-afterwards");
  });

  step("gives the order whose plan was looked at with one button, as themselves", async () => {
    await you.open("/r/web%3Aops");
    await ana.open("/r/web%3Aops");
    const given = 'wilco stage webapp v2 --because "the button"';
    const shown = await you.order("wilco plan stage webapp v2 --because \"the button\"");
    await shown.getByRole("button", { name: given }).waitFor();
    await you.shot("1061-plan");
    await ana.page.locator(".msg-answer", { hasText: "Plan for stage webapp v2" }).getByRole("button", { name: given }).click();
    await ana.page.getByText(`You said: ${given}`).waitFor();
    await you.page.locator(".order", { hasText: given }).waitFor();
    const card = you.page.locator(".msg-answer[data-operation]", { hasText: "the button" }).last();
    await card.getByText("Waiting for confirmation").waitFor();
    assert.match(await card.innerText(), /@ana/, "it is hers, and hers to confirm");
    await you.shot("1062-given");
    await ana.press(ana.card(await card.getAttribute("data-operation")), "abort");
    await card.getByText("Aborted").first().waitFor();
    await you.open("/r/web%3A%40you");
    await line(you).fill("plan stage webapp v2");
    await line(you).press("Enter");
    await you.page.getByRole("button", { name: "stage webapp v2", exact: true }).waitFor();
  });

  step("sees beside the room what succeeded last, the latest first, and asks for no more than changed", async () => {
    const asked = [];
    you.page.on("request", (request) => { if (request.url().includes("/api/v1/operations?")) asked.push(new URL(request.url()).searchParams); });
    await you.open("/r/web%3Aops");
    const last = you.page.getByRole("region", { name: "Succeeded last" });
    const targets = () => last.locator("b").allInnerTexts();
    await last.locator("b", { hasText: "webapp/staging" }).waitFor();
    const released = await you.operate("wilco release webapp");
    await ana.open(`/o/${released}`);
    await ana.press(ana.page.locator(".decide"), "approve");
    await you.sees(released, "Succeeded");
    await until("what was done now is first", async () => (await targets()).join() === "webapp/production,webapp/staging");
    const again = await you.operate("wilco stage webapp v2");
    await you.press(you.card(again), "confirm");
    await you.sees(again, "Succeeded");
    await until("and then what came after it", async () => (await targets()).join() === "webapp/staging,webapp/production");
    await last.locator("a.id", { hasText: again }).waitFor();
    await you.page.getByRole("region", { name: "Ended lately" }).locator("a.id", { hasText: again }).waitFor();
    await you.shot("1071-beside");
    const ends = asked.filter((query) => query.get("state") === "succeeded");
    assert.ok(ends.length <= 3, `what succeeded was asked for ${ends.length} times: at first, and for each of two`);
    assert.deepEqual(asked.filter((query) => Number(query.get("latest")) > 20).map(String), [], "no more is asked for than is shown");
  });

  step("opens on a phone what stands beside the room, which is asked for only then", async () => {
    const { page } = ana;
    const asked = [];
    const listen = (request) => { if (/\/(beside\.js|routes|objects\?.*)$/.test(request.url())) asked.push(request.url()); };
    page.on("request", listen);
    await ana.open("/r/web%3Aops");
    const button = page.getByRole("button", { name: "Beside this room" });
    await page.locator(".here", { hasText: /\d here/ }).waitFor();
    assert.deepEqual(asked, [], "nothing of it is asked for before somebody wants it");
    const sheet = page.getByRole("dialog", { name: "Beside ops" });
    const isIn = (locator) => locator.evaluate((element) => element === document.activeElement);
    await button.click();
    for (const name of ["Succeeded last", "Under way", "Ended lately", "Arrives here"]) await sheet.getByRole("region", { name, exact: true }).waitFor();
    assert.equal(await isIn(sheet.getByRole("button", { name: "Close" })), true);
    await sheet.locator("b", { hasText: "webapp/staging" }).waitFor();
    await ana.shot("1072-sheet");
    const wide = await sheet.evaluate((element) => [element.getBoundingClientRect().width, element.scrollWidth, element.querySelector(".keys-in").scrollWidth]);
    assert.deepEqual(wide, [390, 390, 390], "it is as wide as the window");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    assert.equal(await isIn(button), true, "the focus is where it was");
    await button.click();
    await sheet.getByRole("button", { name: "Close" }).click();
    await sheet.waitFor({ state: "detached" });
    assert.equal(await isIn(button), true);
    // What leads away, or back, leaves nothing over the page.
    await button.click();
    await sheet.getByRole("link", { name: "routes" }).click();
    await page.waitForURL(/\/routes$/);
    await sheet.waitFor({ state: "detached" });
    await page.goBack();
    await button.click();
    await sheet.waitFor();
    await page.goForward();
    await page.getByRole("heading", { name: "Routes" }).waitFor();
    await sheet.waitFor({ state: "detached" });
    page.off("request", listen);
    await you.open("/r/web%3Aops");
    await you.page.getByRole("region", { name: "Ended lately" }).waitFor();
    assert.equal(await you.page.getByRole("button", { name: "Beside this room" }).count(), 0, "where it stands beside the room nothing opens it");
  });

  step("looks through the commands without waiting, also without a connection", async () => {
    let asked = 0;
    you.page.on("request", (request) => { if (request.url().includes("refused=true")) asked += 1; });
    await you.open("/commands");
    for (const id of ["webapp.status", "webapp.logs"]) {
      await you.page.locator(`a.item[href$="${id}"]`).click();
      await you.page.locator(".page-sub code", { hasText: id }).waitFor();
    }
    await you.expecting([/ERR_INTERNET_DISCONNECTED/], async () => {
      await you.context.setOffline(true);
      await you.page.locator('a.item[href$="webapp.stage"]').click();
      await you.page.locator(".page-sub code", { hasText: "webapp.stage" }).waitFor();
      await you.context.setOffline(false);
    });
    assert.equal(asked, 1);
  });

  step("finds in the catalogue the word that shows what an order would do", async () => {
    await you.open("/commands");
    await you.page.locator(".item", { hasText: "plan <order>" }).click();
    await you.page.locator(".page-sub", { hasText: "in front of an order" }).waitFor();
    assert.equal(await you.page.locator(".detail form").count(), 0);
    await you.page.locator('section[aria-label="For example"] code', { hasText: /^wilco plan \w+/ }).waitFor();
    await you.shot("1074-plan-word");
    await you.page.locator('section[aria-label="Ways to say it"]').getByRole("button", { name: "Put in composer" }).click();
    await line(you).waitFor();
    assert.equal(await line(you).inputValue(), "wilco plan ");
    await line(you).fill("");
  });

  step("narrows the commands to what they may use or may not, and finds that again", async () => {
    const { page } = ana;
    const group = page.getByRole("group", { name: "Filter by what you may" });
    const press = (name) => group.getByRole("button", { name, exact: true }).click();
    const tagged = () => page.locator(".item .tag", { hasText: "you may not" }).count();
    const many = () => page.locator(".item").count();
    await ana.open("/commands");
    await page.locator(".item").first().waitFor();
    const [all, refused] = [await many(), await tagged()];
    assert.ok(refused > 0 && refused < all, `${refused} of ${all}`);
    await press("I may not");
    await page.waitForURL(/\/commands\?may=no$/);
    assert.deepEqual([await many(), await tagged()], [refused, refused]);
    await ana.shot("1073-may-not");
    await page.locator('a.item[href*="wilco.unlock"]').click();
    await page.locator(".detail .refusal").waitFor();
    await page.getByRole("link", { name: "All commands" }).click();
    await page.waitForURL(/\/commands\?may=no$/);
    await page.reload();
    await page.locator(".item").first().waitFor();
    assert.equal(await many(), refused, "it is kept in the address");
    await press("I may use");
    await page.waitForURL(/\/commands\?may=yes$/);
    assert.deepEqual([await many(), await tagged()], [all - refused, 0]);
    await press("All");
    await page.waitForURL(/\/commands$/);
    assert.equal(await many(), all);
  });

  step("reads the record in plain words, and what Wilco did is Wilco's", async () => {
    await you.open(`/audit?operation=${staged}`);
    const rows = you.page.locator("tbody tr");
    await rows.first().waitFor();
    const what = await you.page.locator("td.what").allInnerTexts();
    for (const word of ["rules decided", "planned", "confirmed", "became", "step began", "said in room"]) assert.ok(what.includes(word), `${word} is in ${what}`);
    for (const word of ["moved", "posted", "needs", "gate considered"]) assert.ok(!what.includes(word), word);
    const entry = (word) => rows.filter({ has: you.page.locator("td.what", { hasText: word }) }).first().locator("td");
    const [, whose, , rules] = await entry("rules decided").allInnerTexts();
    assert.equal(whose, "wilco", "the rules are Wilco's");
    assert.match(rules, /^for @you: wilco\.toml:\d+ /);
    const [, who, , yes] = await entry(/^confirmed$/).allInnerTexts();
    assert.deepEqual([who, yes.replace(/[0-9a-f]{8}$/, "…")], ["@you", "plan …"]);
    await you.open("/audit?kind=lock.");
    const back = rows.filter({ hasText: "lock given back" }).filter({ hasText: staged }).first();
    assert.match(await back.innerText(), /wilco/);
    await you.page.getByRole("button", { name: "Check each entry" }).click();
    await you.page.locator(".walk", { hasText: /^\s*\d+ entries follow from each other, up to / }).waitFor();
    await you.shot("108-record");
  });

  step("opens a picture large, and closes it", async () => {
    await you.open("/r/web%3Aops");
    // What is sent before the room is there is drawn once more with it.
    await you.page.locator(".timeline-in .msg").first().waitFor();
    await choose(you, [{ name: "grey.png", bytes: Buffer.from(PIXEL, "base64"), type: "image/png" }]);
    await line(you).press("Enter");
    const small = you.page.locator(".file-picture");
    await small.click();
    const large = you.page.getByRole("dialog", { name: "grey.png" });
    await large.getByRole("img", { name: "grey.png" }).waitFor();
    assert.match(await large.innerText(), /grey\.png\s*\d+ bytes/);
    await large.getByRole("link", { name: "Download grey.png" }).waitFor();
    await you.shot("109-large");
    await you.page.keyboard.press("Escape");
    await large.waitFor({ state: "detached" });
    assert.equal(await small.evaluate((element) => element === document.activeElement), true);
  });

  step("is not told for ever of a file that was too large, and loses none on the way to another room", async () => {
    const told = you.page.locator(".attach-told");
    const huge = { name: "huge.bin", bytes: Buffer.alloc(26 * 1024 * 1024) };
    await choose(you, [huge]);
    await told.waitFor();
    await told.getByRole("button", { name: "Dismiss" }).click();
    await told.waitFor({ state: "hidden" });
    await choose(you, [huge]);
    await told.waitFor();
    await line(you).pressSequentially("go on");
    await told.waitFor({ state: "hidden" });
    await choose(you, [{ name: "later.txt", bytes: "x" }]);
    await you.page.locator(".side").getByRole("link", { name: /wilco/ }).first().click();
    await you.page.waitForURL(/%40you/);
    assert.equal(await you.page.locator(".chip").count(), 0);
    await you.page.goBack();
    await you.page.locator(".chip", { hasText: "later.txt" }).waitFor();
    assert.equal(await line(you).inputValue(), "go on");
    await you.page.getByRole("button", { name: "Take out later.txt" }).click();
    await line(you).fill("");
  });

  step("is back in the line after a second try, and told what nobody knows while offline", async () => {
    await you.page.route(/\/messages$/, (route) => route.abort());
    await you.expecting([/ERR_/], async () => {
      await you.say("lost at first");
      await you.page.locator(".is-unsent").waitFor();
      await you.page.unroute(/\/messages$/);
      await you.page.getByRole("button", { name: "Try again" }).click();
      await you.page.locator(".msg:not(.is-pending):not(.is-unsent) .say", { hasText: "lost at first" }).waitFor();
      assert.equal(await line(you).evaluate((element) => element === document.activeElement), true);
    });
    await you.page.locator(".here", { hasText: /\d here/ }).waitFor();
    // Everybody's page notices.
    await you.expecting([/ERR_/], () => ana.expecting([/ERR_/], async () => {
      await wilco.stop();
      await you.page.locator(".here", { hasText: "unknown while offline" }).waitFor();
      await you.shot("110-offline");
      await wilco.start();
      await you.page.locator(".here", { hasText: /\d here/ }).waitFor();
    }));
  });

  step("finds back from an address where nothing is, and in from the door", async () => {
    await you.expecting([/404/], async () => {
      await you.page.goto(`${wilco.url}/wp-login.php`);
      await you.page.getByRole("heading", { name: "There is no such page" }).waitFor();
      await you.shot("111-nowhere");
    });
    await you.page.getByRole("link", { name: "Go to the rooms" }).click();
    await line(you).waitFor();
    const late = await Person.arrive(browser, "late", "phone");
    await late.expecting([/401/], async () => {
      await late.page.goto(wilco.url);
      await late.page.locator(".prose", { hasText: "an admin who is signed in makes one on the page People, with Make a link" }).waitFor();
    });
    await late.shot("112-door");
    await late.context.close();
  });

  step("made no fault in the console", () => assert.deepEqual([...you.faults, ...ana.faults], []));
});
