/**
 * Who an agent is: its card, what it reports of itself, and the tokens by which it is known. Knows no mailbox, no socket
 * and no other object.
 */
import type { AgentData } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { Clock } from "../host/ports.ts";
import type { Resident } from "../host/store/collections.ts";
import type { Sender } from "../protocol/agent.ts";
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

/** A sender, or a connection that was opened with a token of this hash. */
export type Caller = Sender | { tokenHash: string };

/** A caller who was proven. */
export interface Identity {
  card: AgentCard;
  report: Report;
  source: string;
}

/** The agent's facts. What changes them is a commit of its own, but for {@link saveReport} and {@link expire}, which ride along. */
export interface AgentIdentity {
  /** Undefined: nobody, or removed. */
  card(): AgentCard | undefined;
  /** What the agent last said of itself. */
  report(): Report;
  /**
   * Who speaks: proven by token, an operator whom the Worker has proven, or a hook, whose object proves what it takes. A connection's
   * hash is known at once.
   */
  identify(caller: Caller): Result<Identity> | Promise<Result<Identity>>;
  /** Whether a token of this hash is good now. */
  holds(tokenHash: string): boolean;
  /** Sets the card; with a hash, that token becomes the only one. @param also what else is written in the same commit */
  register(card: AgentCard, tokenHash: string | undefined, also: () => void): void;
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

/** What is kept of an agent. */
export interface Account {
  card: AgentCard;
  report: Report;
  /** Of the newest token; empty: none is good. */
  tokenHash: string;
  /** Tokens of before that are good for a while, soonest to end first. */
  former: { hash: string; expires: number }[];
  /** The agent was removed: the card is of who it was. */
  removed: boolean;
}

/**
 * @param name the agent's id, `operators/<name>` or `hooks/<name>`
 * @param accounts of one document
 * @param commit runs its body as one transaction
 */
export function createIdentity(name: string, accounts: Resident<Account>, clock: Clock, commit: (body: () => void) => void): AgentIdentity {
  /** A token that was right is known again without hashing it. */
  let proven: { token: string; hash: string } | undefined;
  /** Who speaks for the agent, as its account was when that was last asked. */
  let known: { account: Account; result: Result<Identity> } | undefined;

  const read = (): Account | undefined => accounts.get("");
  const readCard = (): AgentCard | undefined => (read()?.removed ? undefined : read()?.card);
  const readReport = (): Report => read()?.report ?? {};

  /** Changes what is kept, if anything is; within a transaction. */
  function change(changes: Partial<Account>): void {
    const account = read();
    if (account) accounts.put("", { ...account, ...changes });
  }

  function holds(hash: string): boolean {
    const now = clock.now();
    const { tokenHash = "", former = [] } = read() ?? {};
    // Compare all of them, so that timing tells neither which one matches nor whether one does.
    let right = equalText(hash, tokenHash);
    for (const { hash: kept, expires } of former) right = (equalText(hash, kept) && now < expires) || right;
    return right;
  }

  /** Of whoever has shown that it is the agent, while there is one. */
  function admitOwn(isRight: boolean): Result<Identity> {
    const account = read();
    if (!isRight || !account || account.removed) return refuseToken();
    if (known?.account !== account) {
      const { card, report } = account;
      known = { account, result: succeed({ card, report, source: `/agents/${card.id}` }) };
    }
    return known.result;
  }

  async function holdsToken(token: string): Promise<boolean> {
    if (proven && equalText(token, proven.token)) return holds(proven.hash);
    const hash = await hashToken(token);
    if (!holds(hash)) return false;
    proven = { token, hash };
    return true;
  }

  /** What is still good beside a new token: of too many, those that end soonest go. */
  function keepFormer(overlap: number): Account["former"] {
    const { tokenHash = "", former = [] } = read() ?? {};
    const now = clock.now();
    const end = now + overlap;
    // A rotation with a short overlap also shortens older tokens' overlap: the last rotation decides.
    const older = former.filter(({ expires }) => expires > now).map(({ hash, expires }) => ({ hash, expires: Math.min(expires, end) }));
    const current = tokenHash === "" ? [] : [{ hash: tokenHash, expires: end }];
    return [...older, ...current].slice(-agentLimits.formerTokens);
  }

  return {
    card() {
      return readCard();
    },
    report() {
      return readReport();
    },
    holds,
    identify(caller) {
      if ("operator" in caller || "hook" in caller)
        return succeed({
          card: { id: name, capabilities: [], roles: null, kinds: null },
          report: {},
          source: "hook" in caller ? `/hooks/${caller.hook}` : `/operators/${caller.operator}`,
        });
      if (!readCard()) return refuseToken();
      // The agent may have been removed while a token was hashed.
      return "token" in caller ? holdsToken(caller.token).then(admitOwn) : admitOwn(holds(caller.tokenHash));
    },
    register(card, newHash, also) {
      commit(() => {
        const account = read() ?? { card, report: {}, tokenHash: "", former: [], removed: false };
        const tokens = newHash === undefined ? {} : { tokenHash: newHash, former: [] };
        accounts.put("", { ...account, card, removed: false, ...tokens });
        also();
      });
    },
    rotate(tokenHash, overlap) {
      const former = overlap > 0 ? keepFormer(overlap) : [];
      commit(() => change({ tokenHash, former }));
    },
    revoke: () => commit(() => change({ tokenHash: "", former: [] })),
    remove(also) {
      commit(() => {
        change({ removed: true, tokenHash: "", former: [], report: {} });
        also();
      });
    },
    saveReport: (report) => change({ report }),
    due: () => read()?.former[0]?.expires,
    expire() {
      const former = read()?.former ?? [];
      const left = former.filter(({ expires }) => expires > clock.now());
      if (left.length < former.length) change({ former: left });
    },
  };
}
