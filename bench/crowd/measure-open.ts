/** What open threads cost the others: threads whose turn somebody has and does not answer, few and many. */
import type { Placement } from "../../src/contract/placement.ts";
import { listVariables } from "../contenders.ts";
import { keepProgram, readResidentMegabytes } from "../process-stats.ts";
import { startServerProcess } from "../server-process.ts";
import { type Crowd, describeWaits, openCrowd, type Waits } from "./crowd.ts";

/** With so many threads open. */
export interface OpenResult {
  placement: Placement;
  open: number;
  /** Milliseconds that each of those took to start, one after another. */
  startMs: number;
  /** The turns of one thread at a time beside them. */
  waits: Waits;
  /** Megabytes of the runtime: with them just started, and when their objects have left memory. */
  resident: number;
  residentIdle: number;
}

/** Pairs of agents that hold the open threads: none has more turns than a mailbox of a busy agent holds. */
const pairs = 50;
/** Threads of ten turns beside the open ones. */
const beside = 40;
/** The runtime evicts an object ten seconds after its last use. */
const idleSeconds = 15;

/** @param few, many how many threads are open in the first measurement and in the second, on one server */
export async function measureOpen(few: number, many: number, placement: Placement, note: (line: string) => void): Promise<OpenResult[]> {
  const server = await startServerProcess("nerveflare", listVariables(placement));
  const runtime = keepProgram(server.pids, "workerd");
  try {
    const crowd = await openCrowd(server, pairs);
    for (let thread = 0; thread < beside / 2; thread += 1) await crowd.play({ pause: 0, turns: 10 });
    const results: OpenResult[] = [];
    let open = 0;
    for (const count of [few, many]) {
      note(`${count} open threads, placement ${placement}`);
      const started = await crowd.start(count - open, { pause: "open" });
      const resident = readResidentMegabytes(runtime);
      await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000));
      const waits = await playBeside(crowd);
      const startMs = started / (count - open);
      results.push({ placement, open: count, startMs, waits, resident, residentIdle: readResidentMegabytes(runtime) });
      open = count;
    }
    crowd.close();
    return results;
  } finally {
    await server.stop();
  }
}

async function playBeside(crowd: Crowd): Promise<Waits> {
  const from = crowd.waits.length;
  for (let thread = 0; thread < beside; thread += 1) await crowd.play({ pause: 0, turns: 10 });
  return describeWaits(crowd.waits.slice(from));
}
