// What somebody had begun when their session ended, kept in this tab until they are back: their texts, and where they were.
//
// It has the name of whose it is, and is given to nobody else. Whoever signs out leaves none.

const KEPT = "wilco-kept";

/** Keeps it: `who` it belongs to, `at` which address they were, and their `drafts`. */
export function keep({ who, at, drafts }) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ who, at, drafts: [...drafts] }));
  } catch {
    // Storage may be forbidden; then it is there as long as the page is.
  }
}

/** What was kept for somebody, this once: `{ at, drafts }`; null where there is nothing, or it is another one's. */
export function takeKept(who) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
    return kept?.who === who && /^\/(?!\/)/.test(kept.at) ? { at: kept.at, drafts: new Map(kept.drafts) } : null;
  } catch {
    return null;
  }
}

/** Leaves nothing behind. */
export function forgetKept() {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // Then there was none.
  }
}
