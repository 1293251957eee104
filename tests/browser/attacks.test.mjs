// Attacks on the page, each tried in a real browser against the real binary and found dead: markup from outside, requests of
// other sites, frames, what is left behind in a cache, and sessions that are not one's own.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe } from "node:test";

import { Person, startBrowser } from "./people.mjs";
import { steps } from "./steps.mjs";
import { Wilco } from "./wilco.mjs";

/** What would run if a text became markup, whatever the place: `taken` would tell that it did. */
const HOSTILE = [
  "<script>top.taken=1</script>",
  "<img src=x onerror=\"top.taken=1\">",
  "<svg onload=\"top.taken=1\"></svg>",
  "\"><iframe srcdoc=\"<script>parent.taken=1</script>\"></iframe>",
  "'-top.taken=1-'",
  "[press](javascript:top.taken=1)",
  "[press](data:text/html,<script>top.taken=1</script>)",
  "{{constructor.constructor('top.taken=1')()}}",
  "<a href=\"javascript:top.taken=1\">press</a>",
  "<style>*{display:none}</style><base href=\"https://evil.example/\">",
];
const ALL = HOSTILE.join(" ");

const PACK = `[pack]
name = "hostile"

[[command]]
id     = "say"
words  = ["echo <what...>"]
about  = "<img src=x onerror=\\"top.taken=1\\">"
effect = "read"
args.what = { type = "text", about = "<b onmouseover=alert(1)>what</b>" }

[[command.step]]
uses   = "exec.run"
effect = "read"
with   = { argv = ["echo", "{{ what }}"] }

[[command]]
id     = "change"
words  = ["change <what...>"]
about  = "Change"
effect = "write"
args.what = { type = "text", about = "what" }

[[command.step]]
uses   = "exec.run"
effect = "write"
with   = { argv = ["echo", "{{ what }}"] }
`;

const CONFIG = `[person.eve]
name = "<img src=x onerror=top.taken=1> Eve"
roles = ["developer"]

[[grant]]
command = "hostile.*"
to = ["role:developer"]

[source.tickets]
kind = "generic"
secret = { file = "tickets.secret" }
to = ["web:ops"]

[source.tickets.event]
id = "{{ payload.id }}"
object = "{{ payload.key }}"
reference = "{{ payload.key }}"
kind = "ticket"
state = "{{ payload.state }}"
title = "{{ payload.title }}"
text = "{{ payload.title }}"
line = "Ticket {{ payload.title }}"
url = "{{ payload.url }}"
`;

let wilco;
let browser;
let you;
let eve;
let evil;
const step = steps("attacks", () => [you, eve]);

/** Nothing that came as text runs, loads or is markup on the page that is open, and the policy had nothing to stop. */
async function isInert(person, where) {
  const found = await person.page.evaluate(() => ({
    taken: window.taken,
    markup: [...document.querySelectorAll("#app :is(script, iframe, object, embed, style, base, img[onerror], [onload], [onerror], [onmouseover], [style]:not([style=\"\"]))")].map((element) => element.outerHTML.slice(0, 200)),
    links: [...document.querySelectorAll("a[href]")].map((anchor) => anchor.protocol).filter((protocol) => !["http:", "https:"].includes(protocol)),
    stopped: window.stopped ?? [],
  }));
  assert.equal(found.taken, undefined, `${where}: something ran`);
  assert.deepEqual([found.markup, found.links, found.stopped], [[], [], []], where);
}

/** Sends a file as somebody does who writes requests by hand; the block that shows it. */
function send(person, name, text) {
  return person.page.evaluate(async ([called, body]) => {
    const { csrf } = await fetch("/api/v1/me").then((answer) => answer.json());
    const answer = await fetch(`/api/v1/rooms/web%3Aops/files?name=${encodeURIComponent(called)}`, { method: "POST", headers: { "content-type": "image/png", "x-csrf-token": csrf }, body });
    return (await answer.json()).blocks.find((block) => block.type === "file");
  }, [name, text]);
}

