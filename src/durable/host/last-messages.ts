/**
 * What an actor that ends says to its parent in its last commit. XState puts all of it into the parent's mailbox before
 * the parent takes the first of it, so that a parent that leaves the child on that first message still hears the rest.
 * Here each message therefore carries what follows it; it is of use only where the parent does leave. Knows no store.
 */
import type { HostMessage } from "../protocol/envelope.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { hostLimits } from "./limits.ts";

/** How a child tells its parent that it has ended. */
export type EndMessage = Extract<HostMessage, { type: "host.done" | "host.error" }>;

/** What follows each message to the parent, as the parent will have it: empty for all but an actor's last commit. */
export type Following = ReadonlyMap<Effect, ActorEvent[]>;

/** @param end the message of the actor's end */
export function listFollowing(steps: readonly { effects: readonly Effect[] }[], end: EndMessage): Following {
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
export function describeEnd(end: EndMessage): ActorEvent {
  const { child } = end;
  if (end.type === "host.done") return { type: `xstate.done.actor.${child}`, output: end.output, actorId: child };
  return { type: `xstate.error.actor.${child}`, error: end.error, actorId: child };
}

/** What a message says comes after it: the child's events, of which none is the host's own, and its end. */
export function readFollowing({ following: events = [] }: Extract<HostMessage, { type: "host.event" }>): ActorEvent[] {
  return events.filter(({ type }, index) => index === events.length - 1 || !type.startsWith("xstate."));
}

/** Whether a step leaves the child, and does not begin it anew: a new child of that id is not ended by what the old one said. */
export function leavesChild({ effects }: { effects: readonly Effect[] }, child: string): boolean {
  const stopped = effects.some((effect) => effect.type === "stop" && effect.id === child);
  return stopped && !effects.some((effect) => effect.type === "spawn" && effect.id === child);
}
