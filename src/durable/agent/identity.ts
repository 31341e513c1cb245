/**
 * Who an agent is: its card, what it reports of itself, and the tokens by which it is known. Knows no mailbox, no socket
 * and no other object.
 */
import type { AgentData } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { World } from "../host/ports.ts";
import type { Principal } from "../protocol/agent.ts";
import { agentLimits } from "./agent-schema.ts";
import { equalText, hashToken } from "./token-hash.ts";

/** The same refusal for an unknown agent and for a wrong token, so that nobody can find out which ids exist. */
export function refuseToken(): ReturnType<typeof refuse> {
  return refuse("unauthenticated", "This token is not valid (any more); ask the operator for a new one.");
}

/** The same for whatever is wrong with a ticket. */
export function refuseTicket(): ReturnType<typeof refuse> {
  return refuse("unauthenticated", "This ticket was used, is too old, or is nobody's: get another.");
}

/** What the agent says of itself; it narrows what was granted. */
export type Report = AgentData<"nerve.agent.report">;

/** A principal, or a connection that was opened with a token of this hash. */
export type Caller = Principal | { tokenHash: string };

/** A caller who was proven. */
export interface Identity {
  card: AgentCard;
  report: Report;
  source: string;
}

/** The agent's facts. What changes them is a commit of its own, but for {@link saveReport} and {@link expire}, which ride along. */
export interface AgentIdentity {
  /** Undefined: nobody, or removed. */
  readonly card: AgentCard | undefined;
  /** What the agent last said of itself. */
  readonly report: Report;
  /** Sequence numbers that were reserved when the object awoke. */
  readonly seqReserved: number;
  /** Who speaks: proven by token, or an operator whom the Worker has proven. */
  identify(caller: Caller): Promise<Result<Identity>>;
  /** Whether a token of this hash is good now. */
  holds(tokenHash: string): boolean;
  /** Sets the card; with a hash, that token becomes the only one. */
  register(card: AgentCard, tokenHash?: string): void;
  /**
   * Gives a new token.
   * @param overlap milliseconds that the token before stays good
   */
  rotate(tokenHash: string, overlap: number): void;
  /** Makes every token void; the agent stays. */
  revoke(): void;
  /** Forgets card and tokens. @param also what else is written in the same commit */
  remove(also: () => void): void;
  saveReport(report: Report): void;
  /** When the first of the former tokens ends. */
  due(): number | undefined;
  /** Forgets former tokens whose time is over. */
  expire(): void;
}

interface AgentRow {
  card: string;
  report: string;
  token_hash: string;
  seq_reserved: number;
  removed: number;
}

/**
 * @param name the agent's id, or `operators/<name>`
 * @param commit runs its body as one transaction
 */
export function createIdentity(name: string, { storage, clock }: World, commit: (body: () => void) => void): AgentIdentity {
  const row = storage.exec<AgentRow & { [column: string]: string | number }>("SELECT * FROM agent")[0];
  let card = row && !row.removed ? (JSON.parse(row.card) as AgentCard) : undefined;
  let report = row ? (JSON.parse(row.report) as Report) : ({} as Report);
  let tokenHash = row?.token_hash ?? "";
  let former = storage.exec<{ hash: string; expires: number }>("SELECT hash, expires FROM former_token ORDER BY expires");
  /** A token that was right is known again without hashing it. */
  let proven: { token: string; hash: string } | undefined;

  function holds(hash: string): boolean {
    const now = clock.now();
    // Compare all of them, so that timing tells neither which one matches nor whether one does.
    let right = equalText(hash, tokenHash);
    for (const { hash: kept, expires } of former) right = (equalText(hash, kept) && now < expires) || right;
    return right;
  }

  async function holdsToken(token: string): Promise<boolean> {
    if (proven && equalText(token, proven.token)) return holds(proven.hash);
    const hash = await hashToken(token);
    if (!holds(hash)) return false;
    proven = { token, hash };
    return true;
  }

  return {
    get card() {
      return card;
    },
    get report() {
      return report;
    },
    seqReserved: row?.seq_reserved ?? 0,
    holds,
    async identify(caller) {
      if ("operator" in caller)
        return succeed({
          card: { id: name, capabilities: [], roles: null, kinds: null },
          report: {},
          source: `/operators/${caller.operator}`,
        });
      if (!card) return refuseToken();
      const right = "token" in caller ? await holdsToken(caller.token) : holds(caller.tokenHash);
      // The agent may have been removed while the token was hashed.
      if (!right || !card) return refuseToken();
      return succeed({ card, report, source: `/agents/${card.id}` });
    },
    register(newCard, newHash) {
      commit(() => {
        storage.exec(
          "INSERT INTO agent (one, card, report, token_hash, seq_reserved) VALUES (1, ?, '{}', ?, 0) ON CONFLICT DO UPDATE SET card = excluded.card, token_hash = CASE excluded.token_hash WHEN '' THEN token_hash ELSE excluded.token_hash END, removed = 0",
          JSON.stringify(newCard),
          newHash ?? "",
        );
        if (newHash !== undefined) storage.exec("DELETE FROM former_token");
      });
      card = newCard;
      if (newHash === undefined) return;
      tokenHash = newHash;
      former = [];
    },
    rotate(newHash, overlap) {
      const kept = overlap > 0 ? keepFormer(overlap) : [];
      commit(() => {
        writeFormer(kept);
        storage.exec("UPDATE agent SET token_hash = ?", newHash);
      });
      tokenHash = newHash;
      former = kept;
    },
    revoke() {
      commit(() => {
        writeFormer([]);
        storage.exec("UPDATE agent SET token_hash = ''");
      });
      tokenHash = "";
      former = [];
    },
    remove(also) {
      commit(() => {
        writeFormer([]);
        storage.exec("UPDATE agent SET removed = 1, token_hash = '', report = '{}'");
        also();
      });
      card = undefined;
      report = {};
      tokenHash = "";
      former = [];
    },
    saveReport(newReport) {
      report = newReport;
      storage.exec("UPDATE agent SET report = ?", JSON.stringify(report));
    },
    due: () => former[0]?.expires,
    expire() {
      if (former.length === 0) return;
      former = former.filter(({ expires }) => expires > clock.now());
      writeFormer(former);
    },
  };

  /** What is still good beside a new token, soonest to end first: of too many, those go. */
  function keepFormer(overlap: number): { hash: string; expires: number }[] {
    const now = clock.now();
    const end = now + overlap;
    // A rotation with a short overlap also shortens older tokens' overlap: the last rotation decides.
    const older = former.filter(({ expires }) => expires > now).map(({ hash, expires }) => ({ hash, expires: Math.min(expires, end) }));
    const current = tokenHash === "" ? [] : [{ hash: tokenHash, expires: end }];
    return [...older, ...current].slice(-agentLimits.formerTokens);
  }

  function writeFormer(tokens: { hash: string; expires: number }[]): void {
    storage.exec("DELETE FROM former_token");
    for (const { hash, expires } of tokens) storage.exec("INSERT INTO former_token VALUES (?, ?)", hash, expires);
  }
}
