/** What `/v1/schemas` and a publish say of what agents accept, on any D1. */
import { expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { encodeRow, prepareProjection } from "../../../src/durable/projector/projection-statements.ts";
import type { AcceptedKinds } from "../../../src/wire/accepts.ts";
import { createTestApp } from "./test-app.ts";
import { createUnique } from "./unique.ts";

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

  test("agents are listed by the kinds that they accept, each with its schema as it was said last, in pages", async () => {
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

  test("an agent that is gone accepts nothing any more", async () => {
    const { app, say } = setUp();
    const agent = unique();
    await app.register(agent);
    await say(agent, { [`k.${agent}`]: true });
    await app.call("DELETE", `/v1/agents/${agent}`);
    expect((await app.call("GET", `/v1/schemas?agent=${agent}`)).body.schemas).toEqual([]);
  });

  test("publishing warns of candidates that would drop a role's turns, and of no others", async () => {
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

  test("only operators may ask, and a kind that is none is refused", async () => {
    const { app } = setUp();
    const token = await app.register(unique());
    expect((await app.call("GET", "/v1/schemas", { token })).status).toBe(403);
    expect((await app.call("GET", "/v1/schemas?kind=No%20Kind")).body).toMatchObject({ code: "malformed" });
  });
}
