/**
 * A child process of the fuzzer. Says the number of each input before it begins, in one write that a hanging process has made, and
 * what went wrong; takes `seed from to` or, with `--file`, one input.
 */
import { readFileSync, writeSync } from "node:fs";
import { createCase, type FuzzCase } from "./create-case.ts";
import { listSeeds } from "./list-seeds.ts";
import { runCase } from "./run-case.ts";

const [mode = "", from = "0", to = "0"] = process.argv.slice(2);
const megabyte = 1024;

const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Peak of the process's memory, in MB. */
const readPeak = (): number => process.resourceUsage().maxRSS / megabyte;

async function measure(input: Pick<FuzzCase, "text" | "output">, name: string): Promise<void> {
  const peak = readPeak();
  const used = process.cpuUsage();
  say(`begin ${name}`);
  try {
    await runCase(input);
  } catch (error) {
    say(`fault ${name} ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
  // The processor's time, for a loaded machine's clock says little.
  const { user, system } = process.cpuUsage(used);
  say(`end ${name} ${Math.round((user + system) / 1000)} ${Math.round(readPeak() - peak)} ${Math.round(readPeak())}`);
}

if (mode === "--file") {
  say(`start ${Math.round(readPeak())}`);
  await measure(JSON.parse(readFileSync(from, "utf8")) as FuzzCase, "0");
} else {
  const seeds = listSeeds();
  // What is loaded once and kept is not the first input's doing.
  await runCase({ text: seeds[0] ?? "" });
  say(`start ${Math.round(readPeak())}`);
  for (let index = Number(from); index < Number(to); index++) await measure(createCase(Number(mode), index, seeds), String(index));
}
