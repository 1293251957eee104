// What is of use soon, and must not stand in the way of what is looked at now.

/** By then the page is there on a slow link as well, in milliseconds. */
const AT_LAST = 5000;
/** Where a browser does not say when it is idle. */
const LATER = 2000;

/** Does this once the page has nothing else to do. */
export function whenIdle(work) {
  if (window.requestIdleCallback) requestIdleCallback(work, { timeout: AT_LAST });
  else setTimeout(work, LATER);
}
