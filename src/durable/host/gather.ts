/**
 * Lets calls that reach a busy object in the same turn of its event loop share one commit. Each would else wait for an
 * fsync of its own: the platform does not join the transactions of separate calls by itself.
 */

/**
 * @param settle resolves after calls that have already arrived were handed in: `ctx.storage.sync()` on a Durable Object
 * @param run takes the gathered items at once, and gives an answer for each
 */
export function createGather<Item, Answer>(settle: () => Promise<void>, run: (items: Item[]) => Answer[]): (item: Item) => Promise<Answer> {
  let items: Item[] = [];
  let gathering: Promise<Answer[]> | undefined;
  return async (item) => {
    const index = items.push(item) - 1;
    gathering ??= settle().then(() => {
      const batch = items;
      items = [];
      gathering = undefined;
      return run(batch);
    });
    const answers = await gathering;
    return answers[index] as Answer;
  };
}
