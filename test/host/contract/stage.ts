/** What each test of the host's contract starts from: a world, an actor's name of its own, and steps between which every object is evicted. */
import { vi } from "vitest";
import type { ContractWorld, TestEvent } from "../contract-world.ts";

export interface Stage {
  w: ContractWorld;
  /** The name of the test's actor. */
  a: string;
  /** Does a step, waits until nothing runs, and evicts every object. */
  at: (step: () => Promise<unknown>) => Promise<void>;
}
export type OpenStage = () => Stage;

/** @param createWorld called once per test */
export function createStages(name: string, createWorld: () => ContractWorld): OpenStage {
  let names = 0;
  return () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.spyOn(console, "error").mockImplementation(() => {});
    const w = createWorld();
    // Every step starts with an object that knows nothing but its store.
    const at = async (step: () => Promise<unknown>): Promise<void> => {
      await step();
      await w.settle();
      await w.evictAll();
    };
    // Storage outlives a test in some worlds.
    names += 1;
    return { w, a: `${name}-${names}`, at };
  };
}

export async function texts(w: ContractWorld, actor: string): Promise<unknown[]> {
  const [table] = await w.query(actor, "SELECT count(*) AS n FROM sqlite_master WHERE name = 'note'");
  return table?.n ? (await w.query(actor, "SELECT text FROM note ORDER BY n")).map((row) => row.text) : [];
}

export const event = (id: number, to: string, message: TestEvent, from = "client/1") => ({ from, id, to: `actor/${to}`, message });

export async function readCount(w: ContractWorld, actor: string): Promise<number> {
  const view = await w.read(actor);
  return (view?.context as { n: number } | undefined)?.n ?? Number.NaN;
}

/** Waits for what another object does, turn by turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 5_000) throw new Error("it never came to be");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
