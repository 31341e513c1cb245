/** What a client does each time it connects: replaces what it knows of roles, claims, offers and open turns by what the server says. */
import type { CloudEvent, Json } from "../contract/event.ts";
import type { InboxItem } from "../contract/frames/server-frames.ts";
import type { OfferOpened } from "../contract/kinds/offer.ts";
import { describeError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { clientLimits } from "./limits.ts";
import type { Me, MeReader } from "./me.ts";
import type { TakeNote } from "./note.ts";
import type { Offers } from "./offers.ts";

/** What a greeting needs. */
export interface GreetingOptions {
  me: MeReader;
  offers: Pick<Offers, "open" | "resync">;
  heartbeat: Pick<Heartbeat, "ask" | "keep">;
  /** Takes an event as if a connection had given it: one that was given before, or comes after, is the same. */
  receive(item: InboxItem): void;
  clock: Clock;
  note: TakeNote;
}

/** Makes what is to be called with each connection that opens; calls that come before the last one has its answer are one. */
export function createGreeting({ me, offers, heartbeat, receive, clock, note }: GreetingOptions): () => void {
  let stopRetry = () => {};
  let latest = 0;

  async function greet() {
    stopRetry();
    latest += 1;
    const mine = latest;
    const asked = clock.now();
    try {
      take(await me.read(), asked);
    } catch (error) {
      note({ level: "warn", what: "me.failed", message: describeError(error) });
      if (mine === latest) stopRetry = clock.after(clientLimits.resyncMs, () => void greet());
    }
  }

  function take(now: Me, asked: number) {
    offers.resync(now, asked);
    heartbeat.keep(new Set([...now.rolesHeld, ...now.turns].map(({ thread }) => thread)), asked);
    // What an earlier run of this program was given.
    for (const { thread, heartbeat: due } of [...now.rolesHeld, ...now.turns]) heartbeat.ask(thread, due?.every);
    for (const offer of now.offers as OfferOpened[]) offers.open(offer, asked);
    // The connection delivers these itself, in order, unless something holds them up.
    clock.after(clientLimits.strandedMs, () => takeTurns(now));
  }

  function takeTurns({ turns, elsewhere = [] }: Me) {
    for (const { assignment, ...turn } of turns) {
      if (!assignment || elsewhere.includes(turn.turn)) continue;
      const { seq, ...identity } = assignment;
      const event: CloudEvent = { specversion: "1.0", type: "nerve.turn.assigned", ...identity, data: turn as unknown as Json };
      receive({ seq, channel: "my", event });
    }
  }

  return () => void greet();
}
