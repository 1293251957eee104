// Rooms as they are used all day: unread and called by name, search, catching up, quotes, folds, the palette, keys alone.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Person, sizes, SLOW, startBrowser } from "./people.mjs";
import { Programs } from "./programs.mjs";
import { steps } from "./steps.mjs";
import { hostile } from "./story.mjs";
import { Wilco } from "./wilco.mjs";

/** How soon another browser shows what was sent, in milliseconds, in the median. */
const SOON = 100;
/** How many messages a browser was cut off for. */
const MISSED = 5000;
/** After so many milliseconds without a new message nothing more comes of scrolling. */
const STILL = 10_000;
/** The most messages that the page holds at once. */
const HELD = 320;

let wilco;
let browser;
let you;
let ana;
let programs;

const step = steps("rooms", () => [you, ana]);
const count = (person, place) => person.page.locator(`.side a[data-place="${place}"] .count`);
const here = (person) => person.page.evaluate(() => decodeURIComponent(location.pathname));

async function enter(person, place) {
  await person.open(`/r/${encodeURIComponent(place)}`);
  await person.page.locator("#say").waitFor();
  await person.page.locator(".live", { hasText: /^live$/ }).waitFor({ state: "attached" });
}

/** Whether an element can be seen in the timeline. */
function isInView(locator) {
  return locator.evaluate((element) => {
    const box = element.getBoundingClientRect();
    const around = document.querySelector(".timeline").getBoundingClientRect();
    return box.bottom > around.top && box.top < around.bottom;
  });
}

/** Waits until this comes true. */
async function until(what, holds, patience = 20_000) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 50));
  }
}

