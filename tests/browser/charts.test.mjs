// Charts on the page: drawn in both themes, on a desktop and on a phone, told in words, with all values in a table, with the real binary.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { hostile } from "./story.mjs";
import { Wilco } from "./wilco.mjs";

/** Ten seconds a point, with a peak and a gap. */
const LOAD = Array.from({ length: 90 }, (_, at) => ({
  at: new Date(Date.UTC(2026, 0, 5, 13, 0, 10 * at)).toISOString(),
  load: at === 40 ? null : 20 + ((at * 7) % 11) + (at > 50 && at < 60 ? 40 : 0),
  memory: 55 + ((at * 3) % 7),
}));
const SERVICES = [
  { service: "web", mean: 31, worst: 812 },
  { service: hostile[0], mean: 12.5, worst: 90 },
  { service: "a-service-with-a-name-that-goes-on-and-on-and-on", mean: -8, worst: null },
];
const PACK = `[pack]
name = "charts"

[[command]]
id     = "load"
words  = ["load"]
about  = "How busy it was"
effect = "read"

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["cat", "load.json"], output = "json" }

[[command]]
id     = "services"
words  = ["services"]
about  = "How quick they are"
effect = "read"

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["cat", "services.json"], output = "json" }
`;

let wilco;
let browser;
let you;
let ana;
const step = steps("charts", () => [you, ana]);

/** What draws the newest chart of the room, once it is there. */
async function drawn(person, order) {
  const answer = await person.order(order);
  const figure = answer.locator(".chart");
  await figure.waitFor();
  return figure;
}

/** Looks at the room in both themes. */
async function look(person, name) {
  for (const theme of ["light", "dark"]) {
    await person.page.emulateMedia({ colorScheme: theme });
    await person.shot(`${name}-${theme}`);
  }
  await person.page.emulateMedia({ colorScheme: "light" });
}

describe("charts", { timeout: 180_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await mkdir(join(wilco.folder, "wilco-demo/packs/charts"), { recursive: true });
    await wilco.configure("", {
      "packs/charts/pack.toml": PACK,
      "packs/charts/load.json": JSON.stringify({ rows: LOAD }),
      "packs/charts/services.json": JSON.stringify({ rows: SERVICES }),
    });
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

  step("draws lines over times, named by what they come to", async () => {
    const figure = await drawn(you, "wilco load | chart at load memory in %");
    const words = await figure.locator("figcaption").innerText();
    assert.match(words, /^load, memory: load last 2\d %, min 20 % at .+, max \d+ % at .+, 1 gap; memory last .+ UTC, 5 January 2026$/);
    const picture = figure.getByRole("img", { name: words });
    await picture.waitFor();
    assert.equal(await picture.locator("path.line").count(), 2, "no point stands alone");
    const line = await picture.locator("path.s1").getAttribute("d");
    assert.equal(line.match(/M/g).length, 2, "the gap is one");
    assert.deepEqual(await figure.locator(".legend span").allInnerTexts(), ["load", "memory"]);
    await look(you, "50-chart-lines");
    await look(ana, "50-chart-lines");
  });

  step("has the colours of the theme", async () => {
    const colour = () => you.page.locator(".chart path.s1").first().evaluate((line) => getComputedStyle(line).stroke);
    const light = await colour();
    await you.page.emulateMedia({ colorScheme: "dark" });
    assert.notEqual(await colour(), light);
    await you.page.emulateMedia({ colorScheme: "light" });
  });

  step("shows all values when they are wanted", async () => {
    const figure = ana.page.locator(".chart").last();
    await figure.locator("summary", { hasText: "Values" }).click();
    await figure.locator("tbody tr").nth(LOAD.length - 1).waitFor();
    assert.deepEqual(await figure.locator("thead th").allInnerTexts(), ["time", "load", "memory"]);
    assert.match(await figure.locator("tbody tr").nth(40).innerText(), /–\s+\d+ %/);
    await look(ana, "51-chart-values");
    await figure.locator("summary").click();
  });

  step("draws bars with names, in which nothing is markup", async () => {
    const figure = await drawn(you, "wilco services | chart service mean worst in ms");
    assert.equal(await figure.locator(".bars-row").count(), SERVICES.length);
    assert.equal(await figure.locator(".bars-name").nth(1).innerText(), hostile[0]);
    assert.notEqual(await you.page.title(), "taken");
    assert.match(await figure.locator(".bars-row").nth(2).innerText(), /-8 ms\s+–/);
    await look(you, "52-chart-bars");
    await ana.page.locator(".bars-row").nth(2).waitFor();
    await look(ana, "52-chart-bars");
  });

  step("draws what Wilco counts", async () => {
    await you.operate("wilco stage webapp v1");
    const figure = await drawn(you, "wilco operations per day");
    assert.match(await figure.locator("figcaption").innerText(), /^operations per day, the last not over: operations last 1, /);
    assert.equal(await figure.locator("g.bar.s1 rect").count(), 30);
    await look(you, "53-chart-counts");
    await look(ana, "53-chart-counts");
    assert.deepEqual([you.faults, ana.faults], [[], []]);
  });
});
