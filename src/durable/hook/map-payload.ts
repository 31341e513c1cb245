/** What a hook's map makes of a payload: events, or nothing. Bounded, whatever the payload; errors are data. Knows no store. */
import * as z from "zod";
import { evaluateExpression } from "../../compile/decide/expression.ts";
import { type Json, kindPattern } from "../../contract/event.ts";
import { limits } from "../../contract/limits.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { HookTrial, MappedEvent } from "../../contract/views/hook.ts";
import { hookLimits } from "./hook-limits.ts";
import type { Payload } from "./read-payload.ts";

const members = ["kind", "data", "to", "subject"] as const satisfies readonly (keyof MappedEvent)[];

const made = z.strictObject({
  kind: z.string().regex(kindPattern, "dotted segments of a-z 0-9 _ -, at most 128 characters"),
  data: z.custom<Json>().optional(),
  to: z.string().min(1).max(limits.toLength).optional(),
  subject: z.string().min(1).max(limits.attributeLength).optional(),
});

/** Whether a hook may make events of a kind: the kinds that it lists, and prefixes `x.*`. */
export function mayMake(kinds: readonly string[], kind: string): boolean {
  return kinds.some((each) => each === kind || (each.endsWith(".*") && kind.startsWith(each.slice(0, -1))));
}

/**
 * Evaluates the map.
 * @returns refused as `mapping_failed`, with what the map's author is to change
 */
export async function mapPayload(map: string, kinds: readonly string[], payload: Payload): Promise<Result<HookTrial>> {
  const found = await evaluateExpression(map, payload);
  if (!found.ok) return fail(`The map failed: ${found.error.message}.`);
  const { value } = found;
  if (value === undefined || (Array.isArray(value) && value.length === 0))
    return succeed({ status: "ignored", reason: `the map makes nothing of ${describe(payload)}` });
  const list = Array.isArray(value) ? value : [value];
  if (list.length > hookLimits.events) return fail(`The map made ${list.length} events of one delivery; ${hookLimits.events} are allowed.`);
  const events: MappedEvent[] = [];
  for (const [index, each] of list.entries()) {
    const which = Array.isArray(value) ? `The event ${index + 1} of the map` : "What the map made";
    const parsed = made.safeParse(each);
    if (!parsed.success) return fail(`${which} is no event: ${explain(each, parsed.error)}.`);
    const { kind, data, to, subject } = parsed.data;
    if (!mayMake(kinds, kind)) return fail(`${which} is of the kind ${kind}; this hook may make ${kinds.join(", ")}.`);
    events.push({ kind, ...(data !== undefined && { data }), ...(to !== undefined && { to }), ...(subject !== undefined && { subject }) });
  }
  return succeed({ status: "accepted", events });
}

function fail(detail: string): ReturnType<typeof refuse> {
  return refuse("mapping_failed", detail.slice(0, hookLimits.detail));
}

function describe({ event }: Payload): string {
  return typeof event === "string" ? `the event ${event.slice(0, 100)}` : "this delivery";
}

function explain(value: Json, error: z.ZodError): string {
  const [issue] = error.issues;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `it is ${Array.isArray(value) ? "a list in a list" : JSON.stringify(value).slice(0, 100)}, and an event is \`{"kind": …, "data": …}\``;
  if (issue?.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const near = key === "type" ? "kind" : findNearestName(key, members);
    return `it has \`${key.slice(0, 100)}\`, and an event has ${members.join(", ")}${near === undefined ? "" : `: did you mean \`${near}\`?`}`;
  }
  const path = issue?.path.join(".") ?? "";
  return path === "kind" && value["kind"] === undefined ? "it has no `kind`" : `\`${path}\`: ${issue?.message ?? "it does not fit"}`;
}
