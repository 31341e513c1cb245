import { expect, test } from "vitest";
import { findSetApart, judgeClaimCard } from "../../../../src/durable/thread/eligibility/judge-claim.ts";
import { makeRole, makeWorkflow } from "../../machines/workflows.ts";

const card = { id: "ada", capabilities: ["x", "y"], roles: null, kinds: null, labels: { region: "eu" }, load: 0 };
const event = {
  specversion: "1.0" as const,
  id: "e",
  source: "/agents/bob",
  type: "t",
  time: "2026-01-01T00:00:00Z",
  data: { region: "us" },
  agent: "bob",
};

test("[RECR4] each rule refuses in its own words", async () => {
  const judge = (eligibility: object, agent: object = {}) =>
    judgeClaimCard(makeRole({ name: "r", eligibility: { all: ["x"], ...eligibility } }), { ...card, ...agent }, "w", event);
  expect(await judge({})).toBeUndefined();
  expect(await judge({}, { roles: ["w/other"] })).toEqual({ rule: "roles", why: "not granted the role w/r" });
  expect(await judge({}, { roles: ["w/r"] })).toBeUndefined();
  expect(await judge({ all: ["x", "never-granted"] })).toEqual({ rule: "capabilities", why: "lacks never-granted" });
  expect(await judge({ agents: ["bob"] })).toEqual({ rule: "agents", why: "not among the agents that the role names" });
  expect(await judge({ notAgents: ["ada"] })).toEqual({ rule: "not", why: "excluded by the role" });
  expect(await judge({ where: "labels.region = 'eu'" })).toBeUndefined();
  expect(await judge({ where: "labels.region = $event.data.region" })).toMatchObject({
    rule: "where",
    why: expect.stringMatching(/^where is not met/),
  });
  expect(await judge({ where: "$error('no')" })).toMatchObject({ rule: "where" });
  expect(await judge({}, { capacity: { slots: 2, used: 1 } })).toBeUndefined();
  expect(await judge({}, { capacity: { slots: 2, used: 2 } })).toEqual({ rule: "capacity", why: "at capacity (2 of 2)" });
});

test("[RECR24] `not` keeps out whoever holds a role that it names, and of a pool whoever held it last", () => {
  const ir = makeWorkflow({
    nodes: [],
    roles: [
      makeRole({ name: "a", eligibility: { notRoles: ["b", "p"] } }),
      makeRole({ name: "b" }),
      makeRole({ name: "p", bind: "turn", eligibility: { notRoles: ["p"] } }),
    ],
  });
  const context = { seats: { b: { agent: "bo", generation: 1 }, p: { agent: null, generation: 3 } }, last: { p: "pia", a: "ann" } };
  const apart = (index: number) => [...findSetApart(ir, ir.roles[index] as never, context)];
  expect(apart(0)).toEqual([
    ["bo", "b"],
    ["pia", "p"],
  ]);
  expect(apart(1)).toEqual([]);
  expect(apart(2)).toEqual([["pia", "p"]]);
});
