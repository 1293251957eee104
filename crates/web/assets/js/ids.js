// Ids of messages: numbers of any length, as text. Which comes first, and their neighbours.

/** Whether an id comes before another. */
export const before = (a, b) => (a.length === b.length ? a < b : a.length < b.length);
/** The earlier of two ids; one that is not there does not count. */
export const earlier = (a, b) => (a === null || (b !== null && before(b, a)) ? b : a);
/** The later of two ids; one that is not there does not count. */
export const later = (a, b) => (a === null || (b !== null && before(a, b)) ? b : a);
/** The next possible id. */
export const behind = (id) => String(BigInt(id) + 1n);
/** The last possible id before this one. */
export const ahead = (id) => String(BigInt(id) - 1n);
/** How far apart two ids are. */
export const distance = (a, b) => Number(BigInt(b) - BigInt(a));
/** For sorting: oldest first. */
export const byId = (a, b) => (a.id === b.id ? 0 : before(a.id, b.id) ? -1 : 1);
