/** Webhooks in the real runtime: from an event to a receiver that checks the signature with the official package, over restarts. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook as Receiver } from "standardwebhooks";
import { afterEach, expect, test, vi } from "vitest";
import { encodeRow, prepareProjection } from "../../src/durable/projector/projection-statements.ts";
import { evictActor, listTables, readAlarm, ringActor } from "./actors.ts";
import { call, join } from "./stage.ts";

afterEach(() => void vi.restoreAllMocks());

interface Got {
  id: string;
  type: string;
  signatures: number;
}

/** Stands where the network begins. @param secrets that the receiver takes: each must fit */
function receive(answer: (got: Got) => number, secrets: string[]): Got[] {
  const got: Got[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    for (const secret of secrets) new Receiver(secret).verify(init?.body as string, headers);
    const { type } = JSON.parse(init?.body as string) as { type: string };
    const request = { id: headers["webhook-id"] ?? "", type, signatures: headers["webhook-signature"]?.split(" ").length ?? 0 };
    got.push(request);
    return new Response(null, { status: answer(request) });
  });
  return got;
}

async function add(kinds: string[]): Promise<{ id: string; secret: string }> {
  const { status, body } = await call("POST", "/v1/webhooks", { body: { url: "https://hooks.example.com/nerve", kinds } });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

const standing = async (id: string) => (await call("GET", `/v1/webhooks/${id}`)).body.standing;

/** Waits for what must become so, ringing an alarm that is set for later. */
const until = (hold: () => unknown): Promise<unknown> => vi.waitFor(hold, { timeout: 20_000, interval: 50 });

test("[HOOK3] an event that is posted reaches its receiver, signed, and no other event does", async () => {
  const { id, secret } = await add(["hook.one", "hook.sub.*"]);
  const got = receive(() => 204, [secret]);
  const player = await join("hook-sender", []);
  await player.say("hook.one", { n: 1 });
  await player.say("hook.other", {});
  await player.say("hook.sub.two", {});
  await until(() => expect(got.map(({ type }) => type).sort()).toEqual(["hook.one", "hook.sub.two"]));
  await until(async () => expect(await standing(id)).toMatchObject({ state: "active", delivered: 2, pending: 0 }));
});

test("[HOOK6] what failed is kept over an eviction of all objects, and sent again under the same id", async () => {
  const { id, secret } = await add(["hook.fails"]);
  let status = 500;
  const got = receive(() => status, [secret]);
  const player = await join("hook-failing", []);
  await player.say("hook.fails", {});
  await until(async () => expect(await standing(id)).toMatchObject({ state: "failing", pending: 1, lastError: "answered 500" }));
  await evictAllDurableObjects();
  const alarm = await readAlarm("webhook", id);
  expect(alarm).toBeGreaterThan(Date.now() - 1000);
  status = 200;
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10_000 });
  try {
    // Its own alarm may have come first.
    await ringActor("webhook", id);
    await until(async () => expect(await standing(id)).toMatchObject({ state: "active", pending: 0, delivered: 1 }));
  } finally {
    vi.useRealTimers();
  }
  expect(new Set(got.map(({ id: each }) => each)).size).toBe(1);
});

test("[HOOK14] what is written while its object is out of memory is sent", async () => {
  const { id, secret } = await add(["hook.late"]);
  const got = receive(() => 200, [secret]);
  const player = await join("hook-late", []);
  await player.say("hook.late", { n: 1 });
  await until(() => expect(got).toHaveLength(1));
  await evictActor("webhook", id);
  await player.say("hook.late", { n: 2 });
  await until(() => expect(got).toHaveLength(2));
});

test("[HOOK29] an event of whose writing nobody told is sent once the projector's alarm rings, though nothing more is written", async () => {
  const { id, secret } = await add(["hook.untold"]);
  const got = receive(() => 200, [secret]);
  const player = await join("hook-untold", []);
  let count = 0;
  do {
    await player.say("hook.untold", {});
    await until(() => expect(got.length).toBeGreaterThan(count));
    count = got.length;
    // Dead after the write, before anybody was told: only the mark is left. Where that was taken away meanwhile, all over again.
    await evictActor("projector", "log");
    const event = {
      specversion: "1.0" as const,
      id: `untold-${count}`,
      source: "/agents/nobody",
      type: "hook.untold",
      time: "2026-11-26T08:00:00Z",
    };
    const { DB } = env as unknown as { DB: D1Database };
    await DB.batch(prepareProjection(DB, [encodeRow({ table: "event", thread: null, event: { ...event, data: {} } })]));
  } while (!(await ringActor("projector", "log")));
  await until(() => expect(got.length).toBeGreaterThan(count));
  await until(async () => expect(await standing(id)).toMatchObject({ pending: 0, failures: 0 }));
});

test("[HOOK12] both secrets sign after a new one was given", async () => {
  const { id, secret } = await add(["hook.rotated"]);
  const { body } = await call("POST", `/v1/webhooks/${id}/secret`, { body: {} });
  const got = receive(() => 200, [secret, body.secret]);
  const player = await join("hook-rotated", []);
  await player.say("hook.rotated", {});
  await until(() => expect(got).toMatchObject([{ signatures: 2 }]));
});

test("[HOOK9] events are sent again from a position", async () => {
  const { id, secret } = await add(["hook.again"]);
  const got = receive(() => 200, [secret]);
  const player = await join("hook-again", []);
  await player.say("hook.again", {});
  await until(() => expect(got).toHaveLength(1));
  expect((await call("POST", `/v1/webhooks/${id}/replay`, { body: { after: 0 } })).body).toEqual({ from: 0, deadLetters: 0 });
  await until(() => expect(got).toHaveLength(2));
  expect(got[1]?.id).toBe(got[0]?.id);
});

test("[HOOK11] a receiver that says it is gone is asked no more until it is resumed", async () => {
  const { id, secret } = await add(["hook.gone"]);
  let status = 410;
  const got = receive(() => status, [secret]);
  const player = await join("hook-gone", []);
  await player.say("hook.gone", { n: 1 });
  await until(async () => expect(await standing(id)).toMatchObject({ state: "stopped", reason: expect.stringContaining("410") }));
  await player.say("hook.gone", { n: 2 });
  status = 200;
  await call("POST", `/v1/webhooks/${id}/resume`);
  await until(() => expect(got).toHaveLength(3));
});

test("[HOOK15] removed, it sends nothing and stores nothing", async () => {
  const { id, secret } = await add(["hook.removed"]);
  const got = receive(() => 200, [secret]);
  expect((await call("DELETE", `/v1/webhooks/${id}`)).status).toBe(204);
  const player = await join("hook-removed", []);
  await player.say("hook.removed", {});
  await until(async () => expect((await call("GET", "/v1/events?type=hook.removed")).body.events).toHaveLength(1));
  expect(got).toEqual([]);
  expect(await listTables("webhook", id)).toEqual([]);
});
