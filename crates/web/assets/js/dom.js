// Making elements. The only place where nodes are born: text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element: `h("p.now", { title }, "text", child, [more])`.
 * `class`, `data` (an object) and `on` (listeners) are special; other properties become attributes.
 */
export function h(selector, ...rest) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  let children = rest;
  if (isProps(rest[0])) {
    children = rest.slice(1);
    set(element, rest[0]);
  }
  element.append(...nodes(children));
  return element;
}

function isProps(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

function set(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = `${element.className} ${value}`.trim();
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Flattens children into nodes; `null`, `undefined` and `false` are left out. */
export function nodes(children) {
  return [children].flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** Makes a part of a drawing: `s("path", { class, d }, child, "text")`. */
export function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...nodes(children));
  return element;
}

/** An icon of the page's sprite; with a label it is read aloud, without one it is hidden. */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

const own = new Set([location.origin]);
/** Says that this address, too, is this server: links there stay on the page. */
export const useOrigin = (url) => URL.canParse(url) && own.add(new URL(url).origin);

/** A link that is safe to follow, or nothing: a path on this server, or an address with http or https. */
export function safeHref(url) {
  if (typeof url !== "string" || /[\u0000-\u0020\\]/.test(url)) return null;
  if (/^\/(?!\/)/.test(url)) return url;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return null;
  const { origin, href } = new URL(url);
  return own.has(origin) ? href.slice(origin.length) : href;
}

/** A path on this server, or nothing. */
export function ownPath(url) {
  const href = safeHref(url);
  return href?.startsWith("/") ? href : null;
}

/** An anchor; text alone where the address is not safe. */
export function link(url, ...children) {
  const href = safeHref(url);
  if (!href) return h("span", ...children);
  const outside = !href.startsWith("/");
  return h("a", { href, rel: outside && "noopener noreferrer", target: outside && "_blank" }, ...children);
}

let ids = 0;
/** An id that no other element has. */
export const freshId = (prefix) => `${prefix}-${++ids}`;
