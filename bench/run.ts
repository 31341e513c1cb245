/**
 * `npm run bench`: ten-turn reviews between two agents that answer at once, against a real server process, beside the bare
 * ceiling of the same shape in the same run, and beside the engines of others. Prints figures and ratios; asserts nothing.
 */
import { parseArgs } from "node:util";
import { choosePlacements, listContenders, nameContender } from "./contenders.ts";
import { type Measured, measureCounts } from "./count/measure-counts.ts";
import { measureStored } from "./count/measure-stored.ts";
import { priceMonth } from "./count/month.ts";
import { nameMeasured, printCosts, printCounts, printMonths } from "./count/print-counts.ts";
import { printSites } from "./count/print-sites.ts";
import { scenarios } from "./count/scenarios.ts";
import { measureLength } from "./crowd/measure-length.ts";
import { measureOpen } from "./crowd/measure-open.ts";
import { measureHeap } from "./heap/measure-heap.ts";
import { measureMemory } from "./measure.ts";
import type { WindowOrder } from "./orders.ts";
import { peerNames } from "./peers/peers.ts";
import { printHeap, printLength, printMemory, printOpen, printProfile, printRace, printStalls } from "./print-table.ts";
import { profileReview } from "./profile/profile-review.ts";
import { race } from "./race.ts";
import { measureStalls } from "./stalls/measure-stalls.ts";
import { isUsageError, refuseLoneOptions, UsageError } from "./usage-error.ts";

const help = `usage: npm run bench -- [options]

  --concurrency 1,16,64   reviews kept running, one measurement each
  --seconds 5             length of a measurement
  --warm 2000             turns that are played before the first
  --runs 3                measurements of each kind, the engines taking turns; the median by turns/s is shown
  --peers                 the same work on the engines of others as well: ${peerNames.join(", ")}; installs what it needs, and says so; some fifteen minutes
  --only <name,…>         these engines alone, of nerveflare, bare and the others
  --placement own,cell    where nerveflare keeps its actors, each in an object of its own or all in one; --open, --count, --stalls and --profile: own where nothing is said
  --turns 10              turns of each review, for nerveflare alone: by two lengths a turn and a beginning with its end are told apart
  --roles recruited,named how the reviewer comes to its role; with --peers, who have no recruitment, named
  --threads <n>           memory instead: play n threads at the first concurrency, sampling what is resident
  --length <n>            one thread of n turns instead: its last turns beside its first, in time and in counts
  --open <n>              n open threads instead, beside a hundred: the turns of others, memory, and what a start takes
  --heap                  with --open: what V8's heap holds with a tenth of them, half and all, and --sockets (1000) agents connected, who come back at once; some minutes
  --count                 counts instead: statements, rows, calls and JSON of a turn and of a thread's begin and end; some five minutes
  --cost                  the same, and what a million turns cost on Cloudflare's price list
  --month                 with --cost: what months of 10,000, 300,000 and 5,000,000 turns cost, agents hibernating between them
  --scenario <name,…>     with --count or --cost: these alone (${scenarios.map(({ name }) => `"${name}"`).join(", ")})
  --by-site               with --count: which places in the code and which SQL the counts come from
  --stalls                how long the turns of a hundred threads wait beside four faults, against how long without; half a minute
  --profile               shares of the Worker's CPU by folder and by function instead, at the first concurrency
  --json                  one line of JSON instead of the table`;

process.once("uncaughtException", (error) => {
  console.error(isUsageError(error) ? `${error.message}\n(run with --help for what there is)` : error);
  process.exit(isUsageError(error) ? 2 : 1);
});

