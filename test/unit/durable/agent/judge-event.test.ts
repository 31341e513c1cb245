/** What an agent posts, judged before anything is stored: what it is told where that is no event, of no kind, or carries a schema that is wrong itself. */
import { expect, test } from "vitest";
import { agentKinds } from "../../../../src/contract/kinds/agent-kinds.ts";
import { engineKinds } from "../../../../src/contract/kinds/engine-kinds.ts";
import { judgeEvent } from "../../../../src/durable/agent/judge-event.ts";

const card = { id: "alice", capabilities: [], roles: null, kinds: null };
const judge = (raw: unknown) => judgeEvent(raw, "/agents/alice", card, Date.parse("2026-11-20T12:00:00Z"));
const event = { id: "e", type: "a.b", data: { x: 1 } };

test.each([...Object.keys(engineKinds), "nerve.turn.forget", "nerve.turn", "nerve.agent.report.more", "nerve.offer.claimed"])(
  "[EVENT2] %s is no kind of an agent's, and the refusal lists those that are",
  async (type) => {
    const judged = await judge({ ...event, type });
    expect(judged).toMatchObject({ ok: false, problem: { code: "unknown_kind" } });
    for (const kind of Object.keys(agentKinds)) expect(!judged.ok && judged.problem.detail).toContain(kind);
  },
);

test.each([
  ["a frame", { type: "event", event }, /^id$/],
  ["an acknowledgement", { type: "ack", seqs: [1] }, /^id$/],
  ["an inbox item", { seq: 1, channel: "my", event }, /^id$/],
  ["a log entry", { position: 1, event }, /^id$/],
  ["a broadcast", { kind: "a.b", to: "*", data: {} }, /^id$/],
  ["an agent's registration", { id: "bob", capabilities: ["x"] }, /^type$/],
  ["a list", [event], /^$/],
  ["a text", "event", /^$/],
])("[EVENT1] %s is no event: malformed, with what is missing", async (_, raw, path) => {
  const judged = await judge(raw);
  expect(judged).toMatchObject({ ok: false, problem: { code: "malformed" } });
  const [first] = (judged.ok ? [] : judged.problem["errors"]) as { path: string; message: string }[];
  expect(first?.path).toMatch(path);
  expect(!judged.ok && judged.problem.detail).toContain(first?.message);
});

test.each([
  ["no such type", { type: "strin" }, /type/],
  ["a reference that leads nowhere", { properties: { x: { $ref: "#/$defs/none" } } }, /properties\/x/],
  ["a reference to elsewhere", { items: { $ref: "https://example.com/s.json" } }, /items/],
  ["a pattern that is none", { properties: { x: { pattern: "(" } } }, /properties\/x/],
  ["bounds of another type", { anyOf: [{ minLength: "3" }] }, /anyOf\/0/],
  ["no schema at all", 7, /accepts/],
])("[EVENT12] a schema that is wrong itself is refused with its kind and its place: %s", async (_, schema, place) => {
  const judged = await judge({ id: "r", type: "nerve.agent.report", data: { accepts: { "pr.ready": schema } } });
  expect(judged).toMatchObject({
    ok: false,
    problem: { code: "malformed", detail: expect.stringMatching(/^The data of nerve\.agent\.report does not fit: accepts/) },
  });
  const [first] = (judged.ok ? [] : judged.problem["errors"]) as { path: string; message: string }[];
  expect(`${first?.path} ${first?.message}`).toMatch(place);
  if (schema !== 7) expect(first?.path).toContain("pr.ready");
});
