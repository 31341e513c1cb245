/** When an open offer is renewed: often at first, then every minute. Counted from when it was opened, so that nothing need be stored. */
import { threadLimits } from "../thread-schema.ts";

/** The first look after a time, in milliseconds since the epoch. */
export function findNextLook(opened: number, after: number): number {
  const { scanFirst, scanLast } = threadLimits;
  let look = scanFirst;
  while (look < scanLast && opened + look <= after) look *= 2;
  const age = after - opened;
  if (look <= age) look += Math.ceil((age - look + 1) / scanLast) * scanLast;
  return opened + look;
}
