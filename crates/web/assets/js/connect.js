// How events begin to come in: connecting a source, and the first event of one that is connected.

import { h } from "./dom.js";
import { copyable } from "./order.js";
import { me } from "./session.js";

/** The address of a source of this name. */
const hookUrl = (name) => `${me.wilco.public_url.replace(/\/+$/, "")}/hooks/${encodeURIComponent(name)}`;

/** How to connect a source, where none is. */
export function howToConnect() {
  return h("div.empty.prose",
    h("p", "No source of events is connected."),
    h("p", "Add one to ", h("code", "wilco.toml"), ", as ", h("code", "[source.github]"), " with ", h("code", "secret"), " and ", h("code", "to"), ", and start Wilco anew. ",
      "Then enter ", h("code", hookUrl("github")), " as the webhook at the sender, with the same secret."));
}

/** The least that each kind of source takes for an event, as a line for a shell. */
const EXAMPLES = {
  generic: { payload: { title: "Hello" } },
  github: {
    more: ` -H 'X-GitHub-Event: issues' -H "X-GitHub-Delivery: try-$(date +%s)"`,
    payload: {
      action: "opened", issue: { number: 1, title: "Hello", state: "open", user: { login: "you" }, labels: [], html_url: "https://github.com/you/hello/issues/1" },
      repository: { name: "hello", full_name: "you/hello" }, sender: { login: "you" },
    },
  },
  alertmanager: {
    payload: {
      version: "4", groupKey: "hello", status: "firing", receiver: "wilco", externalURL: "",
      groupLabels: { alertname: "Hello" }, commonLabels: { alertname: "Hello" }, commonAnnotations: {},
      alerts: [{ status: "firing", labels: { alertname: "Hello" }, annotations: {}, startsAt: "2026-01-01T00:00:00Z", fingerprint: "hello" }],
    },
  },
};

/** How the first event of a source comes in: its address, and a line to try it where nothing has to prove who sends. */
export function firstEvent({ name, kind, url, signed }) {
  const example = signed ? null : EXAMPLES[kind];
  const line = example && `curl -H 'Content-Type: application/json'${example.more ?? ""} -d '${JSON.stringify(example.payload)}' ${url}`;
  return [
    h("p", "Enter ", h("code", url), ` as the webhook at ${name}`, signed ? [", with the secret that ", h("code", `[source.${name}]`), " of ", h("code", "wilco.toml"), " names. What is not signed with it is refused."] : "."),
    line && [h("p", "Or try it from a shell", kind === "generic" && [", with what ", h("code", `[source.${name}.event]`), " reads"], ":"), copyable(line, "this line")],
  ];
}
