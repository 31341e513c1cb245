/** What an agent posts, judged before anything is stored: shape, kind, size, source. Knows the wire, not the store. */

import type * as z from "zod";
import { mayReferToArtifacts } from "../../contract/artifact.ts";
import { type CloudEvent, parsePostedEvent } from "../../contract/event.ts";
import { exceedsDepth } from "../../contract/exceeds-depth.ts";
import { formatTime } from "../../contract/format-time.ts";
import {
  type AgentKind,
  agentKinds,
  isThreadKind,
  type OwnKind,
  type ThreadEvent,
  type ThreadKind,
} from "../../contract/kinds/agent-kinds.ts";
import { countBytes, exceedsBytes, limits } from "../../contract/limits.ts";
import { type Problem, type Result, refuse, succeed } from "../../contract/problem.ts";
import { createQuickParser } from "../../contract/quick-parser.ts";
import type { AgentCard } from "../../contract/views/agent.ts";
import { dropDepth } from "../routing/chain-depth.ts";
import { continueTrace, dropBadTrace } from "../trace/trace-ids.ts";
import { hashJson } from "./hash-json.ts";
import { mayBeRounded, roundedNote } from "./rounded-numbers.ts";

/** An event that may be stored, and the hash by which a repeat of it is known. */
export type JudgedEvent = KeptEvent | JudgedThreadEvent;

/** One that the sender's own object keeps. */
export interface KeptEvent {
  event: CloudEvent;
  /** Its data may name artifacts. */
  refers: boolean;
  /** Its `data` is of this kind's shape. */
  kind: OwnKind | null;
  hash: string;
  /** What its sender is told beside its acceptance. */
  notes: string[];
}

/** One that the thread it names takes. */
export interface JudgedThreadEvent {
  event: ThreadEvent;
  refers: boolean;
  kind: ThreadKind;
  hash: string;
  notes: string[];
}

const parseData = Object.fromEntries(Object.entries(agentKinds).map(([kind, { data }]) => [kind, createQuickParser<z.ZodType>(data)])) as {
  [Kind in AgentKind]: (value: unknown) => z.ZodSafeParseResult<unknown>;
};

/**
 * @param raw what was posted
 * @param source the sender's own: `/agents/<id>`, `/operators/<name>` or `/hooks/<name>`
 * @param now milliseconds since the epoch
 */
export function judgeEvent(raw: unknown, source: string, card: AgentCard, now: number): Result<JudgedEvent> {
  if (exceedsDepth(raw, limits.dataDepth + 1))
    return refuse("malformed", `An event's data nests at most ${limits.dataDepth} levels.`, { limit: limits.dataDepth });
  const text = JSON.stringify(raw) ?? "null";
  if (exceedsBytes(text, limits.eventBytes))
    return refuse(
      "too_large",
      `An event has at most ${limits.eventBytes} bytes; this one has ${countBytes(text)}. What is larger is uploaded as an artifact, and named.`,
      {
        limit: limits.eventBytes,
      },
    );
  const parsed = parsePostedEvent(raw);
  if (!parsed.success) return malformed("The event is not a CloudEvent as this server takes them", parsed.error);
  const { type } = parsed.data;
  if (type.startsWith("xstate.")) return refuse("unknown_kind", "Nobody may send xstate.* events.");
  const kind = Object.hasOwn(agentKinds, type) ? (type as AgentKind) : null;
  if (type.startsWith("nerve.") && !kind)
    return refuse("unknown_kind", `Agents may send of nerve.* only: ${Object.keys(agentKinds).join(", ")}.`);
  if (card.kinds && !kind && !card.kinds.includes(type))
    return refuse("forbidden", `This agent may not send ${type}; an operator can grant it.`);
  if (parsed.data.source !== undefined && parsed.data.source !== source)
    return refuse("source_mismatch", `The token names ${source}; leave source out or set it to that.`);
  if (kind) {
    const data = parseData[kind](parsed.data.data ?? {});
    if (!data.success) return malformed(`The data of ${kind} does not fit`, data.error);
    parsed.data.data = data.data as never;
  }
  const hash = hashJson(raw);
  // It is nobody else's: it was made by parsing.
  const event = dropDepth(parsed.data) as CloudEvent;
  event.source = source;
  event.time ??= formatTime(now);
  const refers = mayReferToArtifacts(text);
  const notes = mayBeRounded(raw, text) ? [roundedNote] : [];
  if (kind === null || !isThreadKind(kind)) return succeed({ event: continueTrace(event), refers, kind, hash, notes });
  // Thread-bound events without a trace get their thread's, where it is known. Their data was parsed by their kind.
  return succeed({ event: dropBadTrace(event) as ThreadEvent, refers, kind, hash, notes });
}

/** The hash by which repeats were known once, and still are of what was sent before: it depends on the order of members. */
export async function hashAsSent(raw: unknown): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(raw))));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function malformed(what: string, error: z.ZodError): { ok: false; problem: Problem } {
  const errors = error.issues.slice(0, 10).map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  const [first] = errors;
  return refuse("malformed", `${what}: ${first?.path ? `${first.path}: ` : ""}${first?.message ?? "unknown"}.`, { errors });
}
