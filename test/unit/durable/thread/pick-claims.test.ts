import { expect, test } from "vitest";
import { type PastTurn, summariseTurns } from "../../../../src/durable/thread/eligibility/agent-stats.ts";
import { type Candidate, rankClaims, type ScorePorts, scoreClaim } from "../../../../src/durable/thread/eligibility/pick-claims.ts";

const agent = { id: "ada", capabilities: ["x"], roles: null, kinds: null, labels: { region: "eu" }, load: 2 };
const event: Candidate["event"] = {
  specversion: "1.0",
  id: "e",
  source: "/agents/bob",
  type: "t",
  time: "2026-01-01T00:00:00Z",
  data: { size: 3 },
  agent: "bob",
};
const none = summariseTurns([], 0, 60_000);
const ports: ScorePorts = { random: () => 0.25, stats: async () => ({ ...none, overall: none }) };
const unasked: ScorePorts = {
  ...ports,
  stats: () => {
    throw new Error("nobody asked for stats");
  },
};

test("[RECR21] a claim is ranked by the agent, its bid, its past and the event", async () => {
  const score = "bid.price * -1 + agent.load + event.data.size + $count($event.agent) + (agent.labels.region = 'eu' ? 100 : 0)";
  expect(await scoreClaim({ pick: "best", score }, { agent, bid: { price: 7 }, event }, unasked)).toEqual({ ok: true, score: 99 });
  const past = "stats.success * 10 + stats.overall.turns - stats.median";
  expect(await scoreClaim({ pick: "best", score: past }, { agent, event }, ports)).toEqual({ ok: true, score: -55 });
});

test("[RECR6] a score that is no number is a reason, never silently 0", async () => {
  const judge = (score: string, bid?: never) => scoreClaim({ pick: "best", score }, { agent, bid, event }, ports);
  expect(await judge("'high'")).toEqual({ ok: false, why: 'score gives "high", which is no number' });
  expect(await judge("bid.price")).toEqual({ ok: false, why: "score gives nothing, which is no number" });
  expect(await judge("{'a': 1}")).toEqual({ ok: false, why: 'score gives {"a":1}, which is no number' });
  expect(await judge("1 / 0")).toMatchObject({ ok: false });
  expect(await judge("bid + 1", "cheap" as never)).toMatchObject({ ok: false, why: expect.stringMatching(/^score fails: /) });
  expect(await judge(`'${"x".repeat(200)}'`)).toMatchObject({ ok: false, why: expect.stringMatching(/x…, which is no number$/) });
});

test("[RECR21] without a score the bid counts, and no bid is 0", async () => {
  const judge = (bid?: never) => scoreClaim({ pick: "best" }, { agent, bid, event }, unasked);
  expect(await judge(12 as never)).toEqual({ ok: true, score: 12 });
  expect(await judge()).toEqual({ ok: true, score: 0 });
  expect(await judge({ price: 3 } as never)).toEqual({ ok: false, why: 'the bid is {"price":3}, which is no number' });
});

test("[RECR22] first and sticky rank by arrival, random by the number that was drawn", async () => {
  expect(await scoreClaim({ pick: "first" }, { agent, event }, unasked)).toEqual({ ok: true });
  expect(await scoreClaim({ pick: "sticky", score: "1" }, { agent, event }, unasked)).toEqual({ ok: true });
  expect(await scoreClaim({ pick: "random" }, { agent, event }, unasked)).toEqual({ ok: true, score: 0.25 });
});

test("[RECR18] the higher score wins, and at a draw whoever came earlier", () => {
  const claims = [
    { agent: "a", score: 1 },
    { agent: "b", score: 3 },
    { agent: "c" },
    { agent: "d", score: 3 },
    { agent: "e", score: 0 },
    { agent: "f", score: -1 },
  ];
  expect(rankClaims(claims).map((claim) => claim.agent)).toEqual(["b", "d", "a", "c", "e", "f"]);
});

test("[RECR23] stats are numbers, also for an agent without a past", () => {
  const turn = (outcome: PastTurn["outcome"], from: number, to: number): PastTurn => ({
    outcome,
    given_at: from * 1000,
    ended_at: to * 1000,
  });
  const turns = [
    turn("answered", 0, 4),
    turn("answered", 10, 12),
    turn("failed", 20, 90),
    turn("answered", 30, 39),
    turn("revoked", 40, 95),
  ];
  expect(summariseTurns(turns, 100_000, 60_000)).toEqual({ turns: 4, answered: 3, success: 0.75, median: 4, idle: 5, tokens: 0, cost: 0 });
  expect(none).toEqual({ turns: 0, answered: 0, success: 0.5, median: 60, idle: 2_592_000, tokens: 0, cost: 0 });
  const dear = turns.map((each, n) => ({ ...each, ...(n > 1 && { tokens: n * 100 }), ...(n === 3 && { cost: 0.5 }) }));
  expect(summariseTurns(dear, 100_000, 60_000)).toMatchObject({ tokens: 300, cost: 0.5 });
});
