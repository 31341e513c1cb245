/** Where an accepted event leads: chains of emit reflexes, their bounds, verdicts, recipients. */
import { beforeEach, expect, test, vi } from "vitest";
import type { ReflexIr } from "../../../../src/compile/ir.ts";
import type { CloudEvent } from "../../../../src/contract/event.ts";
import { namedPlace } from "../../../../src/contract/named-place.ts";
import { refuse, succeed } from "../../../../src/contract/problem.ts";
import { judgeEvent } from "../../../../src/durable/agent/judge-event.ts";
import type { PublishedReflexes, Registry } from "../../../../src/durable/registry/registry.ts";
import { createSubscriptionSet } from "../../../../src/durable/registry/subscription-set.ts";
import { type RouteOptions, routeEvent } from "../../../../src/durable/routing/route-event.ts";
import { routingLimits } from "../../../../src/durable/routing/routing-limits.ts";

const now = 1_800_000_000_000;
const sender = { id: "alice", capabilities: [], roles: null, kinds: null };

let published: PublishedReflexes[];
let subscriptions: Map<string, string[]>;

beforeEach(() => {
  published = [];
  subscriptions = new Map();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

const registry: Registry = {
  reflexes: async () => published,
  listeners: async () => ({ reflexes: published, subscribers: createSubscriptionSet(subscriptions).find }),
  revision: async () => undefined,
  pastTurns: async () => ({ role: [], overall: [] }),
  agents: async ({ after = "" }) => ["alice", "bob", "carol"].filter((id) => id > after).map((id) => ({ ...sender, id })),
  cards: async (ids) => ids.filter((id) => id !== "nobody").map((id) => ({ ...sender, id })),
};

function publish(workflow: string, reflexes: ReflexIr[], input: PublishedReflexes["input"] = null): void {
  published.push({ workflow, revision: `${workflow}-1`, input, reflexes });
}

function emits(on: string[], kind: string, to?: string): ReflexIr {
  return { kind: "emit", on, emit: [{ kind, ...(to !== undefined && { to: { kind: "literal", text: to } }) }] };
}

function makeEvent(type: string, more: Partial<CloudEvent> = {}): CloudEvent {
  return { specversion: "1.0", id: "e1", source: "/agents/alice", type, time: "2026-11-20T12:00:00Z", data: {}, ...more };
}

async function route(event: CloudEvent, options: Partial<RouteOptions> = {}) {
  const routed = await routeEvent(event, sender, registry, { now, ...options });
  if (!routed.ok) throw new Error(routed.problem.detail);
  return routed.value;
}

test("[ROUTE3] an emit reflex's event follows in the same commit: its id the same at each try, its cause the event before, one deeper", async () => {
  publish("ops", [emits(["deploy.finished"], "fleet.notify", "agents/bob")]);
  publish("audit", [{ kind: "workflow", on: ["fleet.notify"] }]);
  const event = makeEvent("deploy.finished", { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
  const routed = await route(event);
  const [emitted] = routed.emitted;
  expect(emitted?.event).toMatchObject({
    source: "/workflows/ops",
    type: "fleet.notify",
    causationid: "e1",
    nrvdepth: 1,
    traceparent: expect.stringContaining("0af7651916cd43dd8448eb211c80319c"),
  });
  expect(routed.routing.verdicts).toEqual([{ workflow: "ops", place: 0, kind: "emit", verdict: "fired", emitted: [emitted?.event.id] }]);
  expect(emitted?.routing).toMatchObject({ recipients: ["bob"], verdicts: [{ workflow: "audit", verdict: "fired" }] });
  expect(routed.threads).toHaveLength(1);
  expect(routed.messages.map(({ receivers }) => receivers)).toEqual([["agent/bob"], ["workflow/audit"]]);
  expect((await route(event)).emitted.map(({ event: { id } }) => id)).toEqual([emitted?.event.id]);
});

test("[ROUTE5] a chain that never ends stops at its depth, says so to the sender, and is in the log", async () => {
  publish("ping", [emits(["ping"], "pong")]);
  publish("pong", [emits(["pong"], "ping")]);
  const routed = await route(makeEvent("ping"));
  const made = routed.emitted.filter(({ event }) => event.type !== "nerve.chain.stopped");
  expect(made).toHaveLength(routingLimits.chainDepth);
  expect(made.at(-1)?.routing.verdicts).toMatchObject([{ verdict: "depth" }]);
  expect(routed.notes.join()).toContain(`${routingLimits.chainDepth} deep and ends`);
  expect(routed.emitted.at(-1)?.event).toMatchObject({
    type: "nerve.chain.stopped",
    causationid: made.at(-1)?.event.id,
    data: { depth: routingLimits.chainDepth },
  });
});

test("[ROUTE5] what a thread says is as deep as its thread, so a loop through threads ends as well", async () => {
  publish("loop", [{ kind: "workflow", on: ["round.done"] }]);
  const deep = await route(makeEvent("round.done", { source: "/threads/t", nrvdepth: routingLimits.chainDepth }));
  expect(deep.threads).toEqual([]);
  expect(deep.routing.verdicts).toMatchObject([{ verdict: "depth" }]);
  const shallow = await route(makeEvent("round.done", { source: "/threads/t", nrvdepth: routingLimits.chainDepth - 1 }));
  expect(shallow.threads).toHaveLength(1);
});

test("[ROUTE6] reflexes that fan out at each step publish no more than the limit", async () => {
  publish("bomb", [{ kind: "emit", on: ["boom"], emit: [{ kind: "boom" }, { kind: "boom" }, { kind: "boom" }] }]);
  const routed = await route(makeEvent("boom"));
  expect(routed.emitted.filter(({ event }) => event.type === "boom")).toHaveLength(routingLimits.emitted);
  expect(routed.notes.join()).toContain(`at most ${routingLimits.emitted} events`);
});

test("[ROUTE5] nobody but the orchestrator says how deep an event is", async () => {
  const judged = await judgeEvent({ id: "e", type: "a.b", nrvdepth: -5 }, "/agents/alice", sender, now);
  expect(judged.ok && Object.keys(judged.value.event)).not.toContain("nrvdepth");
});

test("[ROUTE7] a reflex that does not fire is kept with the reason", async () => {
  publish("a", [{ kind: "workflow", on: ["x.*"], when: "data.no" }]);
  publish("b", [{ kind: "workflow", on: ["x.y"], key: ["data.missing"] }]);
  publish("c", [{ kind: "workflow", on: ["x.y"] }], { type: "object", required: ["pr"] });
  publish("d", [{ kind: "workflow", on: ["x.y"], when: "$sum('x')" }]);
  publish("e", [{ kind: "signal", on: ["x.y"], key: ["'k'"], signal: "cancel" }]);
  publish("f", [{ kind: "workflow", on: ["other"] }]);
  const { routing, notes } = await route(makeEvent("x.y"));
  expect(routing.verdicts.map(({ workflow, verdict, key }) => [workflow, verdict, key])).toEqual([
    ["a", "when", undefined],
    ["b", "key", undefined],
    ["c", "input", undefined],
    ["d", "error", undefined],
    ["e", "fired", "k"],
  ]);
  expect(notes).toHaveLength(4);
  expect(notes[2]).toContain("c: the data does not fit its input");
});

test("[ROUTE7] where no workflow listens, that is what is kept", async () => {
  publish("a", [{ kind: "workflow", on: ["x.z"] }]);
  expect((await route(makeEvent("x.y"))).routing).toEqual({ verdicts: [], recipients: [], unheard: true });
});

test("[ROUTE1] nerve.* fires by exact kind, and never the thread's own workflow", async () => {
  publish("review", [{ kind: "workflow", on: ["nerve.thread.suspended"] }]);
  publish("pager", [{ kind: "workflow", on: ["nerve.thread.suspended"] }]);
  publish("all", [{ kind: "workflow", on: ["nerve.thread.*"] }]);
  const routed = await route(makeEvent("nerve.thread.suspended", { source: "/threads/t" }), { own: "review" });
  expect(routed.routing.verdicts.map(({ workflow, verdict }) => [workflow, verdict])).toEqual([
    ["review", "own"],
    ["pager", "fired"],
  ]);
});

test("[ROUTE8] subscribers are sent it once, the sender is not, and what has it already is not sent again", async () => {
  subscriptions = new Map([
    ["alice", ["deploy.*"]],
    ["bob", ["deploy.*", "deploy.finished"]],
    ["carol", ["deploy.started"]],
    ["dave", ["*"]],
  ]);
  const routed = await route(makeEvent("deploy.finished", { to: "agents/bob,agents/carol" }));
  expect(routed.routing.recipients).toEqual(["bob", "carol"]);
  expect(routed.messages).toHaveLength(1);
  const again = await route(makeEvent("deploy.finished"), { sentTo: ["bob"] });
  expect(again.messages).toEqual([]);
});

test("[ROUTE9] role:x is whoever holds it in the thread that the event names", async () => {
  const findHolders: RouteOptions["findHolders"] = async (thread) =>
    thread === "t1" ? succeed({ author: "bob", reviewer: null }) : refuse("not_found", "There is no such thread.");
  const send = (to: string, correlationid?: string) =>
    routeEvent(makeEvent("note.made", { to, ...(correlationid !== undefined && { correlationid }) }), sender, registry, {
      now,
      findHolders,
    });
  expect(await send("role:author", "t1")).toMatchObject({ ok: true, value: { routing: { recipients: ["bob"] } } });
  expect(await send("role:reviewer", "t1")).toMatchObject({ ok: true, value: { notes: ["Nobody holds the role reviewer now."] } });
  expect(await send("role:toString", "t1")).toMatchObject({ ok: false, problem: { code: "not_found" } });
  expect(await send("role:author", "t2")).toMatchObject({ ok: false, problem: { code: "not_found" } });
  expect(await send("role:author")).toMatchObject({ ok: false, problem: { code: "malformed" } });
});

test("[ROUTE4] an address that names nobody is refused, but an author's only costs its note", async () => {
  expect(await routeEvent(makeEvent("a.b", { to: "agents/nobody" }), sender, registry, { now })).toMatchObject({
    ok: false,
    problem: { code: "not_found" },
  });
  expect(await routeEvent(makeEvent("a.b", { to: "bob" }), sender, registry, { now })).toMatchObject({
    ok: false,
    problem: { code: "malformed" },
  });
  publish("ops", [emits(["deploy.finished"], "fleet.notify", "agents/nobody")]);
  publish("audit", [{ kind: "workflow", on: ["fleet.notify"] }]);
  const routed = await route(makeEvent("deploy.finished"));
  expect(routed.notes).toEqual(["fleet.notify: There is no agent nobody."]);
  expect(routed.threads).toHaveLength(1);
});

test("[ROUTE14] `workflows/x` begins a thread of it whatever its reflexes listen to, once, and under no key", async () => {
  publish("review", [{ kind: "workflow", on: ["ask.*"], key: ["data.pr"] }, emits(["ask.review"], "review.asked")]);
  publish("audit", [{ kind: "workflow", on: ["ask.review"] }]);
  const event = makeEvent("ask.review", { source: "/operators/ann", to: "workflows/review, agents/bob" });
  const routed = await route(event);
  const [named] = routed.routing.verdicts;
  expect(named).toEqual({ workflow: "review", place: namedPlace, kind: "workflow", verdict: "fired", thread: expect.stringMatching(/^t/) });
  expect(routed.routing.verdicts.map(({ workflow, kind }) => `${workflow} ${kind}`)).toEqual([
    "review workflow",
    "review emit",
    "audit workflow",
  ]);
  expect(routed.routing.recipients).toEqual(["bob"]);
  const admitted = routed.messages.find(({ receivers }) => receivers.join() === "workflow/review");
  expect(admitted?.message).toMatchObject({ type: "admit", thread: named?.thread, revision: "review-1", key: null, event: { data: {} } });
  expect((await route(event)).routing.verdicts[0]?.thread).toBe(named?.thread);
  expect((await route({ ...event, to: "workflows/review" })).notes).toEqual([]);
});

test("[ROUTE15] an agent starts by name what is exposed only; what is not there, or does not fit its input, refuses the event", async () => {
  publish("closed", []);
  published.push({ workflow: "review", revision: "r", exposed: true, reflexes: [], input: { type: "object", required: ["pr"] } });
  const ask = async (to: string, more: Partial<CloudEvent> = {}) =>
    routeEvent(makeEvent("ask", { to, ...more }), sender, registry, { now });
  const refusal = async (...of: Parameters<typeof ask>) => {
    const routed = await ask(...of);
    return routed.ok ? undefined : routed.problem;
  };
  expect(await ask("workflows/review", { data: { pr: 1 } })).toMatchObject({ ok: true, value: { threads: [expect.any(String)] } });
  expect(await refusal("workflows/review")).toMatchObject({ code: "malformed", errors: [{ message: expect.stringContaining("pr") }] });
  expect(await refusal("workflows/closed")).toMatchObject({ code: "not_found", detail: expect.not.stringContaining("mean closed") });
  expect(await refusal("workflows/reveiw")).toMatchObject({ code: "not_found", detail: expect.stringContaining("mean review") });
  expect(await refusal("workflows/closed", { source: "/operators/ann" })).toBeUndefined();
  const many = Array.from({ length: routingLimits.named + 1 }, (_, index) => `workflows/w${index}`).join();
  expect(await refusal(many)).toMatchObject({ code: "too_large", limit: routingLimits.named });
});
