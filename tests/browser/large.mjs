// Figures of the console at size, by hand: node tests/browser/large.mjs [MESSAGES] [OPERATIONS] [PAGES] [BROWSERS].
// Nothing is asserted; it prints what it measured, in one table. Of PAGES, so many as BROWSERS are windows of a real
// browser; the others are clients that ask what a page asks at its start, and then hold its stream.

import { Person, startBrowser } from "./people.mjs";
import { Programs } from "./programs.mjs";
import { memory, memoryWhile, watched } from "./watch.mjs";
import { Wilco } from "./wilco.mjs";

const [MESSAGES = 100_000, OPERATIONS = 10_000, PAGES = 50, BROWSERS = 50] = process.argv.slice(2).map(Number);
const PROGRAMS = 60;
const ROOM = "/r/web%3Aops";
const WORDS = ["disk", "full", "release", "webapp", "staging", "slow", "again", "green", "backup", "shard", "cache", "node"];
/** How often each page is opened; the median counts. */
const TIMES = 7;

const PACK = `[pack]
name = "many"

[[command]]
id     = "change"
words  = ["change <what>"]
about  = "Change one of many things"
effect = "write"

[[command.step]]
uses   = "say"
with   = { to = "web:deploys", text = "{{ what }} is changed" }
`;
const CONFIG = `[limits]
per_person = "unlimited"
lane = "unlimited"

[connector.web]
rooms = ["deploys"]

[[grant]]
command = "many.change"
to = [${Array.from({ length: PROGRAMS }, (_, at) => `"token:many-${at}"`).join(", ")}]

${Array.from({ length: PAGES }, (_, at) => `[person.p${at}]\nname = "Person ${at}"\nroles = ["developer"]\n`).join("\n")}`;

const rows = [];
function say(name, value) {
  rows.push([name, value]);
  console.error(`${name}: ${value}`);
}
const mib = ({ all, own }) => `${all.toFixed(1)} MiB, of it ${own.toFixed(1)} its own`;
const ms = (value) => `${value.toFixed(0)} ms`;
const tasks = ({ count, longest, seen, did }) => `${count} over 50 ms, the longest ${longest} ms (${seen.count} and ${seen.longest} ms as the page saw it)${longest > 100 ? `: ${did}` : ""}`;
const pause = (time) => new Promise((done) => setTimeout(done, time));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const wilco = await Wilco.make();
await wilco.configure(CONFIG, { "packs/many/pack.toml": PACK });
const link = await wilco.start();
const browser = await startBrowser();

/** Waits until the server holds no more or less than a while ago. */
async function settled() {
  let before = await memory(wilco.pid);
  for (let looks = 0; looks < 20; looks += 1) {
    await pause(2000);
    const now = await memory(wilco.pid);
    if (Math.abs(now.all - before.all) < 0.1) return now;
    before = now;
  }
  return before;
}

