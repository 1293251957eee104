// People at the page: each with a browser window of their own, who read, write, press, and notice what goes wrong.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

/** Where the pictures go. */
export const shots = fileURLToPath(new URL("shots", import.meta.url));
const ARGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
/** How long something on the page may take, in milliseconds. */
const PATIENCE = 20_000;

/** Up to so many milliseconds every answer is held back, so that a walk that waits for nothing is found out: `WALK_SLOW`. */
export const SLOW = Number(process.env.WALK_SLOW ?? 0);

/** The two windows that people have here. */
export const sizes = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

/** Starts Chromium: `CHROMIUM`, else where Debian has it. */
export async function startBrowser() {
  await mkdir(shots, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
}

/** You on a desktop and Ana on a phone, both signed in: `[you, ana]`. */
export async function youAndAna(browser, wilco, link) {
  const you = await Person.arrive(browser, "desktop", "desktop");
  const ana = await Person.arrive(browser, "phone", "phone");
  await you.signIn(link);
  await ana.signIn(await wilco.invite("ana"));
  return [you, ana];
}

/** One person with one window. */
export class Person {
  #expected = [];
  /** What went wrong on the page and was not expected. */
  faults = [];

  constructor(name, size, context, page) {
    this.name = name;
    this.size = size;
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.faults.push(String(error.stack ?? error)));
    page.on("console", (message) => {
      const text = `${message.text()} ${message.location().url}`;
      if (message.type() === "error" && !this.#expected.some((pattern) => pattern.test(text))) this.faults.push(text);
    });
  }

  static async arrive(browser, name, size) {
    const context = await browser.newContext({ ...sizes[size], colorScheme: "light" });
    if (SLOW > 0) {
      await context.route("**/*", async (route) => {
        await new Promise((done) => setTimeout(done, Math.random() * SLOW));
        await route.fallback().catch(() => {});
      });
    }
    return new Person(name, size, context, await context.newPage());
  }

  /** While the body runs, a line in the browser's console like one of these is no fault. */
  async expecting(patterns, body) {
    this.#expected = patterns;
    await body();
    this.#expected = [];
  }

  /** Signs in by a one-time link. */
  async signIn(link) {
    await this.page.goto(link);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.locator("#say").waitFor();
  }

  /** Writes a line into the room that is open. */
  async say(text) {
    const field = this.page.locator("#say");
    await field.fill(text);
    await field.press("Enter");
  }

  /** Gives an order; the result is the first answer under it. */
  async order(text) {
    // By its id: what somebody else said becomes an order when it is answered, whenever that is.
    const isSaid = (response) => response.url().endsWith("/messages") && response.request().postDataJSON()?.text === text;
    const [response] = await Promise.all([this.page.waitForResponse(isSaid), this.say(text)]);
    const { id } = await response.json();
    const line = this.page.locator(`.timeline-in > li:has(> .msg[data-id="${id}"])`);
    await line.locator("> .msg .order").waitFor();
    const answer = line.locator(".msg-answer").first();
    await answer.waitFor();
    return answer;
  }

  /** Gives an order that makes an operation; the result is the operation's id. */
  async operate(text) {
    const answer = await this.order(text);
    const id = await answer.getAttribute("data-operation");
    assert.ok(id, `${text} makes an operation; it was answered: ${await answer.innerText()}`);
    return id;
  }

  /** An operation's message in the room that is open. */
  card(id) {
    return this.page.locator(`.msg-answer[data-operation="${id}"]`).first();
  }

  /** Waits until an operation's message says this state. */
  async sees(id, word) {
    await this.card(id).locator(`.pill:has-text("${word}"), .outcome [aria-label="${word}"]`).first().waitFor();
  }

  /** Presses a button of an operation, on whatever page it stands. */
  async press(within, decision) {
    await within.locator(`button[data-press="${decision}"]:enabled`).click();
  }

  /** Opens a page of the app. */
  async open(url) {
    await this.page.goto(new URL(url, this.page.url()).href);
  }

  /** Does the same in both sizes and both themes; `body(look)` hears which, as `phone-dark`. */
  async inEachLook(body) {
    for (const [size, window] of Object.entries(sizes)) {
      await this.page.setViewportSize(window.viewport);
      for (const scheme of ["light", "dark"]) {
        await this.page.emulateMedia({ colorScheme: scheme });
        await body(`${size}-${scheme}`);
      }
    }
  }

  /** Takes pictures of pages in each look: `{ name: [path, what is there once it is shown] }`. */
  async showEach(number, pages) {
    await this.inEachLook(async (look) => {
      for (const [name, [path, there]] of Object.entries(pages)) {
        await this.open(path);
        await this.page.locator(there).first().waitFor();
        await this.shot(`${number}-${name}-${look}`);
      }
    });
  }

  /** Takes a picture, and proves that nothing is wider than the window. */
  async shot(name) {
    // Two frames, so that what just arrived is drawn.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await this.page.screenshot({ path: join(shots, `${name}-${this.name}.png`), animations: "disabled" });
    const excess = await this.page.evaluate(() => {
      const room = document.querySelector(".timeline");
      return Math.max(document.documentElement.scrollWidth - innerWidth, room ? room.scrollWidth - room.clientWidth : 0);
    });
    assert.equal(excess, 0, `${name} is wider than the window by ${excess} px`);
  }
}
