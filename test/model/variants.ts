/** Small workflows, each with a corner of the language, for the composed exploration. */
import type { WorkflowIr } from "../../src/compile/ir.ts";
import { codeReview, debate, makeNode, makeRole, makeWorkflow } from "../unit/machines/workflows.ts";
import type { World } from "./world.ts";

interface Variant {
  ir: WorkflowIr;
  budget: World["budget"];
  start?: "new" | "resume";
  /** Who claims; two where it is left out. */
  agents?: string[];
}

/** Two roles of one group that exclude each other; `$START` leads to the first. */
function makeTeam(first: Partial<Parameters<typeof makeRole>[0]>, second: Partial<Parameters<typeof makeRole>[0]> = first): WorkflowIr {
  return makeWorkflow({
    maxRounds: 2,
    roles: [makeRole({ name: "for", ...first, eligibility: { notRoles: ["against"] } }), makeRole({ name: "against", ...second })],
    nodes: [makeNode("$START", { new: "for" }), makeNode("for", { said: "against" }), makeNode("against", { done: "$END" })],
  });
}

const three = ["a", "b", "c"];

const people = { presence: 0, person: 1, faults: 0 };
const presence = { presence: 1, person: 0, faults: 0 };
const nobody = { presence: 0, person: 0, faults: 0 };
const faults = { presence: 0, person: 0, faults: 2 };

function makePair(first: Parameters<typeof makeRole>[0], edges: Record<string, string> = {}, more: Partial<WorkflowIr> = {}): WorkflowIr {
  return makeWorkflow({
    maxRounds: 2,
    roles: [makeRole(first), makeRole({ name: "other", type: "named", agent: { id: "x" } })],
    nodes: [
      makeNode("$START", { new: "worker", resume: "worker" }),
      makeNode("worker", { more: "other", done: "$END", ...edges }),
      makeNode("other", { again: "worker", done: "$END" }),
    ],
    ...more,
  });
}

const policies = ["retry", "rerecruit", "suspend", "forfeit", "end"] as const;

