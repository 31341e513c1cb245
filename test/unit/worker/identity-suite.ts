/** What operators, enrolments, tokens and the audit log promise, on any D1; names are unique, for databases that several tests share. */
import { expect, test } from "vitest";
import { hashToken } from "../../../src/durable/agent/token-hash.ts";
import { pruneDecisions } from "../../../src/worker/audit-store.ts";
import { pruneEnrolments } from "../../../src/worker/enrolment-store.ts";
import { createTestApp } from "./test-app.ts";
import { createUnique } from "./unique.ts";

const day = 86_400_000;

export function testIdentity(openDb: () => D1Database): void {
  const unique = createUnique("identity");

  test("[IDENT7] an operator's token is shown once, stored as a hash, and names who sends", async () => {
    const db = openDb();
    const app = createTestApp(db);
    const name = unique();
    const { status, body } = await app.call("POST", "/v1/operators", { body: { name, access: "admin" } });
    expect(status).toBe(201);
    expect(body).toEqual({ name, access: "admin", token: expect.stringMatching(new RegExp(`^operators/${name}\\.[A-Za-z0-9_-]{43}$`)) });
    expect(await db.prepare("SELECT token_hash FROM operator WHERE name = ?").bind(name).first()).toEqual({
      token_hash: await hashToken(body.token),
    });
    expect(JSON.stringify(await app.call("GET", "/v1/operators?limit=200"))).not.toContain(body.token);
    expect((await app.call("GET", "/v1/me", { token: body.token })).body).toMatchObject({ id: `operators/${name}`, operator: name });
    await app.call("POST", "/v1/events", { token: body.token, body: { id: "e", type: "a.b" } });
    expect(app.objects.calls.at(-1)).toMatchObject({ object: `agent/operators/${name}`, args: [{ operator: name }, expect.anything()] });
  });

  test("[IDENT8] a read-only operator reads what an admin reads, and changes nothing", async () => {
    const app = createTestApp(openDb());
    const token = await addOperator(app, unique(), "read");
    for (const path of ["/v1/status", "/v1/agents", "/v1/audit", "/v1/operators", "/v1/threads"])
      expect((await app.call("GET", path, { token })).status, path).toBe(200);
    const id = unique();
    for (const [method, path] of [
      ["POST", "/v1/agents"],
      ["POST", "/v1/events"],
      ["POST", "/v1/inbox/ack"],
      ["POST", "/v1/operators"],
      ["DELETE", "/v1/nowhere"],
    ] as const)
      expect(await app.call(method, path, { token, body: { id, type: "a.b" } }), path).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    expect((await app.call("GET", `/v1/agents/${id}`)).status).toBe(404);
  });

  test("[IDENT9] a deleted operator's token is void at once; the root operator can't be made or deleted", async () => {
    const app = createTestApp(openDb());
    const name = unique();
    const token = await addOperator(app, name, "admin");
    expect((await app.call("DELETE", `/v1/operators/${name}`)).status).toBe(204);
    expect(await app.call("GET", "/v1/me", { token })).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
    expect((await app.call("DELETE", `/v1/operators/${name}`)).status).toBe(404);
    expect((await app.call("DELETE", "/v1/operators/admin")).status).toBe(403);
    expect((await app.call("POST", "/v1/operators", { body: { name: "admin", access: "read" } })).status).toBe(409);
  });

  test("[IDENT7] an operator of another name does not pass with this one's secret", async () => {
    const app = createTestApp(openDb());
    const [reader, admin] = [unique(), unique()];
    const token = await addOperator(app, reader, "read");
    await addOperator(app, admin, "admin");
    const forged = token.replace(reader, admin);
    expect((await app.call("GET", "/v1/me", { token: forged })).status).toBe(401);
  });

  test.each([{}, { name: "a" }, { name: "a", access: "root" }, { name: "a/b", access: "read" }, { name: "a.b", access: "read" }, []])(
    "[IDENT7] operator %j is malformed",
    async (body) => {
      const app = createTestApp(openDb());
      expect(await app.call("POST", "/v1/operators", { body })).toMatchObject({ status: 400, body: { code: "malformed" } });
    },
  );

  test("[IDENT10] a code registers its agent once, with the rights it was made with", async () => {
    const app = createTestApp(openDb());
    const agent = unique();
    const made = await app.call("POST", "/v1/enrolments", { body: { agent, capabilities: ["review"], kinds: ["pr.opened"] } });
    expect(made).toMatchObject({ status: 201, body: { agent, code: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/) } });
    const { id, code, expires } = made.body;
    expect(expires).toBe("2026-11-21T12:00:00.000Z");
    const redeemed = await app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } });
    expect(redeemed.status).toBe(201);
    expect(redeemed.headers.get("cache-control")).toBe("no-store");
    expect(redeemed.body).toEqual({ id: agent, token: expect.any(String), capabilities: ["review"], roles: null, kinds: ["pr.opened"] });
    expect((await app.call("GET", "/v1/me", { token: redeemed.body.token })).body.id).toBe(agent);
    expect(await app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } })).toMatchObject({ status: 401 });
    const listed = await app.call("GET", "/v1/enrolments?limit=200");
    expect(listed.body.enrolments).toContainEqual(expect.objectContaining({ id, agent, state: "redeemed", createdBy: "admin" }));
    expect(JSON.stringify(listed.body)).not.toContain(code);
  });

  test("[JUDGE41] a token that is shown once is shown, also where nobody could be told that the registry changed", async () => {
    const app = createTestApp(openDb(), { registryChanged: () => Promise.reject(new Error("unreachable")) });
    const registered = await app.call("POST", "/v1/agents", { body: { id: unique() } });
    expect(registered).toMatchObject({ status: 201, body: { token: expect.any(String) } });
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent: unique() } })).body;
    const redeemed = await app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } });
    expect(redeemed).toMatchObject({ status: 201, body: { token: expect.any(String) } });
    expect(app.logged).toContainEqual(expect.objectContaining({ level: "warn", at: "registry" }));
  });

  test("[IDENT10] redeemed by many at once, a code makes one agent", async () => {
    const app = createTestApp(openDb());
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent: unique() } })).body;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(401)]);
  });

  test("[IDENT11] a code that ran out, was taken back or is made up is good for nothing", async () => {
    const db = openDb();
    let now = Date.parse("2026-11-20T12:00:00Z");
    const app = createTestApp(db, { now: () => now });
    const make = async () => (await app.call("POST", "/v1/enrolments", { body: { agent: unique(), expiresInSeconds: 60 } })).body;
    const redeem = async (code: unknown) => (await app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } })).status;
    const [late, taken] = [await make(), await make()];
    expect((await app.call("DELETE", `/v1/enrolments/${taken.id}`)).status).toBe(204);
    expect(await redeem(taken.code)).toBe(401);
    now += 60_000;
    expect(await redeem(late.code)).toBe(401);
    expect(await redeem("A".repeat(32))).toBe(401);
    expect(await redeem(7)).toBe(400);
    expect(await redeem("A".repeat(129))).toBe(400);
  });

  test("[IDENT12] a code whose agent could not be registered stays good", async () => {
    const app = createTestApp(openDb());
    const agent = unique();
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent } })).body;
    app.objects.failures.set(`agent/${agent}.register`, new Error("down"));
    const redeem = () => app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } });
    expect((await redeem()).status).toBe(500);
    expect((await redeem()).status).toBe(201);
  });

  test("[IDENT12] a code for an agent that is registered is refused, also where the agent was registered later", async () => {
    const app = createTestApp(openDb());
    const agent = unique();
    const { code } = (await app.call("POST", "/v1/enrolments", { body: { agent } })).body;
    const token = await app.register(agent);
    expect((await app.call("POST", "/v1/enrolments", { body: { agent } })).status).toBe(409);
    expect(await app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } })).toMatchObject({
      status: 409,
      body: { code: "already_exists" },
    });
    expect((await app.call("GET", "/v1/me", { token })).status).toBe(200);
  });

  test("[IDENT11] whoever guesses codes is slowed down, and nobody else", async () => {
    const app = createTestApp(openDb());
    const guess = (address: string) =>
      app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code: "guess" }, headers: { "cf-connecting-ip": address } });
    const answers = [];
    for (let tries = 0; tries < 31; tries++) answers.push(await guess("192.0.2.1"));
    expect(answers.slice(0, 30).every(({ status }) => status === 401)).toBe(true);
    expect(answers[30]).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(Number(answers[30]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await guess("192.0.2.2")).status).toBe(401);
  });

  test("[IDENT13] a rotated token is told to the object with its overlap", async () => {
    const app = createTestApp(openDb());
    const id = unique();
    const first = await app.register(id);
    const { status, body } = await app.call("POST", `/v1/agents/${id}/token`, { body: { overlapSeconds: 60 } });
    expect(status).toBe(200);
    expect(body).toEqual({ id, token: expect.stringContaining(`${id}.`), formerUntil: "2026-11-20T12:01:00.000Z" });
    expect(body.token).not.toBe(first);
    expect(app.objects.calls.at(-1)).toEqual({ object: `agent/${id}`, method: "rotate", args: [await hashToken(body.token), 60_000] });
    await app.call("POST", `/v1/agents/${id}/token`);
    expect(app.objects.calls.at(-1)).toMatchObject({ method: "rotate", args: [expect.any(String), 3_600_000] });
    for (const overlapSeconds of [-1, 1.5, 604_801, "1"])
      expect((await app.call("POST", `/v1/agents/${id}/token`, { body: { overlapSeconds } })).status).toBe(400);
    expect((await app.call("POST", `/v1/agents/${unique()}/token`)).status).toBe(404);
  });

  test("[IDENT14] a revoked agent stays registered, and its token is void until the next rotation", async () => {
    const app = createTestApp(openDb());
    const id = unique();
    const token = await app.register(id);
    expect((await app.call("POST", `/v1/agents/${id}/revoke`)).status).toBe(204);
    expect((await app.call("GET", "/v1/me", { token })).status).toBe(401);
    expect((await app.call("GET", `/v1/agents/${id}`)).status).toBe(200);
    const { body } = await app.call("POST", `/v1/agents/${id}/token`);
    expect((await app.call("GET", "/v1/me", { token: body.token })).status).toBe(200);
    expect((await app.call("POST", `/v1/agents/${unique()}/revoke`)).status).toBe(404);
  });

  test("[IDENT16] the audit log finds by a thread's id who cancelled it, and who tried to", async () => {
    const app = createTestApp(openDb());
    const thread = `t${crypto.randomUUID().replaceAll("-", "").slice(0, 25)}`;
    app.objects.threads.set(thread, []);
    const [admin, reader] = [unique(), unique()];
    const tokens = { admin: await addOperator(app, admin, "admin"), reader: await addOperator(app, reader, "read") };
    await app.call("POST", `/v1/threads/${thread}/cancel`, { token: tokens.reader });
    await app.call("POST", `/v1/threads/${thread}/cancel`, { token: tokens.admin, body: { reason: "no longer needed" } });
    const { status, body } = await app.call("GET", `/v1/audit?target=${thread}`);
    expect(status).toBe(200);
    expect(body.decisions).toEqual([
      {
        position: expect.any(Number),
        at: "2026-11-20T12:00:00.000Z",
        operator: admin,
        action: "threads.cancel",
        target: thread,
        path: `/v1/threads/${thread}/cancel`,
        detail: { reason: "no longer needed" },
        result: "done",
        status: 202,
        code: null,
      },
      expect.objectContaining({ operator: reader, action: "threads.cancel", result: "refused", status: 403, code: "forbidden" }),
    ]);
  });

  test("[IDENT16] the audit log finds creations by what they made, and has no reads, no events and nothing that agents do", async () => {
    const app = createTestApp(openDb());
    const [operator, id] = [unique(), unique()];
    const token = await addOperator(app, operator, "admin");
    const agentToken = (await app.call("POST", "/v1/agents", { token, body: { id } })).body.token;
    await app.call("GET", "/v1/agents", { token });
    await app.call("POST", "/v1/events", { token, body: { id: "e", type: "a.b" } });
    await app.call("DELETE", `/v1/agents/${id}`, { token: agentToken });
    await app.call("POST", "/v1/agents", { token, body: { id } });
    await app.call("POST", "/v1/agents", { token, body: "{" });
    app.objects.failures.set(`agent/${id}.remove`, new Error("down"));
    await app.call("DELETE", `/v1/agents/${id}`, { token });
    const { body } = await app.call("GET", `/v1/audit?operator=${operator}`);
    expect(body.decisions).toMatchObject([
      { action: "agents.delete", target: id, result: "failed", status: 500, code: "bug" },
      { action: "agents.create", target: null, result: "refused", code: "malformed" },
      { action: "agents.create", target: id, result: "refused", code: "already_exists" },
      { action: "agents.create", target: id, result: "done", status: 201 },
    ]);
    expect(JSON.stringify(body)).not.toContain(agentToken);
  });

  test("[IDENT16] the audit log pages newest first, and knows actions by prefix", async () => {
    const app = createTestApp(openDb());
    const operator = unique();
    const token = await addOperator(app, operator, "admin");
    const ids = [unique(), unique(), unique()];
    for (const id of ids) await app.call("POST", "/v1/agents", { token, body: { id } });
    await app.call("POST", `/v1/agents/${ids[0]}/revoke`, { token });
    const first = await app.call("GET", `/v1/audit?operator=${operator}&action=agents.*&limit=3`);
    const second = await app.call("GET", `/v1/audit?operator=${operator}&action=agents.*&limit=3&after=${first.body.next}`);
    expect([...first.body.decisions, ...second.body.decisions].map(({ action, target }) => [action, target])).toEqual([
      ["agents.revoke", ids[0]],
      ["agents.create", ids[2]],
      ["agents.create", ids[1]],
      ["agents.create", ids[0]],
    ]);
    expect(second.body.next).toBeNull();
    expect((await app.call("GET", "/v1/audit?before=1")).status).toBe(400);
  });

  test("[IDENT17] a decision that can't be written down is not carried out", async () => {
    const db = openDb();
    const broken = {
      prepare: (sql: string) => {
        if (sql.includes("INTO audit")) throw new Error("D1_ERROR: D1 DB is overloaded.");
        return db.prepare(sql);
      },
      batch: (statements: D1PreparedStatement[]) => db.batch(statements),
    } as D1Database;
    const app = createTestApp(broken);
    const id = unique();
    expect(await app.call("POST", "/v1/agents", { body: { id } })).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect((await app.call("GET", `/v1/agents/${id}`)).status).toBe(404);
    expect(app.objects.calls).toEqual([]);
  });

  test("[IDENT16] a redeemed code is in the audit log, under the name of the code", async () => {
    const app = createTestApp(openDb());
    const agent = unique();
    const { id, code } = (await app.call("POST", "/v1/enrolments", { body: { agent } })).body;
    const redeem = () => app.call("POST", "/v1/enrolments/redeem", { token: null, body: { code } });
    expect((await redeem()).status).toBe(201);
    const { body } = await app.call("GET", `/v1/audit?target=${agent}`);
    expect(body.decisions).toMatchObject([
      { operator: `enrolments/${id}`, action: "enrolments.redeem", result: "done", status: 201 },
      { operator: "admin", action: "enrolments.create", result: "done" },
    ]);
  });

  test("[IDENT18] old decisions and codes are pruned, new ones stay", async () => {
    const db = openDb();
    let now = Date.parse("2026-11-20T12:00:00Z");
    const app = createTestApp(db, { now: () => now });
    const [old, young] = [unique(), unique()];
    await app.call("POST", "/v1/enrolments", { body: { agent: old } });
    now += 401 * day;
    await app.call("POST", "/v1/enrolments", { body: { agent: young } });
    expect(await pruneDecisions(db, now)).toBeGreaterThanOrEqual(1);
    await pruneEnrolments(db, now);
    expect((await app.call("GET", `/v1/audit?target=${old}`)).body.decisions).toEqual([]);
    expect((await app.call("GET", `/v1/audit?target=${young}`)).body.decisions).toHaveLength(1);
    const { enrolments } = (await app.call("GET", "/v1/enrolments?limit=200")).body;
    expect(enrolments.map(({ agent }: { agent: string }) => agent)).toContain(young);
    expect(enrolments.map(({ agent }: { agent: string }) => agent)).not.toContain(old);
    await pruneDecisions(db, now, 0);
    expect((await app.call("GET", "/v1/audit")).body.decisions).toEqual([]);
  });
}

async function addOperator(app: ReturnType<typeof createTestApp>, name: string, access: string): Promise<string> {
  return (await app.call("POST", "/v1/operators", { body: { name, access } })).body.token;
}
