// The steps of a story, one after the other.

import { it } from "node:test";
import { join } from "node:path";

import { shots } from "./people.mjs";

/**
 * What begins a step of a story. Once a step has failed, those after it would only fail for the same reason, and are left
 * out. `people()` are those whose pages are kept as pictures then, under the name of the story.
 */
export function steps(story, people) {
  let broken = null;
  return (name, body) => it(name, async (context) => {
    if (broken) {
      context.skip(`after “${broken}”`);
      return;
    }
    try {
      await body();
    } catch (error) {
      broken = name;
      for (const person of people()) await person?.page.screenshot({ path: join(shots, `failed-${story}-${person.name}.png`) });
      throw error;
    }
  });
}
