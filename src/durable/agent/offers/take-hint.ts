/** Takes what a thread or the board tells an agent of offers. It is judged on the agent's own card, which is newer than any other. */
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { HintAnswer, OfferHint } from "../../protocol/board.ts";
import { judgeCard } from "../../thread/eligibility/judge-claim.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Presence } from "../presence/presence.ts";
import type { Attendance } from "./attendance.ts";

export interface HintPorts {
  mailbox: { isRead(): boolean; offers: Pick<Mailbox["offers"], "open" | "close" | "changes" | "keep"> };
  presence: { show(): Pick<ReturnType<Presence["show"]>, "state"> };
  /** The card as the agent narrows it; null: there is no such agent. */
  card(): AgentCard | null;
  attendance: Pick<Attendance, "correct">;
  commit(body: () => void): void;
  /** Writes later what has closed and is not acknowledged by then. */
  keepClosed(): void;
}

/** Whoever is connected and was only told that offers have closed acknowledges it at once: no row is needed for that. */
function isToBeKept({ isRead, offers }: HintPorts["mailbox"]): boolean {
  const { open, closed } = offers.changes();
  return open || (closed && !isRead());
}

export function takeHint(
  { mailbox, presence, card, commit, attendance, keepClosed }: HintPorts,
  { opened, again, closed, keep }: OfferHint,
): HintAnswer {
  const own = card();
  if (!own) return "away";
  for (const event of closed) mailbox.offers.close(event);
  const fits = opened === undefined || judgeCard(opened.terms.role, own, opened.terms.workflow) === undefined;
  if (opened && fits) mailbox.offers.open(opened, again === true);
  if (closed.length && mailbox.isRead()) keepClosed();
  if (keep && isToBeKept(mailbox)) commit(() => mailbox.offers.keep());
  if (!mailbox.isRead() && presence.show().state !== "online") return "away";
  if (fits) return "fits";
  attendance.correct();
  return "unfit";
}
