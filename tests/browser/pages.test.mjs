// The pages beside the rooms: the catalogue's forms, operations, routes, people, ways in and the record, with the real binary.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

const PACK = `[pack]
name = "forms"

[[command]]
id     = "print"
words  = ["print <note> [<copies> times] [on <paper>]"]
about  = "Print a note"
effect = "read"
args.note   = { type = "text", about = "What stands on it" }
args.copies = { type = "integer", default = 1, about = "How many" }
args.paper  = { choices = ["a3", "a4", "a5", "a6", "b4"], default = "a4", about = "What it is printed on" }
args.loud   = { type = "bool", default = false, about = "Whether the printer may beep" }

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["echo", "{{ copies }} times {{ paper }}, loud: {{ loud }}:", "{{ note }}"] }

[[command]]
id     = "paint"
words  = ["paint <colour>"]
about  = "Paint the fence"
effect = "write"
args.colour = { type = "word", about = "What colour" }

[[command.step]]
uses   = "exec.run"
effect = "write"
with   = { argv = ["echo", "{{ colour }}"] }

[[command]]
id     = "chatter"
words  = ["chatter"]
about  = "Print many lines"
effect = "write"

[[command.step]]
uses   = "exec.run"
effect = "write"
with   = { argv = ["python3", "-c", "for n in range(300): print(f'line {n} of needle' if n % 100 == 7 else f'line {n} of hay')"] }
`;

const SOURCE = `[connector.web]
rooms = ["deploys"]

[[grant]]
command = "forms.chatter"
to = ["role:developer"]

[[grant]]
command = "forms.paint"
to = ["role:developer"]
rooms = ["web:deploys"]

[source.tickets]
kind = "generic"
secret = { file = "tickets.secret" }
to = ["web:ops"]

[source.tickets.event]
id = "{{ payload.id }}"
kind = "ticket"
title = "{{ payload.title }}"
line = "Ticket {{ payload.id }}: {{ payload.title }}"

[[route]]
when = "event.kind == 'ticket' and 'urgent' in event.title"
to = ["web:ops"]
level = "loud"
`;

let wilco;
let browser;
let you;
let ana;
const step = steps("pages", () => [you, ana]);

function text(locator) {
  return locator.innerText();
}

/** Opens a command of the catalogue; the result is its form. */
async function formOf(person, id) {
  await person.open(`/commands?id=${id}`);
  const form = person.page.getByRole("form", { name: `Arguments of ${id}` });
  await form.waitFor();
  return form;
}

/** Waits until a form says these words. */
const says = (form, words) => form.locator(".said code", { hasText: words }).waitFor();

