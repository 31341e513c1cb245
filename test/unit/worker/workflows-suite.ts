/** What `/v1/workflows` promises, and what the registry then shows to objects, on any D1. */
import { expect, test } from "vitest";
import { createD1Registry, readRegistryHead } from "../../../src/durable/registry/create-d1-registry.ts";
import { listExposed, readExposed } from "../../../src/worker/exposed-workflows.ts";
import type { StandInFile } from "./test-app.ts";
import { createTestApp } from "./test-app.ts";
import { createUnique } from "./unique.ts";

export function testWorkflows(openDb: () => D1Database): void {
  const unique = createUnique("workflow");
  const reflex = { kind: "workflow" as const, on: ["a.b"] };
  const headers = { "content-type": "text/yaml" };

  function setUp() {
    const db = openDb();
    const app = createTestApp(db);
    const publish = (file: StandInFile, name = file.name) =>
      app.call("PUT", `/v1/workflows/${name}`, { headers, body: JSON.stringify(file) });
    const readReflexes = async (name: string) => (await createD1Registry(db).reflexes()).filter(({ workflow }) => workflow === name);
    return { db, app, publish, readReflexes };
  }

  test("[WFLOW1] a new workflow is 201, the same again 200, another revision 201, and back again 201", async () => {
    const { publish } = setUp();
    const name = unique();
    const one = await publish({ name, description: "one", warnings: ["careful"] });
    expect(one).toMatchObject({
      status: 201,
      body: {
        name,
        revision: expect.stringContaining("one"),
        diagnostics: [{ severity: "warning", message: "careful", line: 1, column: 1 }],
      },
    });
    expect(await publish({ name, description: "one" })).toMatchObject({
      status: 200,
      body: { revision: one.body.revision, diagnostics: [] },
    });
    expect((await publish({ name, description: "two" })).status).toBe(201);
    expect(await publish({ name, description: "one" })).toMatchObject({ status: 201, body: { revision: one.body.revision } });
  });

  test("[WFLOW2] a faulty workflow is told with all its diagnostics, and what was published stays", async () => {
    const { app, publish, readReflexes } = setUp();
    const name = unique();
    const { body } = await publish({ name, reflexes: [reflex] });
    expect(await publish({ name, errors: ["first", "second"], warnings: ["third"] })).toMatchObject({
      status: 422,
      body: {
        code: "workflow_invalid",
        diagnostics: [{ message: "first", line: 1, column: 1 }, { message: "second" }, { message: "third" }],
      },
    });
    expect((await app.call("GET", `/v1/workflows/${name}`)).body.revision).toBe(body.revision);
    expect(await readReflexes(name)).toEqual([{ workflow: name, revision: body.revision, input: null, reflexes: [reflex] }]);
  });

  test("[WFLOW2] a diagnostic has line and column in the text as it was sent", async () => {
    const { app } = setUp();
    const name = unique();
    const answer = await app.call("PUT", `/v1/workflows/${name}`, { body: `# a comment\n${JSON.stringify({ name, warnings: ["x"] })}` });
    expect(answer.body.diagnostics).toMatchObject([{ line: 2, column: 1 }]);
  });

  test("[WFLOW3] a local workflow and another's name are refused", async () => {
    const { publish } = setUp();
    const name = unique();
    expect(await publish({ name, binding: "local" })).toMatchObject({ status: 422, body: { code: "workflow_invalid", diagnostics: [] } });
    expect(await publish({ name }, unique())).toMatchObject({
      status: 422,
      body: { code: "workflow_invalid", detail: expect.stringContaining(name) },
    });
    expect(await publish({ name }, "Not_Kebab")).toMatchObject({ status: 400, body: { code: "malformed" } });
  });

  test("[WFLOW3] a file past its limit is refused with the limit", async () => {
    const { publish } = setUp();
    const name = unique();
    expect(await publish({ name, description: "x".repeat(256 * 1024) })).toMatchObject({
      status: 413,
      body: { code: "too_large", limit: 256 * 1024 },
    });
  });

  test("[WFLOW4] a workflow is shown with its source as last sent, comments too", async () => {
    const { app, publish } = setUp();
    const name = unique();
    await publish({ name, description: "shown" });
    const source = `# why\n${JSON.stringify({ name, description: "shown" })}`;
    expect((await app.call("PUT", `/v1/workflows/${name}`, { body: source })).status).toBe(200);
    expect(await app.call("GET", `/v1/workflows/${name}`)).toMatchObject({
      status: 200,
      body: { name, description: "shown", source, running: 0, queued: [], createdAt: "2026-11-20T12:00:00.000Z" },
    });
  });

  test("[WFLOW4] machines are shown as they were compiled", async () => {
    const { app, publish } = setUp();
    const name = unique();
    const { body } = await publish({ name });
    expect(await app.call("GET", `/v1/workflows/${name}/machines`)).toMatchObject({
      status: 200,
      body: { name, revision: body.revision, recruitment: { id: "recruitment" }, task: { id: "task" } },
    });
  });

  test("[WFLOW5] a reader of reflexes sees a publish and a withdrawal as soon as they are answered", async () => {
    const { app, publish, readReflexes } = setUp();
    const name = unique();
    expect(await readReflexes(name)).toEqual([]);
    const { body } = await publish({ name, reflexes: [reflex] });
    expect(await readReflexes(name)).toEqual([{ workflow: name, revision: body.revision, input: null, reflexes: [reflex] }]);
    await publish({ name, reflexes: [] });
    expect(await readReflexes(name)).toMatchObject([{ reflexes: [] }]);
    expect(await app.call("DELETE", `/v1/workflows/${name}`)).toMatchObject({ status: 204, body: "" });
    expect(await readReflexes(name)).toEqual([]);
    await publish({ name, reflexes: [] });
    expect(await readReflexes(name)).toMatchObject([{ reflexes: [] }]);
  });

  test("[WFLOW5] what did not change is read once: a reader asks for the version only", async () => {
    const { db, publish, readReflexes } = setUp();
    const name = unique();
    await publish({ name, reflexes: [reflex] });
    await readReflexes(name);
    await publish({ name, reflexes: [reflex] });
    const asked: string[] = [];
    const watched = {
      prepare(sql: string) {
        asked.push(sql);
        return db.prepare(sql);
      },
    } as unknown as D1Database;
    expect((await createD1Registry(watched).reflexes()).some(({ workflow }) => workflow === name)).toBe(true);
    expect(asked).toEqual([expect.stringContaining("version FROM registry")]);
  });

  test("[WFLOW11] a reader that knows the registry's version asks for nothing, and reads anew what is of another", async () => {
    const { db, publish } = setUp();
    const name = unique();
    await publish({ name, reflexes: [reflex] });
    const registry = createD1Registry(db, { head: () => Promise.reject(new Error("asked")), agents: async () => [] });
    const read = async () => {
      const found = await registry.listeners?.(await readRegistryHead(db));
      return found?.reflexes.filter(({ workflow }) => workflow === name).flatMap(({ reflexes }) => reflexes);
    };
    expect(await read()).toEqual([reflex]);
    await publish({ name, reflexes: [] });
    expect(await read()).toEqual([]);
  });

  test("[WFLOW6] a withdrawn workflow is gone for operators, and its revision stays for running threads", async () => {
    const { db, app, publish } = setUp();
    const name = unique();
    const { body } = await publish({ name });
    await app.call("DELETE", `/v1/workflows/${name}`);
    for (const path of [`/v1/workflows/${name}`, `/v1/workflows/${name}/machines`]) {
      expect(await app.call("GET", path)).toMatchObject({ status: 404, body: { code: "not_found" } });
    }
    expect((await app.call("DELETE", `/v1/workflows/${name}`)).status).toBe(404);
    expect(await createD1Registry(db).revision(body.revision)).toMatchObject({ revision: body.revision, ir: { name } });
    expect(await createD1Registry(db).revision("unheard of")).toBeUndefined();
    expect((await publish({ name })).status).toBe(201);
  });

  test("[WFLOW7] workflows are listed by name in pages", async () => {
    const { app, publish } = setUp();
    const names = [unique(), unique(), unique()].map((name) => `zz-${name}`).sort();
    for (const name of names) await publish({ name });
    const first = await app.call("GET", "/v1/workflows?after=zz&limit=2");
    expect(first.body).toMatchObject({ workflows: [{ name: names[0] }, { name: names[1] }], next: names[1] });
    expect(first.body.workflows[0]).not.toHaveProperty("source");
    expect((await app.call("GET", `/v1/workflows?after=${first.body.next}`)).body).toMatchObject({
      workflows: [{ name: names[2] }],
      next: null,
    });
  });

  test("[WFLOW13] what is exposed is listed by name in pages, with its description and input, for as long as it is", async () => {
    const { db, app, publish, readReflexes } = setUp();
    const [one, two, three] = [unique(), unique(), unique()] as [string, string, string];
    const input = { type: "object", properties: { pr: { type: "integer" } } };
    await publish({ name: one, description: "Reviews.", expose: true, input });
    await publish({ name: two, description: "Hidden." });
    await publish({ name: three, description: "Greets.", expose: true });
    const mine = async (after?: string) => {
      const { workflows, next } = await listExposed(db, { ...(after !== undefined && { after }), limit: 200 });
      return { names: workflows.map(({ name }) => name).filter((name) => [one, two, three].includes(name)), next };
    };
    expect(await mine()).toEqual({ names: [one, three].sort(), next: null });
    const [first, second] = [one, three].sort() as [string, string];
    expect(await mine(first)).toEqual({ names: [second], next: null });
    expect(await listExposed(db, { after: `${first.slice(0, -1)}`, limit: 1 })).toMatchObject({ next: expect.any(String) });
    expect(await readExposed(db, one)).toMatchObject({ name: one, description: "Reviews.", input });
    expect(await readExposed(db, three)).toMatchObject({ input: null });
    expect(await readExposed(db, two)).toBeUndefined();
    expect(await readReflexes(one)).toMatchObject([{ exposed: true }]);
    expect(await readReflexes(two)).toMatchObject([expect.not.objectContaining({ exposed: true })]);
    expect((await app.call("GET", `/v1/workflows/${one}`)).body).toMatchObject({ exposed: true });
    expect((await app.call("GET", `/v1/workflows/${two}`)).body).not.toHaveProperty("exposed");

    await publish({ name: one, description: "Reviews no more." });
    await app.call("DELETE", `/v1/workflows/${three}`);
    expect(await mine()).toEqual({ names: [], next: null });
    expect(await readExposed(db, three)).toBeUndefined();
  });
}
