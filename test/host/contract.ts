/** What the actor host promises, rule by rule (docs/actor-host.md), run against any world. */
import { afterEach, describe, vi } from "vitest";
import { testChildren } from "./contract/children.ts";
import { testDeadLetters } from "./contract/dead-letters.ts";
import { testEvents } from "./contract/events.ts";
import { testOutbox } from "./contract/outbox.ts";
import { testPromises } from "./contract/promises.ts";
import { testSnapshots } from "./contract/snapshots.ts";
import { createStages } from "./contract/stage.ts";
import { testTimers } from "./contract/timers.ts";
import type { ContractWorld } from "./contract-world.ts";
import { resetWorld } from "./world.ts";

/** @param createWorld called once per test */
export function describeHost(name: string, createWorld: () => ContractWorld): void {
  const open = createStages(name, createWorld);
  describe(name, () => {
    afterEach(() => {
      resetWorld();
      vi.restoreAllMocks();
    });

    testEvents(open);
    testOutbox(open);
    testChildren(open);
    testTimers(open);
    testPromises(open);
    testDeadLetters(open);
    testSnapshots(open);
  });
}
