/** Incoming hooks: who is believed, what becomes of a delivery, and what is told of those that were refused. */
import { describe, expect, test } from "vitest";
import { createProblem } from "../../../../src/contract/problem.ts";
import { refuseDelivery } from "../../../../src/durable/hook/hook.ts";
import { hookLimits } from "../../../../src/durable/hook/hook-limits.ts";
import { type Headers, plainSecret, signGithub, signStandard, signStripe, standardSecret } from "./sign.ts";
import { openStage, usualMap } from "./stage.ts";

const body = JSON.stringify({ action: "opened", number: 7, type: "pull_request", id: "evt_1" });
const refusal = refuseDelivery().problem.detail;
const isRefused = { ok: false, problem: { code: "unauthenticated", detail: refusal } };
const anyMap = `{"kind": "pr.opened", "data": {"pr": body.number}}`;

describe("[HOOK18] a delivery is believed by its sender's signature over its bytes, made lately", () => {
  test("GitHub's, over whatever bytes", async () => {
    const stage = await openStage();
    expect(await stage.take(body, signGithub(body))).toEqual({
      ok: true,
      value: { status: "accepted", delivery: "d-1", events: [{ id: "d-1", type: "pr.opened", threads: ["thread of d-1"] }] },
    });
    expect(stage.posted).toEqual([{ id: "d-1", type: "pr.opened", data: { pr: 7 } }]);
    const spaced = ` ${body}\n`;
    expect(await stage.take(spaced, signGithub(body, { delivery: "d-2" }))).toMatchObject(isRefused);
    expect((await stage.take(spaced, signGithub(spaced, { delivery: "d-2" }))).ok).toBe(true);
  });

  test("as the published example of GitHub has it", async () => {
    const stage = await openStage({ secret: "It's a Secret to Everybody".replaceAll(" ", "-") });
    const known = await openStage({ secret: "sixteen-letters-" });
    const text = "Hello, World!";
    const headers = signGithub(text, { secret: "sixteen-letters-" });
    // It is no JSON, which is said only to who signed it.
    expect(await known.take(text, headers)).toMatchObject({ problem: { code: "malformed" } });
    expect(await stage.take(text, headers)).toMatchObject(isRefused);
  });

  test("Standard Webhooks', by its own package, and not when it is old or of a time that is yet to come", async () => {
    const stage = await openStage({ from: "standard", secret: standardSecret, map: anyMap });
    expect(await stage.take(body, signStandard(body, stage.now))).toMatchObject({ ok: true, value: { delivery: "msg_1" } });
    for (const apart of [-hookLimits.tolerance - 1_000, hookLimits.tolerance + 2_000])
      expect(await stage.take(body, signStandard(body, stage.now + apart, { id: "msg_2" }))).toMatchObject(isRefused);
    expect((await stage.refusals())[0]?.last.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^it was signed 30[0-9] s after the server's time/),
      expect.stringMatching(/^it was signed 301 s before the server's time, and 300 s are allowed/),
    ]);
    expect((await stage.take(body, signStandard(body, stage.now - hookLimits.tolerance, { id: "msg_3" }))).ok).toBe(true);
    // Another id with the signature of before is another message, which nobody signed.
    expect(await stage.take(body, { ...signStandard(body, stage.now), "webhook-id": "msg_4" })).toMatchObject(isRefused);
  });

  test("Stripe's, of whose several signatures one must fit", async () => {
    const stage = await openStage({ from: "stripe", map: anyMap });
    expect(await stage.take(body, signStripe(body, stage.now))).toMatchObject({ ok: true, value: { delivery: "evt_1" } });
    const other = body.replace("evt_1", "evt_2");
    const right = signStripe(other, stage.now)["stripe-signature"] as string;
    const two = `${right.split(",")[0]},v1=${"0".repeat(64)},${right.split(",").at(-1)}`;
    expect((await stage.take(other, { ...signStripe(other, stage.now), "stripe-signature": two })).ok).toBe(true);
    expect(await stage.take(other, signStripe(other, stage.now - hookLimits.tolerance - 1_000))).toMatchObject(isRefused);
  });

  test.each<[string, Headers, string]>([
    ["none", { "x-github-delivery": "d" }, "there is no X-Hub-Signature-256"],
    ["of SHA-1", { "x-hub-signature-256": `sha1=${"a".repeat(40)}` }, "is not `sha256=` and 64"],
    ["cut short", { "x-hub-signature-256": "sha256=abcd" }, "is not `sha256=` and 64"],
    ["forged", { "x-hub-signature-256": `sha256=${"a".repeat(64)}` }, "not by this hook's secret"],
    ["by another secret", signGithub(body, { secret: `${plainSecret}!` }), "not by this hook's secret"],
  ])("one that is %s is refused in the same words, and the operator is told which", async (_, headers, told) => {
    const stage = await openStage();
    expect(await stage.take(body, { "content-type": "application/json", ...headers })).toMatchObject(isRefused);
    const [refused] = await stage.refusals();
    expect(refused).toMatchObject({ code: "unauthenticated", count: 1, last: [{ detail: expect.stringContaining(told), delivery: null }] });
    expect(JSON.stringify(await stage.hook.standing())).not.toContain(plainSecret);
    expect(stage.posted).toEqual([]);
  });

  test.each(["standard", "stripe"] as const)("%s: headers that are missing, twisted or endless are refused", async (from) => {
    const stage = await openStage({ from, secret: from === "standard" ? standardSecret : plainSecret });
    const right = from === "standard" ? signStandard(body, stage.now) : signStripe(body, stage.now);
    const name = from === "standard" ? "webhook-signature" : "stripe-signature";
    for (const value of ["", "v1", "v1,", "v1,%%%", "t=,v1=", "t=1e9,v1=00", `t=1,${"v1=00,".repeat(1_000)}`, "v1,AAAA ".repeat(1_000)])
      expect(await stage.take(body, { ...right, [name]: value }), value.slice(0, 20)).toMatchObject(isRefused);
    for (const missing of Object.keys(right).filter((each) => each !== "content-type")) {
      const { [missing]: _, ...rest } = right;
      expect(await stage.take(body, rest), missing).toMatchObject(isRefused);
    }
  });
});

