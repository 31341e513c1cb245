/** The routes of webhooks, over fakes: what is stored, what is refused, and what their objects are told. */
import { expect, test } from "vitest";
import { webhooksAtMost } from "../../../src/worker/webhook-store.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTestApp } from "./test-app.ts";

const usual = { url: "https://example.com/hook", kinds: ["pr.*"] };

function setUp(allowsPrivateWebhooks = false) {
  const db = openSqliteD1();
  const app = createTestApp(db, { allowsPrivateWebhooks });
  const version = async () => (await db.prepare("SELECT webhooks FROM registry").first<{ webhooks: number }>())?.webhooks;
  return { ...app, db, version };
}

test("[HOOK15] a webhook is made, listed, shown and removed; its secret is shown once, and is in no answer after that", async () => {
  const { call, objects, version } = setUp();
  expect(await version()).toBe(0);
  const { status, body } = await call("POST", "/v1/webhooks", {
    body: { ...usual, kinds: ["b", "a", "b"], workflow: "w", role: "r", agent: "ann", note: "chat" },
  });
  expect(status).toBe(201);
  expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(body).toMatchObject({ kinds: ["a", "b"], links: "http://nerveflare.test", createdBy: "admin" });
  expect(objects.calls.find(({ method }) => method === "create")).toMatchObject({
    object: `webhook/${body.id}`,
    args: [{ secret: body.secret, position: 0 }],
  });
  expect(await version()).toBe(1);
  const shown = await call("GET", `/v1/webhooks/${body.id}`);
  const listed = await call("GET", "/v1/webhooks");
  const { secret, ...rest } = body;
  expect(shown.body).toMatchObject({ ...rest, standing: { state: "active" } });
  expect(listed.body).toEqual({ webhooks: [rest], next: null });
  expect(JSON.stringify([shown.body, listed.body, (await call("GET", "/v1/audit")).body])).not.toContain(secret);
  expect((await call("DELETE", `/v1/webhooks/${body.id}`)).status).toBe(204);
  expect(objects.calls.at(-1)).toMatchObject({ object: `webhook/${body.id}`, method: "remove" });
  expect(await version()).toBe(2);
  expect((await call("GET", `/v1/webhooks/${body.id}`)).status).toBe(404);
  expect((await call("DELETE", `/v1/webhooks/${body.id}`)).status).toBe(404);
});

test("[HOOK15] a removal that failed half-way is repeated: no webhook sends on that nobody can name", async () => {
  const { call, objects } = setUp();
  const { id } = (await call("POST", "/v1/webhooks", { body: usual })).body;
  objects.failures.set(`webhook/${id}.remove`, new Error("the object is elsewhere just now"));
  expect((await call("DELETE", `/v1/webhooks/${id}`)).status).toBeGreaterThanOrEqual(500);
  expect((await call("DELETE", `/v1/webhooks/${id}`)).status).toBe(204);
});

test("[HOOK15] pages go on where the one before ended, and there are a bounded number", async () => {
  const { call, objects } = setUp();
  for (let made = 0; made < webhooksAtMost; made++) await call("POST", "/v1/webhooks", { body: usual });
  const first = (await call("GET", "/v1/webhooks?limit=60")).body;
  const second = (await call("GET", `/v1/webhooks?limit=60&after=${first.next}`)).body;
  expect(new Set([...first.webhooks, ...second.webhooks].map(({ id }) => id)).size).toBe(webhooksAtMost);
  expect(second.next).toBeNull();
  expect((await call("POST", "/v1/webhooks", { body: usual })).body).toMatchObject({ code: "not_allowed_now", limit: webhooksAtMost });
  // Its object, which was made first, stores nothing.
  expect(objects.calls.at(-1)).toMatchObject({ method: "remove" });
});

test("[HOOK1] an address in a private network is refused, unless the server's operator lets webhooks go there", async () => {
  for (const url of ["https://127.0.0.1/", "https://db.internal/", "http://example.com/"])
    expect((await setUp().call("POST", "/v1/webhooks", { body: { ...usual, url } })).body).toMatchObject({
      status: 400,
      code: "malformed",
    });
  expect((await setUp(true).call("POST", "/v1/webhooks", { body: { ...usual, url: "http://127.0.0.1:9/a" } })).status).toBe(201);
});

