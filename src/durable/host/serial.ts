/** Work that must find what the work before it left: one at a time, in the order in which it came. */

export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** Work that is given to it begins when all that was given before has ended, well or not. */
export function createSerial(): Serial {
  let queue: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  };
}
