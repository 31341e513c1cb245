/**
 * The shape of the language: which fields there are and what sort of value each takes. The one place that says so: the
 * shape check reads it, and the editor's JSON Schema is generated from it. References between fields are not its business.
 */
import { z } from "zod";
import { compileLimits } from "../limits.ts";
import { agentId, duration, expression, fields, integer, jsonSchema, kind, list, text, wait } from "./fields.ts";

const emit = fields({
  kind: kind.describe("Kind of the event that is sent."),
  data: z.unknown().optional().describe("Its data: JSONata where it is text, else a literal whose strings are templates."),
  to: text.optional().describe("Who gets it: `*`, `agents/<id>`, `cap:<capability>`, `role:<role>`, comma-separated."),
});

const spawn = fields({
  workflow: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "bad-name")
    .describe("Name of the workflow that is started."),
  input: z.unknown().optional().describe("Data of the child's event; an array spawns a child per item."),
  await: z
    .union([z.boolean(), fields({ timeout: wait })])
    .optional()
    .describe("Whether the target's turn waits for the children; `true` is 24h."),
});

const edgeFields = {
  role: z.string().describe("A role, `$END` or `$SUSPEND`."),
  location: z.string().optional().describe("Where to work; passed along in the turn."),
  emit: list(emit, compileLimits.effectsPerEdge).optional().describe("Events that are sent together with the transition."),
  spawn: list(spawn, compileLimits.effectsPerEdge).optional().describe("Workflows that are started together with the transition."),
};

/** An edge of the status form. */
export const statusEdge = fields({ ...edgeFields, prompt: z.string().describe("Liquid over the last output.") });

/** A transition of the list form. */
export const listEdge = fields({
  ...edgeFields,
  prompt: z.string().nullish().describe("Sent as written."),
  condition: z.string().nullish().describe("Name of a condition; none matches at once."),
});

const namedEdges = z.record(z.string(), statusEdge);
const listedEdges = list(listEdge, compileLimits.edgesPerNode);

const turnPolicy = z.enum(["retry", "rerecruit", "suspend", "forfeit", "end"]);

/** A role. */
export const role = fields({
  description: z.string().optional().describe("Who it is, in a line."),
  goal: z.string().optional().describe("What it is to achieve."),
  capabilities: list(text).optional().describe("What an agent must be able to do; the default eligibility of an open role."),
  procedure: z.string().optional().describe("The steps to take."),
  output: z.string().optional().describe("What it owes, in words."),
  frontmatter: jsonSchema.optional().describe("What it owes, as JSON Schema."),
  meta: jsonSchema.optional().describe("Older name of `frontmatter`."),
  outputSchema: jsonSchema.optional().describe("Older name of `frontmatter`."),
  systemPrompt: z.string().optional().describe("Older files: all in one."),
  identity: z.string().optional(),
  prepare: z.string().optional(),
  execute: z.string().optional(),
  report: z.string().optional(),
  prompt: z.string().optional().describe("Older files: the role's prompt."),
  type: z.enum(["named", "open", "broadcast"]).optional().describe("Bound to one agent, recruited, or every eligible agent at once."),
  agent: z
    .union([agentId, fields({ from: expression })])
    .optional()
    .describe("Named roles: the agent's id, or JSONata over `{event, start}`."),
  eligibility: fields({
    all: list(text).optional(),
    any: z.boolean().optional(),
    agents: list(agentId).optional(),
    not: list(text).optional(),
    where: expression.optional(),
  }).optional(),
  recruitment: fields({
    timeout: wait.optional(),
    retries: integer(0, 1000).optional(),
    backoff: duration.optional(),
    group: z.string().min(1, "blank-text").optional(),
    pick: z.enum(["first", "best", "sticky", "random"]).optional(),
    score: expression.optional(),
    on_unfilled: z.enum(["suspend", "end", "retry"]).optional(),
  }).optional(),
  bind: z.enum(["thread", "turn"]).optional(),
  heartbeat: fields({ every: wait.optional(), miss: integer(1, 10_000).optional() }).optional(),
  turn: fields({
    timeout: wait.optional(),
    retries: integer(0, 1000).optional(),
    on_timeout: turnPolicy.optional(),
    on_fail: turnPolicy.optional(),
  }).optional(),
  offline: fields({ grace: duration.optional(), then: z.enum(["wait", "rerecruit", "suspend", "end"]).optional() }).optional(),
  broadcast: fields({
    ack: fields({
      need: z.union([z.enum(["all", "any", "none"]), integer(1, 1_000_000)]).optional(),
      timeout: wait.optional(),
      ok: expression.optional(),
    }).optional(),
    of: integer(1, 1_000_000).optional(),
    ttl: wait.optional(),
  }).optional(),
});

const on = list(z.string(), compileLimits.reflexKinds).min(1, "blank-text");
const key = z.union([expression, list(expression, compileLimits.keyParts).min(1, "blank-text")]);

/** Which fields a reflex of each kind has. */
export const reflexShapes = {
  workflow: fields({ kind: z.literal("workflow"), on, when: expression.optional(), key: key.optional(), priority: expression.optional() }),
  signal: fields({ kind: z.literal("signal"), on, when: expression.optional(), key, signal: z.enum(["cancel", "suspend", "resume"]) }),
  emit: fields({
    kind: z.literal("emit"),
    on,
    when: expression.optional(),
    emit: list(emit, compileLimits.effectsPerEdge).min(1, "blank-text"),
  }),
};

const condition = fields({ description: z.string().optional(), expression });

/** The whole file. */
export const workflowShape = fields({
  name: z
    .string()
    .regex(/^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/, "bad-name")
    .describe("The workflow's identity in the registry; kebab-case."),
  description: text,
  version: integer(0, Number.MAX_SAFE_INTEGER).optional().describe("The author's own revision."),
  binding: z.enum(["cloud", "local"]).optional(),
  roles: z.record(z.string(), role).describe("1 to 64 roles."),
  conditions: z.record(z.string(), condition).nullish(),
  graph: z.record(z.string(), z.union([listedEdges, namedEdges])).optional(),
  moderator: expression.optional().describe("Instead of `graph`: JSONata that gives `{role, prompt?}`."),
  input: jsonSchema.optional().describe("JSON Schema of the initiating event's data."),
  reflexes: list(
    z.discriminatedUnion("kind", [reflexShapes.workflow, reflexShapes.signal, reflexShapes.emit]),
    compileLimits.reflexes,
  ).optional(),
  concurrency: integer(1, 1_000_000).optional(),
  overflow: z.enum(["queue", "drop"]).optional(),
  max_queue: integer(0, 1_000_000).optional(),
  max_rounds: integer(1, compileLimits.rounds).optional(),
  maxRounds: integer(1, compileLimits.rounds).optional(),
  senses: z.unknown().optional(),
  agents: z.unknown().optional(),
  extract: z.unknown().optional(),
  api: z.unknown().optional(),
});
