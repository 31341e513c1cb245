/** Says what a step did, in words for people: the sentences that stories are made of. */
import { readNodeState } from "../compile/lower/edges.ts";
import { readWord } from "../contract/language.ts";
import { type HolderState, holderStates, type NodeState, type OpenRoleState, openRoleStates } from "../contract/statuses.ts";
import type { StepEffects } from "./step-actor.ts";

const units: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
];

/** Milliseconds as an author writes them: `10m`. */
export function sayDuration(milliseconds: number): string {
  for (const [size, unit] of units) if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  return `${milliseconds}ms`;
}

/**
 * What left the step, as far as people see it.
 * @param label what the author wrote for an edge
 */
export function tellEffects({ sent, emitted, written }: StepEffects, label: (node: string, edge: string) => string): string[] {
  const told: string[] = [];
  for (const { params, type } of written) {
    if (type === "message.append" && typeof params["status"] === "string")
      told.push(`the engine answers for ${params["role"]}: ${params["status"]}`);
    if (type === "decision.record")
      told.push(`${params["node"]} decides "${label(String(params["node"]), String(params["edge"]))}" → ${params["to"]}`);
  }
  for (const { event } of sent) {
    switch (event.type) {
      case "offer.open":
        told.push(`${event["role"]} is offered`);
        break;
      case "claim.accepted":
        told.push(`the claim to ${event["role"]} is accepted`);
        break;
      case "claim.rejected":
        told.push(`the claim to ${event["role"]} is refused`);
        break;
      case "role.ended":
        told.push(`the assignment of ${event["role"]} ends: ${event["reason"]}`);
        break;
      case "turn.assigned":
        told.push(`${event["role"]} has the turn`);
        break;
      case "turn.revoked":
        told.push(`the turn of ${event["role"]} is taken back: ${event["reason"]}`);
        break;
      case "audience.ask":
        told.push(`everybody who may is given the turn of ${event["role"]}`);
        break;
      case "audience.resume":
        told.push(`whoever has not answered is given the turn of ${event["role"]} again`);
        break;
      case "role.unfilled":
        told.push(`nobody takes ${event["role"]}`);
        break;
    }
  }
  for (const event of emitted) if (event.type.startsWith("thread.")) told.push(`the thread is ${describeEmitted(event)}`);
  return told;
}

function describeEmitted(event: { type: string; [fact: string]: unknown }): string {
  const reason = event["reason"] ?? (event["outcome"] as { reason?: unknown } | undefined)?.reason;
  return `${event.type.slice("thread.".length)}${typeof reason === "string" && reason !== "…" ? ` (${reason})` : ""}`;
}

type TellTimer = ((role: string, time: string) => string) | null;

/** States of a role's recruitment that have a timer, and how it is told that it fires. */
const roleTimers: Record<OpenRoleState | HolderState, TellTimer> = {
  ...{ beginning: null, dormant: null, seeking: null, held: null, unfilled: null, paused: null, here: null, gone: null },
  offering: (role, time) => `nobody claims ${role} for ${time}`,
  backoff: (role, time) => `${time} pass before ${role} is offered again`,
  away: (role, time) => `the holder of ${role} stays away for ${time} more`,
};

/** The same of a node of the graph. */
const nodeTimers: Record<NodeState, TellTimer> = {
  ...{ beginning: null, seating: null, vacant: null, asking: null, deciding: null, exhausted: null },
  waiting: (role, time) => `${role} does not answer for ${time}`,
  collecting: (role, time) => `${role}: not enough answer within ${time}`,
  awaiting: (role, time) => `the children that ${role} started do not end within ${time}`,
};

/** A timer that fires, as what was waited for in vain. Its id is XState's: `xstate.after.<ms>.<state>`. */
export function tellTimer(id: string): string {
  const [, milliseconds = "0", path = ""] = /^xstate\.after\.(\d+)\.(.*)$/.exec(id) ?? [];
  const time = sayDuration(Number(milliseconds));
  const [machine, , role = "", state = "", inner = ""] = path.split(".");
  if (machine === "recruitment") {
    if (role === "$thread") return `the task says nothing for ${time}`;
    const known = readWord(inner === "away" ? inner : state, { ...openRoleStates, ...holderStates });
    return (known && roleTimers[known]?.(role, time)) ?? `${time} pass in ${role}.${state}`;
  }
  const at = readNodeState(state);
  return (at && nodeTimers[at.state]?.(role, time)) ?? `${time} pass in ${role}.${state}`;
}
