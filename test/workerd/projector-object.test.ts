/** The projector in the real runtime: many callers' rows in few batches, each answered after its rows are in D1. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readMetrics } from "../../src/durable/projector/metrics.ts";
import type { ProjectionRow, ProjectorRpc } from "../../src/durable/protocol/projector.ts";

const namespace = env.PROJECTOR as unknown as { getByName(name: string): ProjectorRpc };

function eventRow(type: string, id: string, data: string | null = null): ProjectionRow {
  return {
    table: "event",
    thread: null,
    event: { specversion: "1.0", id: `${type}.${id}`, source: "/agents/a", type, time: "2026-11-20T12:00:00Z", data },
  };
}

async function count(type: string): Promise<number | undefined> {
  return (await env.DB.prepare("SELECT count(*) AS n FROM log_entry WHERE type = ?").bind(type).first<{ n: number }>())?.n;
}

test("[LOG2] an answered row is in D1, and a row sent again changes nothing", async () => {
  const projector = namespace.getByName("answered");
  await projector.project([eventRow("answered", "1"), eventRow("answered", "2")]);
  expect(await count("answered")).toBe(2);
  await projector.project([eventRow("answered", "2"), eventRow("answered", "3")]);
  expect(await count("answered")).toBe(3);
});

test("[LOG8] two hundred callers at once cost far fewer batches", async () => {
  const projector = namespace.getByName("many");
  const before = readMetrics().commits.d1;
  await Promise.all(Array.from({ length: 200 }, (_, index) => projector.project([eventRow("many", `${index}`)])));
  expect(await count("many")).toBe(200);
  expect(readMetrics().commits.d1 - before).toBeLessThan(100);
});

test("[LOG8] rows at the largest that an event may be go through", async () => {
  const projector = namespace.getByName("large");
  await projector.project(Array.from({ length: 8 }, (_, index) => eventRow("large", `${index}`, "x".repeat(256 * 1024))));
  expect(await count("large")).toBe(8);
});

test("[LOG11] after eviction it goes on, for it keeps nothing", async () => {
  const projector = namespace.getByName("evicted");
  await projector.project([eventRow("evicted", "1")]);
  await evictDurableObject(projector as unknown as DurableObjectStub);
  await projector.project([eventRow("evicted", "2")]);
  expect(await count("evicted")).toBe(2);
});
