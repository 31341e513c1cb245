/** What `/v1/agents` promises, on any D1; ids are unique, for databases that several tests share. */
import { expect, test } from "vitest";
import { refuse } from "../../../src/contract/problem.ts";
import { hashToken } from "../../../src/durable/agent/token-hash.ts";
import { createD1Registry } from "../../../src/durable/registry/create-d1-registry.ts";
import { createTestApp } from "./test-app.ts";
import { createUnique } from "./unique.ts";

export function testAgents(openDb: () => D1Database): void {
  const unique = createUnique("agent");

  test("[IDENT1] registering answers once with the token; the object gets the card and the token's hash only", async () => {
    const app = createTestApp(openDb());
    const id = unique();
    const answer = await app.call("POST", "/v1/agents", {
      body: { id, capabilities: ["code-review", "code-review"], kinds: ["pr.opened"] },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id,
      token: expect.stringMatching(/\.[A-Za-z0-9_-]{43}$/),
      capabilities: ["code-review"],
      roles: null,
      kinds: ["pr.opened"],
    });
    expect(app.objects.calls).toEqual([
      {
        object: `agent/${id}`,
        method: "register",
        args: [{ id, capabilities: ["code-review"], roles: null, kinds: ["pr.opened"] }, await hashToken(answer.body.token)],
      },
    ]);
    expect(JSON.stringify(await app.call("GET", `/v1/agents/${id}`))).not.toContain(answer.body.token);
    expect((await app.call("GET", "/v1/inbox", { token: answer.body.token })).status).toBe(200);
  });

  test("[IDENT1] an id is registered once, and the first token stays good", async () => {
    const app = createTestApp(openDb());
    const id = unique();
    const token = await app.register(id);
    expect(await app.call("POST", "/v1/agents", { body: { id } })).toMatchObject({ status: 409, body: { code: "already_exists" } });
    expect((await app.call("GET", "/v1/me", { token })).status).toBe(200);
  });

  test.each([
    ["no id", {}],
    ["an empty id", { id: "" }],
    ["an id with a slash", { id: "operators/admin" }],
    ["an id with a space", { id: "a b" }],
    ["an id of 129 characters", { id: "a".repeat(129) }],
    ["a misspelt right", { id: "a", capabilites: ["x"] }],
    ["a capability with a comma", { id: "a", capabilities: ["x,y"] }],
    ["capabilities as a text", { id: "a", capabilities: "x" }],
    ["a grant without a role", { id: "a", roles: ["code-review"] }],
    ["a kind with a capital", { id: "a", kinds: ["PR.opened"] }],
    ["no object", []],
  ])("[IDENT2] registering with %s is malformed, and leaves nothing", async (_, body) => {
    const app = createTestApp(openDb());
    const answer = await app.call("POST", "/v1/agents", { body });
    expect(answer).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(answer.body.errors.length).toBeGreaterThan(0);
    expect(app.objects.calls).toEqual([]);
  });

  test.each(["an exception", "a refusal"])("[IDENT3] a registration that the object met with %s can be repeated at once", async (how) => {
    const db = openDb();
    const id = unique();
    const failing = createTestApp(db);
    if (how === "an exception") failing.objects.failures.set(`agent/${id}.register`, new Error("down"));
    const refusing = createTestApp(db, {
      agent: (name) => ({ ...failing.objects.agent(name), register: async () => refuse("unavailable", "busy") }),
    });
    const answer = await (how === "an exception" ? failing : refusing).call("POST", "/v1/agents", { body: { id } });
    expect(answer.status).toBe(how === "an exception" ? 500 : 503);
    expect((await failing.call("GET", `/v1/agents/${id}`)).status).toBe(404);
    expect((await failing.call("POST", "/v1/agents", { body: { id } })).status).toBe(201);
  });

  test("[IDENT3] a registration that a crash cut short can be repeated after a while, and the cut one can't end after that", async () => {
    const db = openDb();
    const id = unique();
    let now = Date.parse("2026-11-20T12:00:00Z");
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const app = createTestApp(db, { now: () => now });
    const slow = createTestApp(db, {
      now: () => now,
      agent: (name) => ({
        ...app.objects.agent(name),
        register: async (...args) => {
          const result = await app.objects.agent(name).register(...args);
          reached();
          await gate;
          return result;
        },
      }),
    });
    let reached = () => {};
    const atObject = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const cut = slow.call("POST", "/v1/agents", { body: { id } });
    await atObject;

    expect((await app.call("GET", `/v1/agents/${id}`)).status).toBe(404);
    expect(await createD1Registry(db).cards([id])).toEqual([]);
    const tooSoon = await app.call("POST", "/v1/agents", { body: { id } });
    expect(tooSoon).toMatchObject({ status: 503, body: { code: "unavailable", retryable: true } });
    expect(tooSoon.headers.get("retry-after")).toBe("10");
    now += 10_000;
    const repeated = await app.call("POST", "/v1/agents", { body: { id, capabilities: ["new"] } });
    expect(repeated).toMatchObject({ status: 201, body: { capabilities: ["new"] } });
    go();
    expect(await cut).toMatchObject({ status: 409, body: { code: "already_exists" } });
    expect((await app.call("GET", "/v1/me", { token: repeated.body.token })).status).toBe(200);
  });

  test("[IDENT4] changing what an agent may do keeps what is not named, and tells the object without a token", async () => {
    const db = openDb();
    const app = createTestApp(db);
    const id = unique();
    const token = await app.register(id, { capabilities: ["a"], roles: ["w/r"], kinds: ["x"] });
    expect(await app.call("PATCH", `/v1/agents/${id}`, { body: { capabilities: ["b"], roles: null } })).toMatchObject({
      status: 200,
      body: { id, capabilities: ["b"], roles: null, kinds: ["x"] },
    });
    expect(app.objects.calls.at(-1)).toEqual({
      object: `agent/${id}`,
      method: "register",
      args: [{ id, capabilities: ["b"], roles: null, kinds: ["x"] }, undefined],
    });
    expect((await app.call("GET", "/v1/me", { token })).status).toBe(200);
    expect((await app.call("PATCH", `/v1/agents/${id}`, { body: { id: "other" } })).status).toBe(400);
    expect((await app.call("PATCH", `/v1/agents/${unique()}`, { body: {} })).status).toBe(404);
  });

  test("[IDENT4] of two changes at once the object ends with the later", async () => {
    const db = openDb();
    const id = unique();
    const app = createTestApp(db);
    await app.register(id);
    let first = true;
    const overtaken = createTestApp(db, {
      agent: (name) => ({
        ...app.objects.agent(name),
        register: async (card, tokenHash) => {
          if (first) {
            first = false;
            await app.call("PATCH", `/v1/agents/${id}`, { body: { capabilities: ["second"] } });
          }
          return app.objects.agent(name).register(card, tokenHash);
        },
      }),
    });
    await overtaken.call("PATCH", `/v1/agents/${id}`, { body: { capabilities: ["first"] } });
    expect(app.objects.calls.at(-1)?.args[0]).toMatchObject({ capabilities: ["second"] });
  });

  test("[IDENT5] deleting forgets the agent in both places; a deletion cut short is repeated", async () => {
    const app = createTestApp(openDb());
    const id = unique();
    const token = await app.register(id, { capabilities: ["doomed"] });
    app.objects.failures.set(`agent/${id}.remove`, new Error("down"));
    expect((await app.call("DELETE", `/v1/agents/${id}`)).status).toBe(500);
    expect((await app.call("GET", `/v1/agents/${id}`)).status).toBe(404);
    expect((await app.call("POST", "/v1/agents", { body: { id } })).status).toBe(409);
    expect(await app.call("DELETE", `/v1/agents/${id}`)).toMatchObject({ status: 204, body: "" });
    expect((await app.call("DELETE", `/v1/agents/${id}`)).status).toBe(404);
    expect((await app.call("GET", "/v1/me", { token })).status).toBe(401);
    expect((await app.call("POST", "/v1/agents", { body: { id } })).status).toBe(201);
  });

  test("[IDENT6] agents are listed by id in pages, and by capability", async () => {
    const app = createTestApp(openDb());
    const capability = unique();
    const ids = [unique(), unique(), unique()].sort();
    for (const id of ids) await app.register(id, { capabilities: [capability] });
    await app.register(unique());
    const first = await app.call("GET", `/v1/agents?capability=${capability}&limit=2`);
    expect(first.body).toMatchObject({ agents: [{ id: ids[0], createdAt: "2026-11-20T12:00:00.000Z" }, { id: ids[1] }], next: ids[1] });
    const second = await app.call("GET", `/v1/agents?capability=${capability}&limit=2&after=${first.body.next}`);
    expect(second.body).toMatchObject({ agents: [{ id: ids[2], capabilities: [capability] }], next: null });
    expect((await app.call("GET", "/v1/agents?limit=none")).status).toBe(400);
    expect((await app.call("GET", "/v1/agents?capabilty=x")).status).toBe(400);
  });

  test("[IDENT24] a listed agent says whether it is there, and the list takes that as a filter", async () => {
    const db = openDb();
    const app = createTestApp(db);
    const capability = unique();
    const ids = [unique(), unique(), unique()].sort() as [string, string, string];
    for (const id of ids) await app.register(id, { capabilities: [capability] });
    const insert = db.prepare("INSERT INTO agent_presence (agent, state, at, ignores) VALUES (?, ?, ?, ?)");
    await db.batch([insert.bind(ids[0], "online", 1_763_640_000_000, 2), insert.bind(ids[1], "lost", 1_763_640_001_000, 0)]);
    const list = async (more = "") => (await app.call("GET", `/v1/agents?capability=${capability}${more}`)).body.agents;
    expect(await list()).toMatchObject([
      { id: ids[0], presence: { state: "online", at: "2025-11-20T12:00:00.000Z", ignores: 2 } },
      { id: ids[1], presence: { state: "lost", ignores: 0 } },
      { id: ids[2], presence: null },
    ]);
    expect(await list("&presence=lost")).toMatchObject([{ id: ids[1] }]);
    expect((await app.call("GET", "/v1/agents?presence=asleep")).status).toBe(400);
  });

  test("[IDENT6] the registry finds who holds all of the asked capabilities, and cards by id", async () => {
    const db = openDb();
    const app = createTestApp(db);
    const [a, b, c] = [unique(), unique(), unique()];
    const ids = [unique(), unique(), unique()].sort() as [string, string, string];
    await app.register(ids[0], { capabilities: [a, b, c] });
    await app.register(ids[1], { capabilities: [a, b] });
    await app.register(ids[2], { capabilities: [a], roles: ["w/r"] });
    const registry = createD1Registry(db);
    const find = async (capabilities: string[], after?: string) =>
      (await registry.agents({ capabilities, limit: 100, ...(after !== undefined && { after }) })).map(({ id }) => id);
    expect(await find([a])).toEqual(ids);
    expect(await find([b, a])).toEqual(ids.slice(0, 2));
    expect(await find([a, b, c, a])).toEqual(ids.slice(0, 1));
    expect(await find([a, "nobody-has-this"])).toEqual([]);
    expect(await find([a], ids[0])).toEqual(ids.slice(1));
    expect(await find([])).toEqual(expect.arrayContaining(ids));
    expect(await registry.agents({ capabilities: [a], limit: 1 })).toHaveLength(1);
    expect(await registry.cards([ids[2], "nobody"])).toEqual([{ id: ids[2], capabilities: [a], roles: ["w/r"], kinds: null }]);
    expect(await registry.cards([...ids, ...Array.from({ length: 300 }, unique)])).toHaveLength(3);
    await app.call("DELETE", `/v1/agents/${ids[0]}`);
    expect(await find([a, b])).toEqual([ids[1]]);
  });
}
