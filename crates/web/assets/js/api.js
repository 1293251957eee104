// Talking to the server: requests, problems, and streams that survive sleep.

const BASE = "/api/v1";
const DEADLINE = 20_000;
/** The server says something at least every 15 s; after this long without a byte a stream counts as dead. */
const SILENCE = 40_000;
const LONGEST_PAUSE = 10_000;
/** A page that nobody sees gives its connection back after this long. */
const HIDDEN = 5 * 60_000;

let csrf = null;
let signedOut = () => {};

/** What went wrong: `status` (0 where no answer came) and the problem's fields. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.text || body?.title || (status === 0 ? "Wilco does not answer." : `Wilco answered ${status}.`));
    this.status = status;
    this.body = body ?? {};
  }
}

/** Sets the value that proves that a request comes from this page. */
export const useCsrf = (value) => { csrf = value; };
/** Sets what happens when the session has ended. */
export const onSignedOut = (listener) => { signedOut = listener; };

/** A place, id or name as one segment of a path. */
export const segment = (text) => encodeURIComponent(text);

/** Reads something. `query`'s empty values are left out. */
export const get = (path, query) => request("GET", path, { query });
/** Changes something; `key` makes a repeated request recognisable. */
export const post = (path, body, key) => request("POST", path, { body, key });
/** Ends something. */
export const del = (path) => request("DELETE", path, {});

/** A key by which all tries of one request are known. Where the page came without TLS from elsewhere, a browser gives no UUID. */
export const freshKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

/**
 * A line to be said in a room, in a thread or by itself. The result says it and promises its message. However often that
 * is called, at once or after an answer that was lost, it is one message: all of its tries have one key.
 */
export function line(place, text, thread = null) {
  const key = freshKey();
  const body = thread ? { text, thread } : { text };
  let saying = null;
  return () => {
    saying ??= post(`/rooms/${segment(place)}/messages`, body, key).catch((problem) => {
      saying = null;
      throw problem;
    });
    return saying;
  };
}

/** No byte of a file has moved for so long: it will not any more. */
const STUCK = 45_000;

/**
 * A file to be sent into a room, with the words beside it. The result sends it and promises its message: `signal` stops
 * it, `progress(bytes)` hears how much of it is there. However often it is called, it is one message.
 */
export function upload(place, file, { words = "", thread = null }) {
  const key = freshKey();
  const at = address(`/rooms/${segment(place)}/files`, { name: file.name, thread });
  return ({ signal, progress }) => new Promise((done, failed) => {
    // `fetch` does not tell how much was sent.
    const request = new XMLHttpRequest();
    let watch = null;
    const moved = () => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), STUCK);
    };
    request.open("POST", at);
    if (csrf) request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", key);
    if (words) request.setRequestHeader("X-Wilco-Text", encodeURIComponent(words));
    request.upload.addEventListener("progress", ({ loaded }) => { moved(); progress(loaded); });
    request.addEventListener("loadend", () => {
      clearTimeout(watch);
      let value = null;
      try {
        value = JSON.parse(request.responseText);
      } catch {
        // What is no JSON is no answer of ours.
      }
      if (request.status >= 200 && request.status < 300 && value) return done(value);
      if (request.status === 401) signedOut();
      failed(signal.aborted ? new Problem(0, { detail: "You stopped it." }) : new Problem(request.status, value));
    });
    signal.addEventListener("abort", () => request.abort());
    moved();
    request.send(file);
  });
}

function address(path, query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") params.set(name, value);
  }
  const text = params.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

async function request(method, path, { query, body, key }) {
  const headers = { Accept: "application/json" };
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  let text;
  try {
    response = await fetch(address(path, query), {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(DEADLINE),
    });
    text = await response.text();
  } catch {
    throw new Problem(0);
  }
  if (response.ok && text === "") return null;
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(response.ok ? 0 : response.status);
  }
  if (response.ok) return value;
  if (response.status === 401) signedOut();
  throw new Problem(response.status, value);
}

/**
 * Opens a stream of events and keeps it open: after a fault, a silence or a sleep it goes on after the last event seen.
 * `on` has a function for each event's name; `state(live, since)` hears of the connection; `lost(problem)` of an answer
 * that no new try would change. The result has `close()`.
 */
export function stream(path, { after, query, on, state = () => {}, lost = () => {} }) {
  let last = after ?? null;
  let closed = false;
  let pause = 0;
  let since = null;
  let current = null;
  let timer = null;
  let hiddenTimer = null;
  let heard = 0;

  function say(live) {
    if (live) since = null;
    else since ??= Date.now();
    state(live, since);
  }

  async function open() {
    clearTimeout(timer);
    timer = null;
    current?.abort();
    const abort = new AbortController();
    current = abort;
    let watch = null;
    const alive = () => {
      heard = Date.now();
      clearTimeout(watch);
      watch = setTimeout(() => abort.abort(), SILENCE);
    };
    try {
      alive();
      const headers = { Accept: "text/event-stream" };
      if (last !== null) headers["Last-Event-ID"] = last;
      const response = await fetch(address(path, { ...query, after: last }), { headers, signal: abort.signal, cache: "no-store" });
      if (response.status === 401) signedOut();
      if (!response.ok && response.status < 500 && response.status !== 429) {
        close();
        lost(new Problem(response.status, await response.json().catch(() => null)));
        return;
      }
      if (!response.ok) throw new Problem(response.status);
      say(true);
      pause = 0;
      await read(response.body, alive, (name, data, id) => {
        if (id !== null) last = id;
        try {
          on[name]?.(JSON.parse(data));
        } catch (error) {
          // A fault in showing one event must be seen, and must not end the stream.
          console.error(error);
        }
      });
    } catch {
      // The network's faults are answered by another try, below.
    } finally {
      clearTimeout(watch);
    }
    if (closed || current !== abort) return;
    say(false);
    pause = Math.min(LONGEST_PAUSE, pause === 0 ? 300 : pause * 2);
    timer = setTimeout(open, pause * (0.75 + Math.random() / 2));
  }

  function wake() {
    clearTimeout(hiddenTimer);
    if (closed) return;
    if (document.hidden) {
      hiddenTimer = setTimeout(() => {
        clearTimeout(timer);
        timer = null;
        const abort = current;
        current = null;
        abort?.abort();
      }, HIDDEN);
    } else if (timer !== null || current === null || Date.now() - heard > SILENCE / 2) {
      open();
    }
  }

  function online() {
    if (!closed && !document.hidden) open();
  }

  /** What was open may never end by itself, and would be taken for live. */
  function offline() {
    current?.abort();
  }

  function close() {
    closed = true;
    clearTimeout(timer);
    clearTimeout(hiddenTimer);
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", online);
    window.removeEventListener("offline", offline);
    current?.abort();
  }

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);
  open();
  return { close };
}

/** Reads the lines of an event stream until it ends. */
async function read(body, alive, emit) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let name = "message";
  let data = [];
  let id = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") {
        if (data.length > 0) emit(name, data.join("\n"), id);
        name = "message";
        data = [];
        id = null;
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") name = text;
      else if (field === "data") data.push(text);
      else if (field === "id") id = text;
    }
  }
}
