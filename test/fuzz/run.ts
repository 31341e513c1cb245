/**
 * [CHECK18] `npm run fuzz -- --seconds N [--seed S]`: throws broken and hostile files at the compiler, and what it makes of them at the
 * moderator. Every batch runs in a process of its own with little memory, under a watchdog that names the input that hung. What
 * fails twice is kept in test/fuzz/failures, which the tests replay [CHECK19].
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createCase } from "./create-case.ts";
import { listSeeds } from "./list-seeds.ts";

/** The promise. Time is the processor's, memory is counted above what the process has at the start. */
const promise = { milliseconds: 2_000, megabytes: 300 };

/** Inputs of one process: few enough that a leak shows, enough that starting costs little. */
const batch = 400;

/** Heap of a process: what it starts with, and the promise. */
const heap = promise.megabytes + 50;

/** Milliseconds of silence after which a process counts as hung; on a loaded machine all is slower. */
const timeout = 10_000;

interface Suspect {
  index: number;
  why: string;
}

interface Batch {
  done: number;
  suspects: Suspect[];
  slowest: number;
  peak: number;
}

/** Runs a process and reads what it says. */
async function watch(args: string[], from: number): Promise<Batch> {
  const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, join(import.meta.dirname, "worker.ts"), ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const result: Batch = { done: 0, suspects: [], slowest: 0, peak: 0 };
  let current = from;
  let start = 0;
  let hung = false;
  let timer: NodeJS.Timeout | undefined;
  const wind = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, timeout);
  };
  wind();
  const exited = new Promise<void>((resolve) => child.on("close", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    wind();
    const [word, number, ...rest] = line.split(" ");
    if (word === "start") start = Number(number);
    if (word === "begin") current = Number(number);
    if (word === "fault") result.suspects.push({ index: Number(number), why: rest.join(" ") });
    if (word === "end") {
      const [milliseconds = 0, grown = 0, peak = 0] = rest.map(Number);
      result.done += 1;
      result.slowest = Math.max(result.slowest, milliseconds);
      result.peak = Math.max(result.peak, peak - start);
      if (milliseconds > promise.milliseconds) result.suspects.push({ index: current, why: `took ${milliseconds} ms` });
      if (grown > 20 && peak - start > promise.megabytes) result.suspects.push({ index: current, why: `took ${peak - start} MB` });
      current += 1;
    }
  }
  await exited;
  clearTimeout(timer);
  if (hung) result.suspects.push({ index: current, why: `hung for ${timeout} ms` });
  else if (child.exitCode !== 0) result.suspects.push({ index: current, why: `ended its process (${child.exitCode ?? child.signalCode})` });
  return result;
}

async function fuzz(seconds: number, seed: number): Promise<number> {
  const seeds = listSeeds();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  console.log(`fuzzing for ${seconds} s from ${seeds.length} files; again with --seed ${seed}`);
  let next = 0;
  let done = 0;
  let kept = 0;
  let slowest = 0;
  let peak = 0;
  while (elapsed() < seconds) {
    // A batch ends with the time: how many inputs fit into what is left, by what fitted so far.
    const left = done === 0 ? 100 : Math.ceil((done / elapsed()) * (seconds - elapsed()));
    const size = Math.max(20, Math.min(batch, left));
    const result = await watch([String(seed), String(next), String(next + size)], next);
    done += result.done;
    slowest = Math.max(slowest, result.slowest);
    peak = Math.max(peak, result.peak);
    // The batch goes on behind an input that ended its process.
    next = result.done < size ? next + result.done + 1 : next + size;
    for (const suspect of result.suspects) if (await confirm(seed, suspect, seeds)) kept += 1;
  }
  const rate = Math.round(done / elapsed());
  console.log(
    `${done} inputs, ${rate}/s; slowest ${slowest} ms; most memory ${peak} MB above the start of its process; ${kept} failures kept`,
  );
  return kept === 0 ? 0 : 1;
}

/** Runs an input once more, by itself; keeps it if it fails again. */
async function confirm(seed: number, { index, why }: Suspect, seeds: string[]): Promise<boolean> {
  const input = createCase(seed, index, seeds);
  const folder = join(import.meta.dirname, "failures");
  mkdirSync(folder, { recursive: true });
  const name = `${input.kind.toLowerCase().replaceAll(" ", "-")}-${seed}-${index}`;
  const file = join(folder, `${name}.json`);
  const scratch = join(process.env["TMPDIR"] ?? "/tmp", `fuzz-${process.pid}-${name}.json`);
  writeFileSync(scratch, JSON.stringify(input));
  const again = await watch(["--file", scratch], 0);
  if (again.suspects.length === 0) {
    console.log(`seed ${seed}, input ${index} (${input.kind}) ${why}, but not again by itself: not kept`);
    return false;
  }
  writeFileSync(file, `${JSON.stringify({ ...input, why: again.suspects[0]?.why ?? why }, null, 1)}\n`);
  console.log(`FAILED seed ${seed}, input ${index} (${input.kind}): ${why}; kept as ${file}`);
  return true;
}

const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" }, seed: { type: "string" } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isInteger(seed) || !(seconds > 0)) {
  console.error("npm run fuzz -- --seconds <number> [--seed <whole number>]");
  process.exitCode = 2;
} else process.exitCode = await fuzz(seconds, seed);
