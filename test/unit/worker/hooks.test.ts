/** The routes of incoming hooks, over real hooks in memory: who may make one, what is shown of it, and what its door answers. */
import { expect, test } from "vitest";
import { hooksAtMost } from "../../../src/worker/hook-store.ts";
import { plainSecret, signGithub, standardSecret } from "../durable/hook/sign.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { type CallOptions, createTestApp } from "./test-app.ts";

const map = `{"kind": "pr.opened", "data": {"pr": body.number}}`;
const usual = { name: "gh", from: "github", kinds: ["pr.*"], map };
const payload = JSON.stringify({ number: 7 });

function setUp(ports: Parameters<typeof createTestApp>[1] = {}) {
  const app = createTestApp(openSqliteD1(), ports);
  const post = (name: string, body: CallOptions["body"], headers: Record<string, string>) =>
    app.call("POST", `/v1/hooks/${name}`, { token: null, body, headers });
  return { ...app, post };
}

test("[HOOK25] a hook is made, listed, shown, changed and removed; its secret is in the answer of its making and nowhere else", async () => {
  const { call, objects } = setUp();
  const { status, body } = await call("POST", "/v1/hooks", { body: { ...usual, kinds: ["pr.b", "pr.a", "pr.b"], note: "CI" } });
  expect(status).toBe(201);
  const { secret, ...rest } = body;
  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(rest).toEqual({
    name: "gh",
    from: "github",
    kinds: ["pr.a", "pr.b"],
    note: "CI",
    createdBy: "admin",
    createdAt: "2026-11-20T12:00:00.000Z",
  });
  expect((await call("GET", "/v1/hooks")).body).toEqual({ hooks: [rest], next: null });
  const shown = (await call("GET", "/v1/hooks/gh")).body;
  expect(shown).toMatchObject({ ...rest, standing: { map, accepted: 0, refusals: [] } });
  const changed = (await call("PATCH", "/v1/hooks/gh", { body: { map: "body", note: "new", kinds: ["pr.*"] } })).body;
  expect(changed).toMatchObject({ note: "new", kinds: ["pr.*"], standing: { map: "body" } });
  const rotated = (await call("POST", "/v1/hooks/gh/secret")).body;
  expect(rotated).toEqual({ name: "gh", secret: expect.not.stringContaining(secret), formerUntil: "2026-11-21T12:00:00.000Z" });
  const audit = JSON.stringify((await call("GET", "/v1/audit")).body);
  for (const each of [secret, rotated.secret]) expect(JSON.stringify([shown, changed]) + audit).not.toContain(each);
  expect(audit).toContain("hooks.secret");
  expect((await call("DELETE", "/v1/hooks/gh")).status).toBe(204);
  expect(objects.calls.at(-1)).toMatchObject({ object: "hook/gh", method: "remove" });
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/secret"],
  ] as const)
    expect((await call(method, `/v1/hooks/gh${path}`)).body.code).toBe("not_found");
});

test("[HOOK25] a secret that the sender made is taken, told by nobody, and not written into the log of decisions", async () => {
  const { call } = setUp();
  const made = await call("POST", "/v1/hooks", { body: { ...usual, from: "standard", secret: standardSecret } });
  expect(made).toMatchObject({ status: 201, body: { name: "gh" } });
  const given = { secret: `${standardSecret.slice(0, -8)}AAAAAAAA` };
  const rotated = await call("POST", "/v1/hooks/gh/secret", { body: given });
  const wrong = await call("POST", "/v1/hooks", { body: { ...usual, name: "b", from: "standard", secret: "whsec_short-and-secret" } });
  expect(wrong).toMatchObject({ status: 400, body: { detail: expect.stringContaining("in Base64") } });
  const said = JSON.stringify([made.body, rotated.body, wrong.body, (await call("GET", "/v1/audit")).body]);
  for (const each of [standardSecret, given.secret, "whsec_"]) expect(said.replace("`whsec_`", "")).not.toContain(each);
});

test("[HOOK25] a map is checked when it is given, and its faults have their places", async () => {
  const { call, objects } = setUp();
  const wrong = await call("POST", "/v1/hooks", { body: { ...usual, map: `{"kind": "pr.a",\n "data": bdy.number}` } });
  expect(wrong).toMatchObject({
    status: 400,
    body: { code: "malformed", diagnostics: [{ line: 2, column: 10, hint: expect.stringContaining("body") }] },
  });
  for (const bad of ["{", "  ", "$now()", "/a+/", "function($x){$x}", "$eval('1')"])
    expect((await call("POST", "/v1/hooks", { body: { ...usual, map: bad } })).body.diagnostics, bad).toHaveLength(1);
  expect(objects.calls).toEqual([]);
  await call("POST", "/v1/hooks", { body: usual });
  expect((await call("PATCH", "/v1/hooks/gh", { body: { map: "$now()" } })).status).toBe(400);
});

