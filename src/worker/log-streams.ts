/**
 * How a question to the log is answered: by which index, and which of its conditions are looked up in each row that the index gives.
 * Knows SQL, neither the database nor HTTP.
 */
import { isIndexedKind, takesCommonKinds } from "../durable/projector/common-kinds.ts";
import type { LogTable } from "../durable/projector/prune-log.ts";

export interface LogFilter {
  /** A kind, or a prefix `x.*`. */
  type?: string | undefined;
  source?: string | undefined;
  correlationid?: string | undefined;
  causationid?: string | undefined;
}

/** A condition on a row `e`, and what it binds. */
export type Condition = [sql: string, ...values: (string | number)[]];

/** One value of one index, and so rows in the order of their positions; null: all rows. */
export type Stream = { by: "thread" | "correlation" | "source" | "type"; value: string } | null;

export interface LogPlan {
  streams: Stream[];
  /** The threads that this agent takes part in give rows too. */
  threadsOf?: string;
  /** What is looked up in each row. None: what the streams give is the answer. */
  rest: Condition[];
}

/** @returns the condition that an index answers */
export function matchStream(stream: Stream, table: LogTable): Condition {
  if (!stream) return ["true"];
  const { by, value } = stream;
  const isPartial = table === "log_entry" && (by === "source" || by === "type");
  return [`${isPartial ? `by_${by} = 1 AND ` : ""}${by} = ?`, value];
}

/** What an agent may see: what it sent, and what belongs to a thread it takes part in. By row, since it takes part in many. */
export function limitRows(viewer: string): Condition {
  return [
    `(e.source = ?
      OR EXISTS (SELECT 1 FROM thread t CROSS JOIN thread_agent a ON a.agent = ? AND a.thread = t.position WHERE t.id = e.thread)
      OR EXISTS (SELECT 1 FROM thread_audience a WHERE a.agent = ? AND a.thread = e.thread))`,
    `/agents/${viewer}`,
    viewer,
    viewer,
  ];
}

function matchType(type: string): Condition {
  if (!type.endsWith(".*")) return ["e.type = ?", type];
  const prefix = type.slice(0, -1);
  // "/" is what follows ".".
  return ["e.type >= ? AND e.type < ?", prefix, `${prefix.slice(0, -1)}/`];
}

/**
 * @param viewer null for an operator
 * @param kinds of a prefix, those that the log has; undefined: there are too many, or not all are indexed
 */
export function planLog(filter: LogFilter, viewer: string | null, kinds?: readonly string[]): LogPlan {
  const { type, source, correlationid, causationid } = filter;
  const own = `/agents/${viewer}`;
  const types = type?.endsWith(".*") ? kinds : type !== undefined && isIndexedKind(type) ? [type] : undefined;
  const matches: { [name: string]: Condition | undefined } = {
    type: type === undefined ? undefined : matchType(type),
    source: source === undefined ? undefined : ["e.source = ?", source],
    cause: causationid === undefined ? undefined : ["e.cause = ?", causationid],
    viewer: viewer === null || source === own ? undefined : limitRows(viewer),
  };
  const rest = (...names: string[]): Condition[] => names.flatMap((name) => (matches[name] ? [matches[name]] : []));

  if (correlationid !== undefined) {
    const streams = (["thread", "correlation"] as const).map((by) => ({ by, value: correlationid }));
    return { streams, rest: rest("type", "source", "cause", "viewer") };
  }
  if (types) return { streams: types.map((value) => ({ by: "type", value })), rest: rest("source", "cause", "viewer") };
  if (source !== undefined) {
    // A thread's own events are found by their thread.
    const thread = /^\/threads\/([^/]+)$/.exec(source)?.[1];
    const streams: Stream[] = [
      { by: "source", value: source },
      ...(thread === undefined ? [] : [{ by: "thread", value: thread } as const]),
    ];
    return { streams, rest: rest("type", ...(thread === undefined ? [] : ["source"]), "cause", "viewer") };
  }
  if (viewer !== null && type === undefined && causationid === undefined)
    return { streams: [{ by: "source", value: own }], threadsOf: viewer, rest: [] };
  return { streams: [null], rest: rest("type", "cause", "viewer") };
}

/** The prefix whose kinds are worth asking for before {@link planLog}; undefined: there is none. */
export function findPrefix({ type, correlationid }: LogFilter): string | undefined {
  return type?.endsWith(".*") && correlationid === undefined && !takesCommonKinds(type) ? type.slice(0, -1) : undefined;
}
