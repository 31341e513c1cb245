/** How the waits are read off an actor: its state's names, and its timers. Knows the host's forms, no machine's words. */

import type { Json } from "../../../contract/event.ts";
import { formatTime } from "../../../contract/format-time.ts";
import type { PickState } from "../../host/history.ts";
import type { ActorHost, ActorView } from "../../host/host-types.ts";

/** An actor as its waits are read off it. */
export interface MachineView {
  value: Json;
  context: Json;
  /** `due` in milliseconds since the epoch. */
  timers: readonly { id: string; due: number }[];
  /**
   * Since when its state, or the part of it that `pick` returns, is what it is, in milliseconds: for what no timer tells. Costs a look
   * at its history.
   */
  since(pick?: PickState): number;
}

/** Of an actor as it is read; one in the transaction of its steps is such a view itself. */
export function viewStored(actor: Pick<ActorView, "id" | "value" | "context" | "timers">, host: Pick<ActorHost, "readSince">): MachineView {
  const { id, value, context, timers } = actor;
  return { value, context, timers, since: (pick) => host.readSince(id, pick) };
}

/** Names of a state's nested states, outermost first. */
export function readPath(value: Json | undefined): string[] {
  const path: string[] = [];
  let at = value;
  while (typeof at === "object" && at !== null && !Array.isArray(at)) {
    const [name] = Object.keys(at);
    if (name === undefined) return path;
    path.push(name);
    at = at[name];
  }
  if (typeof at === "string") path.push(at);
  return path;
}

/** The state of a role's region of recruitment. */
export function readRegion(value: Json, role: string): Json | undefined {
  return (value as { open?: { [region: string]: Json } } | null)?.open?.[role];
}

/** The same as names, outermost first, e.g. `["held", "away"]`. */
export function readRegionPath({ value }: Pick<MachineView, "value">, role: string): string[] {
  return readPath(readRegion(value, role));
}

/** When the timer of a state, or of one within it, rings. */
export function findTimer({ timers }: Pick<MachineView, "timers">, state: string): number | undefined {
  return timers.find(({ id }) => id.endsWith(state) || id.includes(`${state}.`))?.due;
}

/** A moment as the API has it. */
export function toTime(milliseconds: number): string {
  return formatTime(milliseconds);
}
