// Every page in both themes and both sizes, looked at by axe: what a screen reader, the keyboard and weak eyes need.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";

import { Person, sizes, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { orders } from "./story.mjs";
import { Wilco } from "./wilco.mjs";

/** axe itself; only this test has it. */
const AXE = fileURLToPath(new URL("node_modules/axe-core/axe.min.js", import.meta.url));

let wilco;
let browser;
let you;
let axe;
let operation;

const step = steps("axe", () => [you]);

/** What axe finds on the page as it is now, in words. */
async function violations({ page }) {
  // Through the debugger, as the page's policy lets no script of others in.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 4).map(({ target, failureSummary }) => `    ${target}\n      ${failureSummary.replaceAll("\n", "\n      ")}`).join("\n")}`);
}

/** The pages: how to come there, and what has to be there. */
const pages = () => [
  ["room", () => you.open("/r/web%3Aops"), ".msg"],
  ["empty room", () => you.open("/r/web%3Aempty"), ".welcome"],
  ["search", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator(".msg").first().waitFor();
    await you.page.locator("[data-slash]").click();
    await you.page.locator("#find").fill("webapp");
  }, ".find-row"],
  ["completion", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator("#say").pressSequentially("wilco st");
  }, ".complete-item"],
  ["thread", async () => {
    await you.open("/r/web%3Aops");
    await you.page.getByRole("button", { name: /^Reply/ }).first().click();
  }, ".composer-thread b"],
  ["files", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator(".file-picture img").waitFor();
    await you.page.locator("input[type=file]").setInputFiles([{ name: "chosen.txt", mimeType: "", buffer: Buffer.from("x") }, { name: "empty.txt", mimeType: "", buffer: Buffer.alloc(0) }]);
  }, ".chip"],
  ["palette", async () => {
    await you.open("/operations");
    await you.page.locator(".item").first().waitFor();
    await you.page.keyboard.press("Control+k");
  }, ".goto-item"],
  ["keys", async () => {
    await you.open("/operations");
    await you.page.locator(".item").first().waitFor();
    await you.page.keyboard.press("?");
  }, "dialog.keys"],
  ["waiting", () => you.open("/waiting"), ".ask"],
  ["operations", () => you.open("/operations"), ".item"],
  ["operation", () => you.open(`/o/${operation}`), ".steps"],
  ["commands", () => you.open("/commands"), ".item"],
  ["command", () => you.open("/commands?id=webapp.release"), ".detail-in"],
  ["events", () => you.open("/events"), ".item"],
  ["event", async () => {
    await you.open("/events");
    await you.page.locator(".item").first().click();
  }, ".trace"],
  ["objects", () => you.open("/objects"), "main .page, main .empty"],
  ["sources", () => you.open("/sources"), "main .page"],
  ["connectors", () => you.open("/connectors"), "main .page"],
  ["audit", () => you.open("/audit"), "tbody tr"],
  ["nowhere", () => you.open("/r/web%3Anowhere"), ".empty"],
];

describe("what axe says", { timeout: 300_000 }, () => {
  before(async () => {
    axe = await readFile(AXE, "utf8");
    wilco = await Wilco.make();
    await wilco.configure('[connector.web]\nrooms = ["empty"]\n\n[source.tickets]\nkind = "generic"\nunsigned = true\nto = ["web:ops"]\n');
    const link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "desktop", "desktop");
    await you.page.goto(link);
    await you.page.getByRole("button", { name: "Sign in" }).waitFor();
    assert.deepEqual(await violations(you), [], "the way in");
    await you.signIn(link);
    await you.order(orders.help);
    await you.order(orders.status);
    await you.order(orders.misspelt);
    operation = await you.operate(orders.stage("v1"));
    await you.press(you.card(operation), "confirm");
    await you.sees(operation, "Succeeded");
    await (await you.order("wilco plan stage webapp v1")).getByRole("button", { name: "wilco stage webapp v1" }).waitFor();
    await you.say("look, @you:\n> quoted\n```\n" + Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n") + "\n```");
    await you.page.locator("input[type=file]").setInputFiles([
      { name: "build.log", mimeType: "", buffer: Buffer.from("line") },
      // The smallest picture there is.
      { name: "dot.gif", mimeType: "", buffer: Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64") },
    ]);
    await you.say("two files");
    await you.page.locator(".file-picture img").waitFor();
    for (const state of ["open", "closed"]) {
      const answer = await fetch(`${wilco.url}/hooks/tickets`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id: `t-${state}`, title: "A ticket", state }) });
      assert.equal(answer.status, 200, await answer.text());
    }
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("finds a fault where there is one", async () => {
    await you.page.evaluate(() => document.querySelector("main").append(Object.assign(document.createElement("button"), { id: "nameless" })));
    assert.match((await violations(you)).join("\n"), /button-name[^]*#nameless/);
    await you.page.reload();
    await you.page.locator(".msg").first().waitFor();
  });

  for (const [size, window] of Object.entries(sizes)) {
    for (const scheme of ["light", "dark"]) {
      step(`finds nothing on any page, ${size}, ${scheme}`, async () => {
        await you.page.setViewportSize(window.viewport);
        await you.page.emulateMedia({ colorScheme: scheme });
        const found = [];
        // What waits for a confirmation is over after two minutes, so each look has its own.
        await you.open("/r/web%3Aops");
        await you.operate(orders.stage("v2"));
        await you.expecting([/404/], async () => {
          for (const [name, come, there] of pages()) {
            await come();
            await you.page.locator(there).first().waitFor();
            found.push(...(await violations(you)).map((violation) => `${name}: ${violation}`));
          }
        });
        if (size === "phone") {
          await you.open("/r/web%3Aops");
          await you.page.getByRole("button", { name: "Beside this room" }).click();
          await you.page.getByRole("dialog").getByRole("region", { name: "Arrives here" }).waitFor();
          found.push(...(await violations(you)).map((violation) => `sheet: ${violation}`));
          await you.open("/waiting");
          await you.page.locator(".ask").first().waitFor();
          await you.page.getByRole("button", { name: "Rooms and pages" }).click();
          found.push(...(await violations(you)).map((violation) => `drawer: ${violation}`));
        }
        assert.equal(found.join("\n\n"), "");
      });
    }
  }

  step("made no fault in the console", () => assert.deepEqual(you.faults, []));
});
