/** What the operator does to an agent: its card, its tokens, its end. */
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import type { AgentParts } from "./agent-parts.ts";
import type { PollInbox } from "./mailbox/poll-inbox.ts";
import type { LeaveThreads } from "./presence/leave-threads.ts";

export interface AgentAccount {
  register(card: AgentCard, tokenHash?: string): Result<null>;
  remove(): Result<null>;
  rotate(tokenHash: string, overlap: number): Result<null>;
  revoke(): Result<null>;
}

export interface AgentAccountPorts
  extends Pick<AgentParts, "identity" | "attendance" | "mailbox" | "assignments" | "presence" | "tickets"> {
  name: string;
  leaveThreads: Pick<LeaveThreads, "tell">;
  polls: Pick<PollInbox, "wake">;
}

export function createAgentAccount(ports: AgentAccountPorts): AgentAccount {
  const { name, identity, attendance, mailbox, assignments, presence, tickets, leaveThreads, polls } = ports;
  return {
    register(newCard, newHash) {
      identity.register(newCard, newHash, mailbox.reserve);
      attendance.refresh();
      return succeed(null);
    },
    remove() {
      identity.remove(() => {
        leaveThreads.tell(mailbox.readOpen("turn"), assignments.listThreads());
        mailbox.clear();
        assignments.clear();
        presence.forget();
        tickets.clear();
      });
      polls.wake();
      return succeed(null);
    },
    rotate(tokenHash, overlap) {
      if (!identity.card()) return refuse("not_found", `There is no agent ${name}.`);
      identity.rotate(tokenHash, overlap);
      polls.wake();
      return succeed(null);
    },
    revoke() {
      if (!identity.card()) return refuse("not_found", `There is no agent ${name}.`);
      identity.revoke();
      polls.wake();
      return succeed(null);
    },
  };
}
