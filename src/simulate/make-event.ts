/** The event that a simulated thread begins with: what the caller gave, filled up, or sampled from the workflow's `input`. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Json } from "../contract/event.ts";
import { checkSchema, describeMisfits } from "../contract/json-schema/check-schema.ts";
import { sampleSchema } from "../explore/index.ts";

/** The event, and what is to be said about it. */
export interface MadeEvent {
  event: { [key: string]: Json };
  notes: string[];
}

/**
 * @param given an event, or just its data where it has none of an event's attributes
 * @param seed of the sample
 */
export function makeEvent({ ir }: CompiledWorkflow, given: { [key: string]: Json } | undefined, seed: number): MadeEvent {
  const reflex = ir.reflexes.find(({ kind }) => kind === "workflow");
  const schedule = reflex?.kind === "workflow" ? reflex.schedule : undefined;
  const type = schedule ? "nerve.schedule.due" : (reflex?.on.find((pattern) => !pattern.endsWith("*")) ?? "simulated.requested");
  const base = { specversion: "1.0", id: "simulated", source: "/agents/initiator", type, time: "2026-01-01T00:00:00Z", agent: "initiator" };
  const notes: string[] = [];
  if (given) {
    const whole = "data" in given || "type" in given || "agent" in given;
    const event: { [key: string]: Json } = whole ? { ...base, ...given } : { ...base, data: given };
    const misfits = ir.input === undefined ? [] : checkSchema(ir.input, event["data"] ?? null);
    if (misfits.length > 0) notes.push(`the event does not fit \`input\`: ${describeMisfits(misfits, "data")}`);
    return { event, notes };
  }
  if (ir.input === undefined && schedule)
    return { event: { ...base, data: { planned: base.time, schedule: schedule.cron, timezone: schedule.timezone } }, notes };
  if (ir.input === undefined) return { event: { ...base, data: { prompt: "Do the work." } }, notes };
  const sample = sampleSchema(ir.input, seed);
  notes.push(...sample.notes.map((note) => `input: ${note}`));
  return { event: { ...base, data: sample.value }, notes };
}