const { values } = parseArgs({
  options: {
    concurrency: { type: "string", default: "1,16,64" },
    seconds: { type: "string", default: "5" },
    warm: { type: "string", default: "2000" },
    runs: { type: "string", default: "3" },
    only: { type: "string" },
    peers: { type: "boolean", default: false },
    placement: { type: "string" },
    turns: { type: "string" },
    roles: { type: "string" },
    threads: { type: "string" },
    length: { type: "string" },
    open: { type: "string" },
    heap: { type: "boolean", default: false },
    sockets: { type: "string", default: "1000" },
    count: { type: "boolean", default: false },
    cost: { type: "boolean", default: false },
    month: { type: "boolean", default: false },
    scenario: { type: "string" },
    "by-site": { type: "boolean", default: false },
    stalls: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}

refuseLoneOptions(values);
const contenders = listContenders(values);
/** Of what is measured in one of them at a time. */
const chosenPlacements = choosePlacements(values.placement ?? "own");
const concurrencies = values.concurrency.split(",").map((text) => parsePositive("--concurrency", text));
const window: WindowOrder = { warmTurns: parsePositive("--warm", values.warm), seconds: parsePositive("--seconds", values.seconds) };
const note = (line: string) => process.stderr.write(`${line}\n`);

if (values.cost && values.month) await countMonths();
else if (values.count || values.cost) await count();
else if (values.stalls) await stall();
else if (values.length !== undefined) await stretch(parsePositive("--length", values.length));
else if (values.open !== undefined && values.heap) await weigh(parsePositive("--open", values.open));
else if (values.open !== undefined) await keepOpen(parsePositive("--open", values.open));
else if (values.profile) await profile(concurrencies[0] ?? 16);
else if (values.threads !== undefined) await watchMemory(parsePositive("--threads", values.threads), concurrencies[0] ?? 16);
else await compare(parsePositive("--runs", values.runs));

async function compare(runs: number): Promise<void> {
  const result = await race(contenders, { concurrencies, runs, window }, note);
  if (values.json) console.log(JSON.stringify(result));
  else printRace(result);
}

async function watchMemory(threads: number, concurrency: number): Promise<void> {
  const results = [];
  for (const contender of contenders) {
    note(`${nameContender(contender)}: ${threads} threads, ${concurrency} at a time`);
    results.push({ ...contender, concurrency, ...(await measureMemory(contender, concurrency, threads)) });
  }
  if (values.json) console.log(JSON.stringify({ memory: results }));
  else printMemory(results);
}

async function stall(): Promise<void> {
  const results = [];
  for (const placement of chosenPlacements) {
    note(`a hundred threads beside four faults, placement ${placement}`);
    results.push({ placement, stalls: await measureStalls({ threads: 100, pairs: 10, window: 3_000, pause: 2_000, placement }) });
  }
  if (values.json) console.log(JSON.stringify({ stalls: results }));
  else for (const { stalls } of results) printStalls(stalls);
}

async function stretch(turns: number): Promise<void> {
  note(`one thread of ${turns} turns, twice`);
  const stretches = await measureLength(turns - (turns % 2));
  if (values.json) console.log(JSON.stringify({ stretches }));
  else printLength(stretches);
}

async function keepOpen(threads: number): Promise<void> {
  const results = [];
  for (const placement of chosenPlacements) results.push(await measureOpen(Math.min(100, threads / 2), threads, placement, note));
  if (values.json) console.log(JSON.stringify({ open: results.flat() }));
  else for (const open of results) printOpen(open);
}

async function weigh(threads: number): Promise<void> {
  const sockets = parsePositive("--sockets", values.sockets);
  const results = [];
  for (const placement of chosenPlacements) results.push(...(await measureHeap({ placement, threads, sockets }, note)));
  if (values.json) console.log(JSON.stringify({ heap: results }));
  else printHeap(results);
}

async function profile(concurrency: number): Promise<void> {
  const profiles = [];
  for (const placement of chosenPlacements) {
    note(`profiling: ${concurrency} at a time, placement ${placement}`);
    profiles.push({ placement, concurrency, ...(await profileReview(concurrency, window, placement, contenders[0]?.length)) });
  }
  if (values.json) console.log(JSON.stringify({ profiles }));
  else for (const profile of profiles) printProfile(profile);
}

async function countMonths(): Promise<void> {
  const name = values.scenario ?? "hibernating";
  const scenario = scenarios.find((each) => each.name === name);
  if (!scenario) throw new UsageError(`--scenario takes one of ${scenarios.map((each) => `"${each.name}"`).join(", ")}, not "${name}"`);
  note("playing reviews, to see what stays");
  const stored = await measureStored();
  note(`counting: ${name}`);
  const measured = await measureCounts(scenario);
  const months = [10_000, 300_000, 5_000_000].map((turns) => priceMonth(turns, measured, stored));
  if (values.json) console.log(JSON.stringify({ months, measured, stored }));
  else printMonths(months, measured, stored);
}

async function count(): Promise<void> {
  const names = values.scenario?.split(",").map((name) => name.trim());
  const wanted = scenarios.filter(({ name }) => names === undefined || names.includes(name));
  if (wanted.length === 0)
    throw new UsageError(`--scenario takes ${scenarios.map(({ name }) => `"${name}"`).join(", ")}, not "${values.scenario}"`);
  const measured: Measured[] = [];
  for (const placement of chosenPlacements) {
    for (const scenario of wanted) {
      note(`counting: ${nameMeasured({ scenario, placement })}`);
      measured.push(await measureCounts(scenario, { bySite: values["by-site"], placement }));
    }
  }
  if (values.json) console.log(JSON.stringify({ counts: measured }));
  else {
    printCounts(measured);
    if (values["by-site"]) for (const each of measured) printSites(each);
    if (values.cost) printCosts(measured);
  }
}

function parsePositive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`${name} takes numbers above zero, not ${text}`);
  return value;
}
