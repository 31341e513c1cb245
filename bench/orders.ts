/** What the agents' process is told to do, and what it answers. */
import type { Figures, Recorder } from "./recorder.ts";
import type { Roles } from "./review/call-operator.ts";
import type { Engine } from "./server-process.ts";

/** What the agents are to play. */
export interface Task {
  engine: Engine;
  roles: Roles;
  url: string;
  adminToken: string;
  /** Where answers go, if not to `url`. */
  ingress?: string;
  /** The server's processes; the first started the others. */
  pids: number[];
  /** Threads kept running. */
  concurrency: number;
  /** No more threads than these. */
  threads?: number;
  /** Of each thread; ten by default. */
  turns?: number;
}

/** What the process is told: first what to play, then what to measure, one after another. */
export type Order = { task: Task } | { window: WindowOrder } | { memory: { threads: number; timeout: number } };

export interface WindowOrder {
  /** Turns that must have been played by then: code is compiled, objects are warm. */
  warmTurns: number;
  /** Length of the window. */
  seconds: number;
}

/** Agents that answer at once, telling the recorder. Resolves when all are connected, to what starts `concurrency` threads, which go on until they may not be started. */
export type Play = (task: Task, recorder: Recorder) => Promise<() => void>;

/** A measured window. */
export interface WindowResult extends Figures {
  /** Seconds of the server's CPU per 1,000 turns. */
  cpuPer1000: number;
  /** Megabytes resident at the window's end. */
  resident: number;
  /** Counted by the kernel; undefined without `perf`. */
  fsyncPerTurn: number | undefined;
  /** By the server's own counters, by kind of object; undefined where it has none. */
  commitsPerTurn: Record<string, number> | undefined;
}

/** Memory while many threads come and go. */
export interface MemoryResult {
  samples: { threads: number; seconds: number; resident: number }[];
  threads: number;
  turns: number;
  seconds: number;
  /** Megabytes resident once all has been idle for long enough that objects leave memory. */
  residentIdle: number;
}

/** What the process answers. */
export type Report = { ready: true } | { window: WindowResult } | { memory: MemoryResult } | { failure: string };
