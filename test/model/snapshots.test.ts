/** A frozen snapshot per released version must still load, and go on as it did: threads outlive releases. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { transition } from "xstate";
import { vocabularies } from "../../machines/vocabulary.ts";
import { load } from "../unit/machines/puppet.ts";
import type { FrozenSnapshots } from "./freeze-snapshots.ts";

const folder = join(import.meta.dirname, "snapshots");
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

describe("frozen snapshots", () => {
  it("[MACH4] exist for every version of the vocabulary", () => {
    expect(files.map((file) => file.replace(".json", "").replace("-", "/")).sort()).toEqual(Object.keys(vocabularies).sort());
  });

  for (const file of files) {
    const { config, snapshots } = JSON.parse(readFileSync(join(folder, file), "utf8")) as FrozenSnapshots;
    it.each(snapshots)(`[MACH4] ${config.version}: $title`, ({ snapshot, event, value }) => {
      const machine = load(config);
      const restored = machine.restoreSnapshot(snapshot as never, { self: undefined } as never);
      const [next] = transition(machine, restored as never, event as never);
      expect(JSON.parse(JSON.stringify((next as { value: unknown }).value))).toEqual(value);
    });
  }
});
