/** What an unexpected throw becomes: a problem that says whether to come again, and nothing of our insides. */

import type { Problem } from "../contract/problem.ts";
import { createProblem } from "../contract/problem.ts";
import { isRowTooLarge } from "../durable/host/storage/row-bound.ts";

/**
 * Messages of transient faults, from Cloudflare's lists for D1 and Durable Objects: the platform marks some errors
 * `retryable` or `overloaded`, but not those that come through D1. `internal error` is all that workerd tells of a storage
 * that is full, locked, read-only or gone; a fault of our own code is never called so.
 */
const transient =
  /overloaded|network connection lost|caused object to be reset|reset because its code was updated|timed out|exceeded timeout|internal error|too many requests queued|SQLITE_(FULL|BUSY|LOCKED|IOERR|CANTOPEN|READONLY)|database or disk is full|database( table)? is locked|disk I\/O error|unable to open database|readonly database|of a newer version than the code|former_too_large/i;

/** Whether an actor was asked of a cell whose actors move, or have moved: cell/cell-object.ts says so, and of another object only its words arrive. */
export const isMoving = (error: unknown): boolean => /\bcell_moves\b/.test(String((error as { message?: unknown }).message));

/** What that means, and what to do. */
export const movingDetail =
  "The actors of this cell move, or have moved, to objects of their own: once `nerveflare placement own` says that they have, start the server without NERVEFLARE_PLACEMENT.";

/** @param correlation names the log entry, for the caller to report */
export function describeFailure(error: unknown, correlation: string): Problem {
  const { retryable, overloaded, message } = error as { retryable?: unknown; overloaded?: unknown; message?: unknown };
  // Whoever meets it has found a limit that is not told of: what is stored must be smaller, however often it is sent.
  if (isRowTooLarge(error))
    return createProblem("too_large", `What this would store is larger than the platform takes. Correlation id ${correlation}.`, {
      correlation,
    });
  if (isMoving(error))
    return createProblem("unavailable", `${movingDetail} Lists and the log can be read meanwhile.`, { retryAfter: 60, correlation });
  if (retryable === true || overloaded === true || transient.test(String(message))) {
    return createProblem("unavailable", "A part of the service cannot store, is overloaded or is restarting. Send the same again.", {
      retryAfter: 2,
      correlation,
    });
  }
  return createProblem("bug", `This is a fault of the server. Report it with the correlation id ${correlation}.`, { correlation });
}
