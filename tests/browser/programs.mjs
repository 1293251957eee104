// Programs that say much: each has a token of its own, and says no more in a second than one may.

/** How many messages a program says in a second. */
const A_SECOND = 40;

/** Some programs with tokens. */
export class Programs {
  #url;
  #tokens;

  constructor(url, tokens) {
    this.#url = url;
    this.#tokens = tokens;
  }

  static async make(wilco, count) {
    const tokens = [];
    for (let at = 0; at < count; at += 1) tokens.push((await wilco.cli("token", "create", `program-${at}-${Date.now()}`, "--scope", "order")).trim());
    return new Programs(wilco.url, tokens);
  }

  /** Says these lines in a room, in their order as far as one program says them; returns when all are said. */
  async say(place, lines) {
    const path = `${this.#url}/api/v1/rooms/${encodeURIComponent(place)}/messages`;
    // Few lines stand in the order that they are given in.
    const tokens = lines.length <= 400 ? this.#tokens.slice(0, Math.ceil(lines.length / 40)) : this.#tokens;
    if (lines.length <= 400) {
      for (const [at, text] of lines.entries()) await this.#one(path, tokens[Math.floor(at / 40)], text);
      return;
    }
    await Promise.all(tokens.map(async (token, first) => {
      const began = Date.now();
      let said = 0;
      for (let at = first; at < lines.length; at += tokens.length) {
        const due = began + (said * 1000) / A_SECOND;
        if (due > Date.now()) await new Promise((done) => setTimeout(done, due - Date.now()));
        await this.#one(path, token, lines[at]);
        said += 1;
      }
    }));
  }

  async #one(path, token, text) {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ text }) });
    if (answer.status !== 201) throw new Error(`${text} was answered with ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}
