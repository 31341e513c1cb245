/**
 * Runs a rendering of the library's. Its own asynchronous way makes some promises for each turn of a loop, which takes several times
 * as long and ten times in Workers; its synchronous way cannot wait for the breaks between which a long rendering is done.
 */

type Running = Iterator<unknown, unknown, unknown>;

/** The library's renderings are generators, which yield others whose results they need, or a promise of a break. */
export async function runRendering(rendering: Running): Promise<unknown> {
  const stack = [rendering];
  let failed = false;
  let value: unknown;
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    let step: IteratorResult<unknown>;
    try {
      step = failed && top.throw ? top.throw(value) : top.next(value);
    } catch (error) {
      stack.pop();
      failed = true;
      value = error;
      continue;
    }
    failed = false;
    value = step.value;
    if (step.done) stack.pop();
    if (isRunning(value)) {
      stack.push(value);
      value = undefined;
    } else if (value instanceof Promise) value = await value;
  }
  if (failed) throw value;
  return value;
}

function isRunning(value: unknown): value is Running {
  if (typeof value !== "object" || value === null) return false;
  const { next, throw: fail, return: end } = value as Partial<Running>;
  return typeof next === "function" && typeof fail === "function" && typeof end === "function";
}
