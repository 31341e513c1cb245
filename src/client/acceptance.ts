/** Holds what comes to what the agent accepts, and counts what is dropped for it. */
import type { CloudEvent } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { type Accepts, findMisfit } from "./accepts.ts";
import { TurnFailure } from "./handlers.ts";
import type { TakeNote } from "./note.ts";

export interface Acceptance {
  /** A turn that does not fit is given back rather than left to time out. @throws TurnFailure */
  checkTurn(turn: TurnAssigned): Promise<void>;
  /** Whether the event is to be handed on; one that does not fit is dropped. */
  takes(event: CloudEvent): Promise<boolean>;
  /** How many were dropped, by declared kind; all others as `*`, for senders may think up any number of kinds. */
  dropped(): { [kind: string]: number };
}

export function createAcceptance(accepts: Accepts | undefined, note: TakeNote): Acceptance {
  const dropped = new Map<string, number>();

  function drop(kind: string, why: string, about: { event?: string; turn?: string }) {
    const counted = accepts && Object.hasOwn(accepts, kind) ? kind : "*";
    dropped.set(counted, (dropped.get(counted) ?? 0) + 1);
    note({ level: "warn", what: "event.dropped", message: `${kind} ${why}`, ...about });
  }

  return {
    async checkTurn(turn) {
      const kind = "nerve.turn.assigned";
      if (!accepts || !Object.hasOwn(accepts, kind)) return;
      const misfit = await findMisfit(accepts, { type: kind, data: turn });
      if (!misfit) return;
      drop(kind, misfit, { turn: turn.turn });
      throw new TurnFailure(`this agent does not accept the turn: ${misfit}`);
    },
    async takes(event) {
      const misfit = await findMisfit(accepts, event);
      if (misfit) drop(event.type, `from ${event.source}: ${misfit}`, { event: event.id });
      return !misfit;
    },
    dropped: () => Object.fromEntries(dropped),
  };
}
