// The pages beside the rooms: where each is, how it is called, and from where one gets there.

/** `also`: other words that find it; `side`: whether the side bar has it; `bar`: its name at the foot of a phone, which has room for five. */
export const PAGES = [
  { href: "/waiting", picture: "inbox", name: "Waiting for me", also: "approvals confirmations changed", side: true, bar: "Waiting" },
  { href: "/operations", picture: "ops", name: "Operations", also: "runs history", side: true, bar: "Operations" },
  { href: "/commands", picture: "commands", name: "Commands", also: "catalogue help", side: true, bar: "Commands" },
  { href: "/events", picture: "events", name: "Events", also: "webhooks why", side: true, bar: "Events" },
  { href: "/objects", picture: "events", name: "Objects", also: "alerts pull requests lines" },
  { href: "/sources", picture: "events", name: "Sources", also: "webhooks addresses" },
  { href: "/connectors", picture: "events", name: "Connectors", also: "networks health" },
  { href: "/routes", picture: "events", name: "Routes", also: "rules where why try" },
  { href: "/audit", picture: "audit", name: "Audit", also: "record decisions", side: true },
  { href: "/people", picture: "people", name: "People", also: "roles grants rules", side: true },
  { href: "/access", picture: "people", name: "Ways in", also: "access sessions tokens revoke" },
];
