/**
 * `npm run bench`: ten-turn reviews between two agents that answer at once, against a real server process, beside the bare
 * ceiling of the same shape in the same run. Prints figures and ratios; asserts nothing.
 */
import { parseArgs } from "node:util";
import { type Measured, measureCounts } from "./count/measure-counts.ts";
import { printCosts, printCounts } from "./count/print-counts.ts";
import { scenarios } from "./count/scenarios.ts";
import { measure, measureMemory, type Plan } from "./measure.ts";
import { printMemory, printWindows } from "./print-table.ts";
import type { Engine } from "./server-process.ts";

const help = `usage: npm run bench -- [options]

  --concurrency 1,16,64   reviews kept running, one measurement each
  --seconds 5             length of a measurement
  --warmup 2              seconds of play before it
  --runs 1                measurements of each kind; the median by turns/s is shown
  --only bare|nerveflare  one engine alone
  --threads <n>           memory instead: play n threads at the first concurrency, sampling what is resident
  --placement <name>      passed to the server as NERVEFLARE_PLACEMENT
  --count                 counts instead: statements, rows, calls and JSON of a turn and of a thread's begin and end; some four minutes
  --cost                  the same, and what a million turns cost on Cloudflare's price list
  --scenario <name,…>     with --count or --cost: these alone (${scenarios.map(({ name }) => name).join("; ")})
  --json                  one line of JSON instead of the table`;

const { values } = parseArgs({
  options: {
    concurrency: { type: "string", default: "1,16,64" },
    seconds: { type: "string", default: "5" },
    warmup: { type: "string", default: "2" },
    runs: { type: "string", default: "1" },
    only: { type: "string" },
    threads: { type: "string" },
    placement: { type: "string" },
    count: { type: "boolean", default: false },
    cost: { type: "boolean", default: false },
    scenario: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}

const engines = (["nerveflare", "bare"] satisfies Engine[]).filter((engine) => values.only === undefined || values.only === engine);
if (engines.length === 0) throw new Error(`--only takes nerveflare or bare, not ${values.only}`);
const concurrencies = values.concurrency.split(",").map((text) => parsePositive("--concurrency", text));
const plan: Plan = {
  seconds: parsePositive("--seconds", values.seconds),
  warmup: parsePositive("--warmup", values.warmup),
  env: values.placement === undefined ? {} : { NERVEFLARE_PLACEMENT: values.placement },
};
const note = (line: string) => process.stderr.write(`${line}\n`);

if (values.count || values.cost) await count();
else if (values.threads !== undefined) {
  const threads = parsePositive("--threads", values.threads);
  const concurrency = concurrencies[0] ?? 16;
  const results = [];
  for (const engine of engines) {
    note(`${engine}: ${threads} threads, ${concurrency} at a time`);
    results.push({ engine, concurrency, ...(await measureMemory(engine, concurrency, threads, plan)) });
  }
  if (values.json) console.log(JSON.stringify({ memory: results }));
  else printMemory(results);
} else {
  const runs = parsePositive("--runs", values.runs);
  const results = [];
  for (const concurrency of concurrencies) {
    // Engines take turns, so that a machine that slows down slows both.
    const measured = new Map(engines.map((engine) => [engine, [] as Awaited<ReturnType<typeof measure>>[]]));
    for (let run = 0; run < runs; run += 1) {
      for (const engine of engines) {
        note(`${engine}: ${concurrency} at a time${runs > 1 ? `, run ${run + 1} of ${runs}` : ""}`);
        measured.get(engine)?.push(await measure(engine, concurrency, plan));
      }
    }
    for (const [engine, windows] of measured) {
      const median = windows.toSorted((a, b) => a.turnsPerSecond - b.turnsPerSecond)[Math.floor(windows.length / 2)];
      if (median) results.push({ engine, concurrency, ...median });
    }
  }
  if (values.json) console.log(JSON.stringify({ windows: results }));
  else printWindows(results);
}

async function count(): Promise<void> {
  const names = values.scenario?.split(",").map((name) => name.trim());
  const wanted = scenarios.filter(({ name }) => names === undefined || names.includes(name) || names.includes(name.split(",")[0] ?? ""));
  if (wanted.length === 0) throw new Error(`--scenario takes ${scenarios.map(({ name }) => name).join("; ")}, not ${values.scenario}`);
  const measured: Measured[] = [];
  for (const scenario of wanted) {
    note(`counting: ${scenario.name}`);
    measured.push(await measureCounts(scenario, plan.env));
  }
  if (values.json) console.log(JSON.stringify({ counts: measured }));
  else {
    printCounts(measured);
    if (values.cost) printCosts(measured);
  }
}

function parsePositive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} takes numbers above zero, not ${text}`);
  return value;
}