describe("the pages beside the rooms", { timeout: 240_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await mkdir(join(wilco.folder, "wilco-demo/packs/forms"), { recursive: true });
    await wilco.configure(SOURCE, { "packs/forms/pack.toml": PACK, "tickets.secret": "a-secret-of-the-tickets" });
    browser = await startBrowser();
    you = await Person.arrive(browser, "you", "desktop");
    ana = await Person.arrive(browser, "ana", "phone");
    await you.signIn(await wilco.start());
    await ana.signIn(await wilco.invite("ana"));
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("says in words what is filled in, and what does not fit beside its field", async () => {
    const form = await formOf(you, "forms.print");
    assert.equal(await form.getByRole("button", { name: "Ask" }).isEnabled(), false);
    await form.getByLabel(/^note/).fill('the "last" one');
    await says(form, 'wilco print "the \\"last\\" one"');
    await form.getByLabel(/^copies/).fill("three");
    await form.locator(".error", { hasText: "whole number" }).waitFor();
    await form.getByLabel(/^note/).focus();
    assert.equal(await form.getByLabel(/^copies/).getAttribute("aria-invalid"), "true");
    assert.equal(await form.getByRole("button", { name: "Ask" }).isEnabled(), false);
    await you.shot("60-form-wrong");
    await form.getByLabel(/^copies/).fill("3");
    await form.getByLabel(/^paper/).selectOption("a5");
    await form.getByLabel("yes", { exact: true }).check();
    await says(form, 'wilco print "the \\"last\\" one" 3 times on a5 --loud yes');
    assert.deepEqual(you.faults, [], "what does not fit is no fault of the page");
    await form.getByRole("button", { name: "Ask" }).click();
    await form.getByRole("region", { name: "The answer" }).getByText('3 times a5, loud: True: the "last" one').waitFor();
    await you.shot("61-form-answer");
    const line = await text(form.locator(".said code"));
    await form.getByRole("button", { name: "Put in composer" }).click();
    await you.page.locator("#say").waitFor();
    assert.equal(await you.page.locator("#say").inputValue(), line);
    await you.page.locator("#say").fill("");
  });

  step("shows a plan before it takes an order that changes something", async () => {
    const form = await formOf(you, "webapp.stage");
    const give = form.getByRole("button", { name: "Give this order" });
    await form.getByLabel(/^ref/).fill("v1");
    await says(form, "wilco stage webapp v1");
    assert.equal(await give.isEnabled(), false, "nobody has looked at the plan");
    await form.getByRole("button", { name: "Show what it would do" }).click();
    const plan = form.getByRole("region", { name: "What it would do" });
    await plan.getByText("Nothing was changed.").first().waitFor();
    assert.match(await text(plan), /Needs\s+confirmation/);
    await you.shot("62-form-plan");
    // Another value is another plan, which nobody has looked at.
    await form.getByLabel(/^ref/).fill("v2");
    await says(form, "wilco stage webapp v2");
    await plan.waitFor({ state: "detached" });
    assert.equal(await give.isEnabled(), false);
    await form.getByLabel(/^because/).fill("try it out");
    await says(form, 'wilco stage webapp v2 --because "try it out"');
    await form.getByRole("button", { name: "Show what it would do" }).click();
    await plan.getByText("v2").first().waitFor();
    await give.click();
    await you.page.waitForURL(/\/o\/d-/);
    const id = you.page.url().split("/o/")[1];
    await you.page.locator('.page-head .pill:has-text("Waiting for confirmation")').waitFor();
    assert.match(await text(you.page.locator(".because")), /try it out/);
    await ana.open("/r/web%3Aops");
    await ana.page.getByText(`gave an order from elsewhere: stage webapp v2`).waitFor();
    await you.press(you.page.locator(".decide"), "confirm");
    await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    assert.ok(id);
  });

  step("plans by what holds in the room that is chosen, and says nothing there", async () => {
    const form = await formOf(you, "forms.paint");
    const give = form.getByRole("button", { name: "Give this order" });
    await form.getByLabel(/^colour/).fill("green");
    await says(form, "wilco paint green");
    assert.deepEqual(await form.getByLabel("Room", { exact: true }).locator("option").allInnerTexts(), ["deploys"], "it is granted nowhere else");
    await form.getByRole("button", { name: "Show what it would do" }).click();
    await form.getByRole("region", { name: "What it would do" }).getByText("Given in deploys, this is what it would do.").waitFor();
    await ana.open("/r/web%3Adeploys");
    await ana.page.locator(".welcome").waitFor();
    await give.click();
    await you.page.waitForURL(/\/o\/\w-/);
    await ana.page.getByText("gave an order from elsewhere: paint green").waitFor();
    // What holds in another room is another question.
    const other = await formOf(you, "forms.chatter");
    await other.getByRole("button", { name: "Show what it would do" }).click();
    const plan = other.getByRole("region", { name: "What it would do" });
    await plan.getByText("Given in ops").waitFor();
    await other.getByLabel("Room", { exact: true }).selectOption("web:deploys");
    await plan.waitFor({ state: "detached" });
    assert.equal(await other.getByRole("button", { name: "Give this order" }).isEnabled(), false);
  });

  step("tells a refusal of a form by its rule", async () => {
    await you.page.route("**/api/v1/calls", (route) => route.fulfill({
      status: 403, contentType: "application/problem+json", json: { status: 403, title: "A rule says no", detail: "Nobody ships on a Friday.", rule: "wilco.toml:77", who_can: "role:lead (@ana)" },
    }));
    const form = await formOf(you, "webapp.release");
    await says(form, "wilco release webapp");
    await you.expecting([/403/], async () => {
      await form.getByRole("button", { name: "Show what it would do" }).click();
      await form.locator(".refusal", { hasText: "Nobody ships on a Friday." }).waitFor();
    });
    assert.match(await text(form.locator(".refusal")), /wilco\.toml:77[\s\S]*role:lead/);
    await you.page.unroute("**/api/v1/calls");
  });

  step("finds lines in a log, says what the hash means, and offers the order again", async () => {
    const form = await formOf(you, "forms.chatter");
    await form.getByRole("button", { name: "Show what it would do" }).click();
    await form.getByRole("region", { name: "What it would do" }).waitFor();
    await form.getByRole("button", { name: "Give this order" }).click();
    await you.page.waitForURL(/\/o\//);
    await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    await you.page.locator(".log-live", { hasText: "line 299 of hay" }).waitFor();
    await you.page.getByLabel("Find in the log").fill("NEEDLE");
    await you.page.locator(".log-bar", { hasText: /3 of \d+ lines/ }).waitFor();
    assert.equal(await you.page.locator(".log-live > span").count(), 3);
    assert.equal(await you.page.locator(".log-live mark").first().innerText(), "needle");
    await you.shot("63-log-found");
    await you.page.getByLabel("Find in the log").fill("");
    await you.page.waitForFunction(() => document.querySelectorAll(".log-live > span").length >= 300);
    await you.page.getByText("What this hash means").click();
    await you.page.getByText("every yes is void").waitFor();
    await you.shot("64-operation-ended");
    await you.page.getByRole("button", { name: /^(Run|Try) it again$/ }).click();
    const again = you.page.getByRole("region", { name: "Afterwards" });
    await again.getByRole("button", { name: "Show what it would do" }).click();
    await again.getByText("Plan for chatter").waitFor();
    await you.shot("65-again");
    const before = you.page.url();
    await again.getByRole("button", { name: "Give this order" }).click();
    await you.page.waitForFunction((url) => location.href !== url, before);
    await you.page.locator(".facts dt", { hasText: "Retries" }).waitFor();
    assert.equal(await text(you.page.locator(".facts dt", { hasText: "Retries" }).locator("+ dd")), before.split("/o/")[1]);
  });

  step("offers what undoes a release, once it ran", async () => {
    const release = async () => {
      const form = await formOf(you, "webapp.release");
      await says(form, "wilco release webapp");
      await form.getByRole("button", { name: "Show what it would do" }).click();
      await form.getByRole("region", { name: "What it would do" }).waitFor();
      await form.getByRole("button", { name: "Give this order" }).click();
      await you.page.waitForURL(/\/o\//);
      await ana.open(new URL(you.page.url()).pathname);
      await ana.press(ana.page.locator(".decide"), "approve");
      await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    };
    await release();
    await you.open("/r/web%3Aops");
    const id = await you.operate("wilco stage webapp v1");
    await you.press(you.card(id), "confirm");
    await you.sees(id, "Succeeded");
    await release();
    await you.page.getByRole("button", { name: "Undo: rollback webapp" }).click();
    const part = you.page.getByRole("region", { name: "Afterwards" });
    await part.getByRole("button", { name: "Show what it would do" }).click();
    await part.getByRole("region", { name: "What it would do" }).waitFor();
    await you.shot("66-undo");
    await part.getByRole("button", { name: "Give this order" }).click();
    await you.page.locator('.page-head h1:has-text("rollback webapp")').waitFor();
    await you.press(you.page.locator(".decide"), "confirm");
    await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
  });

  step("narrows the operations, pages them, and names what is locked", async () => {
    await you.open("/r/web%3Aops");
    await you.sees(await you.operate("wilco lock webapp/production for 1h"), "Succeeded");
    await you.open("/operations");
    await you.page.locator(".locks", { hasText: "webapp/production" }).getByText("@you").waitFor();
    const count = await you.page.locator(".item").count();
    assert.ok(count >= 7, `${count} operations`);
    await you.shot("67-operations");
    await you.page.locator("summary", { hasText: "Filters" }).click();
    await you.page.locator("[name=command]").fill("webapp.release");
    await you.page.getByRole("button", { name: "Show", exact: true }).click();
    await you.page.waitForURL(/command=webapp\.release/);
    // The address comes first, and the list that was there may still be.
    await you.page.locator(".narrow .count", { hasText: /^1 active$/ }).waitFor();
    await you.page.locator(".item").first().waitFor();
    assert.equal(await you.page.locator(".item").count(), 2);
    await you.shot("68-operations-narrowed");
    await you.open("/operations?who=@ana");
    await you.page.getByText("No operation fits.").waitFor();
    // A page at a time, without gap or double.
    await you.page.route("**/api/v1/operations?*", (route) => route.continue({ url: route.request().url().replace("latest=100", "latest=3") }));
    await you.open("/operations");
    await you.page.locator(".item").nth(2).waitFor();
    while (await you.page.getByRole("button", { name: "Earlier operations" }).count() > 0) {
      const shown = await you.page.locator(".item").count();
      await you.page.getByRole("button", { name: "Earlier operations" }).click();
      await you.page.waitForFunction((many) => document.querySelectorAll(".item").length > many || !document.querySelector(".more"), shown);
    }
    const ids = await you.page.locator(".item .id").allTextContents();
    assert.deepEqual([ids.length, new Set(ids).size], [count, count]);
    await you.page.unroute("**/api/v1/operations?*");
    await you.open("/r/web%3Aops");
    await you.sees(await you.operate("wilco unlock webapp/production"), "Succeeded");
  });

  step("tries a condition and a line on an event, and says why", async () => {
    const answer = await fetch(`${wilco.url}/hooks/tickets`, {
      method: "POST", headers: { "content-type": "application/json", authorization: "Bearer a-secret-of-the-tickets" }, body: JSON.stringify({ id: "1", title: "urgent: login fails" }),
    });
    assert.equal(answer.status, 200);
    await you.open("/events");
    await you.page.locator(".item").first().click();
    await you.page.getByRole("link", { name: "try routes on it" }).click();
    const routed = you.page.getByRole("region", { name: "What the routes say" });
    await routed.locator("li", { hasText: "wilco.toml" }).first().waitFor();
    await you.page.getByRole("region", { name: "So it would go to" }).getByText("at level loud").waitFor();
    await you.page.getByLabel(/^when/).fill("event.kind == 'ticket' and event.repo == 'acme/webapp'");
    await you.page.getByLabel(/^say/).fill("{{ event.title|upper }}");
    await you.page.getByRole("button", { name: "See what it would do" }).click();
    const tried = you.page.getByRole("region", { name: "What you try" });
    await tried.getByText("URGENT: LOGIN FAILS").waitFor();
    await tried.locator(".terms [aria-label='does not hold']").waitFor();
    assert.match(await text(tried), /Does not fit/);
    await you.shot("69-routes-tried");
    await you.page.getByLabel("One that never was").check();
    await you.page.getByLabel(/^when/).fill("event.kin == 1");
    await you.page.getByRole("button", { name: "See what it would do" }).click();
    await tried.getByText("did you mean event.kind").waitFor();
    await you.page.locator("textarea").first().fill("{ no json");
    await you.page.getByRole("button", { name: "See what it would do" }).click();
    await you.page.locator(".refusal", { hasText: "no JSON" }).waitFor();
  });

  step("says who is who, and lets an admin make a way in", async () => {
    await you.open("/people");
    await you.page.getByRole("button", { name: "Make a link for Ana Lima" }).click();
    const url = await text(you.page.locator(".said code", { hasText: "/login#" }));
    await you.shot("70-people-link");
    const late = await Person.arrive(browser, "late", "phone");
    await late.signIn(url);
    await late.context.close();
    await ana.open("/people");
    await ana.page.getByText("role:lead").first().waitFor();
    assert.equal(await ana.page.getByRole("button", { name: /Make a link/ }).count(), 0);
    assert.deepEqual(late.faults, []);
  });

  step("ends a session that was left open elsewhere, within seconds", async () => {
    const lost = await Person.arrive(browser, "lost", "desktop");
    await lost.signIn(await wilco.invite("ana"));
    await ana.open("/access");
    await ana.page.getByText("this one").waitFor();
    const open = await ana.page.getByRole("button", { name: "End this session of @ana" }).count();
    assert.ok(open >= 1);
    await ana.shot("71-access");
    await ana.page.getByRole("button", { name: "End this session of @ana" }).first().click();
    await ana.page.getByRole("button", { name: "Keep" }).click();
    assert.equal(await ana.page.getByRole("button", { name: "End this session of @ana" }).count(), open, "Keep keeps it");
    for (let left = open; left > 0; left -= 1) {
      await ana.page.getByRole("button", { name: "End this session of @ana" }).first().click();
      await ana.page.getByRole("button", { name: /for good$/ }).click();
      await ana.page.waitForFunction((many) => document.querySelectorAll(".twice > .btn-bad").length === many, left - 1);
    }
    await lost.expecting([/401/], async () => {
      await lost.page.locator(".door", { hasText: "Your session has ended" }).waitFor();
    });
    await lost.context.close();
    assert.deepEqual(lost.faults, []);
    assert.equal(await ana.page.getByRole("button", { name: "Make a token" }).count(), 0, "who is no admin makes no token");
  });

  step("makes a token that is shown once, and revokes it", async () => {
    await you.open("/access?all");
    await you.page.getByText("@ana").first().waitFor();
    await you.page.getByLabel(/^Name/).fill("Not A Name");
    await you.expecting([/422/], async () => {
      await you.page.getByRole("button", { name: "Make a token" }).click();
      await you.page.locator(".refusal", { hasText: "lower-case" }).waitFor();
    });
    await you.page.getByLabel(/^Name/).fill("ci");
    await you.page.getByRole("button", { name: "Make a token" }).click();
    const token = await text(you.page.locator(".said code", { hasText: "wilco_" }));
    await you.shot("72-token");
    const ask = () => fetch(`${wilco.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await ask()).status, 200);
    await you.page.getByRole("button", { name: "Revoke the token ci" }).click();
    await you.page.getByRole("button", { name: "Revoke the token ci, for good" }).click();
    await you.page.locator("tr", { hasText: "ci" }).getByText("revoked").waitFor();
    assert.equal((await ask()).status, 401);
    await you.page.reload();
    await you.page.locator("tr", { hasText: "ci" }).waitFor();
    assert.equal(await you.page.getByText("wilco_").count(), 0);
  });

  step("filters the record, walks it, and gives it away as a file", async () => {
    await you.open("/audit");
    await you.page.locator("tbody tr").first().waitFor();
    await you.page.getByRole("button", { name: "Check each entry" }).click();
    await you.page.locator('.walk[data-state="succeeded"]', { hasText: "entries follow from each other" }).waitFor();
    await you.shot("73-audit");
    await you.page.locator("summary", { hasText: "Filters" }).click();
    await you.page.locator("select[name=kind]").selectOption("access.");
    await you.page.getByRole("button", { name: "Show", exact: true }).click();
    await you.page.waitForURL(/kind=access/);
    // The address comes first, and the list that was there may still be.
    await you.page.locator(".narrow .count", { hasText: /^1 active$/ }).waitFor();
    await you.page.locator("tbody tr").first().waitFor();
    const kinds = await you.page.locator("tbody .what b").evaluateAll((all) => all.map((one) => one.title));
    assert.ok(kinds.length > 5 && kinds.every((kind) => kind.startsWith("access.")), kinds.join());
    const [download] = await Promise.all([you.page.waitForEvent("download"), you.page.getByRole("link", { name: "table (CSV)" }).click()]);
    assert.equal(download.suggestedFilename(), "wilco-audit.csv");
    const rows = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
    assert.equal(rows[0], "number,at,kind,who,operation,text,hash,record");
    assert.ok(rows.length === kinds.length + 1 && rows.slice(1).every((row) => row.includes(",access.")), `${rows.length} rows of ${kinds.length}`);
    await you.open("/audit?since=2000-01-01T00:00&until=2000-01-02T00:00");
    await you.page.getByText("No entry fits.").waitFor();
  });

  step("names the zone of the times that narrow a list, and reads them so wherever the browser is", async () => {
    const session = await you.context.newCDPSession(you.page);
    await session.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Tokyo" });
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16);
    for (const [path, rows, name] of [["/audit", "tbody tr", "audit"], ["/operations", "a.item", "operations"]]) {
      await you.open(path);
      await you.page.locator(rows).first().waitFor();
      await you.page.locator("summary", { hasText: "Filters" }).click();
      await you.page.getByLabel("From, UTC", { exact: true }).fill(inAnHour);
      await you.page.getByRole("button", { name: "Show", exact: true }).click();
      await you.page.getByText(/^No (entry|operation) fits\.$/).waitFor();
      await you.page.getByLabel("From, UTC", { exact: true }).fill("");
      await you.page.getByLabel("Before, UTC", { exact: true }).fill(inAnHour);
      await you.page.getByRole("button", { name: "Show", exact: true }).click();
      await you.page.waitForURL(/until=/);
      await you.page.locator(rows).first().waitFor();
      await you.shot(`731-zone-${name}`);
    }
    await session.send("Emulation.setTimezoneOverride", { timezoneId: "" });
  });

  step("shows each of these pages in both sizes and both themes", async () => {
    const pages = {
      form: ["/commands?id=webapp.stage", ".form .said"], operations: ["/operations", ".item"], routes: ["/routes", "tbody tr"],
      people: ["/people", "tbody tr"], access: ["/access?all", "tbody tr"], audit: ["/audit", "tbody tr"],
    };
    await you.showEach("74", pages);
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(ana.faults, []);
  });
});
