/** Makes repeats of an event that is still being taken wait for it, so that they find what became of it. */
import type { CloudEvent } from "../../wire/event.ts";
import type { Accepted } from "../../wire/frames.ts";
import type { Result } from "../../wire/problem.ts";
import type { ClaimCard, ThreadActorRpc } from "../rpc.ts";

/** Wraps `take`: events of one agent under one id are taken one after another. */
export function takeInTurn(take: ThreadActorRpc["take"]): ThreadActorRpc["take"] {
  const taking = new Map<string, Promise<unknown>>();
  return async (agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>> => {
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
