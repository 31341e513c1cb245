import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../src/worker/index.ts";
import { placement } from "./actors.ts";

test("[API20] the Worker answers that it is healthy", async () => {
  const response = await exports.default.fetch("http://nerveflare.test/healthz");
  expect(response.status).toBe(200);
});

test("[PLACE11] the cron trigger of a server of the other placement deletes nothing", async () => {
  const keep = (value: string) => env.DB.prepare("INSERT OR REPLACE INTO placement (one, placement) VALUES (1, ?)").bind(value).run();
  const run = () => worker.scheduled({ scheduledTime: Date.now(), cron: "* * * * *", noRetry: () => {} }, env as never);
  const left = async () => (await env.DB.prepare("SELECT count(*) AS n FROM enrolment").first<{ n: number }>())?.n;
  await env.DB.prepare("INSERT INTO enrolment VALUES ('e1', 'h', 'bob', '[]', NULL, NULL, 'root', 0, 1, NULL)").run();
  await keep(placement === "own" ? "cell" : "own");
  await expect(run()).rejects.toThrow("NERVEFLARE_PLACEMENT");
  expect(await left()).toBe(1);
  await keep(placement);
  await run();
  expect(await left()).toBe(0);
});
