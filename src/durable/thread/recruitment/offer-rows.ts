/** Rows of a thread's offers: what was offered, to whom, and what each said. Knows SQL only. */
import type { Row, Storage } from "../../host/ports.ts";

export interface OfferRow extends Row {
  /** `<thread>:<place of the role>:<number>`. */
  id: string;
  role: string;
  opened: number;
  expires: number;
  scan_at: number | null;
  scans: number;
  /** Why it was closed; null while it is open. */
  closed: string | null;
}

/** One agent's part in an offer. */
export interface OfferedRow extends Row {
  agent: string;
  /**
   * Null until the agent answers; then `claimed`, `awarded`, `declined: …`, `refused: …` (the card does not do, which may change)
   * or `rejected: …` (the machine said no).
   */
  reply: string | null;
  /** What the claim was ranked by. */
  score: number | null;
  /** When the agent answered. */
  at: number | null;
}

export function readOffer(storage: Storage, id: string): OfferRow | undefined {
  return storage.exec<OfferRow>("SELECT * FROM offer WHERE id = ?", id)[0];
}

/** The newest offer of a role. */
export function readLastOffer(storage: Storage, role: string): OfferRow | undefined {
  return storage.exec<OfferRow>("SELECT * FROM offer WHERE role = ? ORDER BY opened DESC, expires DESC LIMIT 1", role)[0];
}

/** How many were asked by the role's newest offer, and how many of them answered. */
export function countOffered(storage: Storage, role: string): { offered: number; answered: number } | undefined {
  const offer = readLastOffer(storage, role);
  if (!offer) return undefined;
  const offered = readOffered(storage, offer.id);
  return { offered: offered.length, answered: offered.filter(({ reply }) => reply !== null).length };
}

export function readOffered(storage: Storage, offer: string): OfferedRow[] {
  return storage.exec<OfferedRow>("SELECT agent, reply, score, at FROM offered WHERE offer = ? ORDER BY agent", offer);
}

/** Whether the offer is open and everybody to whom it was made has answered. */
export function findExhausted(storage: Storage, offer: string): boolean {
  const [row] = storage.exec<{ closed: string | null; made: number; unanswered: number }>(
    "SELECT offer.closed, count(offered.agent) AS made, sum(offered.agent IS NOT NULL AND offered.reply IS NULL) AS unanswered FROM offer LEFT JOIN offered ON offered.offer = offer.id WHERE offer.id = ?",
    offer,
  );
  return row !== undefined && row.closed === null && row.made > 0 && row.unanswered === 0;
}

/**
 * Makes the offer to an agent, unless that was done. Who was refused or rejected for what may have changed since (load, labels,
 * another role that it held) is asked again; who was outscored too, once the claim that led is gone.
 * @returns whether it is news to the agent
 */
export function noteOffered(storage: Storage, offer: string, agent: string): boolean {
  return (
    storage.exec(
      `INSERT INTO offered (offer, agent, reply) VALUES (?, ?, NULL) ON CONFLICT DO UPDATE SET reply = NULL, score = NULL, at = NULL
       WHERE reply LIKE 'refused:%' OR reply LIKE 'rejected: holds:%' OR reply = 'rejected: away'
         OR (reply = 'rejected: outscored' AND NOT EXISTS (SELECT 1 FROM offered leading WHERE leading.offer = excluded.offer AND leading.reply = 'claimed'))
       RETURNING agent`,
      offer,
      agent,
    ).length > 0
  );
}

/** The machine rejected the claim; the card's own refusal stays. */
export function noteRejected(storage: Storage, offer: string, agent: string, reason: string): void {
  storage.exec("UPDATE offered SET reply = ? WHERE offer = ? AND agent = ? AND reply = 'claimed'", `rejected: ${reason}`, offer, agent);
}

export function noteAwarded(storage: Storage, offer: string, agent: string): void {
  storage.exec(
    "INSERT INTO offered (offer, agent, reply) VALUES (?, ?, 'awarded') ON CONFLICT DO UPDATE SET reply = 'awarded'",
    offer,
    agent,
  );
}

/** An offer as one agent finds it. */
export interface OfferState {
  role: string;
  closed: string | null;
  reply: string | null;
}

export function readOfferState(storage: Storage, offer: string, agent: string): OfferState | undefined {
  return storage.exec<{ role: string; closed: string | null; reply: string | null }>(
    "SELECT offer.role, offer.closed, offered.reply FROM offer LEFT JOIN offered ON offered.offer = offer.id AND offered.agent = ? WHERE offer.id = ?",
    agent,
    offer,
  )[0];
}

/** What an agent said of an offer. */
export function writeReply(
  storage: Storage,
  { offer, agent }: { offer: string; agent: string },
  reply: { text: string; score?: number | undefined },
  now: number,
): void {
  storage.exec(
    // A leader that claims again keeps its better score, as in the machine.
    `INSERT INTO offered (offer, agent, reply, score, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       score = CASE WHEN offered.reply = 'claimed' AND excluded.reply = 'claimed' AND offered.score >= excluded.score THEN offered.score ELSE excluded.score END,
       reply = excluded.reply, at = excluded.at`,
    offer,
    agent,
    reply.text,
    reply.score ?? null,
    now,
  );
}
