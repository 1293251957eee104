// Which stretch of a room's messages is on the page: the newest, or one that was asked for, never more than a page can bear.
//
// Not how they look: timeline.js draws. What is loaded is whole between its two ends; what lies beyond is fetched again.

import { get, segment } from "./api.js";
import { ahead, before, behind, byId, earlier, later } from "./ids.js";

const PAGE = 60;
/** So many messages are on the page at most; whoever reads on at one end loses what is at the other. */
export const MOST = 240;

/** The history of a room, shown by a timeline. `stay(change)` makes a change without moving what the reader looks at. */
export function makeHistory(place, timeline, stay) {
  const path = `/rooms/${segment(place)}/messages`;
  /** Nothing before this is loaded; null where nothing is before it. */
  let top = null;
  /** Nothing behind this is loaded; null at the end, where what is said arrives by itself. */
  let bottom = null;
  /** The newest message that is known to be there. */
  let newest = null;
  /** Counts fresh starts, so that an answer to what was asked before one is not taken. */
  let turn = 0;
  let busy = null;

  const known = (messages) => {
    for (const { id } of messages) newest = later(newest, id);
  };

  /** Begins anew with the newest messages. The result is where the stream goes on from. */
  async function toNewest() {
    const mine = ++turn;
    const answer = await get(path, { latest: PAGE });
    if (mine !== turn) return null;
    timeline.clear();
    newest = null;
    top = answer.items.length === PAGE ? answer.items[0].id : null;
    bottom = null;
    take(answer.items);
    return answer.stream;
  }

  /** Begins anew around a message: whether it is there, and where the stream goes on from. */
  async function around(id) {
    const mine = ++turn;
    const [older, newer] = await Promise.all([
      get(path, { before: behind(id), limit: PAGE / 2 }), get(path, { after: id, limit: PAGE }),
    ]);
    if (mine !== turn) return null;
    timeline.clear();
    top = older.items.length === PAGE / 2 ? older.items[0].id : null;
    bottom = newer.next === null ? null : newer.items.at(-1).id;
    take([...older.items, ...newer.items]);
    return { found: older.items.at(-1)?.id === id, stream: older.stream };
  }

  function take(items) {
    known(items);
    return timeline.add(items);
  }

  /** One at a time: what is asked for while something is on its way is that. */
  function once(work) {
    busy ??= work().finally(() => { busy = null; });
    return busy;
  }

  /** Fetches what comes before; false where nothing does. */
  const fetchEarlier = () => once(async () => {
    let news = [];
    // Answers that hang from their order stand before the end: a page may hold nothing but those.
    while (top !== null && news.length === 0) {
      const mine = turn;
      const { items } = await get(path, { before: top, limit: PAGE });
      if (mine !== turn) return true;
      stay(() => {
        news = take(items);
        top = items.length === PAGE ? items[0].id : null;
        const edge = timeline.dropLast(MOST);
        if (edge !== null) bottom = bottom === null ? ahead(edge) : earlier(bottom, ahead(edge));
      });
    }
    return news.length > 0;
  });

  /** Fetches what comes behind; false where nothing does. */
  const fetchLater = () => once(async () => {
    let news = [];
    while (bottom !== null && news.length === 0) {
      const mine = turn;
      const { items, next } = await get(path, { after: bottom, limit: PAGE });
      if (mine !== turn) return true;
      stay(() => {
        news = take(items);
        const last = items.at(-1)?.id ?? bottom;
        // What arrived meanwhile, and was left out as it lay beyond, is fetched as well.
        bottom = next === null && !before(last, newest) ? null : last;
        cutTop();
      });
    }
    return news.length > 0;
  });

  function cutTop() {
    const edge = timeline.dropFirst(MOST);
    if (edge !== null) top = later(top, behind(edge));
  }

  /**
   * Takes what arrived. `following`: whether the reader is at the end, so that what is old may go. The result is what was
   * news, `[{ message, isNew }]`, and how many new messages are not shown, as they lie beyond what is.
   */
  function arrive(messages, following) {
    const sorted = [...new Map(messages.map((message) => [message.id, message])).values()].sort(byId);
    const fresh = sorted.filter(({ id }) => newest === null || before(newest, id));
    const changed = sorted.filter(({ id }) => newest !== null && !before(newest, id));
    known(fresh);
    const news = timeline.add(changed.filter(({ id }) => timeline.has(id) || isWithin(id)));
    if (bottom !== null) return { news, beyond: fresh };
    if (following && fresh.length > MOST) {
      timeline.clear();
      const kept = fresh.slice(-MOST / 2);
      top = kept[0].id;
      return { news: [...news, ...timeline.add(kept)], beyond: [] };
    }
    news.push(...timeline.add(fresh));
    if (following) cutTop();
    else {
      const edge = timeline.dropLast(2 * MOST);
      if (edge !== null) bottom = ahead(edge);
    }
    return { news, beyond: [] };
  }

  /** What comes late, as it was changed since, and lies between the ends. */
  function isWithin(id) {
    return (top === null || !before(id, top)) && (bottom === null || !before(bottom, id));
  }

  return {
    toNewest, around, arrive, earlier: fetchEarlier, later: fetchLater,
    isBegun: () => top === null, isAtEnd: () => bottom === null, newest: () => newest,
  };
}
