/** Takes the words out of a replay and leaves its shapes: what the workflow itself names stays, so that it decides the same. Pure. */
import type { WorkflowIr } from "../compile/ir.ts";
import type { Json } from "../contract/event.ts";
import type { Replay } from "./replay.ts";

/** Fields of an event that say what it is, and nothing of what it is about. */
const keptAttributes = new Set(["specversion", "type", "time", "datacontenttype"]);

/**
 * Redacts event, outputs, bodies and agents: letters become `x`, digits `0`; numbers, booleans and what the workflow's own text names
 * (statuses, constants of schemas and conditions) stay. Expectations of prompts and reasons are dropped: they held the words.
 */
export function redactReplay(ir: WorkflowIr, replay: Replay): Replay {
  const source = JSON.stringify(ir);
  const agents = new Map<string, string>();
  const nameAgent = (id: string): string => {
    const known = agents.get(id) ?? `agent-${agents.size + 1}`;
    agents.set(id, known);
    return known;
  };
  const isNamed = (text: string): boolean =>
    text.length <= 128 && source.includes(JSON.stringify(text).slice(1, -1)) && isWord(text, source);
  const blank = (text: string): string => (isNamed(text) ? text : text.replaceAll(/\p{L}/gu, "x").replaceAll(/\p{N}/gu, "0"));
  const redact = (value: Json, key?: string): Json => {
    if (typeof value === "string")
      return key === "agent" || key === "missing" || key === "acked" || key === "failed" ? nameAgent(value) : blank(value);
    if (Array.isArray(value)) return value.map((item) => redact(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redact(inner, name)]));
  };
  const { event, start, steps, supplement: added, thread: _, ...rest } = replay;
  return {
    ...rest,
    event: Object.fromEntries(
      Object.entries(event).map(([name, value]) => {
        if (keptAttributes.has(name)) return [name, value];
        if (name === "agent") return [name, nameAgent(String(value))];
        return [name, name === "source" ? `/agents/${nameAgent(String(value).replace(/^\/agents\//, ""))}` : redact(value)];
      }),
    ),
    ...(start && { start: { to: start.to } }),
    ...(added !== undefined && { supplement: redact(added) }),
    steps: steps.map(({ agent, output, body, children, supplement, expect, ...step }) => ({
      ...step,
      ...(agent !== undefined && { agent: agent === null ? null : nameAgent(agent) }),
      output: redact(output) as typeof output,
      ...(body !== undefined && { body: blank(body) }),
      ...(supplement !== undefined && { supplement: redact(supplement) }),
      ...(children && { children: children.map((child) => redact(child)) }),
      ...(expect && { expect: { to: expect.to } }),
    })),
  };
}

/** Whether the text stands in the source between marks, not as a part of a longer word. */
function isWord(text: string, source: string): boolean {
  const inner = JSON.stringify(text).slice(1, -1);
  for (let at = source.indexOf(inner); at >= 0; at = source.indexOf(inner, at + 1)) {
    const [before, after] = [source[at - 1] ?? "", source[at + inner.length] ?? ""];
    if (/["'`]/.test(before) && /["'`\\]/.test(after)) return true;
  }
  return false;
}
