// Files in a room: chosen, dropped and pasted, on their way, refused, shown, taken away, found, and over.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe } from "node:test";

import { startBrowser, youAndAna } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

/** A picture of some size, drawn by the browser. */
const drawn = (person) => person.page.evaluate(() => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#2b6cb0";
  pen.fillRect(0, 0, 640, 360);
  pen.fillStyle = "#f6e05e";
  pen.fillRect(60, 200, 80, 120);
  pen.fillRect(180, 120, 80, 200);
  return canvas.toDataURL("image/png").split(",")[1];
});

let wilco;
let browser;
let you;
let ana;
let picture;

const step = steps("files", () => [you, ana]);
const chips = (person) => person.page.locator(".chip");
const line = (person) => person.page.locator("#say");

/** Chooses files as the dialog of the button does. */
async function choose(person, files) {
  const [chooser] = await Promise.all([person.page.waitForEvent("filechooser"), person.page.getByRole("button", { name: "Add a file" }).click()]);
  await chooser.setFiles(files.map(({ name, bytes, type = "" }) => ({ name, mimeType: type, buffer: Buffer.from(bytes) })));
}

/** What a mouse or a clipboard brings. */
const brought = (person, files, text = null) => person.page.evaluateHandle(([all, words]) => {
  const transfer = new DataTransfer();
  for (const { name, base64, type } of all) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
  if (words !== null) transfer.setData("text/plain", words);
  return transfer;
}, [files, text]);

async function drop(person, selector, files) {
  const dataTransfer = await brought(person, files);
  await person.page.dispatchEvent(selector, "dragenter", { dataTransfer });
  await person.page.dispatchEvent(selector, "dragover", { dataTransfer });
  await person.page.locator(".drop:visible").waitFor();
  await person.page.dispatchEvent(selector, "drop", { dataTransfer });
  await person.page.locator(".drop:visible").waitFor({ state: "detached" });
}

const paste = async (person, files, text) => {
  const transfer = await brought(person, files, text);
  await line(person).evaluate((field, clipboardData) => field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })), transfer);
};

/** The message that shows a file of this name, once it is there. */
const message = (person, name) => person.page.locator(".msg:not(.is-pending, .is-unsent)", { has: person.page.locator(".file-name", { hasText: name }) }).last();