/** A site of somebody else: another origin, and even the same site for cookies, as ports do not tell sites apart. */
async function startEvil() {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>evil</title><iframe src="${wilco.url}/"></iframe>
      <form id="form" method="post" enctype="text/plain" target="frame" action="${wilco.url}/api/v1/rooms/web%3Aops/messages"><input name='{"text":"forged by a form","x":"' value='"}'></form><iframe name="frame"></iframe>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://localhost:${server.address().port}/`, end: () => server.close() };
}

describe("attacks on the page", { timeout: 240_000 }, () => {
  before(async () => {
    wilco = await Wilco.make();
    await mkdir(join(wilco.folder, "wilco-demo/packs/hostile"), { recursive: true });
    await wilco.configure(CONFIG, { "packs/hostile/pack.toml": PACK, "tickets.secret": "a-secret-of-the-tickets" });
    browser = await startBrowser();
    you = await Person.arrive(browser, "you", "desktop");
    eve = await Person.arrive(browser, "eve", "desktop");
    for (const person of [you, eve]) {
      await person.context.addInitScript(() => {
        window.stopped = [];
        document.addEventListener("securitypolicyviolation", (event) => window.stopped.push(`${event.violatedDirective} ${event.blockedURI}`));
      });
    }
    await you.signIn(await wilco.start());
    await eve.signIn(await wilco.invite("eve"));
    evil = await startEvil();
  });

  after(async () => {
    evil?.end();
    await browser?.close();
    await wilco?.end();
  });

  step("names, messages, code and links of others stay text in a room", async () => {
    for (const person of [you, eve]) await person.open("/r/web%3Aops");
    for (const line of HOSTILE) await eve.say(line);
    const answer = await eve.order(`wilco echo ${JSON.stringify(ALL)}`);
    await answer.getByText("onerror").first().waitFor();
    for (const line of HOSTILE) await you.page.locator(".say", { hasText: line }).first().waitFor();
    await you.page.locator(".msg-head", { hasText: "<img src=x onerror" }).first().waitFor();
    await isInert(you, "room");
    await you.shot("80-hostile-room");
    // In the answer the link of a text is followed only where it leads to the web.
    assert.equal(await you.page.locator(".msg a", { hasText: "press" }).count(), 0);
  });

  step("an address without an end makes no room slow", async () => {
    const endless = [
      `https://a${"/".repeat(16_000)}`, `https://a.example/${"b/".repeat(100)}`, `https://a.example/${"c".repeat(60_000)}`,
      "https://a.example/d ".repeat(3000), "@ana ".repeat(10_000), "2026-01-01 ".repeat(5000), "/".repeat(60_000),
    ];
    for (const text of endless) {
      const [before, began] = [await you.page.locator(".msg").count(), Date.now()];
      const id = await you.page.evaluate(async (words) => {
        const { csrf } = await fetch("/api/v1/me").then((answer) => answer.json());
        const headers = { "content-type": "application/json", "x-csrf-token": csrf };
        return (await fetch("/api/v1/rooms/web%3Aops/messages", { method: "POST", headers, body: JSON.stringify({ text: words }) }).then((answer) => answer.json())).id;
      }, text);
      const shown = you.page.locator(`.msg[data-id="${id}"]`);
      await shown.waitFor();
      const elements = await shown.evaluate((message) => message.querySelectorAll("*").length);
      assert.ok(elements < 600, `${text.slice(0, 30)}… is ${elements} elements`);
      assert.ok(Date.now() - began < 5000, `${text.slice(0, 30)}… took ${Date.now() - began} ms`);
      assert.equal(await you.page.locator(".msg").count(), before + 1);
      assert.equal(await you.page.evaluate(() => document.querySelector(".timeline").scrollWidth - document.querySelector(".timeline").clientWidth), 0);
    }
    await you.shot("801-endless");
  });

  step("orders, reasons and plans stay text on an operation and where it waits", async () => {
    const id = await eve.operate(`wilco change ${JSON.stringify(HOSTILE[1])} --because ${JSON.stringify(HOSTILE[0])}`);
    await you.open(`/o/${id}`);
    await you.page.locator('.page-head .pill:has-text("Succeeded")').waitFor();
    await you.page.locator(".log-live", { hasText: "onerror" }).waitFor();
    await isInert(you, "operation");
    for (const path of ["/operations", "/waiting", "/audit", "/people", "/commands?id=hostile.say"]) {
      await you.open(path);
      await you.page.locator(".item, .empty, tbody tr, form.form").first().waitFor();
      await isInert(you, path);
    }
    assert.match(await you.page.locator(".detail h1").innerText(), /<img src=x/, "a command's text is shown as it is written");
  });

  step("titles, states, keys, addresses and payloads of events stay text", async () => {
    const send = (payload) => fetch(`${wilco.url}/hooks/tickets`, {
      method: "POST", headers: { "content-type": "application/json", authorization: "Bearer a-secret-of-the-tickets" }, body: JSON.stringify(payload),
    });
    const urls = ["javascript:top.taken=1", " javascript:alert(1)", "data:text/html,<script>1</script>", "https://fine.example/"];
    for (const [at, url] of urls.entries()) {
      const sent = await send({ id: `<b>${at}`, key: `T-${at}`, state: HOSTILE[1].slice(0, 20), title: ALL, url, more: HOSTILE });
      assert.equal(sent.status, 200);
    }
    await you.open("/r/web%3Aops");
    await you.page.locator(".obj-line").nth(3).waitFor();
    await isInert(you, "room of events");
    await you.open("/events");
    await you.page.locator(".list .item").nth(3).waitFor();
    await isInert(you, "events");
    for (let at = 0; at < urls.length; at += 1) {
      await you.page.locator(".list .item").nth(at).click();
      await you.page.locator(".trace").waitFor();
      await you.page.getByRole("button", { name: "Show the payload" }).click();
      await you.page.locator(".payload", { hasText: "onerror" }).waitFor();
      await isInert(you, `event ${at}`);
    }
    await you.shot("81-hostile-event");
    for (const path of ["/objects", "/sources", "/routes"]) {
      await you.open(path);
      await you.page.locator("tbody tr").first().waitFor();
      await isInert(you, path);
    }
  });

  step("what is searched for and what stands in an address stays text", async () => {
    for (const text of [ALL, HOSTILE[1], HOSTILE[8]]) {
      const query = encodeURIComponent(text);
      for (const path of [`/events?source=${query}`, `/events?object=${query}`, `/audit?who=${query}&kind=${query}`, `/operations?who=${query}&place=${query}`, `/commands?id=${query}`, `/routes?event=${query}`]) {
        await you.expecting([/400|404|422/], async () => {
          await you.open(path);
          await you.page.locator("main h1").waitFor();
          // Whatever the server has to say of it has been said.
          await you.page.waitForLoadState("networkidle");
        });
        await isInert(you, path);
      }
    }
    await you.open("/events");
    await you.page.getByRole("searchbox").fill(ALL);
    await isInert(you, "search");
    await you.expecting([/404/], async () => {
      for (const path of [`/o/${encodeURIComponent(HOSTILE[1])}`, `/r/${encodeURIComponent(HOSTILE[1])}`, `/events/${encodeURIComponent(HOSTILE[1])}`]) {
        await you.expecting([/40\d/], async () => {
          await you.open(path);
          await you.page.waitForLoadState("networkidle");
        });
        await isInert(you, path);
      }
    });
  });

  step("file names, pictures and links of an answer lead nowhere but to the web", async () => {
    await you.open("/r/web%3Aops");
    await you.page.locator("#say").waitFor();
    const made = await you.page.evaluate(async (hostile) => {
      const { renderBlocks } = await import("/assets/js/blocks.js");
      const bad = ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//evil.example/x", "/\\evil.example/x", "vbscript:x", "blob:x", "\u0001javascript:alert(1)"];
      const blocks = bad.flatMap((url) => [
        { type: "file", name: hostile, url, bytes: 3 }, { type: "image", alt: hostile, url }, { type: "link", text: hostile, url },
        { type: "text", text: `[${hostile}](${url})` },
      ]);
      const element = document.createElement("div");
      element.append(...renderBlocks({ blocks: [...blocks, { type: "code", text: hostile }, { type: "quote", text: hostile }], place: "web:ops", at: new Date().toISOString() }).nodes.flat(9).filter(Boolean));
      document.getElementById("app").append(element);
      return {
        // What was made of a text that itself names a safe address is a link to that.
        links: [...element.querySelectorAll("a")].map((anchor) => anchor.href), pictures: element.querySelectorAll("img").length,
        text: element.textContent.split(hostile).length - 1,
      };
    }, HOSTILE[1]);
    assert.deepEqual([made.links, made.pictures], [[], 0]);
    assert.ok(made.text >= 30, "all of it is there, as text");
    await isInert(you, "blocks");
  });

  step("names of files stay text, and lead nowhere", async () => {
    await you.open("/r/web%3Aops");
    await eve.open("/r/web%3Aops");
    const names = [HOSTILE[1], HOSTILE[9], "../../etc/passwd", "a\r\nSet-Cookie: taken=1", "bill\u202egnp.exe", "x".repeat(300)];
    for (const name of names) await send(eve, name, "x");
    const shown = you.page.locator(".file-name");
    await shown.filter({ hasText: /^x{50}/ }).waitFor();
    await isInert(you, "names of files");
    const texts = await shown.allInnerTexts();
    // What stands before a `/` is a folder's name, and no part of the file's.
    assert.deepEqual(texts.slice(-6, -1), [HOSTILE[1], "\">", "passwd", "a Set-Cookie: taken=1", "billgnp.exe"]);
    assert.equal(await you.page.evaluate(() => document.cookie), "");
    await you.shot("82-hostile-names");
  });

  step("a file that is a page, a drawing or a script runs nowhere, opened by its address either", async () => {
    const script = "try{top.taken=1}catch{}window.taken=1;document.title='taken'";
    const files = {
      "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90" onload="${script}"><script>${script}</script><rect width="90" height="90"/></svg>`,
      "picture.png": `<svg xmlns="http://www.w3.org/2000/svg"><script>${script}</script></svg>`,
      "page.html": `<!doctype html><title>fine</title><script>${script}</script>`,
      "picture.gif": `<html><body onload="${script}">GIF89a</body></html>`,
      "polyglot.gif": `GIF89a=1;${script.replaceAll("\n", "")}//`,
      "style.css": "body { display: none }",
    };
    const at = {};
    for (const [name, text] of Object.entries(files)) at[name] = (await send(eve, name, text)).url;
    await you.page.locator(".file-name", { hasText: "style.css" }).waitFor();
    await isInert(you, "room of files");
    for (const [name, url] of Object.entries(at)) {
      const isPicture = name === "polyglot.gif";
      // Opened by its address, as a link that somebody sends would do.
      const page = await you.context.newPage();
      await page.goto(wilco.url + url).catch((error) => assert.match(error.message, /Download is starting|ERR_ABORTED/, name));
      const found = await page.evaluate(() => ({ taken: window.taken, title: document.title, kind: document.contentType, origin: window.origin }));
      assert.deepEqual([found.taken, found.title.includes("taken")], [undefined, false], `${name}: it ran`);
      if (isPicture) assert.deepEqual([found.kind, found.origin], ["image/gif", "null"], "a picture, and of no site");
      else assert.equal(page.url(), "about:blank", `${name}: it is taken away and never shown`);
      await page.close();
      // Named by a page as its own script, style, picture or frame, as markup from outside would.
      let loaded;
      await you.expecting([/Refused to (execute script|apply style)/], async () => { loaded = await you.page.evaluate(async (address) => {
        const tried = {};
        for (const [tag, member] of [["script", "src"], ["link", "href"], ["img", "src"]]) {
          const element = document.createElement(tag);
          if (tag === "link") element.rel = "stylesheet";
          tried[tag] = await new Promise((done) => {
            element.addEventListener("load", () => done(true));
            element.addEventListener("error", () => done(false));
            element[member] = address;
            document.head.append(element);
          });
          element.remove();
        }
        return { ...tried, taken: window.taken };
      }, url); });
      assert.deepEqual([loaded.script, loaded.link, loaded.taken], [false, false, undefined], name);
      if (!isPicture) assert.equal(loaded.img, false, `${name}: it is no picture, wherever it stands`);
    }
    const answers = await you.page.evaluate((urls) => Promise.all(urls.map(async (url) => {
      const { headers } = await fetch(url);
      return ["content-disposition", "content-security-policy", "x-content-type-options", "content-type"].map((name) => headers.get(name));
    })), Object.values(at));
    for (const [number, [way, policy, sniff, kind]] of answers.entries()) {
      const isPicture = Object.keys(at)[number] === "polyglot.gif";
      assert.match(way, isPicture ? /^inline;/ : /^attachment;/);
      assert.equal(kind, isPicture ? "image/gif" : "application/octet-stream");
      assert.deepEqual([policy, sniff], ["sandbox; default-src 'none'; frame-ancestors 'none'", "nosniff"]);
    }
    // Nor is it anybody's who is not signed in, or another site's.
    assert.equal((await fetch(wilco.url + at["page.html"])).status, 401);
  });

  step("another site changes nothing with the cookie, and reads nothing", async () => {
    const room = "/api/v1/rooms/web%3Aops/messages";
    const before = await you.page.evaluate((path) => fetch(`${path}?latest=1`).then((answer) => answer.json()), room);
    const page = await you.context.newPage();
    // What a script of the other site may not read, the browser still knows: that the server itself refused.
    const [asked, statuses] = [new Map(), new Map()];
    const client = await you.context.newCDPSession(page);
    await client.send("Network.enable");
    client.on("Network.requestWillBeSent", ({ requestId, request }) => asked.set(requestId, `${request.method} ${new URL(request.url).pathname}`));
    client.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => statuses.set(requestId, statusCode));
    await page.goto(evil.url);
    const answers = await page.evaluate(async (base) => {
      const body = '{"text":"forged"}';
      const tried = [];
      const attempt = async (path, options) => {
        try {
          const answer = await fetch(base + path, { credentials: "include", ...options });
          tried.push(answer.type === "opaque" ? "opaque" : `read ${answer.status}`);
        } catch {
          tried.push("stopped");
        }
      };
      await attempt("/api/v1/rooms/web%3Aops/messages", { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body });
      await attempt("/api/v1/rooms/web%3Aops/messages", { method: "POST", headers: { "content-type": "application/json" }, body });
      await attempt("/api/v1/session", { method: "DELETE" });
      await attempt("/api/v1/tokens", { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": "guess" }, body: '{"name":"x","scope":"order","expires_in_secs":600}' });
      await attempt("/api/v1/calls", { method: "POST", mode: "no-cors", body: '{"order":"help"}' });
      for (const path of ["/api/v1/me", "/api/v1/audit/export", "/api/v1/sessions"]) await attempt(path, {});
      document.getElementById("form").submit();
      await new Promise((done) => setTimeout(done, 500));
      return tried;
    }, wilco.url);
    assert.ok(answers.every((answer) => answer === "opaque" || answer === "stopped"), answers.join());
    const refused = [...asked].filter(([, what]) => what.includes(" /api/")).map(([id, what]) => `${what} ${statuses.get(id)}`);
    for (const path of ["me", "audit/export", "sessions"]) assert.ok(refused.includes(`GET /api/v1/${path} 403`), refused.join());
    assert.ok(refused.every((one) => / (4\d\d|undefined)$/.test(one)), refused.join());
    const after = await you.page.evaluate((path) => fetch(`${path}?latest=1`).then((answer) => answer.json()), room);
    assert.equal(after.items[0].id, before.items[0].id, "nothing was said");
    assert.equal(await you.page.evaluate(() => fetch("/api/v1/me").then((answer) => answer.status)), 200, "still signed in");
    const tokens = await you.page.evaluate(() => fetch("/api/v1/tokens").then((answer) => answer.json()));
    assert.deepEqual(tokens.items, []);
    await page.close();
  });

  step("the page's own requests need its proof", async () => {
    let statuses;
    await you.expecting([/403/], async () => { statuses = await you.page.evaluate(async () => {
      const { csrf } = await fetch("/api/v1/me").then((answer) => answer.json());
      const attempt = (proof) => fetch("/api/v1/rooms/web%3Aops/messages", {
        method: "POST", headers: { "content-type": "application/json", ...(proof === null ? {} : { "x-csrf-token": proof }) }, body: '{"text":"proven"}',
      }).then((answer) => answer.status);
      return [await attempt(null), await attempt(""), await attempt(`${csrf.slice(0, -1)}~`), await attempt(csrf)];
    }); });
    assert.deepEqual(statuses, [403, 403, 403, 201]);
    assert.equal(await you.page.evaluate(() => document.cookie), "", "no script reads the cookie");
  });

  step("nobody shows the page in a frame of theirs", async () => {
    const page = await you.context.newPage();
    await page.goto(evil.url);
    await page.waitForLoadState("networkidle");
    const framed = page.frames().find((frame) => frame !== page.mainFrame() && frame.name() !== "frame");
    assert.ok(!framed || !framed.url().startsWith(wilco.url), `shown in a frame: ${framed?.url()}`);
    for (const path of ["/", "/login", "/access", "/api/v1/me", "/assets/js/main.js"]) {
      const answer = await fetch(wilco.url + path);
      assert.match(answer.headers.get("content-security-policy"), /frame-ancestors 'none'/, path);
      assert.equal(answer.headers.get("x-frame-options"), "DENY", path);
      assert.match(answer.headers.get("content-security-policy"), /script-src 'self';/, path);
      assert.doesNotMatch(answer.headers.get("content-security-policy"), /unsafe/, path);
    }
    await page.close();
  });

  step("nothing of a session is left in a cache or behind the back button", async () => {
    const paths = ["/api/v1/me", "/api/v1/rooms/web%3Aops/messages", "/api/v1/operations", "/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/export?format=csv", "/api/v1/events", "/api/v1/sessions", "/api/v1/people"];
    const kept = await eve.page.evaluate((all) => Promise.all(all.map((path) => fetch(path).then((answer) => [path, answer.status, answer.headers.get("cache-control")]))), paths);
    for (const [path, status, control] of kept) assert.deepEqual([path, status, control], [path, 200, "no-store"]);
    await eve.open("/audit");
    await eve.page.locator("tbody tr").first().waitFor();
    const [cookie] = (await eve.context.cookies()).filter(({ name }) => name === "wilco");
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
    // What the page asks at that moment may find the session ended.
    await eve.expecting([/401/], async () => {
      await eve.page.getByRole("button", { name: "Sign out" }).click();
      await eve.page.locator(".door").waitFor();
      // What the cookie was opens nothing any more, wherever it was copied to.
      const again = await fetch(`${wilco.url}/api/v1/me`, { headers: { cookie: `wilco=${cookie.value}` } });
      assert.equal(again.status, 401);
      await eve.page.goBack();
      await eve.page.waitForLoadState("networkidle");
      assert.equal(await eve.page.locator("tbody tr").count(), 0);
      await eve.open("/audit");
      await eve.page.locator(".door").waitFor();
      await eve.page.waitForLoadState("networkidle");
    });
    const local = await eve.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.doesNotMatch(local, /csrf|wilco_|echo|forged/, "nothing that was said is left in the browser");
  });

  step("a session that somebody prepared is not the one that a link makes", async () => {
    const victim = await Person.arrive(browser, "victim", "desktop");
    const planted = "A".repeat(43);
    await victim.context.addCookies([{ name: "wilco", value: planted, url: wilco.url }]);
    const link = await wilco.invite("ana");
    await victim.expecting([/401/], () => victim.signIn(link));
    const [cookie] = (await victim.context.cookies()).filter(({ name }) => name === "wilco");
    assert.notEqual(cookie.value, planted);
    const asPlanted = await fetch(`${wilco.url}/api/v1/me`, { headers: { cookie: `wilco=${planted}` } });
    assert.equal(asPlanted.status, 401, "what was planted opens nothing");
    const twice = await fetch(`${wilco.url}/api/v1/session`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ secret: link.split("#")[1] }) });
    assert.equal(twice.status, 410, "a link counts once");
    await victim.context.close();
  });

  step("made no fault in anybody's console", () => {
    assert.deepEqual(you.faults, []);
    assert.deepEqual(eve.faults, []);
  });
});