describe("rooms, all day", { timeout: 420_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await wilco.configure('[connector.web]\nrooms = ["deploys", { name = "quiet", topic = "Nothing happens here" }]\n');
    const link = await wilco.start();
    browser = await startBrowser();
    you = await Person.arrive(browser, "desktop", "desktop");
    ana = await Person.arrive(browser, "second", "desktop");
    await you.signIn(link);
    await ana.signIn(await wilco.invite("ana"));
    programs = await Programs.make(wilco, 16);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("counts what is unread, and stands out where one is called", async () => {
    await enter(you, "web:ops");
    await enter(ana, "web:deploys");
    for (const line of ["first", "hello @you, look at this", "and not @youth"]) await ana.say(line);
    await count(you, "web:deploys").filter({ hasText: /^@1$/ }).waitFor();
    await count(you, "web:deploys").and(you.page.locator('[aria-label="3 unread, you are mentioned"]')).waitFor();
    assert.equal(await count(ana, "web:deploys").isHidden(), true, "one's own words are read");
    await you.shot("50-unread");
    await you.page.reload();
    await count(you, "web:deploys").filter({ hasText: /^@1$/ }).waitFor();
    await you.page.locator(".here", { hasText: "1 here" }).waitFor();
  });

  step("leads to the first that is new, however much came since", async () => {
    await programs.say("web:deploys", Array.from({ length: 300 }, (_, at) => `noise ${at}`));
    await enter(you, "web:deploys");
    const way = you.page.getByRole("button", { name: "To the first of 100+ new" });
    await way.waitFor();
    await you.shot("51-new");
    await way.click();
    await you.page.locator(".day-new").waitFor();
    assert.equal(await isInView(you.page.locator(".day-new")), true, "the line is seen");
    const first = you.page.locator(".day-new + li .say").first();
    assert.equal(await first.innerText(), "first");
    assert.equal(await you.page.locator(".mention-me").first().innerText(), "@you");
    assert.equal(await you.page.locator(".mention-me").count(), 1, "only a whole name is one");
    await you.shot("52-first-new");
    await way.waitFor({ state: "hidden" });
    await you.page.getByRole("button", { name: /^(Newest|\d+ new)$/ }).click();
    await you.page.locator(".say", { hasText: /^noise 299$/ }).waitFor();
    await count(you, "web:deploys").waitFor({ state: "hidden" });
    await you.page.reload();
    await you.page.locator(".say", { hasText: /^noise 299$/ }).waitFor();
    await count(you, "web:deploys").waitFor({ state: "hidden" });
    assert.equal(await you.page.locator(".to-new .btn").first().isVisible(), false, "what was read stays read");
  });

  step("draws the line anew where the page was not looked at", async () => {
    await enter(you, "web:quiet");
    const look = (hidden) => you.page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await you.say("seen");
    await you.page.locator(".msg:not(.is-pending) .say", { hasText: "seen" }).waitFor();
    await look(true);
    await programs.say("web:quiet", ["came while nobody looked"]);
    await you.page.locator(".day-new + li", { hasText: "came while nobody looked" }).waitFor();
    await look(false);
    await you.say("back");
    await you.page.locator(".day-new").waitFor({ state: "detached" });
  });

  step("shows the same in two browsers at once", async () => {
    await enter(you, "web:ops");
    await enter(ana, "web:ops");
    await you.page.locator(".here", { hasText: "2 here" }).waitFor();
    await ana.page.evaluate(() => {
      window.seen = {};
      new MutationObserver(() => {
        for (const line of document.querySelectorAll(".say")) window.seen[line.textContent] ??= performance.timeOrigin + performance.now();
      }).observe(document.querySelector(".timeline-in"), { childList: true, subtree: true });
    });
    const took = [];
    for (let at = 0; at < 20; at += 1) {
      await you.page.locator("#say").fill(`tick ${at}`);
      const sent = await you.page.evaluate(() => {
        document.querySelector(".composer").requestSubmit();
        return performance.timeOrigin + performance.now();
      });
      await ana.page.locator(".say", { hasText: new RegExp(`^tick ${at}$`) }).waitFor();
      took.push((await ana.page.evaluate((text) => window.seen[text], `tick ${at}`)) - sent);
    }
    took.sort((a, b) => a - b);
    console.log(`another browser shows a message after ${took[10].toFixed(0)} ms in the median, ${took[19].toFixed(0)} at most`);
    assert.ok(took[10] < SOON + SLOW, `the median is ${took[10]} ms`);
  });

  step("finds what was said, and leads there", async () => {
    await enter(you, "web:deploys");
    await you.page.locator("body").evaluate(() => document.activeElement.blur());
    await you.page.keyboard.press("/");
    await you.page.locator("#find:focus").waitFor();
    await you.page.keyboard.type("NOISE 17");
    const rows = you.page.locator(".find-row");
    await you.page.locator(".find-told", { hasText: "13 found" }).waitFor();
    assert.equal(await rows.count(), 13);
    assert.equal(await rows.last().locator("mark").first().innerText(), "noise");
    await you.shot("53-search");
    for (const key of ["Enter", "ArrowDown", "Enter"]) await you.page.keyboard.press(key);
    const found = you.page.locator(".msg.is-found");
    await found.waitFor();
    assert.match(await found.innerText(), /noise 179/);
    assert.equal(await isInView(found), true);
    await you.page.locator("#find").fill("nobody ever said this");
    await you.page.locator(".find-told", { hasText: "No message in deploys has all of these words." }).waitFor();
    for (const line of hostile) {
      await you.page.locator("#find").fill(line);
      await you.page.locator(".find-told", { hasText: "No message" }).waitFor();
    }
    assert.notEqual(await you.page.title(), "taken");
    assert.equal(await you.page.locator(".find-panel :is(img, script)").count(), 0);
    await you.page.locator("#find").press("Escape");
    await you.page.locator("#say:focus").waitFor();
    assert.equal(await you.page.locator(".find-panel").isHidden(), true);
  });

  step("catches up after a cut, without a gap and without a double", async () => {
    await enter(ana, "web:deploys");
    await ana.page.locator(".say", { hasText: /^noise 299$/ }).waitFor();
    await ana.expecting([/ERR_INTERNET_DISCONNECTED|ERR_NETWORK/], async () => {
      await ana.context.setOffline(true);
      await ana.page.locator("span.live", { hasText: "not live" }).waitFor({ state: "attached" });
      await programs.say("web:deploys", Array.from({ length: MISSED }, (_, at) => `missed ${at}`));
      await ana.context.setOffline(false);
      await programs.say("web:deploys", ["the last one"]);
      const began = Date.now();
      await ana.page.locator(".say", { hasText: /^the last one$/ }).waitFor();
      console.log(`caught up with ${MISSED} messages in ${Date.now() - began} ms`);
    });
    await ana.page.getByRole("button", { name: /^To the first of \d+ new$/ }).waitFor();
    const truth = await ana.page.evaluate(async () => {
      const ids = [];
      for (let after = 0; after !== null;) {
        const { items, next } = await fetch(`/api/v1/rooms/web%3Adeploys/messages?limit=500&after=${after}`).then((answer) => answer.json());
        ids.push(...items.map(({ id }) => id));
        after = next;
      }
      return ids;
    });
    assert.ok(truth.length > MISSED);
    // Up through all of it: what is on the page is always a stretch of the truth, and in the end all of it was there.
    const walked = await ana.page.evaluate(async ([begin, patience]) => {
      const body = document.querySelector(".timeline");
      const seen = new Set();
      const stretches = [];
      let most = 0;
      // A busy machine may take long for a stretch.
      for (let moved = Date.now(); Date.now() - moved < patience && !seen.has(begin);) {
        const ids = [...document.querySelectorAll(".timeline-in .msg")].map((message) => message.dataset.id);
        const before = seen.size;
        for (const id of ids) seen.add(id);
        if (new Set(ids).size !== ids.length) return { double: ids };
        stretches.push([ids[0], ids.at(-1), ids.length]);
        most = Math.max(most, ids.length);
        if (seen.size > before) moved = Date.now();
        body.scrollTop = 0;
        await new Promise((done) => setTimeout(done, 30));
      }
      return { seen: [...seen], stretches, most };
    }, [truth[0], STILL]);
    assert.equal(walked.double, undefined, "no message stands twice");
    assert.deepEqual(new Set(walked.seen), new Set(truth), "every message was there on the way up");
    for (const [first, last, length] of walked.stretches) {
      assert.equal(truth.indexOf(last) - truth.indexOf(first) + 1, length, "what is shown is whole between its ends");
    }
    assert.ok(walked.most <= HELD, `the page held ${walked.most} messages at once`);
    await ana.page.getByRole("button", { name: /^(Newest|\d+ new)$/ }).click();
    await ana.page.locator(".say", { hasText: /^the last one$/ }).waitFor();
  });

  step("goes down again to what is said now", async () => {
    const walked = await ana.page.evaluate(async (patience) => {
      const body = document.querySelector(".timeline");
      const said = () => document.querySelector(".timeline-in > li:last-child .say").textContent;
      const ids = () => [...document.querySelectorAll(".timeline-in .msg")].map((message) => Number(message.dataset.id));
      for (let at = 0; at < 30; at += 1) {
        body.scrollTop = 0;
        await new Promise((done) => setTimeout(done, 30));
      }
      const far = ids().at(-1);
      const gaps = [];
      for (let moved = Date.now(); Date.now() - moved < patience && said() !== "the last one";) {
        const before = ids().at(-1);
        body.scrollTop = body.scrollHeight;
        await new Promise((done) => setTimeout(done, 30));
        const now = ids();
        if (now.some((id, at) => at > 0 && id !== now[at - 1] + 1)) gaps.push(now);
        if (now.at(-1) !== before) moved = Date.now();
      }
      return { far, gaps, last: said() };
    }, STILL);
    assert.equal(walked.gaps.length, 0, "what is shown is whole on the way down");
    assert.equal(walked.last, "the last one");
    await programs.say("web:deploys", ["and live again"]);
    await ana.page.locator(".say", { hasText: /^and live again$/ }).waitFor();
  });

  step("opens a message by its address", async () => {
    const id = await you.page.evaluate(async () => (await fetch("/api/v1/rooms/web%3Adeploys/search?text=missed%202500").then((answer) => answer.json())).items[0].id);
    await you.open(`/r/web%3Adeploys?at=${id}`);
    const found = you.page.locator(".msg.is-found");
    await found.waitFor();
    assert.match(await found.innerText(), /missed 2500/);
    assert.equal(await isInView(found), true);
    const before = await you.page.locator(".say", { hasText: /^missed 2500$/ }).boundingBox();
    await you.page.locator(".timeline").hover();
    await programs.say("web:deploys", ["while reading"]);
    await new Promise((done) => setTimeout(done, 500));
    const since = await you.page.locator(".say", { hasText: /^missed 2500$/ }).boundingBox();
    assert.equal(Math.round(since.y), Math.round(before.y), "what is read does not move");
  });

  step("completes arguments and names, quotes, and folds what is long", async () => {
    await enter(you, "web:quiet");
    const field = you.page.locator("#say");
    await field.fill("");
    await you.page.locator("form button[type=submit]").click();
    assert.equal(await you.page.evaluate(() => document.activeElement.id), "say", "with nothing to send, the keys stay with the field");
    await ana.open("/r/web%3Aquiet");
    await ana.page.locator("#say").waitFor();
    await ana.say("what about the disk?\nit is full");
    await you.page.locator(".say", { hasText: "what about the disk?" }).waitFor();
    await field.pressSequentially("look, @an");
    await you.page.locator(".complete-item", { hasText: "@ana" }).waitFor();
    await field.press("Tab");
    assert.equal(await field.inputValue(), "look, @ana ");
    await field.fill("");
    await you.page.locator(".msg", { hasText: "what about the disk?" }).getByRole("button", { name: /^Reply/ }).click();
    await you.page.getByRole("button", { name: "Quote" }).click();
    assert.equal(await field.inputValue(), "> what about the disk?\n> it is full\n");
    await field.press("End");
    await field.pressSequentially("I look at it");
    await you.shot("54-quote");
    await field.press("Enter");
    const answer = ana.page.locator(".msg-answer", { hasText: "I look at it" });
    await answer.locator("blockquote", { hasText: "it is full" }).waitFor();
    assert.equal(await answer.locator(".say").innerText(), "I look at it");
    const lines = Array.from({ length: 60 }, (_, at) => `line ${at}`).join("\n");
    await field.fill(`the log:\n\`\`\`\n${lines}\n\`\`\``);
    await field.press("Enter");
    const folded = ana.page.locator(".folded");
    await folded.waitFor();
    assert.match(await folded.locator("pre").innerText(), /line 11$/);
    await ana.shot("55-folded");
    await folded.getByRole("button", { name: "Show all 60 lines" }).click();
    assert.match(await folded.locator("pre").innerText(), /line 59$/);
  });

  step("takes what is typed for the palette while that is still on its way", async () => {
    // Nobody has to ask for it: it is fetched once the page has nothing else to do.
    const fetched = you.page.waitForResponse(/\/palette\.js$/);
    await enter(you, "web:ops");
    await fetched;
    let come;
    const held = new Promise((done) => { come = done; });
    await you.page.route("**/palette.js", async (route) => {
      await held;
      await route.continue();
    });
    const client = await you.page.context().newCDPSession(you.page);
    await client.send("Network.clearBrowserCache");
    await enter(you, "web:ops");
    await you.page.locator("#say:focus").waitFor();
    const { keyboard } = you.page;
    await keyboard.press("Control+k");
    await keyboard.type("deplo");
    await keyboard.press("Enter");
    assert.equal(await you.page.locator("#say").inputValue(), "", "nothing of it is in the composer");
    assert.equal(await you.page.locator("dialog.goto input").inputValue(), "deplo");
    come();
    await until("the room opens", async () => (await here(you)) === "/r/web:deploys");
    await you.page.unroute("**/palette.js");
  });

  step("goes everywhere by keys alone", async () => {
    const { keyboard } = you.page;
    await enter(you, "web:ops");
    await keyboard.press("Control+k");
    await you.page.locator("dialog.goto input:focus").waitFor();
    await keyboard.type("deplo");
    await you.page.locator('.goto-item[aria-selected="true"]', { hasText: "deploys" }).waitFor();
    await you.shot("56-palette");
    await keyboard.press("Enter");
    await until("the room opens", async () => (await here(you)) === "/r/web:deploys");
    await you.page.locator("#say:focus").waitFor();
    await keyboard.press("Shift+Tab");
    assert.equal(await you.page.evaluate(() => document.activeElement.matches("textarea")), false);
    for (const [letter, path] of [["w", "/waiting"], ["o", "/operations"], ["c", "/commands"], ["e", "/events"]]) {
      await keyboard.press("g");
      await keyboard.press(letter);
      await until(`g ${letter}`, async () => (await here(you)) === path);
      await you.page.locator("main h1").first().waitFor();
    }
    for (const [word, path] of [["routes", "/routes"], ["people", "/people"], ["tokens", "/access"]]) {
      await keyboard.press("Control+k");
      await you.page.locator("dialog.goto input:focus").waitFor();
      await keyboard.type(word);
      await you.page.locator(`.goto-item[aria-selected="true"]`).waitFor();
      await keyboard.press("Enter");
      await until(`the palette opens ${path}`, async () => (await here(you)) === path);
    }
    // Keys that follow at once, before the page is drawn without the dialog, are not lost in it.
    for (let times = 0; times < 6; times += 1) {
      await keyboard.press("Control+k");
      await you.page.locator("dialog.goto input:focus").waitFor();
      await keyboard.type(times % 2 === 0 ? "people" : "tokens");
      await Promise.all(["Enter", "g", "o"].map((key) => keyboard.press(key)));
      await until("g o behind Enter", async () => (await here(you)) === "/operations");
      for (const key of ["Control+k", "Escape", "Control+k"]) await keyboard.press(key);
      await you.page.locator("dialog.goto input:focus").waitFor();
      await keyboard.press("Escape");
      await you.page.locator("dialog").waitFor({ state: "detached" });
    }
    await keyboard.press("g");
    await keyboard.press("r");
    await until("g r", async () => (await here(you)).startsWith("/r/"));
    await you.page.locator("#say:focus").waitFor();
    await programs.say("web:quiet", ["unread again"]);
    // Said while the room was being opened, and counted by its stream or with it: nobody waits for the next look at all rooms.
    await count(you, "web:quiet").filter({ hasText: /^1$/ }).waitFor({ timeout: 8000 });
    await keyboard.press("Shift+Tab");
    await keyboard.press("]");
    await until("] opens the unread room", async () => (await here(you)) === "/r/web:quiet");
    await you.page.locator(".say", { hasText: "unread again" }).waitFor();
    await keyboard.press("Shift+Tab");
    await keyboard.press("k");
    await you.page.locator(".msg:focus", { hasText: "unread again" }).waitFor();
    await keyboard.press("k");
    assert.equal(await you.page.locator(".msg:focus", { hasText: "unread again" }).count(), 0);
    await keyboard.press("?");
    await you.page.locator("dialog.keys").waitFor();
    await you.shot("57-keys");
    await you.page.locator("#letters").press("Space");
    await keyboard.press("Escape");
    await you.page.locator("dialog").waitFor({ state: "detached" });
    await keyboard.press("g");
    await keyboard.press("w");
    await new Promise((done) => setTimeout(done, 200));
    assert.equal(await here(you), "/r/web:quiet", "letters can be turned off");
    await you.page.evaluate(() => localStorage.removeItem("wilco-letters"));
    await keyboard.press("Escape");
    await you.page.locator("#say:focus").waitFor();
  });

  step("takes the whole story by keys alone", async () => {
    /** Moves on by Tab until the focus is on such an element. */
    const tabTo = async ({ page }, selector) => {
      for (let at = 0; at < 400; at += 1) {
        if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`Tab never comes to ${selector}`);
    };
    const order = async (line) => {
      await you.page.locator("#say:focus").waitFor();
      await you.page.keyboard.type(line);
      await you.page.keyboard.press("Enter");
    };
    const done = (title) =>
      you.page.locator(".msg", { hasText: title }).locator('.outcome [aria-label="Succeeded"], .pill:has-text("Succeeded")').first().waitFor();
    await enter(you, "web:ops");
    await order("wilco stage webapp v1");
    await you.page.locator('.msg-answer button[data-press="confirm"]').last().waitFor();
    await you.page.keyboard.press("Shift+Tab");
    await you.page.keyboard.press("k");
    await tabTo(you, 'button[data-press="confirm"]');
    await you.page.keyboard.press("Enter");
    await done("stage webapp");
    await you.page.keyboard.press("Escape");
    await order("wilco release webapp");
    await you.page.locator('.pill:has-text("Waiting for approval")').last().waitFor();
    await enter(ana, "web:ops");
    await ana.page.locator("#say:focus").waitFor();
    await ana.page.keyboard.press("Control+k");
    await ana.page.locator("dialog.goto input:focus").waitFor();
    await ana.page.keyboard.type("waiting");
    await ana.page.keyboard.press("Enter");
    await ana.page.locator('.ask button[data-press="approve"]:enabled').waitFor();
    await ana.page.locator(".decide-ask", { hasText: "Needs one approval by role:lead (@ana). You may approve." }).waitFor();
    await tabTo(ana, 'button[data-press="approve"]');
    await ana.page.keyboard.press("Enter");
    await ana.page.locator(".decide-ask", { hasText: "You approved it." }).waitFor();
    await done("release webapp");
  });

  step("tells what else changed while one was away", async () => {
    await ana.page.evaluate(() => localStorage.setItem("wilco-here-ana", JSON.stringify({ seen: Date.now() - 3_600_000, since: null })));
    await you.open("/r/web%3Aquiet");
    await you.page.locator("#say").waitFor();
    await you.say("done, @ana");
    await you.page.locator(".msg:not(.is-pending) .say", { hasText: "done, @ana" }).waitFor();
    await ana.page.evaluate(() => {
      const marks = JSON.parse(localStorage.getItem("wilco-read-ana"));
      localStorage.setItem("wilco-read-ana", JSON.stringify({ ...marks, "web:quiet": "1" }));
      localStorage.setItem("wilco-here-ana", JSON.stringify({ seen: Date.now() - 3_600_000, since: null }));
    });
    await ana.page.reload();
    const changed = ana.page.locator(".changed");
    await changed.locator(".item", { hasText: "release webapp" }).waitFor();
    await changed.locator(".item", { hasText: "done, @ana" }).waitFor();
    await ana.page.setViewportSize(sizes.phone.viewport);
    await ana.shot("58-changed-phone");
    await ana.page.setViewportSize(sizes.desktop.viewport);
    await ana.shot("58-changed");
    await changed.getByRole("button", { name: "I have seen this" }).click();
    await changed.locator(".item", { hasText: "release webapp" }).waitFor({ state: "detached" });
    await changed.locator(".item", { hasText: "done, @ana" }).click();
    await ana.page.locator(".msg.is-found", { hasText: "done, @ana" }).waitFor();
  });

  step("looks right in both sizes and both themes", async () => {
    await you.inEachLook(async (look) => {
      await enter(you, "web:quiet");
      await you.page.locator(".say").first().waitFor();
      await you.shot(`60-room-${look}`);
      await you.page.locator("[data-slash]").click();
      await you.page.locator("#find").fill("line");
      await you.page.locator(".find-row").first().waitFor();
      await you.shot(`61-search-${look}`);
      await you.page.locator("#find").press("Escape");
      await you.page.keyboard.press("Control+k");
      await you.page.locator(".goto-item").nth(5).waitFor();
      await you.shot(`62-palette-${look}`);
      await you.page.keyboard.press("Escape");
    });
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(ana.faults, []);
  });
});
