/**
 * How often a thread was begun. Ended is final for a pair of actors: what begins anew is a new pair under the next epoch,
 * in the same objects, with the same rows. Knows the root's rows and how actors are named.
 */
import * as z from "zod";
import { start } from "../../../../machines/messages.ts";
import { open } from "../../../contract/shape.ts";
import type { Storage } from "../../host/ports.ts";
import { json } from "../../protocol/parts.ts";

/** How a thread goes on after its pair of actors has ended, or was stopped for this. */
export const plan = open({
  /** By `$START.resume`, or from a step of it; absent steps do not count any more. */
  start,
  /** The last step that counts; null: all do (`resume`), or none. */
  at: z.number().nullable(),
  /** Whose step that was: what follows is decided anew. */
  node: z.string().nullable(),
  reason: z.string(),
  supplement: json,
  /** The last turn of earlier epochs; known when it begins. */
  round: z.number().optional(),
});
export type Plan = z.infer<typeof plan>;

/** Where a fork was copied from. */
export const origin = open({
  parent: z.string(),
  /** The last step that was copied. */
  at: z.number(),
});
export type Origin = z.infer<typeof origin>;

/** The recruitment actor of an epoch: the first is the thread's own id. */
export function nameActor(thread: string, epoch: number): string {
  return epoch === 1 ? thread : `${thread}-${epoch}`;
}

/** The thread of an actor of any epoch, recruitment or task. */
export function readThreadName(actor: string): string {
  return /^[^.-]*/.exec(actor)?.[0] ?? actor;
}

/** The epoch of an actor, recruitment or task. */
export function readEpoch(actor: string): number {
  return Number(/^[^.-]*-(\d+)/.exec(actor)?.[1] ?? 1);
}

interface EpochRow {
  [column: string]: string | number | null;
  number: number;
  plan: string;
}

/** In the place of 0, planned, and 1, begun. */
const neverBegun = 2;

/** The epoch that goes on now; 1 before the thread began. */
export function findEpoch(storage: Storage): number {
  return storage.exec<{ n: number | null }>("SELECT max(number) AS n FROM epoch WHERE begun = 1")[0]?.n ?? 1;
}

/** The epoch that waits for the present one to stop, or for a place. */
export function findNextEpoch(storage: Storage): { number: number; plan: Plan } | undefined {
  const row = storage.exec<EpochRow>("SELECT number, plan FROM epoch WHERE begun = 0")[0];
  return row && { number: row.number, plan: JSON.parse(row.plan) as Plan };
}

export function planEpoch(storage: Storage, number: number, plan: Plan): void {
  storage.exec("INSERT INTO epoch (number, plan, begun) VALUES (?, ?, 0)", number, JSON.stringify(plan));
}

export function beginEpoch(storage: Storage, number: number, plan: Plan): void {
  storage.exec("UPDATE epoch SET begun = 1, plan = ? WHERE number = ?", JSON.stringify(plan), number);
}

/** The number of the next one to be planned: one that never began keeps its own, for its end was told under it. */
export function numberNextEpoch(storage: Storage): number {
  return (storage.exec<{ n: number | null }>("SELECT max(number) AS n FROM epoch")[0]?.n ?? 1) + 1;
}

/** Cancels the planned epoch. */
export function dropEpoch(storage: Storage): void {
  storage.exec("UPDATE epoch SET begun = ? WHERE begun = 0", neverBegun);
}

/** How the present epoch began; undefined for the first. */
export function readPlan(storage: Storage, epoch: number): Plan | undefined {
  const row = storage.exec<EpochRow>("SELECT number, plan FROM epoch WHERE number = ?", epoch)[0];
  return row && (JSON.parse(row.plan) as Plan);
}

export function readOrigin(storage: Storage): Origin | undefined {
  return storage.exec<{ parent: string; at: number }>("SELECT parent, at FROM origin")[0];
}

export function writeOrigin(storage: Storage, { parent, at }: Origin): void {
  storage.exec("INSERT OR REPLACE INTO origin VALUES (1, ?, ?)", parent, at);
}
