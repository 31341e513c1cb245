/**
 * Lets calls that reach a busy object in the same turn of its event loop share one commit. Each would else wait for an
 * fsync of its own: the platform does not join the transactions of separate calls by itself.
 */

/**
 * When the calls that have already arrived were handed in. Nobody waits at rest: `ctx.storage.sync()` is over at once. Where calls
 * come faster than they are taken, a timer gathers half as many again, and costs a millisecond that each of them waits for anyhow.
 */
export type Settle = (crowded: boolean) => Promise<void>;

/**
 * @param settle `crowded`: the last calls did not come alone
 * @param run takes the gathered items at once, and gives an answer for each
 */
export function createGather<Item, Answer>(settle: Settle, run: (items: Item[]) => Answer[]): (item: Item) => Promise<Answer> {
  let items: Item[] = [];
  let gathering: Promise<Answer[]> | undefined;
  let crowded = false;
  return async (item) => {
    const index = items.push(item) - 1;
    gathering ??= settle(crowded).then(() => {
      const batch = items;
      crowded = batch.length > 1;
      items = [];
      gathering = undefined;
      return run(batch);
    });
    const answers = await gathering;
    return answers[index] as Answer;
  };
}
