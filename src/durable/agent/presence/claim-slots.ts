/** A claim takes a slot of its agent's until its verdict comes. Knows the mailbox's offers and the assignments. */
import { parseDuration } from "../../../compile/source/duration.ts";
import type { OfferOpened } from "../../../contract/kinds/offer.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Assignments } from "./assignments.ts";
import { presenceLimits } from "./presence-limits.ts";

/**
 * What the claim's judge is told of the agent's capacity. With a slot free, or none declared, the claim takes one, in memory.
 * @param slots what the agent says it has
 */
export function takeSlot(
  {
    assignments,
    mailbox,
    now,
  }: { assignments: Pick<Assignments, "countUsed" | "reserve">; mailbox: Pick<Mailbox, "findOffer">; now: number },
  offer: string,
  slots: number | undefined,
): Pick<ClaimCard, "capacity"> {
  const used = assignments.countUsed(offer);
  const capacity = slots === undefined ? {} : { capacity: { slots, used } };
  // The offer is over and the verdict was sent: a repeated claim takes no slot.
  const opened = mailbox.findOffer(offer)?.data as OfferOpened | undefined;
  if (!opened || (slots !== undefined && used >= slots)) return capacity;
  const { every, miss } = opened.heartbeat;
  const silence = (parseDuration(every) ?? presenceLimits.idle / miss) * miss;
  assignments.reserve({ offer, thread: opened.thread, role: opened.role, silence, at: now });
  return capacity;
}