test("[HOOK19] while a secret is exchanged both are good; then, or at once where it is said so, the new one alone", async () => {
  const stage = await openStage();
  const [second, third] = ["a-second-secret-of-letters", "a-third-secret-of-letters"];
  const by = (secret: string, delivery: string) => stage.take(body, signGithub(body, { secret, delivery }));
  await stage.hook.rotate(second, 1_000);
  expect([(await by(plainSecret, "a")).ok, (await by(second, "b")).ok]).toEqual([true, true]);
  expect((await stage.hook.standing())?.formerSecretUntil).toBe("2026-11-20T12:00:01.000Z");
  stage.now += 1_000;
  expect([(await by(plainSecret, "c")).ok, (await by(second, "d")).ok]).toEqual([false, true]);
  await stage.hook.rotate(third, 0);
  expect([(await by(second, "e")).ok, (await by(third, "f")).ok]).toEqual([false, true]);
});

describe("[HOOK20] a delivery that comes again is answered the same, and does nothing", () => {
  test("also after an eviction, by another map, and side by side", async () => {
    const stage = await openStage();
    const [first, second] = await Promise.all([stage.take(body, signGithub(body)), stage.take(body, signGithub(body))]);
    expect(second).toEqual(first);
    await stage.hook.change({ map: `[{"kind": "pr.other"}, {"kind": "pr.more"}]` });
    stage.evict();
    expect(await stage.take(body, signGithub(body))).toEqual(first);
    expect(stage.posted).toHaveLength(1);
    expect(await stage.hook.standing()).toMatchObject({ accepted: 1 });
  });

  test("also where the answer was lost before it was noted, and the map is another by now", async () => {
    const stage = await openStage();
    stage.refuse = ({ id }) => (id === "d-1.2" ? createProblem("unavailable", "later") : undefined);
    await stage.hook.change({ map: `[{"kind": "pr.a"}, {"kind": "pr.b"}]` });
    expect(await stage.take(body, signGithub(body))).toMatchObject({ ok: false, problem: { code: "unavailable", retryable: true } });
    stage.refuse = undefined;
    await stage.hook.change({ map: `[{"kind": "pr.c"}, {"kind": "pr.b"}]` });
    expect(await stage.take(body, signGithub(body))).toMatchObject({ ok: true, value: { status: "accepted" } });
    // What was accepted once is not sent again as something else.
    expect(stage.posted.map(({ id, type }) => `${id} ${type}`)).toEqual(["d-1 pr.a", "d-1.2 pr.b"]);
  });

  test("for 30 days, after which it is forgotten", async () => {
    const stage = await openStage();
    await stage.take(body, signGithub(body));
    stage.now += hookLimits.memoryDays * 86_400_000 + 1;
    // The first that is accepted after waking looks for what is old.
    stage.evict();
    await stage.take(body, signGithub(body, { delivery: "d-2" }));
    await stage.take(body, signGithub(body));
    expect(await stage.hook.standing()).toMatchObject({ accepted: 3 });
  });
});

