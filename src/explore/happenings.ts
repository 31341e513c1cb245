/** Says what a step did, in words for people: the sentences that stories are made of. */
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

/** A timer that fires, as what was waited for in vain. Its id is XState's: `xstate.after.<ms>.<state>`. */
export function tellTimer(id: string): string {
  const [, milliseconds = "0", path = ""] = /^xstate\.after\.(\d+)\.(.*)$/.exec(id) ?? [];
  const time = sayDuration(Number(milliseconds));
  const [machine, , role = "", state = "", inner = ""] = path.split(".");
  if (machine === "recruitment") {
    if (role === "$thread") return `the task says nothing for ${time}`;
    if (state === "offering") return `nobody claims ${role} for ${time}`;
    if (state === "backoff") return `${time} pass before ${role} is offered again`;
    if (state === "away" || inner === "away") return `the holder of ${role} stays away for ${time} more`;
  }
  if (state === "waiting") return `${role} does not answer for ${time}`;
  if (state === "collecting") return `${role}: not enough answer within ${time}`;
  if (state.startsWith("awaiting")) return `the children that ${role} started do not end within ${time}`;
  return `${time} pass in ${role}.${state}`;
}
