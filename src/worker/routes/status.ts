/** `/v1/status` and `/v1/metrics`: how the whole is, for operators. */
import type { Hono } from "hono";
import type { PresenceState } from "../../contract/statuses.ts";
import { readMetrics } from "../../durable/projector/metrics.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import type { ReadinessReader } from "../readiness.ts";
import { countThreads, countWaits, listThreads } from "../thread-index.ts";
import { listPaused } from "../workflow-store.ts";

/** Adds the routes. */
export function addStatusRoutes(app: Hono<AppEnv>, ports: AppPorts, readiness: ReadinessReader): void {
  app.get("/v1/status", async (c) => {
    await requireOperator(c, ports);
    // Each part by itself: this is what an operator asks when one of them is broken.
    const [ready, index, log] = await Promise.all([
      readiness.read(),
      readIndex(ports.db).catch(() => null),
      ports
        .projector()
        .lag()
        .catch(() => null),
    ]);
    return c.json({
      now: new Date(ports.now()).toISOString(),
      ready,
      ...(index ?? unreadableIndex),
      log,
      // Of the isolate that answers: on one machine all that there is.
      isolate: readMetrics(),
    });
  });

  app.get("/v1/metrics", async (c) => {
    await requireOperator(c, ports);
    return c.json({ ...readMetrics() });
  });
}

/** `GET /readyz`: no token is asked for, as for `/healthz`. */
export function addReadinessRoute(app: Hono<AppEnv>, readiness: ReadinessReader): void {
  app.get("/readyz", async (c) => {
    const ready = await readiness.read();
    c.header("cache-control", "no-store");
    if (ready.status === "ready") return c.json(ready);
    c.header("retry-after", "2");
    return c.json(ready, 503);
  });
}

/** What D1 knows of the whole. */
async function readIndex(db: D1Database) {
  const count = (sql: string) => db.prepare(sql).first<{ n: number }>();
  const [threads, on, oldest, agents, workflows, presence, dead, unreachable, paused] = await Promise.all([
    countThreads(db),
    countWaits(db),
    listThreads(db, null, { waiting: "any", limit: 1 }),
    count("SELECT count(*) AS n FROM agent WHERE state = 'active'"),
    count("SELECT count(*) AS n FROM workflow WHERE published = 1"),
    countPresence(db),
    count("SELECT count(*) AS n FROM parked WHERE gone = 0"),
    readUnreachable(db),
    listPaused(db),
  ]);
  const [first] = oldest.threads;
  return {
    threads,
    oldestWaitingSince: first?.waiting?.since ?? null,
    waiting: {
      oldest: first ? { thread: first.id, workflow: first.workflow, status: first.status, ...first.waiting } : null,
      on,
    },
    deadLetters: dead?.n ?? 0,
    // What `deadLetters` was called before; clients may read it.
    parked: dead?.n ?? 0,
    unreachable,
    agents: { registered: agents?.n ?? 0, ...presence },
    workflows: { published: workflows?.n ?? 0, paused },
  };
}

/** The same while D1 cannot be read: null is "not known". */
const unreadableIndex: { [Part in keyof Awaited<ReturnType<typeof readIndex>>]: null } = {
  threads: null,
  oldestWaitingSince: null,
  waiting: null,
  deadLetters: null,
  parked: null,
  unreachable: null,
  agents: null,
  workflows: null,
};

/** Agents by whether they are there, as their objects last said. */
async function countPresence(db: D1Database): Promise<Record<PresenceState, number> & { ignoring: number }> {
  const counts: Record<PresenceState, number> & { ignoring: number } = { online: 0, away: 0, lost: 0, ignoring: 0 };
  const { results } = await db
    .prepare(
      "SELECT p.state, count(*) AS n, count(*) FILTER (WHERE p.ignores > 0) AS ignoring FROM agent_presence p JOIN agent a ON a.id = p.agent AND a.state = 'active' GROUP BY p.state",
    )
    .all<{ state: PresenceState; n: number; ignoring: number }>()
    // A database that is a migration behind knows nobody.
    .catch(() => ({ results: [] }));
  for (const { state, n, ignoring } of results) {
    counts[state] = n;
    if (state === "online") counts.ignoring = ignoring;
  }
  return counts;
}

/** Receivers that objects cannot reach, the longest first: how many messages wait for each, and of how many senders. */
async function readUnreachable(
  db: D1Database,
): Promise<{ receiver: string; senders: number; messages: number; since: string; error: string }[]> {
  const { results } = await db
    .prepare(
      `SELECT receiver, count(*) AS senders, sum(messages) AS messages, min(since) AS since, error FROM unreachable
       WHERE messages > 0 GROUP BY receiver ORDER BY min(since) LIMIT 20`,
    )
    .all<{ receiver: string; senders: number; messages: number; since: number; error: string }>()
    // A database that is a migration behind knows of none.
    .catch(() => ({ results: [] }));
  return results.map((row) => ({ ...row, since: new Date(row.since).toISOString() }));
}
