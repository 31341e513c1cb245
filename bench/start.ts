/** What a start costs: seconds until it is ready, on a new data folder and on one that was used before, and what its processes hold at rest. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadWorker } from "../src/local-server/load-worker.ts";
import { spawnServer } from "../src/local-server/spawn-server.ts";
import { listProcessTree, readResidentMegabytes } from "./process-stats.ts";

interface Start {
  seconds: number;
  /** MiB resident, by program. */
  server: number;
  runtime: number;
}

const { runs } = parseArgs({ options: { runs: { type: "string", default: "7" } } }).values;

// Bundling is a price of a changed source, not of a start.
await loadWorker();
const folder = mkdtempSync(join(tmpdir(), "nerveflare-bench-start-"));
try {
  // Node keeps what it compiled for the next.
  await measure(join(folder, "warm-up"));
  const fresh: Start[] = [];
  const used: Start[] = [];
  for (let run = 0; run < Number(runs); run++) {
    fresh.push(await measure(join(folder, `data-${run}`)));
    used.push(await measure(join(folder, `data-${run}`)));
  }
  console.log(describe("a new folder", fresh));
  console.log(describe("one used before", used));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(data: string): Promise<Start> {
  const began = performance.now();
  const { child, ready, ended } = spawnServer(data);
  const facts = await ready;
  if (!facts) throw new Error((await ended).stderr);
  const seconds = (performance.now() - began) / 1000;
  const { server, workerd } = facts.pids;
  const all = readResidentMegabytes(listProcessTree(server));
  const runtime = readResidentMegabytes([workerd]);
  child.kill("SIGTERM");
  await ended;
  return { seconds, server: all - runtime, runtime };
}

function describe(name: string, starts: Start[]): string {
  const [seconds, server, runtime] = (["seconds", "server", "runtime"] as const).map((fact) =>
    pickMedian(starts.map((start) => start[fact])),
  );
  const slowest = Math.max(...starts.map((start) => start.seconds));
  return `${name.padEnd(16)} ready in ${seconds?.toFixed(2)} s (slowest ${slowest.toFixed(2)}); at rest ${server?.toFixed(0)} MiB server, ${runtime?.toFixed(0)} MiB runtime`;
}

function pickMedian(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
