// What a screen reader is told: one quiet line at a time, only what is new and matters; progress is never read out.

const GAP = 1500;
let waiting = [];
let timer = null;

/** Says nothing of what was to be said, and takes back what was: it was for who is signed in. */
export function hush() {
  clearTimeout(timer);
  timer = null;
  waiting = [];
  document.getElementById("announce").textContent = "";
}

/** Says a line aloud, together with others that come close to it. */
export function announce(line) {
  if (waiting.at(-1) !== line) waiting.push(line);
  if (waiting.length > 3) waiting = waiting.slice(-3);
  timer ??= setTimeout(() => {
    document.getElementById("announce").textContent = waiting.join(". ");
    waiting = [];
    timer = null;
  }, GAP);
}
