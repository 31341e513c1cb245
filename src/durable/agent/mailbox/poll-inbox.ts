/**
 * Polls of an agent's inbox: each answers with what there is, or waits for it. Knows the mailbox by what it answers, not why
 * something came.
 */
import type { InboxPage } from "../../../contract/frames/server-frames.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { Clock } from "../../host/ports.ts";
import type { InboxQuery, Principal } from "../../protocol/agent.ts";
import { agentLimits } from "../agent-schema.ts";
import type { Identity } from "../identity.ts";
import type { Mailbox } from "./mailbox.ts";

export interface PollInbox {
  read(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>>;
  /** Ends all waiting polls: their tokens may be void. */
  wake(): void;
  /** Ends waiting polls whose client has moved to another connection, so that no event is answered to nobody. */
  supersede(connections: readonly string[]): void;
}

export interface PollInboxPorts {
  mailbox: Pick<Mailbox, "readFree" | "count" | "isBeyond" | "onReceive">;
  clock: Clock;
  later(milliseconds: number, work: () => void): void;
  /** Who calls, if they may call so soon again. */
  admit(principal: Principal): Promise<Result<Identity>>;
  /** The agent polls: resolves once it has what the board has for it, or soon. */
  polled(): Promise<void>;
  /** Who calls, still. */
  identify(principal: Principal): Result<Identity> | Promise<Result<Identity>>;
}

export function createPollInbox({ mailbox, clock, later, admit, identify, polled }: PollInboxPorts): PollInbox {
  let waits = 0;
  const waiting = new Set<() => void>();
  /** Those among them that named their connection. */
  const named = new Map<string, { end(): void; over: boolean }>();

  function supersede(connections: readonly string[]): void {
    for (const connection of connections) {
      const poll = named.get(connection);
      if (!poll) continue;
      poll.over = true;
      poll.end();
    }
  }

  return {
    async read(principal, { channels, after: asked, waitSeconds, limit, connection }) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      // `after` is from an earlier mailbox of this id: ignore it.
      const after = asked !== undefined && mailbox.isBeyond(asked) ? undefined : asked;
      if (connection !== undefined) supersede([connection]);
      const read = (): InboxPage => {
        const events = mailbox.readFree({ channels, ...(after !== undefined && { after }), limit });
        return { events, next: events.at(-1)?.seq ?? after ?? mailbox.count().last };
      };
      // What waits is given at once; what the board has is looked for by whoever finds nothing.
      let first = read();
      if (!first.events.length) {
        await polled();
        first = read();
      }
      if (first.events.length || waitSeconds <= 0) return succeed(first);
      if (waits >= agentLimits.polls)
        return refuse("rate_limited", `At most ${agentLimits.polls} polls of one agent wait at once.`, { retryAfter: 1 });
      waits += 1;
      const poll = { end: () => {}, over: false };
      if (connection !== undefined) named.set(connection, poll);
      try {
        const end = clock.now() + waitSeconds * 1000;
        for (;;) {
          const left = end - clock.now();
          if (left <= 0) return succeed(read());
          await new Promise<void>((resolve) => {
            const end = (): void => {
              waiting.delete(end);
              stop();
              resolve();
            };
            poll.end = end;
            const stop = mailbox.onReceive(end);
            waiting.add(end);
            later(left, end);
          });
          // The token may have expired while the poll waited.
          const still = await identify(principal);
          if (!still.ok) return still;
          if (poll.over) return succeed({ events: [], next: after ?? mailbox.count().last });
          const page = read();
          if (page.events.length) return succeed(page);
        }
      } finally {
        waits -= 1;
        if (connection !== undefined && named.get(connection) === poll) named.delete(connection);
      }
    },
    supersede,
    wake() {
      for (const end of [...waiting]) end();
    },
  };
}
