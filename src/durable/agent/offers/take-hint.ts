/** Takes what a thread or the board tells an agent of offers. It is judged on the agent's own card, which is newer than any other. */
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { OfferHint } from "../../protocol/board.ts";
import { judgeCard } from "../../thread/eligibility/judge-claim.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Presence } from "../presence/presence.ts";

export interface HintPorts {
  mailbox: Pick<Mailbox, "offers" | "isRead">;
  presence: Pick<Presence, "show">;
  /** The card as the agent narrows it; null: there is no such agent. */
  card(): AgentCard | null;
  commit(body: () => void): void;
}

/** @returns whether the agent is there and may have what is offered */
export function takeHint({ mailbox, presence, card, commit }: HintPorts, { opened, again, closed, keep }: OfferHint): boolean {
  const own = card();
  if (!own) return false;
  for (const event of closed) mailbox.offers.close(event);
  const fits = opened === undefined || judgeCard(opened.terms.role, own, opened.terms.workflow) === undefined;
  if (opened && fits) mailbox.offers.open(opened, again === true);
  if (keep && mailbox.offers.hasChanges) commit(() => mailbox.offers.keep());
  return fits && (mailbox.isRead || presence.show().state === "online");
}
