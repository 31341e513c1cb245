/** Who may speak for an agent: by its token, by a connection that was opened with it, by a ticket. Each call of theirs is a sign of life. */
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { Principal } from "../protocol/agent.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import { agentLimits } from "./agent-schema.ts";
import { describeRate, type Rate } from "./connection/rate.ts";
import type { Tickets } from "./connection/tickets.ts";
import { type AgentIdentity, type Caller, type Identity, refuseTicket } from "./identity.ts";
import type { Presence } from "./presence/presence.ts";
import { hashToken } from "./token-hash.ts";

export interface AgentCallers {
  /** Every call and frame of an agent comes by here. */
  identify(caller: Caller): Result<Identity> | Promise<Result<Identity>>;
  /** As {@link AgentCallers.identify}, of a caller who does something now: a sign of life. */
  hear(caller: Caller): Result<Identity> | Promise<Result<Identity>>;
  /** As {@link AgentCallers.hear}, if the caller may speak so soon again. Operators are not held back. */
  admit(principal: Principal): Promise<Result<Identity>>;
  /** The hash of a token that is good: what stands for it in a connection, which outlives the request that showed it. */
  prove(token: string): Promise<Result<string>>;
  /** Makes a ticket good for one connection. */
  issueTicket(principal: Principal, ticketHash: string, tokenHash: string): Promise<Result<{ expires: string }>>;
  /** Takes a ticket. Returns the hash of the token that asked for it, which may be void by now. */
  takeTicket(ticket: string): Promise<Result<string>>;
  /** Takes a ticket in place of the token. Returns the token's hash. */
  redeemTicket(ticket: string): Promise<Result<string>>;
}

export interface AgentCallerPorts {
  identity: AgentIdentity;
  presence: Pick<Presence, "hear">;
  tickets: Tickets;
  committer: Pick<TypedCommitter, "commit">;
  callRate: Rate;
  /** The object is awake: what a crash left is picked up. */
  resume(): void;
}

export function createAgentCallers({ identity, presence, tickets, committer, callRate, resume }: AgentCallerPorts): AgentCallers {
  const { commit } = committer;

  function identify(caller: Caller): Result<Identity> | Promise<Result<Identity>> {
    resume();
    return identity.identify(caller);
  }

  function hear(caller: Caller): Result<Identity> | Promise<Result<Identity>> {
    const identified = identify(caller);
    if (identified instanceof Promise) return identified.then((late) => note(late, caller));
    return note(identified, caller);
  }

  function note(identified: Result<Identity>, caller: Caller): Result<Identity> {
    if (identified.ok && !("operator" in caller || "hook" in caller)) presence.hear();
    return identified;
  }

  async function admit(principal: Principal): Promise<Result<Identity>> {
    const caller = await hear(principal);
    const wait = caller.ok && "agent" in principal ? callRate.take() : 0;
    return wait > 0 ? { ok: false, problem: describeRate(`${callRate.perSecond} calls`, wait) } : caller;
  }

  async function takeTicket(ticket: string): Promise<Result<string>> {
    const hash = await hashToken(ticket);
    const tokenHash = commit(() => tickets.redeem(hash));
    return tokenHash === undefined ? refuseTicket() : succeed(tokenHash);
  }

  return {
    identify,
    hear,
    admit,
    async prove(token) {
      const tokenHash = await hashToken(token);
      const caller = await identify({ tokenHash });
      return caller.ok ? succeed(tokenHash) : caller;
    },
    async issueTicket(principal, ticketHash, tokenHash) {
      const caller = await identify(principal);
      if (!caller.ok) return caller;
      const expires = commit(() => tickets.issue(ticketHash, tokenHash));
      if (expires !== undefined) return succeed({ expires: new Date(expires).toISOString() });
      return refuse("rate_limited", `At most ${agentLimits.tickets} tickets wait to be used.`, { retryAfter: 10 });
    },
    takeTicket,
    async redeemTicket(ticket) {
      const taken = await takeTicket(ticket);
      if (!taken.ok) return taken;
      const caller = await identify({ tokenHash: taken.value });
      return caller.ok ? taken : refuseTicket();
    },
  };
}
