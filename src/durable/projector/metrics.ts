/**
 * What this isolate has done since it started: durable commits by kind of object, and steps of actors. Commits are what a
 * turn costs, so they are counted where they happen. Memory only: a new isolate starts at zero.
 */
import type { Metrics } from "../../contract/views/readiness.ts";

/** What commits: the four object classes, and a batch to D1. */
export type CommitKind = "agent" | "workflow" | "recruitment" | "task" | "d1";

const metrics: Metrics = {
  commits: { agent: 0, workflow: 0, recruitment: 0, task: 0, d1: 0 },
  steps: 0,
  wakes: { agent: 0 },
  heldBack: 0,
  ignoredOffers: 0,
  followed: { readers: 0, reads: 0, events: 0 },
};

/** Counts one durable transaction. */
export function countCommit(kind: CommitKind): void {
  metrics.commits[kind] += 1;
}

/** Counts one object that came into memory. */
export function countWake(kind: keyof Metrics["wakes"]): void {
  metrics.wakes[kind] += 1;
}

/** Counts one receiver whose messages must wait in a queue of its own. */
export function countHeldBack(): void {
  metrics.heldBack += 1;
}

/** Counts offers that an agent ignores. */
export function countIgnored(offers: number): void {
  metrics.ignoredOffers += offers;
}

/** Counts one reading of the log for somebody who follows it. */
export function countFollowed(events: number): void {
  metrics.followed.reads += 1;
  metrics.followed.events += events;
}

let countFollowers = (): number => 0;

/** Tells how those who follow the log are counted. */
export function watchFollowers(count: () => number): void {
  countFollowers = count;
}

let readCell: (() => Metrics["cell"]) | undefined;

/** Tells how what is in memory of a cell is read: its latest life's. */
export function watchCell(read: () => Metrics["cell"]): void {
  readCell = read;
}

/** Counts one step of an actor. */
export function countStep(): void {
  metrics.steps += 1;
}

/** A copy of the counters. */
export function readMetrics(): Metrics {
  const cell = readCell?.();
  return {
    commits: { ...metrics.commits },
    steps: metrics.steps,
    wakes: { ...metrics.wakes },
    heldBack: metrics.heldBack,
    ignoredOffers: metrics.ignoredOffers,
    followed: { ...metrics.followed, readers: countFollowers() },
    ...(cell && { cell }),
  };
}
