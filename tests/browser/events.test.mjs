// What happens outside, from the request of a sender to the line in the room and why it stands there, with the real binary.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { hostile } from "./story.mjs";
import { Wilco } from "./wilco.mjs";

const SECRET = "a-secret-of-the-tickets";
/** A source whose payloads are the fields of its events. */
const SOURCE = `[source.tickets]
kind = "generic"
secret = { file = "tickets.secret" }
to = ["web:ops"]

[source.tickets.event]
id = "{{ payload.id }}"
object = "{{ payload.key }}"
reference = "{{ payload.key }}"
kind = "ticket"
action = "{{ payload.action }}"
state = "{{ payload.state }}"
line = "Ticket {{ payload.key }} {{ payload.state }}: {{ payload.title }}"
head = "Ticket {{ payload.key }} {{ payload.title }}"
level = "normal"
url = "https://tickets.example/{{ payload.key }}"
`;

let wilco;
let browser;
let you;

/** Sends a request as the tickets do. */
async function send(payload, secret = SECRET) {
  const headers = { "content-type": "application/json" };
  if (secret) headers.authorization = `Bearer ${secret}`;
  const answer = await fetch(`${wilco.url}/hooks/tickets`, { method: "POST", headers, body: JSON.stringify(payload) });
  return { status: answer.status, body: await answer.json() };
}

const step = steps("events", () => [you]);

describe("what happens outside", { timeout: 180_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await wilco.configure(SOURCE, { "tickets.secret": SECRET });
    const link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "events", "desktop");
    await you.signIn(link);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("says how to connect a sender while nothing came", async () => {
    await you.open("/events?source=tickets");
    await you.page.getByText("Nothing came in yet.").waitFor();
    await you.page.locator(".list code", { hasText: "/hooks/tickets" }).waitFor();
    await you.shot("40-events-empty");
  });

  step("takes nothing that nobody proved, and says so", async () => {
    for (const secret of [null, "another"]) {
      const { status, body } = await send({ id: "1" }, secret);
      assert.equal(status, 401);
      assert.ok(body.detail.length > 0);
    }
    await you.open("/sources");
    await you.page.getByText("Last refusal at").waitFor();
    await you.page.locator(".state", { hasText: /^signed$/ }).waitFor();
  });

  step("puts a line into the room, which leads to why", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator("#say").waitFor();
    const opened = { id: "1", key: "T-1", action: "opened", state: "open", title: `Login fails ${hostile[0]}` };
    assert.deepEqual(await send(opened), { status: 200, body: { new: 1, repeated: 0 } });
    assert.deepEqual(await send(opened), { status: 200, body: { new: 0, repeated: 1 } });
    const line = you.page.locator(".obj-line", { hasText: "T-1" });
    await line.waitFor();
    assert.equal(await line.count(), 1, "a repeat is not told");
    assert.ok((await line.innerText()).includes("<script>"), "what came from outside stays text");
    assert.notEqual(await you.page.title(), "taken");
    const out = line.locator('a[href^="https://tickets.example"]');
    assert.deepEqual([await out.getAttribute("rel"), await out.getAttribute("target")], ["noopener noreferrer", "_blank"]);
    await line.getByRole("link", { name: "why" }).click();
    await you.page.locator(".trace b", { hasText: "ops" }).waitFor();
    await you.page.getByRole("button", { name: "Show the payload" }).click();
    await you.page.locator(".payload", { hasText: '"key": "T-1"' }).waitFor();
    await you.shot("41-event");
  });

  step("brings the line up to date in its place", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator(".obj-line", { hasText: "T-1" }).waitFor();
    assert.equal((await send({ id: "2", key: "T-1", action: "closed", state: "resolved", title: "Login fails" })).status, 200);
    await you.page.locator('.obj-line[data-state="resolved"]', { hasText: "Ticket T-1 Login" }).waitFor();
    assert.equal(await you.page.locator(".timeline-in > li > .msg .obj-line", { hasText: "T-1" }).count(), 1);
  });

  step("tells beside the room what is wrong, for as long as it is, and what arrives", async () => {
    const beside = you.page.getByRole("complementary");
    const wrong = beside.getByRole("region", { name: "Firing, failed or acked" });
    await beside.getByRole("region", { name: "Arrives here" }).getByText("tickets").waitFor();
    assert.equal(await wrong.count(), 0, "what is resolved is not wrong");
    for (const [id, state] of [["3", "failed"], ["4", "resolved"]]) {
      assert.equal((await send({ id, key: "T-2", action: "changed", state, title: "Disk full" })).status, 200);
      await wrong.getByText("T-2").waitFor({ state: state === "failed" ? "visible" : "detached" });
    }
  });

  step("offers Reply where the pointer or the focus is", async () => {
    const reply = you.page.locator(".msg-obj", { hasText: "T-1" }).getByRole("button", { name: "Reply to wilco" });
    const seen = () => reply.evaluate((button) => getComputedStyle(button).opacity);
    await you.page.locator("#say").hover();
    assert.equal(await seen(), "0");
    await reply.focus();
    assert.equal(await seen(), "1");
    await you.page.locator("#say").focus();
    await you.page.locator(".msg-obj", { hasText: "T-1" }).hover();
    assert.equal(await seen(), "1");
  });

  step("names the values of a row that stands by itself", async () => {
    await you.page.setViewportSize({ width: 390, height: 844 });
    await you.open("/objects");
    const cell = you.page.locator("td[data-label=Place]").first();
    await cell.waitFor();
    assert.equal(await cell.evaluate((element) => getComputedStyle(element, "::before").content), '"Place"');
    await you.page.setViewportSize({ width: 1440, height: 900 });
    assert.equal(await cell.evaluate((element) => getComputedStyle(element, "::before").content), "none");
  });

  step("lists events by source, by text and by key", async () => {
    await you.open("/events");
    const items = you.page.locator(".list .item");
    await items.nth(1).waitFor();
    await you.page.getByRole("searchbox").fill("resolved");
    await you.page.waitForFunction(() => document.querySelectorAll(".list .item").length === 2);
    await you.page.getByRole("searchbox").fill("");
    await items.filter({ hasText: "T-1" }).first().focus();
    await you.page.keyboard.press("j");
    await you.page.keyboard.press("Enter");
    await you.page.locator(".trace").waitFor();
    // The object's other events stand beside it; they come a moment later than the event itself.
    await you.page.waitForFunction(() => document.querySelectorAll(".detail .items .item").length === 2);
    await you.page.keyboard.press("Escape");
    await you.page.getByText("Open an event").waitFor();
  });

  step("shows every page of events in both sizes and both themes", async () => {
    const pages = { events: ["/events", ".item"], objects: ["/objects", "tbody tr"], sources: ["/sources", "tbody tr"], room: ["/r/web%3Aops", ".obj-line"] };
    await you.showEach("42", pages);
  });

  step("finds no fault in the browser's console", () => assert.deepEqual(you.faults, []));
});
