/**
 * What agents that were shown offers are to hear of them: that they closed, or after a while that they are open still, so that their
 * objects write down what they showed. Goes with the next hint to the same agent, or by itself. Memory only.
 */
import type { CloudEvent } from "../../contract/event.ts";
import type { OfferHint, TakenNote } from "../protocol/board.ts";
import { boardLimits } from "./board-limits.ts";

export interface PendingNotes {
  /** The agent is shown an offer. */
  shown(agent: string, offer: string): void;
  /** An offer that it was shown has closed. */
  closed(agent: string, offer: string, event: CloudEvent): void;
  /** The agent knows how that offer ended, or has left. */
  forget(agent: string, offer?: string): void;
  /** What has closed for an agent that looks for itself: what waits for it, and what it was told so lately, this way too, that it may have been lost. */
  takeOf(agent: string): CloudEvent[];
  /** What has closed for those agents, which their hints take along. */
  take(agents: readonly string[]): TakenNote[];
  /** What waited for so long that it goes by itself, by agent. */
  takeDue(): [agent: string, hint: OfferHint][];
  /** When the first does. */
  due(): number | undefined;
}

interface Notes {
  /** Since when the first waits, milliseconds since the epoch. */
  since: number;
  /** By offer: null while it is open. */
  offers: Map<string, CloudEvent | null>;
}

export function createPendingNotes(now: () => number): PendingNotes {
  // In the order in which they began to wait.
  const pending = new Map<string, Notes>();

  /** In the order in which it was told. */
  const told = new Map<number, { agent: string; event: CloudEvent; at: number }>();
  let tellings = 0;

  function noteTold(agent: string, event: CloudEvent): void {
    told.set(tellings++, { agent, event, at: now() });
    for (const [telling, { at }] of told) {
      if (told.size <= boardLimits.repeats && at >= now() - boardLimits.repeated) break;
      told.delete(telling);
    }
  }

  function note(agent: string, offer: string, event: CloudEvent | null): void {
    let notes = pending.get(agent);
    if (!notes) {
      notes = { since: now(), offers: new Map() };
      pending.set(agent, notes);
    }
    notes.offers.set(offer, event);
  }

  function listClosed({ offers }: Notes): CloudEvent[] {
    return [...offers.values()].filter((event) => event !== null);
  }

  return {
    shown: (agent, offer) => note(agent, offer, null),
    closed: note,
    forget(agent, offer) {
      const notes = pending.get(agent);
      if (!notes) return;
      if (offer !== undefined) notes.offers.delete(offer);
      if (offer === undefined || !notes.offers.size) pending.delete(agent);
    },
    takeOf(agent) {
      const notes = pending.get(agent);
      pending.delete(agent);
      const lately = [...told.values()].filter((each) => each.agent === agent && each.at >= now() - boardLimits.repeated);
      const waited = notes ? listClosed(notes) : [];
      // Its object may die before it has written down what it is told here: then it comes again.
      for (const event of waited) noteTold(agent, event);
      return [...waited, ...lately.map(({ event }) => event)];
    },
    take(agents) {
      const along = new Map<CloudEvent, string[]>();
      for (const agent of agents) {
        const notes = pending.get(agent);
        if (!notes) continue;
        for (const [offer, event] of notes.offers) {
          if (event === null) continue;
          notes.offers.delete(offer);
          noteTold(agent, event);
          along.set(event, [...(along.get(event) ?? []), agent]);
        }
        if (!notes.offers.size) pending.delete(agent);
      }
      return [...along].map(([event, told]) => ({ event, agents: told }));
    },
    takeDue() {
      const before = now() - boardLimits.notes;
      const due: [string, OfferHint][] = [];
      for (const [agent, notes] of pending) {
        if (notes.since > before) break;
        pending.delete(agent);
        const closed = listClosed(notes);
        for (const event of closed) noteTold(agent, event);
        due.push([agent, { closed, keep: true }]);
      }
      return due;
    },
    due() {
      const [first] = pending.values();
      return first && first.since + boardLimits.notes;
    },
  };
}
