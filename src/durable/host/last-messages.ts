/**
 * What an actor that ends says to its parent in its last commit. XState puts all of it into the parent's mailbox before
 * the parent takes the first of it, so that a parent that leaves the child on that first message still hears the rest.
 * Here each message therefore carries what follows it; it is of use only where the parent does leave. Knows no store.
 */
import type { Json } from "../../contract/event.ts";
import type { Message } from "../protocol/rpc.ts";
import type { TakenStep } from "./advance.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { hostLimits } from "./limits.ts";

/** What follows each message to the parent, as the parent will have it: empty for all but an actor's last commit. */
export type Following = ReadonlyMap<Effect, ActorEvent[]>;

/** @param end the message of the actor's end */
export function listFollowing(steps: readonly TakenStep[], end: Message): Following {
  const following = new Map<Effect, ActorEvent[]>();
  const told = steps.flatMap(({ effects }) => effects).filter(isToParent);
  let rest: ActorEvent[] = [describeEnd(end)];
  for (const effect of told.reverse()) {
    if (following.size >= hostLimits.followed || JSON.stringify(rest).length > hostLimits.followingText) break;
    following.set(effect, rest);
    rest = [effect.event, ...rest];
  }
  return following;
}

function isToParent(effect: Effect): effect is Extract<Effect, { type: "send" }> {
  return effect.type === "send" && "parent" in effect.to && effect.delay === undefined;
}

/** A child's end, as an event of its parent. */
export function describeEnd({ type, child, output, error }: Message): ActorEvent {
  const facts: { [fact: string]: Json | undefined } = type === "host.done" ? { output } : { error };
  return { type: `xstate.${type.slice("host.".length)}.actor.${String(child)}`, ...facts, actorId: String(child) };
}

/** What a message says comes after it: the child's events, of which none is the host's own, and its end. */
export function readFollowing({ following }: Message): ActorEvent[] {
  const events = Array.isArray(following) ? (following as ActorEvent[]) : [];
  return events.filter(({ type }, index) => index === events.length - 1 || !type.startsWith("xstate."));
}

/** Whether a step leaves the child, and does not begin it anew: a new child of that id is not ended by what the old one said. */
export function leavesChild({ effects }: TakenStep, child: string): boolean {
  const stopped = effects.some((effect) => effect.type === "stop" && effect.id === child);
  return stopped && !effects.some((effect) => effect.type === "spawn" && effect.id === child);
}
