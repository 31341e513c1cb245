/** Intermediate forms for tests, written by hand: small, with every default of the language. */
import type { EdgeIr, NodeIr, RoleIr, WorkflowIr } from "../../../src/compile/ir.ts";

const minute = 60_000;

/** What a test says of a role; the rest is the language's default. */
export type RoleWish = { name: string; type?: RoleIr["type"] } & {
  [K in "recruitment" | "turn" | "offline" | "eligibility" | "broadcast"]?: Partial<NonNullable<RoleIr[K]>>;
} & Pick<Partial<RoleIr>, "bind" | "agent" | "schema" | "fields">;

/** A role with the language's defaults. */
export function makeRole(wish: RoleWish): RoleIr {
  const type = wish.type ?? "open";
  return {
    name: wish.name,
    type,
    ...(wish.agent ? { agent: wish.agent } : {}),
    eligibility: { all: [], notRoles: [], notAgents: [], ...wish.eligibility },
    recruitment: {
      timeout: 10 * minute,
      retries: 0,
      backoff: 0,
      group: "default",
      pick: "first",
      onUnfilled: "suspend",
      ...wish.recruitment,
    },
    bind: wish.bind ?? "thread",
    heartbeat: { every: 30_000, miss: 3 },
    turn: { timeout: 30 * minute, retries: 0, onTimeout: "suspend", onFail: "suspend", ...wish.turn },
    offline: {
      ...(type === "named" ? { grace: 10 * minute, then: "wait" as const } : { grace: minute, then: "rerecruit" as const }),
      ...wish.offline,
    },
    ...(type === "broadcast"
      ? { broadcast: { need: "all" as const, timeout: 60 * minute, ttl: 7 * 24 * 60 * minute, ...wish.broadcast } }
      : {}),
    ...(wish.schema === undefined ? {} : { schema: wish.schema }),
    fields: wish.fields ?? { description: wish.name },
  };
}

/** A node of the status form: `{status: target}`, or `{status: edge}`. */
export function makeNode(name: string, edges: Record<string, string | Partial<EdgeIr>>): NodeIr {
  return {
    name,
    edges: Object.entries(edges).map(([status, wish]): EdgeIr => {
      const edge = typeof wish === "string" ? { target: wish } : wish;
      return {
        id: status,
        guard: { type: "status", status },
        label: status,
        target: "$END",
        prompt: { kind: "literal", text: `${name} ${status}` },
        emit: [],
        spawn: [],
        ...edge,
      };
    }),
  };
}

/** A workflow of the status form. */
export function makeWorkflow(wish: Partial<WorkflowIr> & Pick<WorkflowIr, "roles" | "nodes">): WorkflowIr {
  return {
    ir: 1,
    name: "test",
    description: "test",
    binding: "cloud",
    form: "status",
    reflexes: [],
    overflow: "queue",
    maxRounds: 100,
    ...wish,
  };
}

/** `examples/code-review.yaml`, as far as machines read it. */
export const codeReview = makeWorkflow({
  name: "code-review",
  maxRounds: 20,
  roles: [
    makeRole({
      name: "reviewer",
      eligibility: { all: ["code-review"], notRoles: ["author"] },
      recruitment: { retries: 2, backoff: 5 * minute },
      turn: { timeout: 45 * minute, onTimeout: "rerecruit" },
      offline: { grace: 10 * minute, then: "rerecruit" },
    }),
    makeRole({
      name: "author",
      type: "named",
      agent: { from: "event.agent" },
      turn: { timeout: 24 * 60 * minute },
      offline: { grace: 720 * minute },
    }),
  ],
  nodes: [
    makeNode("$START", { new: "reviewer", resume: "reviewer" }),
    makeNode("reviewer", { approved: { target: "$END", emit: [{ kind: "review.approved" }] }, changes_requested: "author" }),
    makeNode("author", { updated: "reviewer", withdrawn: { target: "$END", emit: [{ kind: "review.withdrawn" }] } }),
  ],
});

function makeListNode(name: string, edges: [target: string, condition?: string][]): NodeIr {
  return {
    name,
    edges: edges.map(([target, condition], index) => ({
      id: String(index),
      guard: condition === undefined ? { type: "always" } : { type: "condition", name: condition, expression: condition },
      label: condition ?? "otherwise",
      target,
      prompt: { kind: "literal", text: `to ${target}` },
      emit: [],
      spawn: [],
    })),
  };
}

const team = { timeout: 15 * minute, group: "teams", onUnfilled: "end" as const };

/** `examples/debate.yaml`, as far as machines read it. */
export const debate = makeWorkflow({
  name: "debate",
  form: "list",
  maxRounds: 12,
  roles: [
    makeRole({ name: "against", recruitment: team, turn: { timeout: 20 * minute, onTimeout: "forfeit" } }),
    makeRole({
      name: "for",
      recruitment: team,
      eligibility: { notRoles: ["against"] },
      turn: { timeout: 20 * minute, onTimeout: "forfeit" },
    }),
    makeRole({ name: "host", type: "named", agent: { id: "host-1" } }),
  ],
  nodes: [
    makeListNode("$START", [["against"]]),
    makeListNode("against", [["host", "steps[-1].output.conceded = true"], ["host", "steps[-1].output.`$status` = '$TIMEOUT'"], ["for"]]),
    makeListNode("for", [["host", "steps[-1].output.conceded = true"], ["host", "$count(steps[role = 'for']) >= 3"], ["against"]]),
    makeListNode("host", [["$END"]]),
  ],
});
