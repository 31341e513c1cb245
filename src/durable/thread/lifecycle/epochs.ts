/**
 * How often a thread was begun. Ended is final for a pair of actors: what begins anew is a new pair under the next epoch,
 * in the same objects, with the same documents. Knows the root's documents and how actors are named.
 */
import type { EpochsDocument, Origin, Plan } from "./epoch-plan.ts";
import type { ThreadDocuments } from "./thread-rows.ts";

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

function readEpochs({ epochs }: ThreadDocuments): EpochsDocument {
  return epochs.get("") ?? { last: 1 };
}

/** The epoch that goes on now; 1 before the thread began. */
export function findEpoch(lifecycle: ThreadDocuments): number {
  return readEpochs(lifecycle).present?.number ?? 1;
}

/** The epoch that waits for the present one to stop, or for a place. */
export function findNextEpoch(lifecycle: ThreadDocuments): { number: number; plan: Plan } | undefined {
  return readEpochs(lifecycle).next;
}

export function planEpoch(lifecycle: ThreadDocuments, number: number, plan: Plan): void {
  lifecycle.epochs.put("", { ...readEpochs(lifecycle), last: number, next: { number, plan } });
}

export function beginEpoch(lifecycle: ThreadDocuments, number: number, plan: Plan): void {
  const { next: _, ...rest } = readEpochs(lifecycle);
  lifecycle.epochs.put("", { ...rest, present: { number, plan } });
}

/** The number of the next one to be planned. */
export function numberNextEpoch(lifecycle: ThreadDocuments): number {
  return readEpochs(lifecycle).last + 1;
}

/** Cancels the planned epoch. */
export function dropEpoch(lifecycle: ThreadDocuments): void {
  const { next, ...rest } = readEpochs(lifecycle);
  if (next) lifecycle.epochs.put("", rest);
}

/** How the present epoch began; undefined for the first. */
export function readPlan(lifecycle: ThreadDocuments, epoch: number): Plan | undefined {
  const { present } = readEpochs(lifecycle);
  return present?.number === epoch ? present.plan : undefined;
}

export function readOrigin({ origin }: ThreadDocuments): Origin | undefined {
  return origin.get("");
}

export function writeOrigin(lifecycle: ThreadDocuments, { parent, at }: Origin): void {
  lifecycle.origin.put("", { parent, at });
}
