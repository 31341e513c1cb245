/**
 * Polls of an agent's inbox: each answers with what there is, or waits for it. Knows the mailbox by what it answers, not why
 * something came.
 */
import type { Channel, InboxPage } from "../../wire/frames.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import type { Clock } from "../host/ports.ts";
import type { Principal } from "../rpc.ts";
import { agentLimits } from "./agent-schema.ts";
import type { Identity } from "./identity.ts";
import type { Mailbox } from "./mailbox.ts";

/** What a poll asks for; without `after`, what no live connection holds. */
export interface InboxQuery {
  channels: Channel[];
  after?: number;
  waitSeconds: number;
  limit: number;
}

export interface PollInbox {
  read(principal: Principal, query: InboxQuery): Promise<Result<InboxPage>>;
  /** Ends the waiting of each poll: what it was let in by may be void. */
  wake(): void;
}

export interface PollInboxPorts {
  mailbox: Pick<Mailbox, "readFree" | "count" | "onReceive">;
  clock: Clock;
  later(milliseconds: number, work: () => void): void;
  /** Who calls, if they may call so soon again. */
  admit(principal: Principal): Promise<Result<Identity>>;
  /** Who calls, still. */
  identify(principal: Principal): Promise<Result<Identity>>;
}

export function createPollInbox({ mailbox, clock, later, admit, identify }: PollInboxPorts): PollInbox {
  let waits = 0;
  const waiting = new Set<() => void>();

  return {
    async read(principal, { channels, after, waitSeconds, limit }) {
      const caller = await admit(principal);
      if (!caller.ok) return caller;
      const read = (): InboxPage => {
        const events = mailbox.readFree({ channels, ...(after !== undefined && { after }), limit });
        return { events, next: events.at(-1)?.seq ?? after ?? mailbox.count().last };
      };
      const first = read();
      if (first.events.length || waitSeconds <= 0) return succeed(first);
      if (waits >= agentLimits.polls)
        return refuse("rate_limited", `At most ${agentLimits.polls} polls of one agent wait at once.`, { retryAfter: 1 });
      waits += 1;
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
            const stop = mailbox.onReceive(end);
            waiting.add(end);
            later(left, end);
          });
          // It may have waited for longer than its token was good.
          const still = await identify(principal);
          if (!still.ok) return still;
          const page = read();
          if (page.events.length) return succeed(page);
        }
      } finally {
        waits -= 1;
      }
    },
    wake() {
      for (const end of [...waiting]) end();
    },
  };
}
