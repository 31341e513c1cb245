/** How an agent ends: it claims nothing more, finishes what it performs, and gives back the roles that it does not perform. */
import { ClientError, describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { identifyEvent } from "./complete-event.ts";
import type { Inbox } from "./inbox.ts";
import { clientLimits } from "./limits.ts";
import type { MeReader } from "./me.ts";
import type { TakeNote } from "./note.ts";
import type { Offers } from "./offers.ts";
import type { Outbox } from "./outbox.ts";
import type { Turns } from "./turns.ts";

/** What closing needs. */
export interface ClosingOptions {
  offers: Pick<Offers, "stop" | "hasClaims" | "decided" | "isOwn">;
  turns: Pick<Turns, "drain" | "running" | "idle" | "stop">;
  outbox: Pick<Outbox, "send" | "drained">;
  inbox: Pick<Inbox, "flush">;
  me: MeReader;
  clock: Clock;
  newId: () => string;
  note: TakeNote;
  /** Without a connection nothing can be given back. */
  isConnected(): boolean;
}

/** Ends the work; settles when all is done that can be, and stops nothing that the rest needs. */
export interface Closing {
  /** @param finish milliseconds that running turns have @param release whether roles are given back */
  end(finish: number, release: boolean): Promise<void>;
  /** A turn has ended: while closing, its role is given back as well. */
  endTurn(): void;
}

/** Makes {@link Closing}. */
export function createClosing(options: ClosingOptions): Closing {
  const { offers, turns, outbox, inbox, me, clock, newId, note, isConnected } = options;
  const releases = new Map<string, Promise<void>>();
  const ending: Promise<unknown>[] = [];
  let releasing = false;

  function within(ms: number, work: Promise<unknown>): Promise<unknown> {
    return Promise.race([work, new Promise<void>((resolve) => void clock.after(ms, resolve))]);
  }

  function giveBack(thread: string, role: string, lease: number, reason: string) {
    const key = `${thread} ${role} ${lease}`;
    if (releases.has(key)) return;
    const event = identifyEvent({ type: "nerve.role.release", correlationid: thread, data: { thread, role, lease, reason } }, newId);
    const sent = outbox.send(event, "own").then(
      () => note({ level: "info", what: "role.released", message: `${role}: ${reason}`, thread }),
      // Such as that it had ended.
      (error: unknown) => note({ level: "info", what: "role.kept", message: `${role}: ${describeError(error)}`, thread }),
    );
    releases.set(key, sent);
  }

  /** All that is held, but for roles of which a turn is being performed, those given by name, and those of another process. */
  async function giveBackIdle(reason: string) {
    const now = await me.read();
    const busy = new Set(turns.running().map(({ thread, role }) => `${thread} ${role.name}`));
    for (const { thread, role, type, lease } of now.rolesHeld) {
      const mine = !now.others?.length || offers.isOwn(thread, role);
      if (type !== "named" && mine && !busy.has(`${thread} ${role}`)) giveBack(thread, role, lease.generation, reason);
    }
  }

  async function giveBackAll(reason: string) {
    if (!isConnected()) return;
    try {
      await giveBackIdle(reason);
    } catch (error) {
      const closed = error instanceof ClientError && error.code === "closed";
      if (!closed) note({ level: "warn", what: "me.failed", message: describeError(error) });
    }
    await Promise.all(releases.values());
  }

  return {
    async end(finish, release) {
      const running = turns.running().length;
      note({ level: "info", what: "closing", message: `${running} turns are open` });
      offers.stop();
      turns.drain();
      releasing = release;
      if (release) {
        const hasClaims = offers.hasClaims();
        ending.push(giveBackAll("the agent ends"));
        ending.push(
          within(
            clientLimits.verdictMs,
            offers.decided().then(() => (hasClaims ? giveBackAll("the agent ends") : undefined)),
          ),
        );
      }
      if (finish > 0) await within(finish, turns.idle());
      const unfinished = turns.running().length;
      turns.stop();
      if (release && unfinished > 0) ending.push(giveBackAll("the agent ends, and the turn took too long"));
      const all = Promise.all([turns.idle(), ...ending]).then(() => outbox.drained());
      await within(clientLimits.closeMs, all);
      await within(clientLimits.closeMs, inbox.flush());
    },
    endTurn() {
      if (releasing) ending.push(giveBackAll("the agent ends"));
    },
  };
}
