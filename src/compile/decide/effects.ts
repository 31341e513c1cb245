/** Evaluates what an edge or a reflex publishes and spawns. */
import type { Json } from "../../contract/event.ts";
import type { EmitIr, Expression, Payload, SpawnIr } from "../ir.ts";
import type { Evaluated, EvaluationError } from "./expression.ts";
import { renderStrings, renderTemplate, type TemplateScope } from "./template.ts";
import type { EvaluatedEmit, EvaluatedSpawn } from "./view.ts";

/** How the payloads of one place are evaluated. */
export interface PayloadContext {
  evaluate(source: Expression): Promise<Evaluated>;
  scope: TemplateScope;
}

type Failed = { ok: false; error: EvaluationError };

async function evaluatePayload(payload: Payload | undefined, context: PayloadContext): Promise<Evaluated> {
  if (!payload) return { ok: true, value: undefined };
  if (payload.kind === "expression") return context.evaluate(payload.source);
  return payload.liquid ? renderStrings(payload.value, context.scope) : { ok: true, value: payload.value };
}

/** The events that are to be published, in the author's order. */
export async function evaluateEmits(emits: EmitIr[], context: PayloadContext): Promise<{ ok: true; emits: EvaluatedEmit[] } | Failed> {
  const evaluated: EvaluatedEmit[] = [];
  for (const emit of emits) {
    const data = await evaluatePayload(emit.data, context);
    if (!data.ok) return data;
    const to = emit.to ? await renderTemplate(emit.to, context.scope) : undefined;
    if (to && !to.ok) return to;
    const text = to?.text.trim();
    evaluated.push({ kind: emit.kind, ...(data.value === undefined ? {} : { data: data.value }), ...(text ? { to: text } : {}) });
  }
  return { ok: true, emits: evaluated };
}

/** The children that are to be started: one per item where the input is a list. */
export async function evaluateSpawns(spawns: SpawnIr[], context: PayloadContext): Promise<{ ok: true; spawns: EvaluatedSpawn[] } | Failed> {
  const evaluated: EvaluatedSpawn[] = [];
  for (const spawn of spawns) {
    const input = await evaluatePayload(spawn.input, context);
    if (!input.ok) return input;
    const inputs: (Json | undefined)[] = Array.isArray(input.value) ? input.value : [input.value];
    for (const one of inputs)
      evaluated.push({
        workflow: spawn.workflow,
        ...(one === undefined ? {} : { input: one }),
        ...(spawn.await === undefined ? {} : { await: spawn.await }),
      });
  }
  return { ok: true, spawns: evaluated };
}
