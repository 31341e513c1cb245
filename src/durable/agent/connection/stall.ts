/**
 * Tells a connection that takes nothing while something waits for it. No timer: one that ran would keep the object in
 * memory; it is looked at whenever its mailbox has dealt with it. Knows readers, not what closes them.
 */
import { agentLimits } from "../agent-schema.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Reader } from "../mailbox/reader.ts";

/** Since when it stands at which number. */
export interface Stall {
  through: number;
  /** Milliseconds since the epoch. */
  since: number;
}

/**
 * Looks at a reader.
 * @param before what the last look returned
 * @returns undefined if it has all that it may have; `tooSlow` if it stood still for `agentLimits.slow` while more waited
 */
export function lookForStall(
  reader: Reader,
  before: Stall | undefined,
  mailbox: Pick<Mailbox, "waitsFor">,
  now: number,
): Stall | "tooSlow" | undefined {
  if (reader.caughtUp) return undefined;
  if (before?.through !== reader.through) return { through: reader.through, since: now };
  return now - before.since >= agentLimits.slow && mailbox.waitsFor(reader) ? "tooSlow" : before;
}