/** The workflows, by what they are about. */
export const variants: Record<string, Variant> = {
  "code-review, with agents that come and go": { ir: { ...codeReview, maxRounds: 2 }, budget: presence },
  "code-review, with a person": { ir: { ...codeReview, maxRounds: 2 }, budget: people },
  "code-review, with failures": { ir: { ...codeReview, maxRounds: 2 }, budget: faults },
  "code-review, reopened": { ir: { ...codeReview, maxRounds: 2 }, budget: faults, start: "resume" },
  "a group that starts together": { ir: { ...debate, maxRounds: 1 }, budget: { presence: 1, person: 1, faults: 0 } },
  // Who comes and goes is explored with two agents above: with three it is a hundred times as many worlds.
  "three agents, two roles: first": { ir: makeTeam({}), budget: nobody, agents: three },
  "three agents, two roles: best": { ir: makeTeam({ recruitment: { pick: "best" } }), budget: nobody, agents: three },
  "three agents, two roles: best, offered again": {
    ir: makeTeam({ recruitment: { pick: "best", retries: 1, onUnfilled: "end" } }, {}),
    budget: nobody,
    agents: three,
  },
  "three agents, two pools": {
    ir: makeTeam({ bind: "turn" }, { bind: "turn", recruitment: { pick: "best" } }),
    budget: nobody,
    agents: three,
  },
  "a pool": { ir: makePair({ name: "worker", bind: "turn" }), budget: { presence: 1, person: 0, faults: 1 } },
  "a pool, with a person": { ir: makePair({ name: "worker", bind: "turn" }), budget: people },
  "a pool with forfeits": {
    ir: makePair({ name: "worker", bind: "turn", turn: { onTimeout: "forfeit", onFail: "rerecruit" } }, { $TIMEOUT: "other" }),
    budget: { presence: 0, person: 1, faults: 1 },
  },
  "a role of another group": {
    ir: makeWorkflow({
      maxRounds: 2,
      roles: [
        makeRole({ name: "worker" }),
        makeRole({ name: "expert", recruitment: { group: "later", retries: 1, onUnfilled: "end" }, offline: { then: "suspend" } }),
      ],
      nodes: [
        makeNode("$START", { new: "worker" }),
        makeNode("worker", { ask: "expert", done: "$END" }),
        makeNode("expert", { said: "worker" }),
      ],
    }),
    budget: people,
  },
  "nobody takes it, and the graph knows": { ir: makePair({ name: "worker" }, { $UNFILLED: "other" }), budget: people },
  "nobody takes it: retry": { ir: makePair({ name: "worker", recruitment: { onUnfilled: "retry", backoff: 1000 } }), budget: people },
  "nobody takes it: end": { ir: makePair({ name: "worker", recruitment: { onUnfilled: "end" } }), budget: people },
  "the holder is lost, and the graph knows": {
    ir: makePair({ name: "worker" }, { $OFFLINE: "other" }),
    budget: { presence: 2, person: 0, faults: 0 },
  },
  "the holder is lost and keeps the seat": {
    ir: makePair({ name: "worker", offline: { then: "wait" } }, { $OFFLINE: "other" }),
    budget: { presence: 2, person: 0, faults: 0 },
  },
  "lost: suspend": { ir: makePair({ name: "worker", offline: { then: "suspend" } }), budget: { presence: 2, person: 0, faults: 0 } },
  "lost: end": { ir: makePair({ name: "worker", offline: { then: "end" } }), budget: { presence: 2, person: 0, faults: 0 } },
  "the best claim": { ir: makePair({ name: "worker", recruitment: { pick: "best" } }), budget: people },
  "the last holder first": {
    ir: makePair({ name: "worker", bind: "turn", recruitment: { pick: "sticky" } }),
    budget: presence,
  },
  "one turn too many, and the graph knows": { ir: makePair({ name: "worker" }, { $MAX_ROUNDS: "$END" }), budget: people },
  "a target that suspends": { ir: makePair({ name: "worker" }, { ask: "$SUSPEND" }), budget: people },
  "a broadcast": {
    ir: makeWorkflow({
      maxRounds: 2,
      roles: [makeRole({ name: "fleet", type: "broadcast" })],
      nodes: [makeNode("$START", { new: "fleet" }), makeNode("fleet", { $ACKED: "$END", $PARTIAL: "fleet" })],
    }),
    budget: { presence: 0, person: 1, faults: 1 },
  },
  "a broadcast whose graph knows nothing": {
    ir: makeWorkflow({
      maxRounds: 2,
      roles: [makeRole({ name: "fleet", type: "broadcast", broadcast: { need: "any" } })],
      nodes: [makeNode("$START", { new: "fleet" }), makeNode("fleet", { $ACKED: "$END" })],
    }),
    budget: { presence: 0, person: 1, faults: 1 },
  },
  "a broadcast after a role, and again after it": {
    ir: makeWorkflow({
      maxRounds: 3,
      roles: [makeRole({ name: "worker" }), makeRole({ name: "fleet", type: "broadcast" })],
      nodes: [
        makeNode("$START", { new: "worker" }),
        makeNode("worker", { tell: "fleet", done: "$END" }),
        makeNode("fleet", { $ACKED: "worker", $PARTIAL: "fleet" }),
      ],
    }),
    budget: { presence: 0, person: 1, faults: 1 },
  },
  "a panel after a pool, whose graph knows nothing": {
    ir: makeWorkflow({
      maxRounds: 3,
      roles: [makeRole({ name: "worker", bind: "turn" }), makeRole({ name: "panel", type: "broadcast", broadcast: { need: 1, of: 1 } })],
      nodes: [
        makeNode("$START", { new: "worker" }),
        makeNode("worker", { tell: "panel", done: "$END" }),
        makeNode("panel", { $ACKED: "worker" }),
      ],
    }),
    budget: { presence: 0, person: 1, faults: 1 },
  },
  "children that are waited for": {
    ir: makeWorkflow({
      maxRounds: 2,
      roles: [makeRole({ name: "worker", turn: { onFail: "rerecruit" } })],
      nodes: [
        makeNode("$START", { new: "worker" }),
        makeNode("worker", { split: { target: "worker", spawn: [{ workflow: "x", await: 5000 }] }, done: "$END" }),
      ],
    }),
    budget: { presence: 1, person: 1, faults: 0 },
  },
  ...Object.fromEntries(
    policies.map((policy) => [
      `on_timeout and on_fail: ${policy}`,
      {
        ir: makePair(
          { name: "worker", turn: { onTimeout: policy, onFail: policy, retries: 1 } },
          policy === "forfeit" ? { $TIMEOUT: "other", $FAILED: "$END" } : {},
        ),
        budget: faults,
      },
    ]),
  ),
};
