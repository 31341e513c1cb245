/** How long the turns of a hundred threads wait beside each of four faults, against how long they wait without, window by window in one run. */
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Placement } from "../../src/contract/placement.ts";
import { describeWaits, openCrowd, type Waits } from "../crowd/crowd.ts";
import { startWorkerServer } from "../worker-server.ts";
import { bundleWorker } from "../worker-settings.ts";
import { prepareFaults } from "./faults.ts";

/** What is measured. */
export interface StallOrder {
  /** Threads that must not notice, and pairs of agents that play them. */
  threads: number;
  pairs: number;
  /** Milliseconds of each window. */
  window: number;
  /** Milliseconds that each thread's agent takes for an answer. */
  pause: number;
  placement?: Placement;
}

export interface Stall {
  fault: string;
  /** How often it struck within its window. */
  struck: number;
  /** The waits beside it, and those of the windows before and after it together. */
  beside: Waits;
  quiet: Waits;
}

/** Milliseconds after a fault before it counts as over. */
const aftermath = 500;

/** Resolves when all threads have ended; then none was lost to any fault. */
export async function measureStalls({ threads, pairs, window, pause: answerPause, placement = "own" }: StallOrder): Promise<Stall[]> {
  const { script } = await bundleWorker(join(dirname(fileURLToPath(import.meta.url)), "worker.ts"));
  const server = await startWorkerServer({ script, placement });
  try {
    const crowd = await openCrowd(server, pairs);
    await crowd.start(threads, { pause: answerPause });
    const faults = await prepareFaults(server, placement);
    const measureQuiet = (): Promise<number[]> => crowd.measure(() => pause(window));
    await measureQuiet();
    let before = await measureQuiet();
    const stalls: Stall[] = [];
    for (const fault of faults) {
      let struck = 0;
      const beside = await crowd.measure(async () => {
        struck = await fault.run(() => pause(window));
      });
      await pause(aftermath);
      const after = await measureQuiet();
      stalls.push({ fault: fault.name, struck, beside: describeWaits(beside), quiet: describeWaits([...before, ...after]) });
      before = after;
    }
    await crowd.finish();
    crowd.close();
    return stalls;
  } finally {
    await server.stop();
  }
}
