/**
 * Turns that a connection was given and that have no row: their sender still holds them. One that is answered at once
 * never needs one. Knows time and promises, not rows.
 */
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { Clock } from "../../host/ports.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { agentLimits } from "../agent-schema.ts";
import type { Incoming, Reader } from "./reader.ts";

/** A turn on its way, and who was given it. */
export interface TurnInFlight {
  envelope: Envelope;
  item: InboxItem;
  reader: Reader;
  /** With undefined when it has ended, else with what must be stored after all. */
  settled: Promise<Incoming | undefined>;
}

export interface TurnsInFlight {
  find(turn: string): TurnInFlight | undefined;
  add(turn: string, inFlight: Omit<TurnInFlight, "settled">): Promise<Incoming | undefined>;
  /** It was answered, or given back. Returns whether it was in flight. */
  end(turn: string): boolean;
  /** These must be stored after all. */
  store(which: (turn: TurnInFlight) => boolean, acked: boolean): void;
  /** It has a row now. */
  stored(turn: string): void;
  /** The agent is gone: what was to be stored will not be. */
  clear(): void;
  /** All that have no row yet. */
  items(): InboxItem[];
}

export function createTurnsInFlight(clock: Clock, later: (milliseconds: number, work: () => void) => void): TurnsInFlight {
  const inFlight = new Map<string, TurnInFlight & { since: number; resolve(incoming: Incoming | undefined): void }>();
  /** On their way into rows: who asks meanwhile what is open must find them. */
  const storing = new Map<string, TurnInFlight>();
  let watching = false;

  function store(which: (turn: TurnInFlight & { since: number }) => boolean, acked: boolean): void {
    for (const [id, turn] of inFlight) {
      if (!which(turn)) continue;
      inFlight.delete(id);
      storing.set(id, turn);
      turn.resolve({ envelope: turn.envelope, given: { seq: turn.item.seq, acked } });
    }
  }

  function watch(): void {
    if (watching) return;
    watching = true;
    later(agentLimits.pass, () => {
      watching = false;
      store(({ since }) => clock.now() - since >= agentLimits.pass, false);
      if (inFlight.size) watch();
    });
  }

  return {
    find: (turn) => inFlight.get(turn) ?? storing.get(turn),
    add(turn, given) {
      const { promise, resolve } = Promise.withResolvers<Incoming | undefined>();
      inFlight.set(turn, { ...given, since: clock.now(), settled: promise, resolve });
      watch();
      return promise;
    },
    end(turn) {
      const ended = inFlight.get(turn);
      inFlight.delete(turn);
      storing.delete(turn);
      ended?.resolve(undefined);
      return ended !== undefined;
    },
    store,
    stored: (turn) => void storing.delete(turn),
    clear: () => storing.clear(),
    items() {
      return [...inFlight.values(), ...storing.values()].map(({ item }) => item);
    },
  };
}