test("[HOOK25] what is misspelt, there already or too many is refused", async () => {
  const { call } = setUp();
  for (const body of [
    { ...usual, name: "a/b" },
    { ...usual, from: "gitlab" },
    { ...usual, kinds: [] },
    { ...usual, kinds: ["nerve.turn.respond"] },
    { ...usual, kinds: ["*"] },
    { ...usual, maps: "x" },
    { ...usual, secret: "short" },
  ])
    expect((await call("POST", "/v1/hooks", { body })).status, JSON.stringify(body)).toBe(400);
  await call("POST", "/v1/hooks", { body: usual });
  expect((await call("POST", "/v1/hooks", { body: usual })).body).toMatchObject({ status: 409, code: "already_exists" });
  expect((await call("PATCH", "/v1/hooks/gh", { body: {} })).status).toBe(400);
  for (let made = 1; made < hooksAtMost; made++) await call("POST", "/v1/hooks", { body: { ...usual, name: `h${made}` } });
  expect((await call("POST", "/v1/hooks", { body: { ...usual, name: "more" } })).body).toMatchObject({
    code: "not_allowed_now",
    limit: hooksAtMost,
  });
});

test("[HOOK18] what is posted with a right signature is taken without a token, as the hook's own event", async () => {
  const { call, post, objects } = setUp();
  await call("POST", "/v1/hooks", { body: { ...usual, secret: plainSecret } });
  const answer = await post("gh", payload, signGithub(payload));
  expect(answer).toMatchObject({ status: 202, body: { status: "accepted", delivery: "d-1", events: [{ id: "d-1", type: "pr.opened" }] } });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(objects.calls.at(-1)).toMatchObject({
    object: "agent/hooks/gh",
    args: [{ hook: "gh" }, [{ id: "d-1", type: "pr.opened", data: { pr: 7 } }]],
  });
  expect((await call("GET", "/v1/hooks/gh")).body.standing).toMatchObject({ accepted: 1, lastAcceptedAt: "2026-11-20T12:00:00.000Z" });
});

test("[HOOK24] a hook that is not there answers as a wrong signature does: the same words, after the same time, and no object is made", async () => {
  const pauses: number[] = [];
  const app = setUp({ pause: async (milliseconds) => void pauses.push(milliseconds), isHook: async (name) => name === "gh" });
  await app.call("POST", "/v1/hooks", { body: { ...usual, secret: plainSecret } });
  const headers = signGithub(payload, { secret: "of somebody else entirely" });
  const [wrong, absent, odd] = await Promise.all([
    app.post("gh", payload, headers),
    app.post("nobody", payload, headers),
    app.post("a%2Fb", payload, {}),
  ]);
  expect(wrong.status).toBe(401);
  expect(absent).toEqual({ ...wrong, headers: expect.anything() });
  expect(odd.body).toEqual(wrong.body);
  expect(pauses).toEqual([100, 100, 100]);
  // A token helps nobody.
  expect((await app.call("POST", "/v1/hooks/gh", { body: payload })).status).toBe(401);
});

test("[HOOK24] one sender may have so many deliveries under way, whatever their names, and is told to come again", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const app = setUp({ isHook: () => promise.then(() => false) });
  const held = Array.from({ length: 16 }, () => app.post("gh", payload, {}));
  await expect.poll(async () => (await app.post("gh", payload, {})).body).toMatchObject({ code: "rate_limited", retryAfter: 1 });
  // Another's name is not in the way.
  const other = app.post("other", payload, {});
  resolve();
  expect((await Promise.all([...held, other])).map(({ status }) => status)).toEqual(Array(17).fill(401));
});

test("[HOOK23] a body over the limit is refused at the door, and the hook says so", async () => {
  const { call, post } = setUp();
  await call("POST", "/v1/hooks", { body: usual });
  const large = new Uint8Array(4 * 1024 * 1024 + 1).fill(32);
  expect(await post("gh", large, {})).toMatchObject({ status: 413, body: { code: "too_large" } });
  expect((await call("GET", "/v1/hooks/gh")).body.standing.refusals).toMatchObject([{ code: "too_large", count: 1 }]);
  expect((await post("nobody", large, {})).status).toBe(413);
});

test("[HOOK21] a payload that was kept is tried: by the hook's map or by another, and nothing is sent", async () => {
  const { call, objects } = setUp();
  await call("POST", "/v1/hooks", { body: usual });
  const attempt = (body: object) => call("POST", "/v1/hooks/gh/test", { body: { body: payload, ...body } });
  expect((await attempt({})).body).toEqual({ status: "accepted", events: [{ kind: "pr.opened", data: { pr: 7 } }] });
  expect((await attempt({ map: `event = "push" ? {"kind": "pr.a"}` })).body).toEqual({
    status: "ignored",
    reason: "the map makes nothing of this delivery",
  });
  expect((await attempt({ headers: { "X-GitHub-Event": "push" }, map: `event = "push" ? {"kind": "pr.a"}` })).body.status).toBe("accepted");
  expect((await attempt({ map: `{"kind": "x"}` })).body).toMatchObject({ status: 422, code: "mapping_failed" });
  expect((await attempt({ body: "{" })).body.code).toBe("malformed");
  expect((await attempt({ map: "$now()" })).body.diagnostics).toHaveLength(1);
  expect(objects.calls.filter(({ method }) => method === "accept")).toEqual([]);
});
