/**
 * An open offer and its agents: who is there, as the board says, whom it is shown, and whom a hint did not find. Memory only: the
 * board tells it anew.
 */
import type { Clock, Scheduler } from "../../host/ports.ts";
import type { Absent, BoardRpc, HintAnswer, OfferHint, OpenOffer, Posted, TakenNote } from "../../protocol/board.ts";

/** What is known of an open offer beside what is stored. */
interface Watch {
  /** When it is renewed next. */
  next: number;
  /** Who was there at the last look; undefined: nobody has looked in this life of the object. */
  present?: ReadonlySet<string>;
  /** Whom hints did not find since. */
  absent: Map<string, number>;
  /** Who is there and may not have the role, by a card that is newer than the board's. */
  unfit: Set<string>;
}

export interface OfferWatchPorts {
  clock: Clock;
  scheduler: Scheduler;
  board: BoardRpc;
  /** Tells an agent's object. */
  hint(agent: string, hint: OfferHint): Promise<HintAnswer>;
}

export interface OfferWatches {
  watch(id: string): Watch;
  forget(id: string): void;
  /** Whether the agent is there, as far as is known. */
  isWaitedFor(id: string, agent: string): boolean;
  /** Shows agents an offer; nobody waits for it. */
  tell(id: string, agents: readonly string[], shown: Omit<OfferHint, "closed">, along: readonly TakenNote[]): void;
  /**
   * Puts an offer on the board, or renews it.
   * @param asked who was there when it was opened; null: it is opened now
   * @returns undefined: the board can't be asked now
   */
  post(offer: OpenOffer, asked: readonly string[] | null): Promise<Posted | undefined>;
}

export function createOfferWatches({ clock, scheduler, board, hint }: OfferWatchPorts): OfferWatches {
  const watches = new Map<string, Watch>();

  function watch(id: string): Watch {
    let found = watches.get(id);
    if (!found) {
      found = { next: 0, absent: new Map(), unfit: new Set() };
      watches.set(id, found);
    }
    return found;
  }

  function isWaitedFor(id: string, agent: string): boolean {
    const { present, absent, unfit } = watch(id);
    return !absent.has(agent) && !unfit.has(agent) && (present?.has(agent) ?? true);
  }

  function noteAnswer(id: string, agent: string, answer: HintAnswer): void {
    const known = watches.get(id);
    if (!known) return;
    if (answer === "away") known.absent.set(agent, clock.now());
    if (answer === "unfit") known.unfit.add(agent);
    else known.unfit.delete(agent);
  }

  function tell(id: string, agents: readonly string[], shown: Omit<OfferHint, "closed">, along: readonly TakenNote[]): void {
    for (const agent of agents)
      scheduler.background(
        hint(agent, { ...shown, closed: along.flatMap(({ event, agents: of }) => (of.includes(agent) ? [event] : [])) }).then(
          (answer) => noteAnswer(id, agent, answer),
          () => {},
        ),
      );
  }

  async function post(offer: OpenOffer, asked: readonly string[] | null): Promise<Posted | undefined> {
    const known = watch(offer.offer);
    const opening = asked === null;
    // What ended this object may have ended the board, and to a new one agents come back in their own time.
    const before = known.present ? [] : (asked ?? []);
    const absent: Absent[] = [...known.absent].map(([agent, at]) => ({ agent, at }));
    try {
      const posted = await board.post(offer, opening, absent);
      // Whoever came since the last look has not found there what the board has no room for.
      if (posted.unposted && !opening) posted.fresh = posted.present.filter((agent) => !known.present?.has(agent));
      known.present = new Set([...posted.present, ...before]);
      known.absent.clear();
      return posted;
    } catch (error) {
      console.warn(JSON.stringify({ at: "offers", offer: offer.offer, error: String(error) }));
      return undefined;
    }
  }

  return { watch, forget: (id) => void watches.delete(id), isWaitedFor, tell, post };
}
