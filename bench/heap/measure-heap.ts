/** The heap of a server with many threads open and many sockets connected, as V8 says after a collection. */
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Placement } from "../../src/contract/placement.ts";
import { openCrowd } from "../crowd/crowd.ts";
import { call, connectFleet, registerAgents } from "../edge/fleet.ts";
import { openInspector } from "../profile/inspector.ts";
import { startWorkerServer, type WorkerServer } from "../worker-server.ts";
import { bundleWorker } from "../worker-settings.ts";

export interface HeapOrder {
  placement: Placement;
  /** Threads whose turn somebody has and does not answer. */
  threads: number;
  /** Agents with a socket, those that have the turns among them. */
  sockets: number;
}

/** At one moment. */
export interface HeapResult {
  placement: Placement;
  /** What was there by then. */
  when: string;
  /** Megabytes that are used after a collection: what V8 has, what the runtime keeps for it, and buffers. */
  used: number;
  /** Actors of a cell in memory, and their megabytes, as the cell counts them. */
  owners: number | undefined;
  counted: number | undefined;
  /** How often more were at work than fit. */
  overfull: number | undefined;
}

/** A server that says how much it holds. */
export interface HeapServer extends WorkerServer {
  readHeap(when: string): Promise<HeapResult>;
}

/** Pairs of agents that hold the open threads. */
const pairs = 50;
/** Threads of ten turns that are played before: by then the code is compiled. */
const warm = 20;
/** Seconds without use before the last reading. */
const idle = 15;

/** Starts the product's Worker so that its heap can be read. */
export async function startHeapServer(placement: Placement): Promise<HeapServer> {
  const { script } = await bundleWorker(join(dirname(fileURLToPath(import.meta.url)), "worker.ts"));
  const server = await startWorkerServer({ script, placement, inspect: true, exposeGc: true });
  return {
    ...server,
    async readHeap(when) {
      const collected = await fetch(`${server.url}/gc`, { method: "PUT" });
      if (!server.inspector || collected.status !== 204) throw new Error(`the runtime shows no heap: ${collected.status}`);
      const inspector = await openInspector(server.inspector);
      try {
        const heap = await inspector.call<{ usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number }>(
          "Runtime.getHeapUsage",
        );
        const { cell } = await call<{ cell?: { owners: number; bytes: number; overfull: number } }>(server, "v1/metrics");
        return {
          ...{ placement, when, used: (heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0)) / 1e6 },
          ...{ owners: cell?.owners, counted: cell && cell.bytes / 1e6, overfull: cell?.overfull },
        };
      } finally {
        inspector.close();
      }
    },
  };
}

export async function measureHeap({ placement, threads, sockets }: HeapOrder, note: (line: string) => void): Promise<HeapResult[]> {
  const server = await startHeapServer(placement);
  try {
    const results = [await server.readHeap("started")];
    const crowd = await openCrowd(server, pairs);
    for (let thread = 0; thread < warm; thread += 1) await crowd.play({ pause: 0, turns: 10 });
    results.push(await server.readHeap(`${pairs * 2} sockets, ${warm} threads played`));
    const size = Math.max(0, sockets - pairs * 2);
    note(`${sockets} sockets, placement ${placement}`);
    const tokens = await registerAgents(server, { size, groups: {}, note: () => {} });
    const fleet = await connectFleet(server, tokens, () => {});
    results.push(await server.readHeap(`${sockets} sockets`));
    for (const part of [0.1, 0.5, 1]) {
      note(`${threads * part} open threads, placement ${placement}`);
      await crowd.start(Math.round(threads * part) - crowd.running, { pause: "open" });
      results.push(await server.readHeap(`${Math.round(threads * part)} open threads`));
    }
    await pause(idle * 1_000);
    results.push(await server.readHeap(`${idle} s later`));
    if (tokens.length > 0) {
      await fleet.reconnect(async () => {});
      results.push(await server.readHeap(`${tokens.length} sockets back at once`));
    }
    fleet.close();
    crowd.close();
    return results;
  } finally {
    await server.stop();
  }
}
