/** Contenders that play the same work in turns, a window each, while the others rest: a machine that slows down slows all. */
import { cpus, loadavg, totalmem } from "node:os";
import { type Contender, nameContender } from "./contenders.ts";
import { openStage, type Stage } from "./measure.ts";
import type { WindowOrder, WindowResult } from "./orders.ts";
import { installPeers } from "./peers/install.ts";
import { isPeer, peers } from "./peers/peers.ts";

/** The median window of a contender. */
export interface RaceResult extends Contender, WindowResult {
  concurrency: number;
}

/** An engine that could not play, or not to the end. */
export interface Absent extends Contender {
  concurrency: number;
  reason: string;
}

/** What was measured, where and when. */
export interface Race {
  machine: { date: string; cpu: string; cores: number; memoryGigabytes: number; loadBefore: number; loadAfter: number };
  windows: RaceResult[];
  absent: Absent[];
}

interface Playing extends Stage {
  contender: Contender;
  windows: WindowResult[];
}

/** How long and how often it is measured. */
interface RaceOrder {
  concurrencies: readonly number[];
  runs: number;
  window: WindowOrder;
}

/** What a race begins with. */
export interface Gate {
  install: typeof installPeers;
  open: typeof openStage;
}

/** Plays at each concurrency. A peer that fails is named and left out; what is ours must not fail. */
export async function race(
  contenders: readonly Contender[],
  order: RaceOrder,
  note: (line: string) => void,
  { install, open }: Gate = { install: installPeers, open: openStage },
): Promise<Race> {
  const loadBefore = loadavg()[0] ?? 0;
  const [windows, absent]: [RaceResult[], Absent[]] = [[], []];
  const installed = contenders.some(needsPackages) ? await findFault(() => install(note)) : undefined;
  for (const concurrency of order.concurrencies) {
    const leaveOut = (contender: Contender, error: unknown): void => {
      if (!isPeer(contender.engine)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      note(`${nameContender(contender)} is left out: ${reason}`);
      absent.push({ ...contender, concurrency, reason });
    };
    const playing = new Set<Playing>();
    try {
      for (const contender of contenders) {
        try {
          if (installed !== undefined && needsPackages(contender)) throw installed;
          playing.add({ contender, windows: [], ...(await open(contender, concurrency)) });
        } catch (error) {
          leaveOut(contender, error);
        }
      }
      for (let run = 1; run <= order.runs; run += 1) {
        for (const stage of playing) {
          note(`${nameContender(stage.contender)}: ${concurrency} at a time, run ${run} of ${order.runs}`);
          try {
            stage.windows.push(await stage.measureWindow(order.window));
          } catch (error) {
            leaveOut(stage.contender, error);
            playing.delete(stage);
            await stage.stop();
          }
        }
      }
    } finally {
      for (const { stop } of playing) await stop();
    }
    for (const stage of playing) {
      const median = stage.windows.toSorted((a, b) => a.turnsPerSecond - b.turnsPerSecond)[Math.floor(stage.windows.length / 2)];
      if (median) windows.push({ ...stage.contender, concurrency, ...median });
    }
  }
  return { machine: describeMachine(loadBefore), windows, absent };
}

function needsPackages({ engine }: Contender): boolean {
  return isPeer(engine) && peers[engine].packaged;
}

async function findFault(attempt: () => Promise<void>): Promise<unknown> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}

function describeMachine(loadBefore: number): Race["machine"] {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
  };
}