describe("[HOOK21] a map makes one event of a delivery, a list of them, or none", () => {
  test("none is ignored with a reason, and looked at again when it is sent again", async () => {
    const stage = await openStage();
    const closed = JSON.stringify({ action: "closed" });
    const ignored = { ok: true, value: { status: "ignored", delivery: "d-1", reason: "the map makes nothing of the event pull_request" } };
    expect(await stage.take(closed, signGithub(closed))).toEqual(ignored);
    await stage.hook.change({ map: `[]` });
    expect(await stage.take(closed, signGithub(closed))).toEqual(ignored);
    expect(await stage.hook.standing()).toMatchObject({ ignored: 2, lastIgnored: { delivery: "d-1" }, accepted: 0, refusals: [] });
    await stage.hook.change({ map: anyMap });
    expect(await stage.take(closed, signGithub(closed))).toMatchObject({ value: { status: "accepted" } });
  });

  test("several have the delivery's id with a number; `to` and `subject` go with them, secrets of headers do not", async () => {
    const map = `[{"kind": "pr.a", "to": "cap:ops", "subject": "s"}, {"kind": "pr.b", "data": {"h": headers, "d": delivery}}]`;
    const stage = await openStage({ map });
    await stage.take(body, {
      ...signGithub(body),
      cookie: "x",
      authorization: "Bearer x",
      "x-api-token": "x",
      "user-agent": "GitHub-Hookshot",
    });
    expect(stage.posted).toEqual([
      { id: "d-1", type: "pr.a", to: "cap:ops", subject: "s" },
      {
        id: "d-1.2",
        type: "pr.b",
        data: {
          d: "d-1",
          h: {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot",
            "x-github-delivery": "d-1",
            "x-github-event": "pull_request",
          },
        },
      },
    ]);
  });
});

describe("[HOOK22] a map that fails, or makes what is no event, is refused and told; mended, it takes the delivery", () => {
  test.each([
    ["throws", `$error("no such thing")`, "The map failed: no such thing"],
    ["goes on and on", `$sum([1..9000].($sum([1..9000])))`, "The map failed: "],
    ["makes a number", "body.number", 'What the map made is no event: it is 7, and an event is `{"kind": …'],
    ["names no kind", `{"data": 1}`, "it has no `kind`"],
    ["says type", `{"type": "pr.opened", "kind": "pr.a"}`, "did you mean `kind`?"],
    ["misspells", `{"kind": "pr.a", "subjct": "x"}`, "did you mean `subject`?"],
    ["has no dotted kind", `{"kind": "PR opened"}`, "dotted segments"],
    ["makes a kind that it may not", `{"kind": "deploy.done"}`, "of the kind deploy.done; this hook may make pr.*"],
    ["makes the orchestrator's", `{"kind": "nerve.turn.respond"}`, "this hook may make pr.*"],
    ["makes too many", `[1..${hookLimits.events + 1}].{"kind": "pr.a"}`, `The map made ${hookLimits.events + 1} events`],
    ["makes one of several wrong", `[{"kind": "pr.a"}, {"kind": "x"}]`, "The event 2 of the map is of the kind x"],
  ])("%s", async (_, map, told) => {
    const stage = await openStage({ map });
    const answer = await stage.take(body, signGithub(body));
    expect(answer).toMatchObject({ ok: false, problem: { status: 422, code: "mapping_failed", detail: expect.stringContaining(told) } });
    expect(stage.posted).toEqual([]);
    expect(await stage.refusals()).toMatchObject([{ code: "mapping_failed", count: 1, last: [{ delivery: "d-1" }] }]);
    await stage.hook.change({ map: usualMap });
    expect(await stage.take(body, signGithub(body))).toMatchObject({ ok: true, value: { status: "accepted" } });
  });

  test("what the event's own object refuses for good is told, too, and what it cannot take now is to be sent again", async () => {
    const stage = await openStage({ map: anyMap });
    stage.refuse = () => createProblem("not_found", "There is no agent bob.");
    expect(await stage.take(body, signGithub(body))).toMatchObject({
      problem: { code: "mapping_failed", detail: expect.stringContaining("no agent bob") },
    });
    stage.refuse = () => createProblem("unavailable", "later", { retryAfter: 1 });
    expect(await stage.take(body, signGithub(body))).toMatchObject({ problem: { status: 503, retryAfter: 1 } });
    expect((await stage.refusals()).map(({ code }) => code).sort()).toEqual(["mapping_failed", "unavailable"]);
  });
});