test("[HOOK15] what is misspelt or makes no sense is refused", async () => {
  const { call, version } = setUp();
  for (const body of [
    { url: usual.url },
    { ...usual, kinds: [] },
    { ...usual, kinds: ["A b"] },
    { ...usual, kinds: ["a*"] },
    { ...usual, workflows: "w" },
    { ...usual, links: "javascript:alert(1)" },
    { ...usual, kinds: Array.from({ length: 65 }, (_, index) => `a.${index}`) },
  ])
    expect((await call("POST", "/v1/webhooks", { body })).status, JSON.stringify(body).slice(0, 100)).toBe(400);
  expect(await version()).toBe(0);
  for (const kinds of [["*"], ["nerve.*"], ["nerve.turn.assigned", "pr.*"]])
    expect((await call("POST", "/v1/webhooks", { body: { ...usual, kinds } })).status).toBe(201);
});

test("[HOOK12] a new secret is given by order, the former one signs on for a day unless it is said otherwise", async () => {
  const { call, objects } = setUp();
  const { id, secret } = (await call("POST", "/v1/webhooks", { body: usual })).body;
  const rotated = (await call("POST", `/v1/webhooks/${id}/secret`)).body;
  expect(rotated).toMatchObject({ id, formerUntil: "2026-11-21T12:00:00.000Z" });
  expect(rotated.secret).not.toBe(secret);
  expect(objects.calls.at(-1)).toMatchObject({ method: "rotate", args: [rotated.secret, 86_400_000] });
  await call("POST", `/v1/webhooks/${id}/secret`, { body: { overlapSeconds: 0 } });
  expect(objects.calls.at(-1)?.args[1]).toBe(0);
});

test("[HOOK9] an order to send again says one thing: a position, a time or dead letters", async () => {
  const { call, objects } = setUp();
  const { id } = (await call("POST", "/v1/webhooks", { body: usual })).body;
  const replay = (body: object) => call("POST", `/v1/webhooks/${id}/replay`, { body });
  for (const body of [{}, { after: 1, deadLetters: "all" }, { deadLetters: [] }, { since: "yesterday" }])
    expect((await replay(body)).status, JSON.stringify(body)).toBe(400);
  expect((await replay({ after: 7 })).body).toEqual({ from: 7, deadLetters: 0 });
  expect((await replay({ since: "2026-11-20T12:00:00+01:00" })).body).toEqual({ from: 0, deadLetters: 0 });
  expect((await replay({ deadLetters: [3] })).body).toEqual({ from: null, deadLetters: 1 });
  expect(objects.calls.at(-1)?.args).toEqual([{ deadLetters: [3] }]);
  expect((await call("GET", `/v1/webhooks/${id}/dead-letters`)).body.deadLetters).toMatchObject([{ position: 3, error: "answered 500" }]);
  expect((await call("POST", `/v1/webhooks/${id}/resume`)).body).toMatchObject({ id, standing: { state: "active" } });
  expect((await call("POST", "/v1/webhooks/none/resume")).status).toBe(404);
});

test("[HOOK30] of an address with a secret, who may only read is shown the origin, also in the audit log; who may change all sees it all", async () => {
  const { call } = setUp();
  const { token } = (await call("POST", "/v1/operators", { body: { name: "watcher", access: "read" } })).body;
  const url = "https://chat.example.com:8443/services/hidden-path?token=hidden-query";
  const { id } = (await call("POST", "/v1/webhooks", { body: { ...usual, url } })).body;
  // Refused, and in the audit log all the same.
  for (const wrong of [
    { ...usual, uri: url },
    { ...usual, url: "chat.example.com/hidden-path" },
    { ...usual, note: `to ${url}`, url },
  ])
    await call("POST", "/v1/webhooks", { body: wrong });
  const paths = [`/v1/webhooks/${id}`, "/v1/webhooks", "/v1/audit"];
  const read = async (by?: string) => Promise.all(paths.map(async (path) => (await call("GET", path, by ? { token: by } : {})).body));
  const [shown, listed, audit] = await read(token);
  const origin = "https://chat.example.com:8443";
  expect(shown).toMatchObject({ id, url: origin, urlIsOrigin: true, standing: { state: "active" } });
  expect(listed.webhooks[0]).toMatchObject({ url: origin, urlIsOrigin: true });
  expect(JSON.stringify(audit)).toContain(`"url":"${origin}"`);
  expect(JSON.stringify([shown, listed.webhooks.find((each: { id: string }) => each.id === id), audit])).not.toContain("hidden");
  for (const whole of await read()) expect(JSON.stringify(whole)).toContain(url);
  const [wholly] = await read();
  expect(wholly).not.toHaveProperty("urlIsOrigin");
});

test("[HOOK31] a webhook is woken once the registry has it: what was written meanwhile told nobody of it", async () => {
  const { call, objects } = setUp();
  const { id } = (await call("POST", "/v1/webhooks", { body: usual })).body;
  expect(objects.calls.slice(-2)).toMatchObject([{ method: "create" }, { object: `webhook/${id}`, method: "wake" }]);
});
