/** What the client itself does about each kind of event that the orchestrator gives an agent, before the program hears of it. */
import type { CloudEvent } from "../contract/event.ts";
import type { EngineData, GivenKind } from "../contract/kinds/engine-kinds.ts";
import type { EndedStatus } from "../contract/statuses.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Offers } from "./offers.ts";
import type { Turns } from "./turns.ts";

/** `own`: it is for the client alone. `kept`: `done` is called once it is dealt with. `shared`: the program hears it too. */
export type Taken = "own" | "kept" | "shared";

/** Takes what the client has to do with, of any kind. @throws when the data makes no sense */
export type TakeGiven = (event: CloudEvent, done: () => void) => Taken;

export interface GivenPorts {
  offers: Pick<Offers, "open" | "close" | "accept" | "reject" | "assign" | "endRole" | "endThread" | "holds">;
  turns: Pick<Turns, "assign" | "revoke">;
  heartbeat: Pick<Heartbeat, "ask" | "forget">;
}

type Take<K extends GivenKind> = (data: EngineData<K>, event: CloudEvent, done: () => void) => Taken;

export function createTakeGiven({ offers, turns, heartbeat }: GivenPorts): TakeGiven {
  const share = (): Taken => "shared";
  const endThread: Take<`nerve.thread.${EndedStatus}`> = ({ thread }) => {
    offers.endThread(thread);
    heartbeat.forget(thread);
    return "shared";
  };
  const takes: { readonly [K in GivenKind]: Take<K> } = {
    "nerve.offer.opened": (offer, event) => {
      offers.open(offer, event);
      return "own";
    },
    "nerve.offer.closed": ({ offer }) => {
      offers.close(offer);
      return "own";
    },
    "nerve.claim.accepted": (claim) => {
      offers.accept(claim);
      return "own";
    },
    "nerve.claim.rejected": (claim) => {
      offers.reject(claim);
      return "own";
    },
    "nerve.role.assigned": ({ thread, role, heartbeat: due }) => {
      offers.assign(thread, role);
      heartbeat.ask(thread, due?.every);
      return "shared";
    },
    "nerve.role.ended": ({ thread, role }) => {
      offers.endRole(thread, role);
      if (!offers.holds(thread)) heartbeat.forget(thread);
      return "shared";
    },
    "nerve.turn.assigned": ({ thread, heartbeat: due }, event, done) => {
      heartbeat.ask(thread, due?.every);
      turns.assign(event, done);
      return "kept";
    },
    "nerve.turn.revoked": ({ turn, reason }) => {
      turns.revoke(turn, reason);
      return "own";
    },
    "nerve.thread.queued": share,
    "nerve.thread.started": share,
    "nerve.thread.suspended": share,
    "nerve.thread.resumed": share,
    "nerve.thread.completed": endThread,
    "nerve.thread.failed": endThread,
    "nerve.thread.cancelled": endThread,
    "nerve.thread.dropped": endThread,
  };

  function takeAs<K extends GivenKind>(kind: K, event: CloudEvent, done: () => void): Taken {
    const take: Take<K> = takes[kind];
    return take(event.data as EngineData<K>, event, done);
  }

  // Kinds of the workflows, and of a newer server, are the program's alone.
  return (event, done) => (Object.hasOwn(takes, event.type) ? takeAs(event.type as GivenKind, event, done) : "shared");
}
