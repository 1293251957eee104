// Figures of a large room, by hand: node tests/browser/large.mjs [MESSAGES]. Nothing is asserted; it prints what it measured.

import { Person, startBrowser } from "./people.mjs";
import { Programs } from "./programs.mjs";
import { Wilco } from "./wilco.mjs";

const MESSAGES = Number(process.argv[2] ?? 100_000);
const PROGRAMS = 60;
const WORDS = ["disk", "full", "release", "webapp", "staging", "slow", "again", "green", "backup", "shard", "cache", "node"];

const say = (name, value) => console.log(`${name.padEnd(58)} ${value}`);
const wilco = await Wilco.make();
const link = await wilco.start();
const browser = await startBrowser();
try {
  const programs = await Programs.make(wilco, PROGRAMS);
  const began = Date.now();
  await programs.say("web:ops", Array.from({ length: MESSAGES }, (_, at) => `${at} ${WORDS[at % 12]} ${WORDS[(at * 7) % 11]} ${"and so on ".repeat(at % 9)}`));
  say(`${MESSAGES} messages said in`, `${((Date.now() - began) / 1000).toFixed(0)} s`);
  const you = await Person.arrive(browser, "large", "desktop");
  await you.signIn(link);
  const { page } = you;
  for (const way of ["first visit", "again"]) {
    if (way === "first visit") {
      const client = await page.context().newCDPSession(page);
      await client.send("Network.clearBrowserCache");
    }
    await page.goto(new URL("/r/web%3Aops", wilco.url).href, { waitUntil: "commit" });
    const shown = await page.evaluate(() => new Promise((done) => {
      const look = () => (document.querySelector(".timeline-in .msg") ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 2));
      look();
    }));
    await page.waitForTimeout(500);
    const figures = await page.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((sum, one) => sum + one.transferSize, 0),
      files: performance.getEntriesByType("resource").length,
    }));
    say(`${way}: first paint, messages there`, `${figures.paint?.toFixed(0)} ms, ${shown.toFixed(0)} ms`);
    say(`${way}: bytes over the network in so many requests`, `${figures.bytes}, ${figures.files + 1}`);
  }
  await page.evaluate(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => Math.round(one.duration)))).observe({ entryTypes: ["longtask"] });
  });
  const scrolled = await page.evaluate(async () => {
    const body = document.querySelector(".timeline");
    let most = 0;
    let nodes = 0;
    const start = performance.now();
    for (let at = 0; at < 300; at += 1) {
      body.scrollTop -= 900;
      await new Promise((done) => requestAnimationFrame(done));
      most = Math.max(most, document.querySelectorAll(".timeline-in .msg").length);
      nodes = Math.max(nodes, document.querySelectorAll("*").length);
    }
    const frames = (performance.now() - start) / 300;
    const long = window.long.splice(0);
    return { most, nodes, frames, long };
  });
  say("scrolling up 300 windows: a frame takes", `${scrolled.frames.toFixed(1)} ms`);
  say("  messages and elements on the page, at most", `${scrolled.most}, ${scrolled.nodes}`);
  say("  tasks over 50 ms", `${scrolled.long.length}, the longest ${Math.max(0, ...scrolled.long)} ms`);
  for (const words of ["shard cache", `${MESSAGES - 10} `, "17 ", "nothing that was said"]) {
    const took = await page.evaluate(async (text) => {
      const start = performance.now();
      let count = 0;
      let requests = 0;
      let longest = 0;
      for (let before = null; ;) {
        const at = performance.now();
        const answer = await fetch(`/api/v1/rooms/web%3Aops/search?limit=20&text=${encodeURIComponent(text)}${before ? `&before=${before}` : ""}`).then((one) => one.json());
        longest = Math.max(longest, performance.now() - at);
        requests += 1;
        count += answer.items.length;
        before = answer.next;
        if (before === null || count >= 20) return { took: performance.now() - start, count, requests, longest };
      }
    }, words);
    say(`search “${words}”: found, in, requests, the longest`, `${took.count}, ${took.took.toFixed(0)} ms, ${took.requests}, ${took.longest.toFixed(0)} ms`);
  }
  await page.locator("[data-slash]").click();
  await page.locator("#find").pressSequentially("shard cache", { delay: 30 });
  await page.locator(".find-row").nth(19).waitFor();
  say("typing a search: tasks over 50 ms", `${await page.evaluate(() => `${window.long.length}, the longest ${Math.max(0, ...window.long)} ms`)}`);
  if (you.faults.length > 0) say("faults", you.faults.join("; "));
} finally {
  await browser.close();
  await wilco.end();
}
