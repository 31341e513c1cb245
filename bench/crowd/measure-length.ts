/** Whether anything grows with a thread: the last turns of a long one beside its first, in time and in counts. */
import { type Counts, sumCalls } from "../count/counts.ts";
import { type Stretch, startCountedServer } from "../count/measure-counts.ts";
import { startServerProcess } from "../server-process.ts";
import { describeWaits, openCrowd, type Waits } from "./crowd.ts";

/** A stretch of the thread's turns. */
export interface LengthResult {
  from: number;
  to: number;
  waits: Waits;
  /** Of one turn. */
  counts: Pick<
    Counts,
    "statements" | "rowsWritten" | "rowsRead" | "transactions" | "stringify" | "stringifyCharacters" | "d1RowsWritten"
  > & {
    calls: number;
  };
}

/** Threads that are played before, so that code is compiled and objects are warm. */
const warmThreads = 20;
/** Turns that are compared: a tenth of the thread, and a hundred at most. */
const most = 100;

/** @param turns of the thread, an even number */
export async function measureLength(turns: number): Promise<LengthResult[]> {
  const size = Math.min(most, Math.floor(turns / 10));
  const stretches: Stretch[] = [
    [1, 1 + size],
    [turns - size, turns],
  ];
  const waits = await measureWaits(turns);
  const server = await startCountedServer();
  try {
    const counts = await server.measureStretches(stretches);
    return stretches.map(([from, to], index) => ({
      ...{ from, to, waits: describeWaits(waits.slice(from - 1, to - 1)) },
      counts: { ...(counts[index] as Counts), calls: sumCalls(counts[index] as Counts), sites: undefined },
    }));
  } finally {
    await server.stop();
  }
}

async function measureWaits(turns: number): Promise<readonly number[]> {
  const server = await startServerProcess("nerveflare");
  try {
    const crowd = await openCrowd(server, 1);
    for (let thread = 0; thread < warmThreads; thread += 1) await crowd.play({ pause: 0, turns: 10 });
    const from = crowd.waits.length;
    await crowd.play({ pause: 0, turns });
    crowd.close();
    return crowd.waits.slice(from);
  } finally {
    await server.stop();
  }
}
