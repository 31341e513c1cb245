/** Work that is counted: what bounds computations over what others send, for a clock stands still on Cloudflare while they run. */

/** How many steps may still be taken. */
export interface Work {
  left: number;
}

/** More steps were needed than were allowed. It never leaves the module that counts. */
export class TooMuchWork extends Error {
  override name = "TooMuchWork";
}

/** @throws TooMuchWork where the steps are used up */
export function spend(work: Work, steps: number): void {
  work.left -= steps;
  if (work.left < 0) throw new TooMuchWork("more steps than are allowed");
}