describe("[HOOK23] every form in which a delivery may come has a clear answer", () => {
  const signed = (text: string | Uint8Array, headers: Headers = {}) => ({ ...signGithub(text), ...headers });
  const form = `payload=${encodeURIComponent(body)}`;

  test("GitHub's ping is answered, and makes nothing; its forms are read", async () => {
    const stage = await openStage({ map: anyMap });
    const ping = JSON.stringify({ zen: "Keep it logically awesome.", hook_id: 1 });
    expect(await stage.take(ping, signGithub(ping, { event: "ping" }))).toMatchObject({
      value: { status: "ignored", reason: expect.stringContaining("ping") },
    });
    expect(stage.posted).toEqual([]);
    expect((await stage.take(form, signed(form, { "content-type": "application/x-www-form-urlencoded" }))).ok).toBe(true);
    expect(stage.posted).toEqual([{ id: "d-1", type: "pr.opened", data: { pr: 7 } }]);
  });

  test.each<[string, string | Uint8Array, Headers, string]>([
    ["an empty body", "", {}, "The body is empty"],
    ["text", "hello", { "content-type": "text/plain" }, "of the content type text/plain: send application/json"],
    ["no content type", body, { "content-type": "" }, "of no content type"],
    ["what is no JSON", "{", {}, "The body is not JSON"],
    ["what is no UTF-8", Uint8Array.of(0xff, 0xfe), {}, "The body is not UTF-8"],
    ["JSON that is too deep", `${"[".repeat(500)}${"]".repeat(500)}`, {}, "nests deeper"],
    ["a form without a payload", "a=b", { "content-type": "application/x-www-form-urlencoded" }, "no field `payload`"],
    ["no id", body, { "x-github-delivery": "" }, "has no id: the header X-GitHub-Delivery"],
    ["an endless id", body, { "x-github-delivery": "d".repeat(200) }, "has no id"],
    ["an id that is none", body, { "x-github-delivery": "a b" }, "has no id"],
  ])("%s", async (_, text, headers, told) => {
    const stage = await openStage({ map: anyMap });
    expect(await stage.take(text, signed(text, headers))).toMatchObject({
      problem: { status: 400, code: "malformed", detail: expect.stringContaining(told) },
    });
    expect(await stage.refusals()).toMatchObject([{ code: "malformed" }]);
    expect(stage.posted).toEqual([]);
  });

  test("a form is GitHub's alone", async () => {
    const stage = await openStage({ from: "stripe", map: anyMap });
    const headers = { ...signStripe(form, stage.now), "content-type": "application/x-www-form-urlencoded" };
    expect(await stage.take(form, headers)).toMatchObject({ problem: { code: "malformed" } });
  });
});

test("[HOOK26] refusals are kept by code, a few of each, and a flood of forged deliveries makes no write each", async () => {
  const stage = await openStage({ map: "body.number" });
  await stage.take(body, signGithub(body));
  const before = stage.writes;
  for (let count = 0; count < 200; count++) {
    stage.now += 10;
    await stage.take(body, { ...signGithub(body), "x-hub-signature-256": `sha256=${"a".repeat(64)}` });
  }
  expect(stage.writes - before).toBeLessThanOrEqual(2);
  const refusals = await stage.refusals();
  expect(refusals.map(({ code, count, last }) => [code, count, last.length])).toEqual([
    ["unauthenticated", 200, hookLimits.refusals],
    ["mapping_failed", 1, 1],
  ]);
  stage.evict();
  expect((await stage.refusals()).map(({ code }) => code)).toEqual(["unauthenticated", "mapping_failed"]);
});

test("[HOOK26] a hook that is removed takes nothing, and what was under way writes nothing", async () => {
  const stage = await openStage();
  const taking = stage.take(body, signGithub(body));
  stage.hook.forget();
  const before = stage.writes;
  await taking;
  expect(stage.writes).toBe(before);
  expect(await stage.hook.standing()).toBeNull();
  expect(await stage.take(body, signGithub(body))).toMatchObject(isRefused);
  expect(await stage.hook.rotate("x", 0)).toMatchObject({ problem: { code: "not_found" } });
});
