/** What NERVEFLARE_PLACEMENT may say. */

/** Each recruitment, task, workflow and agent in an object of its own: the one placement there is. */
const own = "own";

/** What is wrong with the setting, and what to do; undefined: it is not set, or says what holds anyhow. */
export function findPlacementFault(text: string | undefined): string | undefined {
  if (text === undefined || text === "" || text === own) return undefined;
  return `NERVEFLARE_PLACEMENT is ${JSON.stringify(text)}, and "${own}" is all that it takes: each task has an object of its own. Unset it; what an earlier version kept elsewhere moves by itself.`;
}
