// What a page costs while something is done on it: how long its tasks take, by the browser's own trace and as a page can see
// itself; and what the server's process holds in memory.

import { readFile } from "node:fs/promises";

/** A task is told from this length on, in milliseconds: what a page calls a long one. */
const LONG = 50;
const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"];
const TASKS = new Set(["RunTask", "ThreadControllerImpl::RunTask"]);

/** Does something on a page while a trace runs. The result: its answer, how many tasks were long, the longest, and what was in that. */
export async function watched(browser, page, body) {
  await page.evaluate(() => {
    window.long = [];
    window.longs ??= new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => Math.round(one.duration))));
    window.longs.observe({ entryTypes: ["longtask"] });
  });
  const client = await browser.newBrowserCDPSession();
  const events = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const complete = new Promise((done) => client.once("Tracing.tracingComplete", done));
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: CATEGORIES } });
  const answer = await body();
  await client.send("Tracing.end");
  await complete;
  await client.detach();
  const seen = await page.evaluate(() => window.long.splice(0));
  return { answer, ...tasksOf(events), seen: { count: seen.length, longest: Math.max(0, ...seen) } };
}

/** The long tasks of the main threads of pages, and what the longest one did, by what took most of it. */
export function tasksOf(events) {
  const mains = new Set(events.filter((one) => one.name === "thread_name" && one.args?.name === "CrRendererMain").map((one) => `${one.pid}.${one.tid}`));
  const own = events.filter((one) => one.ph === "X" && mains.has(`${one.pid}.${one.tid}`));
  const tasks = own.filter((one) => TASKS.has(one.name) && one.dur >= LONG * 1000);
  const longest = tasks.reduce((most, one) => (one.dur > (most?.dur ?? 0) ? one : most), null);
  const within = longest === null ? [] : own.filter((one) => one !== longest && !TASKS.has(one.name) && one.tid === longest.tid && one.pid === longest.pid
    && one.ts >= longest.ts && one.ts + one.dur <= longest.ts + longest.dur && one.dur > 2000);
  const did = within.sort((a, b) => b.dur - a.dur).slice(0, 6).map((one) => `${one.name} ${Math.round(one.dur / 1000)}`).join(", ");
  return { count: tasks.length, longest: Math.round((longest?.dur ?? 0) / 1000), did, traced: own.length };
}

/** How much memory a process holds, in MiB: all of it, of that its own, and the most that it held. */
export async function memory(pid) {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const [all, own, most] = ["VmRSS", "RssAnon", "VmHWM"].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024);
  return { all, own, most };
}

/** What is held at most while something is done, looked at four times a second. */
export async function memoryWhile(pid, body) {
  let most = await memory(pid);
  const timer = setInterval(async () => {
    const now = await memory(pid).catch(() => most);
    if (now.all > most.all) most = now;
  }, 250);
  try {
    await body();
  } finally {
    clearInterval(timer);
  }
  return most;
}
