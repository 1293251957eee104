// The demo's words: what is ordered, and what has to be read on the page. When the demo changes its words, this file does.

export const orders = {
  help: "wilco help webapp",
  status: "wilco status webapp",
  stage: (ref) => `wilco stage webapp ${ref}`,
  release: "wilco release webapp",
  rollback: "wilco rollback webapp",
  approve: (id) => `wilco approve ${id}`,
  misspelt: "wilco relese webapp",
  incomplete: "wilco show",
};

/** What a plan has to say before anybody decides. */
export const plans = {
  stage: (ref) => [new RegExp(ref), /staging/],
  release: (ref) => [new RegExp(ref), /production/],
  rollback: (ref) => [new RegExp(ref), /production/],
};

/** The refusal of an approval by the asker. */
export const refusal = { text: /you asked|somebody else|another person|own/i, rule: /\S+/ };

/** The names of the demo's servers in its `wilco.toml`. */
export const servers = { staging: "staging", production: "production" };

/** What must stand on the page as text, and never work as markup. */
export const hostile = [
  "<script>document.title = 'taken'</script>",
  "<img src=x onerror=\"document.title='taken'\">",
  "[press me](javascript:document.title='taken')",
  "**not bold** `not code` &lt;b&gt;",
];
