/** The options of `nerveflare agent --chaos`. */
import { randomInt } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type FaultName, faultMeanings } from "../../../chaos/fault-plans.ts";
import { chaosLimits } from "../../../chaos/limits.ts";
import { allFaults } from "../../../chaos/run-chaos.ts";
import { readDuration } from "../../../client/heartbeat.ts";
import { findNearestName } from "../../../contract/nearest-name.ts";

/** What they say. */
export interface ChaosChoice {
  chaos?: true;
  chaosSeed: number;
  chaosFaults: readonly FaultName[];
  chaosEvery: number;
}

/** Adds them. Each implies `--chaos`. */
export function addChaosOptions(command: Command): Command {
  const option = (flags: string, about: string) => new Option(flags, about).implies({ chaos: true });
  return command
    .option("--chaos", "put a proxy that misbehaves before the server, and say what it did")
    .addOption(
      option("--chaos-faults <names>", "which faults, as a list; see below")
        .argParser(readFaults)
        .default([...allFaults], "all"),
    )
    .addOption(
      option("--chaos-every <duration>", "how long one stays at least before the next").argParser(readEvery).default(10_000, "10s"),
    )
    .addOption(
      option("--chaos-seed <number>", "the same number gives the same faults")
        .argParser(readSeed)
        .default(randomInt(2 ** 31), "any"),
    );
}

/** How a fault is called on the command line. */
export function spellFault(name: FaultName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The faults with what they are, for people. */
export function listFaults(): string {
  const width = Math.max(...allFaults.map((name) => spellFault(name).length));
  return allFaults.map((name) => `  ${spellFault(name).padEnd(width)}  ${faultMeanings[name]}`).join("\n");
}

/** @throws InvalidArgumentError with the nearest name */
function readFaults(text: string): FaultName[] {
  const names = new Map(allFaults.map((name) => [spellFault(name), name]));
  const faults = text.split(",").map((part) => {
    const word = part.trim();
    const fault = names.get(word);
    if (fault) return fault;
    const nearest = findNearestName(word, names.keys());
    throw new InvalidArgumentError(
      `There is no fault ${JSON.stringify(word)}${nearest ? `; is ${nearest} meant?` : "."} There are ${[...names.keys()].join(", ")}.`,
    );
  });
  return [...new Set(faults)];
}

function readEvery(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined || ms < chaosLimits.everyMinMs || ms > chaosLimits.everyMaxMs)
    throw new InvalidArgumentError("Give a duration from 100ms to 24h, such as 5s.");
  return ms;
}

function readSeed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) throw new InvalidArgumentError("Give a whole number from 0 to 4294967295.");
  return Number(text);
}
