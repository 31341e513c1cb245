/** What the log has for a webhook: the log is its queue, so nothing is kept twice, and what waits is bounded by retention alone. */
import type { CloudEvent } from "../../contract/event.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import type { EventFilter } from "../protocol/webhook.ts";
import { webhookLimits } from "./webhook-limits.ts";

export interface MatchingPage {
  events: LogEntry[];
  /** The position up to which all was looked at. */
  through: number;
  /** There may be more behind it. */
  more: boolean;
  /** What is next can't be judged yet: its thread is not in the index. */
  waits: boolean;
}

interface Row {
  position: number;
  body: string;
  recorded: number;
  workflow: string | null;
}

type Condition = [sql: string, ...values: string[]];

/**
 * The events after a position that fit, oldest first.
 * @param now milliseconds since 1970
 */
export async function readMatching(
  db: D1Database,
  filter: EventFilter,
  { after, limit, now }: { after: number; limit: number; now: number },
): Promise<MatchingPage> {
  const conditions = listConditions(filter);
  const [last, found] = await db.batch<Row>([
    db.prepare("SELECT max((SELECT position FROM log_start), coalesce((SELECT max(position) FROM log_entry), 0)) AS position"),
    db
      .prepare(
        `SELECT e.position, e.body, e.recorded_at AS recorded, (SELECT t.workflow FROM thread t WHERE t.id = e.thread) AS workflow
         FROM log_entry e WHERE e.position > ? AND e.position <= ? AND ${conditions.map(([sql]) => sql).join(" AND ")}
         ORDER BY e.position LIMIT ?`,
      )
      .bind(after, after + webhookLimits.positions, ...conditions.flatMap(([, ...values]) => values), limit),
  ]);
  const newest = last?.results[0]?.position ?? after;
  const rows = found?.results ?? [];
  const events: LogEntry[] = [];
  for (const { position, body, recorded, workflow } of rows) {
    // The thread's part that says so first may be written later than what another part says.
    if (filter.workflow !== null && workflow === null) {
      if (recorded > now - webhookLimits.indexLag) return { events, through: position - 1, more: true, waits: true };
      continue;
    }
    events.push({ position, event: JSON.parse(body) as CloudEvent });
  }
  const isFull = rows.length === limit;
  const through = isFull ? (rows.at(-1)?.position ?? after) : Math.max(after, Math.min(newest, after + webhookLimits.positions));
  return { events, through, more: through < newest, waits: false };
}

/** The events at these positions, those that there are still. */
export async function readAt(db: D1Database, positions: readonly number[]): Promise<LogEntry[]> {
  const { results } = await db
    .prepare("SELECT position, body FROM log_entry WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position")
    .bind(JSON.stringify(positions))
    .all<Pick<Row, "position" | "body">>();
  return results.map(({ position, body }) => ({ position, event: JSON.parse(body) as CloudEvent }));
}

function listConditions({ kinds, workflow, role, agent, thread }: EventFilter): Condition[] {
  const exact = kinds.filter((kind) => !kind.endsWith("*"));
  const prefixes = kinds.filter((kind) => kind.endsWith("*")).map((kind) => kind.slice(0, -1));
  return [
    [
      `(e.type IN (SELECT value FROM json_each(?))
        OR EXISTS (SELECT 1 FROM json_each(?) p WHERE substr(e.type, 1, length(p.value)) = p.value))`,
      JSON.stringify(exact),
      JSON.stringify(prefixes),
    ],
    ...(workflow === null
      ? []
      : ([
          ["e.thread IS NOT NULL AND coalesce((SELECT t.workflow FROM thread t WHERE t.id = e.thread), ?) = ?", workflow, workflow],
        ] as Condition[])),
    ...(thread === undefined ? [] : ([["(e.thread = ? OR e.correlation = ?)", thread, thread]] as Condition[])),
    ...(role === null ? [] : ([["e.body ->> '$.data.role' = ?", role]] as Condition[])),
    ...(agent === null ? [] : ([["(e.source = ? OR e.body ->> '$.data.agent' = ?)", `/agents/${agent}`, agent]] as Condition[])),
  ];
}
