/** Makes repeats of an event that is still being taken wait for it, so that they find what became of it. */
import type { ThreadEvent } from "../../../contract/kinds/agent-kinds.ts";
import type { Result } from "../../../contract/problem.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { TakenEvent } from "../../protocol/recruitment.ts";

/** Judges and stores events of some of the thread-bound kinds, as `ThreadActorRpc.take` does all of them. */
export type Take<Event extends ThreadEvent> = (agent: ClaimCard, event: Event, hash: string) => Promise<Result<TakenEvent>>;

/** Wraps `take`: events of one agent under one id are taken one after another. */
export function takeInTurn<Event extends ThreadEvent>(take: Take<Event>): Take<Event> {
  const taking = new Map<string, Promise<unknown>>();
  return async (agent, event, hash) => {
    const key = `${agent.id} ${event.id}`;
    for (let before = taking.get(key); before; before = taking.get(key)) await before;
    const taken = take(agent, event, hash);
    taking.set(
      key,
      taken.catch(() => {}).then(() => void taking.delete(key)),
    );
    return taken;
  };
}
