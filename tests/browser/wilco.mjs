// The real binary in a folder of its own: started on a free port, asked by its command line, stopped at the end.

import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
/** How long the server may take to be ready, in milliseconds. */
const READY = 15_000;

/** The binary: `WILCO_BIN`, else the demo's build, else the debug build. */
function binary() {
  const candidates = [process.env.WILCO_BIN, join(root, "target/demo/wilco"), join(root, "target/debug/wilco")];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error("there is no binary of wilco; build one, or set WILCO_BIN");
  return resolve(found);
}

/** A port that nobody listens on at this moment. */
function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A Wilco of its own. `start()` gives the first one-time link. */
export class Wilco {
  #child = null;
  #output = "";

  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    this.url = `http://localhost:${port}`;
  }

  /** Lays the demo out, as `wilco up` does at its first start, and moves its service to ports that nobody uses. */
  static async make() {
    const wilco = new Wilco(await mkdtemp(join(tmpdir(), "wilco-walk-")), await freePort());
    await wilco.start();
    await wilco.stop();
    for (const port of Object.values(JSON.parse(await readFile(wilco.#path("apps/webapp/service.json"), "utf8")))) {
      const other = await freePort();
      for (const file of ["apps/webapp/service.json", "wilco.toml"]) {
        const text = await readFile(wilco.#path(file), "utf8");
        await writeFile(wilco.#path(file), text.replaceAll(String(port), String(other)));
      }
    }
    return wilco;
  }

  /** Puts further lines at the end of `wilco.toml`, and files beside it; they count from the next start on. */
  async configure(lines, files = {}) {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(this.#path(name)), { recursive: true });
      await writeFile(this.#path(name), text, { mode: 0o600 });
    }
    await appendFile(this.#path("wilco.toml"), `\n${lines}`);
  }

  /** The server's process, as the system numbers it. */
  get pid() {
    return this.#child?.pid;
  }

  #path(file) {
    return join(this.folder, "wilco-demo", file);
  }

  get #env() {
    const own = { XDG_CONFIG_HOME: join(this.folder, "config"), XDG_STATE_HOME: join(this.folder, "state") };
    return { ...process.env, ...own, WILCO_LISTEN: `127.0.0.1:${this.port}`, WILCO_URL: this.url };
  }

  /** Starts `wilco up`, waits until it is ready, and returns the link that it printed. */
  async start() {
    this.#output = "";
    const child = spawn(binary(), ["up"], { cwd: this.folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => { this.#output += part; });
    const end = Date.now() + READY;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`wilco up is not ready:\n${this.#output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    const link = /https?:\/\/\S+\/login#\S+/.exec(this.#output)?.[0];
    if (!link) throw new Error(`wilco up printed no link:\n${this.#output}`);
    return link;
  }

  async #isReady() {
    try {
      return (await fetch(`${this.url}/readyz`)).ok && /login#/.test(this.#output);
    } catch {
      return false;
    }
  }

  /** Runs the command line; the answer is what it printed. */
  async cli(...args) {
    const { stdout } = await run(binary(), args, { cwd: this.folder, env: this.#env });
    return stdout;
  }

  /** Begins `wilco login`: the code that it prints, where to type it, how it ends, and `end()`, as by Ctrl-C. */
  async login() {
    const child = spawn(binary(), ["login"], { cwd: this.folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    const login = { out: "", err: "", end: () => child.kill("SIGINT") };
    child.stdout.on("data", (part) => { login.out += part; });
    child.stderr.on("data", (part) => { login.err += part; });
    login.ended = new Promise((done) => child.on("close", done));
    const end = Date.now() + READY;
    while (!(login.code = /^ {2}(\w{4}-\w{4})$/m.exec(login.out)?.[1])) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`wilco login printed no code:\n${login.out}${login.err}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    login.address = /https?:\/\/\S+\/login\/device/.exec(login.out)[0];
    return login;
  }

  /** A one-time link for a person. */
  async invite(person) {
    const link = /https?:\/\/\S+\/login#\S+/.exec(await this.cli("invite", person))?.[0];
    if (!link) throw new Error(`wilco invite ${person} printed no link`);
    return link;
  }

  /** The addresses of the demo's servers, by name. */
  async servers() {
    const config = await readFile(this.#path("wilco.toml"), "utf8");
    return Object.fromEntries([...config.matchAll(/^\[server\.([\w-]+)\]\s*\nurl\s*=\s*"([^"]+)"/gm)].map(([, name, url]) => [name, url]));
  }

  /** Stops the server and waits for its end. */
  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
  }

  /** Stops it for good, with the service that it runs, and takes its folder away. */
  async end() {
    await this.stop();
    for (const environment of ["staging", "production"]) {
      const started = await readFile(this.#path(`state/${environment}.json`), "utf8").then(JSON.parse, () => null);
      if (!started) continue;
      try {
        process.kill(started.pid);
      } catch {
        // It has ended already.
      }
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
