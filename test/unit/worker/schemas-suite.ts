/** What `/v1/schemas` and a publish say of what agents accept, on any D1. */
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import type { AcceptedKinds } from "../../../src/contract/accepts.ts";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import { createTestApp } from "./test-app.ts";
import { createUnique } from "./unique.ts";

/** What agents could say they accept before it was judged when it is given. */
const hostileAccepts: AcceptedKinds[string][] = [
  { properties: { role: { properties: { goal: { pattern: "^((([a-z])*)*)*!$" } } } } },
  { properties: { role: { properties: { goal: { pattern: "^(a|a)*$|(b)\\2" } } } } },
  { properties: { workflow: { pattern: "(" } } },
  { $ref: "#/$defs/none" },
  { $ref: "#" },
  { allOf: [{ $ref: "#" }] },
  { $ref: "http://127.0.0.1:9/schema" },
  { type: 7, properties: 5, items: 3, required: "x" },
  { $id: "a", $defs: { x: { $id: "a" } } },
];

export function testSchemas(openDb: () => D1Database): void {
  const unique = createUnique("schemas");
  const file = (name: string, capability: string) => `
name: ${name}
description: a review
binding: cloud
roles:
  reviewer: { description: r, capabilities: [${capability}], frontmatter: { type: object, properties: { ok: { type: boolean } } } }
conditions: {}
max_rounds: 3
graph: { $START: [{ role: reviewer, prompt: go }], reviewer: [{ role: $END, prompt: done }] }
reflexes: [{ kind: workflow, on: [${name}.asked] }]
`;

  function setUp() {
    const db = openDb();
    const app = createTestApp(db, { compile: (text) => compileWorkflow(text, { publish: true }) });
    const say = (agent: string, accepts: AcceptedKinds, at = 1) =>
      db.batch(prepareProjection(db, [encodeRow({ table: "accepts", agent, accepts, at })]));
    return { app, say };
  }

  test("[WFLOW8] agents are listed by the kinds that they accept, each with its schema as it was said last, in pages", async () => {
    const { app, say } = setUp();
    const [a, b, kind, other] = [unique(), unique(), `k.${unique()}`, `o.${unique()}`];
    for (const agent of [a, b]) await app.register(agent);
    await say(a, { [kind]: false, [other]: true }, 2);
    await say(a, { [kind]: true }, 1);
    await say(b, { [kind]: { type: "object", required: ["sha"] } });
    const first = await app.call("GET", `/v1/schemas?kind=${kind}&limit=1`);
    expect(first.body).toEqual({ schemas: [{ kind, agent: a, schema: false }], next: expect.any(String) });
    expect((await app.call("GET", `/v1/schemas?kind=${kind}&after=${encodeURIComponent(first.body.next)}`)).body).toEqual({
      schemas: [{ kind, agent: b, schema: { type: "object", required: ["sha"] } }],
      next: null,
    });
    expect((await app.call("GET", `/v1/schemas?agent=${a}`)).body.schemas).toEqual([
      { kind, agent: a, schema: false },
      { kind: other, agent: a, schema: true },
    ]);
  });

  test("[WFLOW8] an agent that is gone accepts nothing any more", async () => {
    const { app, say } = setUp();
    const agent = unique();
    await app.register(agent);
    await say(agent, { [`k.${agent}`]: true });
    await app.call("DELETE", `/v1/agents/${agent}`);
    expect((await app.call("GET", `/v1/schemas?agent=${agent}`)).body.schemas).toEqual([]);
  });

  test("[WFLOW9] publishing warns of candidates that would drop a role's turns, and of no others", async () => {
    const { app, say } = setUp();
    const [drops, takes, other, name] = [unique(), unique(), unique(), unique()];
    await app.register(drops, { capabilities: [name] });
    await app.register(takes, { capabilities: [name] });
    await app.register(other, { capabilities: ["else"] });
    const only = (workflow: string): AcceptedKinds => ({ "nerve.turn.assigned": { properties: { workflow: { const: workflow } } } });
    await say(drops, only("debate"));
    await say(takes, only(name));
    await say(other, only("debate"));
    const { status, body } = await app.call("PUT", `/v1/workflows/${name}`, {
      headers: { "content-type": "text/yaml" },
      body: file(name, name),
    });
    expect(status, JSON.stringify(body)).toBe(201);
    expect(body.warnings).toEqual([{ role: "reviewer", agent: drops, path: "/workflow", message: expect.any(String) }]);
  });

  test("[JUDGE40] schemas that an older version stored hold up no publish: what can't be judged by is a warning, and it is live", async () => {
    const { app, say } = setUp();
    const name = unique();
    const stored: [agent: string, schema: AcceptedKinds[string]][] = hostileAccepts.map((schema) => [unique(), schema]);
    for (const [agent, schema] of stored) {
      await app.register(agent, { capabilities: [name] });
      await say(agent, { "nerve.turn.assigned": schema });
    }
    const before = Date.now();
    const body = file(name, name).replace("description: r", `description: r, goal: ${"a".repeat(60)}`);
    const published = await app.call("PUT", `/v1/workflows/${name}`, { headers: { "content-type": "text/yaml" }, body });
    expect(Date.now() - before).toBeLessThan(5_000);
    expect(published.status, JSON.stringify(published.body)).toBe(201);
    const warned = new Map<string, string>(
      published.body.warnings.map(({ agent, message }: { agent: string; message: string }) => [agent, message]),
    );
    for (const [agent, schema] of stored)
      expect(warned.get(agent), JSON.stringify(schema)).toMatch(/can't be judged|pattern|too much work/);
    expect((await app.call("GET", `/v1/workflows/${name}`)).body).toMatchObject({ revision: published.body.revision });
  });

  test("[JUDGE41] a publish happens and says so, or does not: nothing that fails beside it is answered as a failure", async () => {
    const compile = (text: string) => compileWorkflow(text, { publish: true });
    const fail = () => Promise.reject(new Error("unreachable"));
    const app = createTestApp(openDb(), { compile, workflow: () => ({ published: fail }) as never, registryChanged: fail });
    const name = unique();
    const put = () => app.call("PUT", `/v1/workflows/${name}`, { headers: { "content-type": "text/yaml" }, body: file(name, name) });
    expect((await put()).status).toBe(201);
    expect((await put()).status).toBe(200);
    const db = openDb();
    const broken = {
      ...db,
      batch: db.batch.bind(db),
      prepare: (sql: string) => (sql.includes("agent_accepts") ? failing : db.prepare(sql)),
    };
    const failing = { bind: () => ({ all: () => Promise.reject(new Error("broken")) }) };
    const other = unique();
    const second = createTestApp(broken as never, { compile });
    const refused = await second.call("PUT", `/v1/workflows/${other}`, {
      headers: { "content-type": "text/yaml" },
      body: file(other, other),
    });
    expect(refused.status).toBe(500);
    expect((await app.call("GET", `/v1/workflows/${other}`)).status).toBe(404);
  });

  test("[WFLOW8] only operators may ask, and a kind that is none is refused", async () => {
    const { app } = setUp();
    const token = await app.register(unique());
    expect((await app.call("GET", "/v1/schemas", { token })).status).toBe(403);
    expect((await app.call("GET", "/v1/schemas?kind=No%20Kind")).body).toMatchObject({ code: "malformed" });
  });
}
