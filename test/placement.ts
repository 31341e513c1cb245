/**
 * Where actors live in the tests that run over both placements. NERVEFLARE_TEST_PLACEMENT=cell runs all of them over a cell; else each
 * says itself what it runs there, by {@link placedSeeds} or its own list.
 */
import { type Placement, readPlacement } from "../src/contract/placement.ts";

/** In workerd there is no process, and the configuration says. */
const env = (globalThis as { process?: { env?: Record<string, string> } }).process?.env ?? {};

/** The placement of what does not say. */
export const testPlacement: Placement = readPlacement(env["NERVEFLARE_TEST_PLACEMENT"]);

const times = Number(env["NERVEFLARE_SEEDS"] ?? 1);

/** How long seeds may take that take so long at most where there are no more of them. */
export const timeForSeeds = (milliseconds: number): number => milliseconds * Math.max(1, times);

/** For `test.each`: the seeds of both placements, of the cell a tenth. NERVEFLARE_SEED runs one seed, NERVEFLARE_SEEDS that many times more of them. */
export function placedSeeds(seeds: number): { placement: Placement; seeds: number[] }[] {
  const only = env["NERVEFLARE_SEED"];
  const list = (count: number): number[] => (only ? [Number(only)] : Array.from({ length: count * times }, (_, index) => index + 1));
  return [
    { placement: "own", seeds: list(seeds) },
    { placement: "cell", seeds: list(Math.ceil(seeds / 10)) },
  ];
}