/** Orders given by so many programs at once, each after the answer to the one before. */
async function order(tokens, count) {
  let next = 0;
  const path = `${wilco.url}/api/v1/calls`;
  await Promise.all(tokens.map(async (token) => {
    while (next < count) {
      const body = JSON.stringify({ command: "many.change", args: { what: `thing-${next++}` }, place: "web:ops", because: "a figure" });
      const answer = await fetch(path, { method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body });
      if (answer.status !== 202) throw new Error(`an order was answered with ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  }));
}

/** Opens a page several times, and tells when it painted first and when what it is for was there. */
async function paints(page, name, path, there) {
  const [first, whole] = [[], []];
  for (let time = 0; time < TIMES; time += 1) {
    await page.goto(new URL(path, wilco.url).href, { waitUntil: "commit" });
    whole.push(await page.evaluate((selector) => new Promise((done) => {
      const look = () => (document.querySelector(selector) ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 2));
      look();
    }), there));
    await page.waitForTimeout(300);
    first.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0));
  }
  const span = (values) => `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;
  say(`${name}: first paint`, span(first));
  say(`${name}: its content is there`, span(whole));
}

/** What the page fetches once it has nothing else to do. */
const LATER = /\/(palette|beside)\.js$|\/(commands|objects)\?|\/routes$|\/operations\?.*latest=/;

/** What goes over the network at a first visit, headers and all. */
async function bytes(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.clearBrowserCache");
  const [paths, sizes] = [new Map(), []];
  client.on("Network.requestWillBeSent", ({ requestId, request }) => paths.set(requestId, request.url.slice(wilco.url.length)));
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.push([paths.get(requestId), encodedDataLength]));
  await page.goto(new URL(ROOM, wilco.url).href, { waitUntil: "commit" });
  await page.locator(".timeline-in .msg").first().waitFor();
  await page.waitForTimeout(6000);
  const part = (some) => `${(some.reduce((all, [, size]) => all + size, 0) / 1000).toFixed(1)} kB in ${some.length} requests`;
  // What the page before had begun ends here as well, and has no path.
  const own = sizes.filter(([path]) => path !== undefined);
  const [first, later] = [own.filter(([path]) => !LATER.test(path)), own.filter(([path]) => LATER.test(path))];
  say("first visit to the room, nothing cached: over the network", `${part(first)}, of it files ${part(first.filter(([path]) => !path.startsWith("/api/")))}; once idle ${part(later)}`);
  await client.detach();
}

/** Scrolls so many windows up or down, a frame each, and lets what is fetched meanwhile arrive. */
const scroll = (page, by, frames) => page.evaluate(async ([step, count]) => {
  const body = document.querySelector(".timeline");
  let [most, nodes] = [0, 0];
  const start = performance.now();
  for (let at = 0; at < count; at += 1) {
    body.scrollTop += step;
    await new Promise((done) => requestAnimationFrame(done));
    most = Math.max(most, document.querySelectorAll(".timeline-in .msg").length);
    if (at % 20 === 0) nodes = Math.max(nodes, document.querySelectorAll("*").length);
  }
  return { frame: (performance.now() - start) / count, most, nodes };
}, [by, frames]);

async function scrolling(page) {
  for (const [name, by] of [["up", -900], ["down", 900]]) {
    const found = await watched(browser, page, () => scroll(page, by, 300));
    say(`the room, scrolled ${name} by 300 windows: tasks`, tasks(found));
    say(`  a frame; messages and elements on the page at most`, `${found.answer.frame.toFixed(1)} ms; ${found.answer.most}, ${found.answer.nodes}`);
  }
}

async function searching(page) {
  await page.locator("[data-slash]").click();
  const field = page.locator("#find");
  for (const words of ["shard cache", `${MESSAGES - 10} `, "17 ", "nothing that was said"]) {
    await field.fill("");
    await page.waitForTimeout(400);
    const found = await watched(browser, page, async () => {
      await field.pressSequentially(words, { delay: 40 });
      const typed = Date.now();
      await page.locator(".find-told", { hasText: /found|No message/ }).waitFor();
      return { took: Date.now() - typed, rows: await page.locator(".find-row").count() };
    });
    say(`search for “${words}” in its field: after the last key`, `${found.answer.took} ms, ${found.answer.rows} rows`);
    say("  tasks", tasks(found));
  }
  await page.locator(".find-row").first().waitFor({ state: "detached" });
  await field.fill("17 disk");
  await page.locator(".find-row").nth(5).waitFor();
  const jumped = await watched(browser, page, async () => {
    const at = Date.now();
    await page.locator(".find-row").nth(5).click();
    await page.locator(".msg.is-found").waitFor();
    return Date.now() - at;
  });
  say("to a message that was found", `${jumped.answer} ms; tasks ${tasks(jumped)}`);
}

async function operations(page) {
  await page.goto(new URL("/operations", wilco.url).href);
  await page.locator("ul.items .item").nth(99).waitFor();
  for (const [name, first] of [["Succeeded", ".item"], ["Failed", ".empty"], ["All", ".item"]]) {
    const found = await watched(browser, page, async () => {
      const at = Date.now();
      await page.locator(".filters button", { hasText: name }).click();
      await page.locator(`.filters button[aria-pressed=true]:has-text("${name}")`).waitFor();
      await page.locator(`.page ${first}`).first().waitFor();
      return Date.now() - at;
    });
    say(`operations, filtered by “${name}”`, `${found.answer} ms; tasks ${tasks(found)}`);
  }
  const paged = await watched(browser, page, async () => {
    const took = [];
    for (let count = 100; count < 2000; count += 100) {
      const at = Date.now();
      await page.getByRole("button", { name: "Earlier operations" }).click();
      await page.locator("ul.items .item").nth(count).waitFor();
      took.push(Date.now() - at);
    }
    return took;
  });
  say("operations, paged to 2,000: a page", `${ms(median(paged.answer))}, at most ${ms(Math.max(...paged.answer))}`);
  say("  tasks", tasks(paged));
  // The list looks for what is new every ten seconds.
  const waits = await watched(browser, page, () => page.waitForTimeout(11_000));
  say("operations, 2,000 of them listed, for 11 s", tasks(waits));
  const scrolled = await watched(browser, page, () => page.evaluate(async () => {
    const body = document.querySelector(".scroll");
    for (let at = 0; at < 200; at += 1) {
      body.scrollTop += at < 100 ? -1200 : 1200;
      await new Promise((done) => requestAnimationFrame(done));
    }
  }));
  say("operations, 2,000 of them scrolled", tasks(scrolled));
  for (const query of ["who=token:many-1", "command=many.", "who=@nobody", "state=failed&since=2026-01-01"]) {
    const times = [];
    for (let time = 0; time < 5; time += 1) {
      times.push(await page.evaluate(async (text) => {
        const at = performance.now();
        await fetch(`/api/v1/operations?latest=100&${text}`).then((answer) => answer.json());
        return performance.now() - at;
      }, query));
    }
    say(`an answer of operations with ${query}`, ms(median(times)));
  }
  await page.goto(new URL("/operations", wilco.url).href);
  await page.locator("ul.items .item").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.locator("dialog.goto").waitFor();
  const palette = await watched(browser, page, () => page.keyboard.type("many change", { delay: 60 }));
  say("the palette, typed into", tasks(palette));
}

/** What a page asks at its start, and its stream, which stays open. */
async function client(at) {
  const link = await wilco.invite(`p${at}`);
  const signed = await fetch(`${wilco.url}/api/v1/session`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ secret: link.split("#")[1] }) });
  const headers = { cookie: signed.headers.get("set-cookie").split(";")[0] };
  const ask = (path) => fetch(`${wilco.url}/api/v1${path}`, { headers }).then((answer) => answer.json());
  await ask("/me");
  const [messages] = await Promise.all([ask("/rooms/web%3Aops/messages?latest=60"), ask("/commands"), ask("/operations?latest=30"), ask("/operations?state=awaiting_confirm%2Cawaiting_approval&limit=500")]);
  const abort = new AbortController();
  const stream = await fetch(`${wilco.url}/api/v1/rooms/web%3Aops/stream?around=true&after=${messages.stream}`, { headers, signal: abort.signal });
  const drained = (async () => {
    for await (const part of stream.body) void part;
  })().catch(() => {});
  return async () => {
    abort.abort();
    await drained;
  };
}

async function window(at) {
  const person = await Person.arrive(browser, `p${at}`, "desktop");
  await person.signIn(await wilco.invite(`p${at}`));
  await person.open(ROOM);
  await person.page.locator(".live", { hasText: /^live$/ }).waitFor({ state: "attached" });
  return () => person.context.close();
}

async function many(programs, idle) {
  const open = [];
  for (let at = 0; at < PAGES; at += 1) open.push(at < BROWSERS ? await window(at) : await client(at));
  const few = Math.min(PAGES, BROWSERS);
  const names = `${PAGES} open pages (${few} windows of a browser, ${PAGES - few} clients)`;
  const above = (now) => `${mib(now)}; ${(now.all - idle.all).toFixed(1)} MiB above idle`;
  say(`server with ${names}`, above(await settled()));
  const lines = Array.from({ length: 2000 }, (_, at) => `live ${at} ${WORDS[at % 12]} and so on`);
  const busy = await memoryWhile(wilco.pid, () => programs.say("web:ops", lines));
  say("  while 2,000 messages arrive, at most", above(busy));
  say("  afterwards", above(await settled()));
  for (const close of open) await close();
  say("  once all are closed", above(await settled()));
}

try {
  const idle = await settled();
  say("server at rest, nothing stored", mib(idle));
  const programs = await Programs.make(wilco, PROGRAMS);
  const tokens = [];
  for (let at = 0; at < PROGRAMS; at += 1) tokens.push((await wilco.cli("token", "create", `many-${at}`, "--scope", "order")).trim());
  let began = Date.now();
  await order(tokens.slice(0, 16), OPERATIONS);
  say(`${OPERATIONS} operations given in`, `${((Date.now() - began) / 1000).toFixed(0)} s`);
  began = Date.now();
  await programs.say("web:ops", Array.from({ length: MESSAGES }, (_, at) => `${at} ${WORDS[at % 12]} ${WORDS[(at * 7) % 11]} ${"and so on ".repeat(at % 9)}`));
  say(`${MESSAGES} messages said in`, `${((Date.now() - began) / 1000).toFixed(0)} s`);
  say("server afterwards", mib(await settled()));
  const you = await Person.arrive(browser, "large", "desktop");
  await you.signIn(link);
  const { page } = you;
  await bytes(page);
  await paints(page, "the room", ROOM, ".timeline-in .msg");
  const { id } = await page.evaluate(() => fetch("/api/v1/operations?latest=1").then((answer) => answer.json()).then((answer) => answer.items[0]));
  await paints(page, "all operations", "/operations", "ul.items .item");
  await paints(page, "one operation", `/o/${id}`, ".page-head .pill");
  await page.goto(new URL(ROOM, wilco.url).href);
  await page.locator(".timeline-in .msg").first().waitFor();
  await page.waitForTimeout(500);
  await scrolling(page);
  await searching(page);
  await operations(page);
  if (you.faults.length > 0) say("faults", you.faults.join("; "));
  await you.context.close();
  say("server after all of this, without a page", mib(await settled()));
  await many(programs, idle);
  await wilco.stop();
  await wilco.start();
  const again = await settled();
  say("server started anew with all of it stored", `${mib(again)}; ${(again.all - idle.all).toFixed(1)} MiB above idle`);
  await many(programs, again);
} finally {
  await browser.close();
  await wilco.end();
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
}
