/** `/v1/status` and `/v1/metrics`: how the whole is, for operators. */
import type { Hono } from "hono";
import { readMetrics } from "../../durable/metrics.ts";
import type { AppEnv, AppPorts } from "../app-ports.ts";
import { requireOperator } from "../authenticate.ts";
import { countThreads } from "../thread-index.ts";

/** Adds the routes. */
export function addStatusRoutes(app: Hono<AppEnv>, ports: AppPorts): void {
  app.get("/v1/status", async (c) => {
    await requireOperator(c, ports);
    const [threads, registry] = await Promise.all([
      countThreads(ports.db),
      ports.db
        .prepare(
          `SELECT (SELECT count(*) FROM agent WHERE state = 'active') AS agents, (SELECT count(*) FROM workflow WHERE published = 1) AS workflows,
             (SELECT min(created_at) FROM thread WHERE status IN ('queued', 'recruiting')) AS oldest`,
        )
        .first<{ agents: number; workflows: number; oldest: string | null }>(),
    ]);
    return c.json({
      now: new Date(ports.now()).toISOString(),
      threads,
      // Of those that wait for a place or for agents.
      oldestWaitingSince: registry?.oldest ?? null,
      agents: { registered: registry?.agents ?? 0 },
      workflows: { published: registry?.workflows ?? 0 },
    });
  });

  app.get("/v1/metrics", async (c) => {
    await requireOperator(c, ports);
    return c.json({ ...readMetrics() });
  });
}
