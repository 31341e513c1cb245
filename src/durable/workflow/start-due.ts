/** Starts what a workflow's schedules have due: each run in a commit of its own. */
import type { ProjectionOutbox } from "../projector/projection-outbox.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import type { Registry } from "../registry/registry.ts";
import type { Gate } from "./gate.ts";
import type { Places } from "./places.ts";
import type { PublishedRules, Said } from "./published-rules.ts";
import type { Schedules } from "./schedules.ts";

export interface StartDuePorts {
  /** The workflow's. */
  name: string;
  registry: Pick<Registry, "reflexes">;
  rules: Pick<PublishedRules, "read">;
  gate: Gate;
  schedules: Schedules;
  places: Pick<Places, "admit">;
  projection: Pick<ProjectionOutbox, "append">;
  committer: Pick<TypedCommitter, "commit">;
  /** What a revision says holds from now on; within a transaction. */
  hold(said: Said): void;
}

/** @returns starts what is due, by the revision that is published now */
export function createStartDue(ports: StartDuePorts): () => Promise<void> {
  const { name, registry, rules, gate, schedules, places, projection, committer, hold } = ports;
  return async () => {
    if (gate.paused() || !schedules.isDue()) return;
    const published = (await registry.reflexes()).find(({ workflow }) => workflow === name);
    if (!published) {
      committer.commit(() => schedules.set([]));
      return;
    }
    const said = await rules.read(published.revision);
    if (gate.rules().revision !== published.revision) committer.commit(() => hold(said));
    for await (const { run, note } of schedules.decide({ ...published, scheduled: said.scheduled }))
      committer.commit(() => {
        if (gate.paused() || !note() || !run) return;
        const { event, verdict, message } = run;
        projection.append({ table: "event", event, thread: verdict.thread ?? null, routing: { verdicts: [verdict], recipients: [] } });
        if (message) places.admit({ type: "admit", ...message });
      });
  };
}
