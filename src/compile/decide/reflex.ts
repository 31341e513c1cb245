/** Evaluates reflexes: which events start, signal or publish, under which key. Pure, and errors are data. */
import type { Json } from "../../contract/event.ts";
import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import type { ReflexIr } from "../ir.ts";
import { evaluateEmits } from "./effects.ts";
import { type EvaluationError, evaluateExpression, isTruthy } from "./expression.ts";
import type { EvaluatedEmit } from "./view.ts";

export { matchesKind };

/** An event as expressions see it: with `agent`, the sender's id. */
export interface ReflexEvent {
  type: string;
  agent?: Json;
  data?: Json;
  [attribute: string]: Json | undefined;
}

/** A reflex's verdict on an event. */
export type ReflexVerdict =
  | { fires: false; why: "kind" | "when" }
  /** A missing part or an empty key starts nothing. */
  | { fires: false; why: "key"; message: string }
  | { fires: true; key: string | null; priority: number; emits: EvaluatedEmit[] };

/** The verdict, or what went wrong in the author's expressions. */
export type ReflexResult = { ok: true; verdict: ReflexVerdict } | { ok: false; error: EvaluationError };

/** Characters of a key: it is an id in the index. */
const keyLength = 1024;

function readPart(value: Json | undefined): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" && value.length <= keyLength ? value : undefined;
}

/** Reads a key of several parts as one, which other parts can not give by chance. */
async function readKey(
  expressions: string[],
  event: ReflexEvent,
): Promise<{ ok: true; key: string | null } | { ok: false; error: EvaluationError }> {
  const parts: string[] = [];
  for (const expression of expressions) {
    const seen = await evaluateExpression(expression, event, { event });
    if (!seen.ok) return seen;
    const part = readPart(seen.value);
    if (part === undefined) return { ok: true, key: null };
    parts.push(part);
  }
  const [only] = parts;
  return { ok: true, key: parts.length === 1 && only !== undefined ? inOnePiece(only) : JSON.stringify(parts) };
}

/** Evaluates one reflex over an event that was accepted. */
export async function evaluateReflex(reflex: ReflexIr, event: ReflexEvent): Promise<ReflexResult> {
  if (!matchesKind(reflex.on, event.type)) return { ok: true, verdict: { fires: false, why: "kind" } };
  if (reflex.when !== undefined) {
    const seen = await evaluateExpression(reflex.when, event, { event });
    if (!seen.ok) return seen;
    if (!isTruthy(seen.value)) return { ok: true, verdict: { fires: false, why: "when" } };
  }
  if (reflex.kind === "emit") {
    const emits = await evaluateEmits(reflex.emit, {
      evaluate: (source) => evaluateExpression(source, event, { event }),
      scope: { ...event, _event: event },
    });
    return emits.ok ? { ok: true, verdict: { fires: true, key: null, priority: 0, emits: emits.emits } } : emits;
  }
  let key: string | null = null;
  if (reflex.key && reflex.key.length > 0) {
    const read = await readKey(reflex.key, event);
    if (!read.ok) return read;
    if (read.key === null)
      return {
        ok: true,
        verdict: { fires: false, why: "key", message: `a part of the key (${reflex.key.join(", ")}) is missing or empty` },
      };
    key = read.key;
  }
  let priority = 0;
  if (reflex.kind === "workflow" && reflex.priority !== undefined) {
    const seen = await evaluateExpression(reflex.priority, event, { event });
    if (!seen.ok) return seen;
    priority = typeof seen.value === "number" ? seen.value : 0;
  }
  return { ok: true, verdict: { fires: true, key, priority, emits: [] } };
}