describe("files in a room", { timeout: 240_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await wilco.configure('[files]\nkeep = "1d"\nmegabytes = 12\n');
    const link = await wilco.start();
    browser = await startBrowser();
    [you, ana] = await youAndAna(browser, wilco, link);
    for (const person of [you, ana]) await person.open("/r/web%3Aops");
    // The browser tells of its dialog from here on: asked at the key that opens it, it may be late.
    you.page.on("filechooser", () => {});
    picture = await drawn(you);
  });

  after(async () => {
    await browser?.close();
    await wilco?.end();
  });

  step("is chosen by the keyboard alone, sent with its words, and fetched as it was", async () => {
    await line(you).fill("the log of last night");
    await you.page.keyboard.press("Shift+Tab");
    assert.equal(await you.page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Add a file");
    const [chooser] = await Promise.all([you.page.waitForEvent("filechooser"), you.page.keyboard.press("Enter")]);
    await chooser.setFiles({ name: "build.log", mimeType: "text/plain", buffer: Buffer.from("line\n".repeat(60_000)) });
    await chips(you).filter({ hasText: "build.log" }).waitFor();
    assert.equal(await you.page.evaluate(() => document.activeElement.id), "say", "the line goes on");
    await you.page.keyboard.press("Enter");
    await message(you, "build.log").waitFor();
    assert.equal(await chips(you).count(), 0);
    assert.equal(await line(you).inputValue(), "");
    const seen = message(ana, "build.log");
    await seen.locator(".say", { hasText: /^the log of last night$/ }).waitFor();
    assert.match(await seen.locator(".file").innerText(), /build\.log\s*300 kB/);
    const [download] = await Promise.all([ana.page.waitForEvent("download"), seen.getByRole("link", { name: "Download build.log" }).click()]);
    assert.equal(download.suggestedFilename(), "build.log");
    assert.equal(await readFile(await download.path(), "utf8"), "line\n".repeat(60_000));
  });

  step("is dropped on the room, and a picture is shown small with its name", async () => {
    await drop(you, ".timeline", [{ name: "load.png", base64: picture, type: "image/png" }]);
    await line(you).press("Enter");
    const image = message(ana, "load.png").getByRole("img", { name: "load.png" });
    await image.waitFor();
    await ana.page.waitForFunction(() => document.querySelector('img[alt="load.png"]').naturalWidth === 640);
    const { height, width } = await image.boundingBox();
    assert.ok(height <= 222 && width <= 462, `${width} by ${height}`);
    assert.equal(await image.getAttribute("loading"), "lazy");
  });

  step("does not take the page's place where it is dropped beside the room", async () => {
    const transfer = await brought(you, [{ name: "beside.txt", base64: "aGk=", type: "text/plain" }]);
    const kept = await you.page.evaluate((dataTransfer) => ["dragover", "drop"].map((type) =>
      !document.querySelector(".side").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))), transfer);
    assert.deepEqual(kept, [true, true]);
    assert.equal(await chips(you).count(), 0);
  });

  step("is pasted as a picture; where there is text beside it, the text is pasted", async () => {
    await paste(you, [{ name: "image.png", base64: picture, type: "image/png" }]);
    await chips(you).filter({ hasText: /^pasted-\d{4}-/ }).waitFor();
    await you.page.getByRole("button", { name: /^Take out pasted-/ }).click();
    assert.equal(await chips(you).count(), 0);
    await paste(you, [{ name: "image.png", base64: picture, type: "image/png" }], "a\tb");
    assert.equal(await chips(you).count(), 0);
    await paste(you, [{ name: "image.png", base64: picture, type: "image/png" }]);
    await chips(you).first().waitFor();
    await line(you).press("Enter");
    await message(ana, /^pasted-\d{4}-/).locator("img").waitFor();
  });

  step("goes with an order, which is worked off as ever, and is none itself", async () => {
    await choose(you, [{ name: "wilco help.txt", bytes: "wilco help" }, { name: "second.txt", bytes: "2" }]);
    await line(you).fill("wilco ping 77");
    await line(you).press("Enter");
    await message(you, "wilco help.txt").locator(".order", { hasText: "wilco ping 77" }).waitFor();
    await message(you, "second.txt").waitFor();
    await you.page.locator(".msg-answer", { hasText: "pong 77" }).waitFor();
    assert.equal(await you.page.locator(".msg-answer").count(), 1);
  });

  step("shows how far it is, can be stopped and tried again, and loses no word", async () => {
    const network = await you.context.newCDPSession(you.page);
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 });
    await choose(you, [{ name: "slow.bin", bytes: Buffer.alloc(600_000, 7) }]);
    await line(you).fill("it takes a while");
    await line(you).press("Enter");
    const pending = you.page.locator(".msg:is(.is-pending, .is-unsent)");
    await you.page.waitForFunction(() => document.querySelector(".file progress")?.value > 0);
    await you.shot("90-sending");
    await pending.getByRole("button", { name: "Stop sending slow.bin" }).click();
    await pending.getByText("You stopped it.").waitFor();
    await you.page.getByRole("button", { name: "Take back" }).click();
    assert.equal(await line(you).inputValue(), "it takes a while");
    await chips(you).filter({ hasText: "slow.bin" }).waitFor();
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await you.expecting([/ERR_INTERNET_DISCONNECTED|Failed to load/], async () => {
      await you.context.setOffline(true);
      await line(you).press("Enter");
      await pending.getByText("Wilco does not answer.").waitFor();
      await pending.locator(".say", { hasText: "it takes a while" }).waitFor();
      await you.shot("91-offline");
      await you.context.setOffline(false);
      await pending.getByRole("button", { name: "Try again" }).click();
      await message(you, "slow.bin").waitFor();
    });
    await message(ana, "slow.bin").locator(".say", { hasText: "it takes a while" }).waitFor();
    assert.equal(await ana.page.locator(".file-name", { hasText: "slow.bin" }).count(), 1);
  });

  step("is stopped while it waits for its turn, and goes when it is tried again", async () => {
    const network = await you.context.newCDPSession(you.page);
    const slowly = (uploadThroughput) => network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await slowly(20_000);
    await choose(you, [{ name: "first.bin", bytes: Buffer.alloc(300_000, 1) }, { name: "behind.bin", bytes: "waits" }]);
    await line(you).press("Enter");
    const pending = (name) => you.page.locator(".msg:is(.is-pending, .is-unsent)", { hasText: name });
    await you.page.waitForFunction(() => document.querySelector(".file progress")?.value > 0);
    await pending("behind.bin").getByRole("button", { name: "Stop sending behind.bin" }).click();
    await pending("behind.bin").getByText("You stopped it.").waitFor();
    assert.match(await pending("first.bin").innerText(), /sending/);
    await pending("behind.bin").getByRole("button", { name: "Try again" }).click();
    await pending("behind.bin").getByRole("button", { name: "Stop sending behind.bin" }).click();
    await pending("behind.bin").getByText("You stopped it.").waitFor();
    await slowly(-1);
    await message(you, "first.bin").waitFor();
    assert.equal(await message(ana, "behind.bin").count(), 0);
    await pending("behind.bin").getByRole("button", { name: "Try again" }).click();
    await message(ana, "behind.bin").waitFor();
    assert.equal(await pending("behind.bin").count(), 0);
  });

  step("asks who closes the page while it is on its way, and is with its words in the composer again where it failed unseen", async () => {
    let fail = null;
    await you.page.route(/\/files\?/, (route) => { fail = () => route.abort(); });
    const asks = () => you.page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
    assert.equal(await asks(), false);
    await choose(you, [{ name: "left.bin", bytes: "left" }]);
    await line(you).fill("for later");
    await line(you).press("Enter");
    await you.page.locator(".is-pending", { hasText: "left.bin" }).waitFor();
    assert.equal(await asks(), true);
    await you.page.locator('.side a[href="/operations"]').click();
    await you.page.locator("#say").waitFor({ state: "detached" });
    await you.expecting([/ERR_FAILED/], async () => {
      fail();
      await you.page.locator("#announce", { hasText: "left.bin was not sent to" }).waitFor({ state: "attached" });
    });
    assert.equal(await asks(), false);
    await you.page.unroute(/\/files\?/);
    await you.page.locator('.side a[data-place="web:ops"]').click();
    await chips(you).filter({ hasText: "left.bin" }).waitFor();
    assert.equal(await line(you).inputValue(), "for later");
    // What failed while the room was shown goes the same way when it is left.
    await you.page.route(/\/messages$/, (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
    await you.page.getByRole("button", { name: "Take out left.bin" }).click();
    await you.expecting([/ERR_FAILED/], async () => {
      await line(you).press("Enter");
      await you.page.locator(".is-unsent", { hasText: "for later" }).waitFor();
    });
    await you.page.unroute(/\/messages$/);
    await you.page.locator('.side a[href="/operations"]').click();
    await you.page.locator("#say").waitFor({ state: "detached" });
    await you.page.locator('.side a[data-place="web:ops"]').click();
    await line(you).waitFor();
    assert.equal(await line(you).inputValue(), "for later");
    await line(you).fill("");
  });

  step("is known again by whatever name Wilco gives it, also where the answer is lost", async () => {
    let letGo = null;
    const held = new Promise((done) => { letGo = done; });
    await you.page.route(/\/files\?/, async (route) => {
      await route.fetch();
      await held;
      await route.abort();
    });
    const long = `${"n".repeat(200)}.txt`;
    await choose(you, [{ name: ".profile", bytes: "abc" }]);
    await line(you).fill("mine\u202e");
    await line(you).press("Enter");
    await message(you, /^profile$/).locator(".say", { hasText: /^mine$/ }).waitFor();
    const pending = you.page.locator(".msg:is(.is-pending, .is-unsent)");
    assert.equal(await pending.count(), 0);
    await you.expecting([/ERR_FAILED/], async () => {
      letGo();
      await choose(you, [{ name: long, bytes: "long" }, { name: "a\u202eb.txt", bytes: "turned" }]);
      await line(you).press("Enter");
      await message(you, /^ab\.txt$/).waitFor();
      await message(you, /^n+….txt$/).waitFor();
      await you.page.waitForFunction(() => !document.querySelector(".is-pending, .is-unsent"));
    });
    await you.page.unroute(/\/files\?/);
    assert.equal(await line(you).inputValue(), "");
  });

  step("says what is too large or empty before anything is sent, and what has no room any more", async () => {
    await line(you).fill("still here");
    await choose(you, [{ name: "huge.bin", bytes: Buffer.alloc(10 * 1024 * 1024 + 1) }, { name: "none", bytes: "" }, { name: "fits.txt", bytes: "x" }]);
    const told = you.page.locator(".attach-told");
    await told.filter({ hasText: "huge.bin is larger than 10 MiB, the most that a file may have. none is empty." }).waitFor();
    assert.deepEqual(await chips(you).locator(".chip-name").allInnerTexts(), ["fits.txt"]);
    assert.equal(await line(you).inputValue(), "still here");
    await you.inEachLook((look) => you.shot(`92-chips-${look}`));
    await you.page.setViewportSize({ width: 1440, height: 900 });
    await you.page.emulateMedia({ colorScheme: "light" });
    await line(you).press("Enter");
    await message(you, "fits.txt").waitFor();
    await choose(you, [{ name: "large.bin", bytes: Buffer.alloc(9_000_000, 1) }]);
    await line(you).press("Enter");
    await message(you, "large.bin").waitFor();
    await you.expecting([/507/], async () => {
      await choose(you, [{ name: "more.bin", bytes: Buffer.alloc(9_000_000, 2) }]);
      await line(you).fill("and this");
      await line(you).press("Enter");
      await you.page.locator(".is-unsent", { hasText: "There is no room for another file: all together have at most 12 MB" }).waitFor();
      await you.page.getByRole("button", { name: "Take back" }).click();
    });
    assert.equal(await line(you).inputValue(), "and this");
    await you.page.getByRole("button", { name: "Take out more.bin" }).click();
    await line(you).fill("");
  });

  step("is found by its name", async () => {
    await you.page.locator("[data-slash]").click();
    await you.page.locator("#find").fill("BUILD.log");
    await you.page.locator(".find-row", { hasText: "build.log" }).click();
    await you.page.locator(".is-found .file-name", { hasText: "build.log" }).waitFor();
    await you.page.keyboard.press("Escape");
  });

  step("says once it is over, and a picture that is gone says so", async () => {
    const shown = await you.page.evaluate(async () => {
      const { renderBlocks } = await import("/assets/js/blocks.js");
      const block = { type: "file", name: "old.png", url: "/api/v1/files/00", bytes: 5, picture: true, until: "2020-01-02T03:04:05Z" };
      const element = document.createElement("div");
      element.append(...renderBlocks({ blocks: [block], place: "web:ops", at: new Date().toISOString() }).nodes.flat(9).filter(Boolean));
      return { text: element.textContent, links: element.querySelectorAll("a, img").length };
    });
    assert.match(shown.text, /old\.png5 bytesnot kept any more, since 2 Jan/);
    assert.equal(shown.links, 0);
  });

  step("looks as it should in each size and theme", async () => {
    await you.open("/r/web%3Aops");
    await you.inEachLook(async (look) => {
      await message(you, "large.bin").waitFor();
      await message(you, "load.png").evaluate((element) => element.scrollIntoView());
      await you.page.waitForFunction(() => [...document.querySelectorAll(".file-picture img")].every((image) => image.complete));
      await you.shot(`93-files-${look}`);
    });
  });

  step("asks for the commands again after a while only, where they could not be fetched", async () => {
    let asked = 0;
    await you.page.route(/\/commands/, (route) => { asked += 1; return route.abort(); });
    await you.expecting([/ERR_FAILED/], async () => {
      await you.open("/r/web%3Aops");
      await line(you).pressSequentially("wilco ping", { delay: 60 });
      assert.ok(asked > 0 && asked <= 2, `asked ${asked} times`);
    });
    await you.page.unroute(/\/commands/);
    await you.page.waitForTimeout(5100);
    await line(you).pressSequentially(" ");
    await you.page.locator(".complete-item").first().waitFor();
    await line(you).fill("");
  });

  step("made no fault in the console", () => assert.deepEqual([...you.faults, ...ana.faults], []));
});
