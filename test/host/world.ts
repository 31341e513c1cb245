/** What a test does to the world that its machines run in: faults, gates, crashes. One object for the whole file: in workerd, tests and objects share an isolate. */
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";

export interface Faults {
  /** Stands between sender and receiver: may throw before or after `deliver`, or not call it. */
  transport(envelope: Envelope, deliver: () => Promise<Delivery>): Promise<Delivery>;
  /** Ends the actor's object in the middle of what it does. */
  crash(actor: string): void;
  /** A promise's work, begun in an object. */
  work(name: string, signal?: AbortSignal): Promise<unknown>;
  /** How often work of that name was begun, and how often its signal was aborted. */
  begun: Map<string, number>;
  aborted: Map<string, number>;
  /** Works that must wait, by name. */
  closed: Set<string>;
  /** Works that have begun and not ended. */
  running: Set<object>;
  readonly waiting: number;
}

export const world: Faults = {
  transport: (_, deliver) => deliver(),
  crash: () => {},
  begun: new Map(),
  aborted: new Map(),
  closed: new Set(),
  running: new Set(),
  get waiting() {
    return world.running.size;
  },
  async work(name, signal) {
    world.begun.set(name, (world.begun.get(name) ?? 0) + 1);
    signal?.addEventListener("abort", () => {
      world.aborted.set(name, (world.aborted.get(name) ?? 0) + 1);
    });
    const run = {};
    world.running.add(run);
    // Looked at again and again: in workerd a promise of one object cannot be kept by another's call.
    while (world.closed.has(name) && !signal?.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    world.running.delete(run);
    if (signal?.aborted) throw new Error("aborted");
    if (name.startsWith("fail")) throw new Error(`${name} failed`);
    return { worked: name };
  },
};

/** Between two tests. */
export function resetWorld(): void {
  world.transport = (_, deliver) => deliver();
  world.crash = () => {};
  world.closed.clear();
}
