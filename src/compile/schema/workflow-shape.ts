/**
 * The shape of the language: which fields there are and what sort of value each takes. The one place that says so: the
 * shape check reads it, and the editor's JSON Schema is generated from it. References between fields are not its business.
 */
import * as z from "zod";
import {
  ackNeeds,
  bindings,
  bindModes,
  lossPolicies,
  missedPolicies,
  overflowPolicies,
  pickModes,
  type ReflexKind,
  reflexKinds,
  roleTypes,
  signals,
  turnPolicies,
  unfilledPolicies,
} from "../../contract/language.ts";
import { defaults } from "../defaults.ts";
import { compileLimits } from "../limits.ts";
import { agentId, amount, duration, expression, fields, integer, jsonSchema, kind, list, text, wait, word } from "./fields.ts";
import { tag } from "./tags.ts";

const emit = fields({
  kind: kind.describe("Kind of the event that is sent."),
  data: z.unknown().optional().describe("Its data: JSONata where it is text, else a literal whose strings are templates."),
  to: text.optional().describe("Who gets it: `*`, `agents/<id>`, `cap:<capability>`, `role:<role>`, comma-separated."),
});

const spawn = fields({
  workflow: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, tag("bad-name"))
    .describe("Name of the workflow that is started."),
  input: z.unknown().optional().describe("Data of the child's event; an array spawns a child per item."),
  await: z
    .union([z.boolean(), fields({ timeout: wait.describe("How long the children are waited for.") })])
    .optional()
    .describe(`Whether the target's turn waits for the children; \`true\` is ${defaults.await}; default \`false\`.`),
});

const edgeFields = {
  role: z.string().describe("A role, `$END` or `$SUSPEND`."),
  location: z.string().optional().describe("Where to work; passed on in the turn."),
  emit: list(emit, compileLimits.effectsPerEdge).optional().describe("Events that are sent together with the transition."),
  spawn: list(spawn, compileLimits.effectsPerEdge).optional().describe("Workflows that are started together with the transition."),
};

/** An edge of the status form. */
export const statusEdge = fields({
  ...edgeFields,
  prompt: z.string().describe("What the target is told: Liquid over the last output (`$START`: over the initiating event)."),
});

/** A transition of the list form. */
export const listEdge = fields({
  ...edgeFields,
  prompt: z.string().nullish().describe("What the target is told; sent as written."),
  condition: z.string().nullish().describe("Name of a condition; none matches at once."),
});

const namedEdges = z.record(z.string(), statusEdge);
const listedEdges = list(listEdge, compileLimits.edgesPerNode);

/** What agents may spend, of a role or of the whole thread. */
const budget = fields({
  tokens: integer(1, compileLimits.budgetTokens).optional().describe("Tokens of language models, read and written."),
  cost: amount(compileLimits.budgetCost).optional().describe("A number without a currency: that in which the agents count."),
}).refine(
  (value) => value.tokens !== undefined || value.cost !== undefined,
  tag("out-of-range", "a budget: give `tokens`, `cost` or both"),
);

const { named, others } = defaults.offline;

const turnPolicy = word(turnPolicies);

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
  identity: z.string().optional().describe("Older files: who the role is."),
  prepare: z.string().optional().describe("Older files: what it does first."),
  execute: z.string().optional().describe("Older files: what it does."),
  report: z.string().optional().describe("Older files: what it says at the end."),
  prompt: z.string().optional().describe("Older files: the role's prompt."),
  type: word(roleTypes)
    .optional()
    .describe("Bound to one agent, recruited, or every eligible agent at once; default `named` with an `agent`, else `open`."),
  agent: z
    .union([agentId, fields({ from: expression.describe("JSONata over `{event, start}`; fixed when the thread starts.") })])
    .optional()
    .describe("Named roles: the agent's id, or JSONata over `{event, start}`."),
  eligibility: fields({
    all: list(text).optional().describe("Capabilities that an agent must have, all of them; default `capabilities`."),
    any: z.boolean().optional().describe("`true`: no capability is asked for; default `false`."),
    agents: list(agentId).optional().describe("Only these agents."),
    not: list(text).optional().describe("Roles whose holder, and agents, that may not claim."),
    where: expression.optional().describe("JSONata over the agent's card."),
  })
    .optional()
    .describe("Who may claim the role; all given parts must hold."),
  recruitment: fields({
    timeout: wait.optional().describe(`How long one offer stands; default ${defaults.recruitment.timeout}.`),
    retries: integer(0, 1000).optional().describe(`Further offers when nobody claimed; default ${defaults.recruitment.retries}.`),
    backoff: duration.optional().describe(`Wait between offers; default ${defaults.recruitment.backoff}.`),
    group: z
      .string()
      .min(1, tag("blank-text"))
      .optional()
      .describe(`Roles of one group start together; default \`${defaults.recruitment.group}\`.`),
    pick: word(pickModes).optional().describe(`Which claim is taken; default \`${defaults.recruitment.pick}\`.`),
    score: expression.optional().describe("For `pick: best`: JSONata over `{agent, bid, stats, event}`."),
    on_unfilled: word(unfilledPolicies)
      .optional()
      .describe(`What happens when nobody takes the role; default \`${defaults.recruitment.onUnfilled}\`.`),
  })
    .optional()
    .describe("How a holder is found."),
  bind: word(bindModes).optional().describe(`For how long an open role is held; default \`${defaults.bind}\`.`),
  heartbeat: fields({
    every: wait.optional().describe(`How often an agent gives a sign of life; default ${defaults.heartbeat.every}.`),
    miss: integer(1, 10_000).optional().describe(`Silent for \`every\` × \`miss\`, the agent is away; default ${defaults.heartbeat.miss}.`),
  })
    .optional()
    .describe("When an agent counts as away."),
  turn: fields({
    timeout: wait.optional().describe(`How long a turn may take; default ${defaults.turn.timeout}.`),
    retries: integer(0, 1000).optional().describe(`Further tries; default ${defaults.turn.retries}.`),
    on_timeout: turnPolicy.optional().describe(`What happens when time and retries are used up; default \`${defaults.turn.onTimeout}\`.`),
    on_fail: turnPolicy.optional().describe(`What happens when the turn failed for good; default \`${defaults.turn.onFail}\`.`),
  })
    .optional()
    .describe("Bounds of one turn."),
  offline: fields({
    grace: duration
      .optional()
      .describe(`Away for so long more, the agent is lost; default ${others.grace}, of named roles ${named.grace}.`),
    then: word(lossPolicies)
      .optional()
      .describe(`What happens when the agent is lost; default \`${others.then}\`, of named roles \`${named.then}\`.`),
  })
    .optional()
    .describe("What happens when the holder stays away."),
  budget: budget
    .optional()
    .describe(
      "What its turns in a thread may take of language models; a thread that has spent it is suspended before the role's next turn.",
    ),
  broadcast: fields({
    ack: fields({
      need: z
        .union([word(ackNeeds), integer(1, 1_000_000)])
        .optional()
        .describe(`How many answers are enough; default \`${defaults.broadcast.need}\`.`),
      timeout: wait.optional().describe(`How long answers are waited for; default ${defaults.broadcast.timeout}.`),
      ok: expression.optional().describe("JSONata over an output: whether it counts; default any answer."),
    })
      .optional()
      .describe("When the turn is over."),
    of: integer(1, 1_000_000).optional().describe("A panel: so many of the eligible get the turn side by side."),
    ttl: wait.optional().describe(`How long late answers are logged; default ${defaults.broadcast.ttl}.`),
  })
    .optional()
    .describe("Broadcast roles: whose answers count."),
});

const on = list(z.string(), compileLimits.reflexKinds).min(1, tag("blank-text")).describe("Kinds of events, or prefixes as `review.*`.");
const when = expression.optional().describe("JSONata over the event: whether it counts.");
const key = z
  .union([expression, list(expression, compileLimits.keyParts).min(1, tag("blank-text"))])
  .describe("JSONata over the event: one live thread per key.");

/** Which fields a reflex of each kind has. */
export const reflexShapes = {
  workflow: fields({
    kind: z.literal("workflow").describe(reflexKinds.workflow),
    on: on.optional(),
    schedule: text
      .optional()
      .describe(
        "Instead of `on`: when it starts a thread by itself, as cron: minute, hour, day, month, day of the week. A minute apart at least.",
      ),
    timezone: text.optional().describe(`Where the schedule's times are told, as \`Europe/Berlin\`; default \`${defaults.timezone}\`.`),
    missed: word(missedPolicies)
      .optional()
      .describe(`What becomes of runs that were due while the server was down, or the workflow paused; default \`${defaults.missed}\`.`),
    input: z
      .unknown()
      .optional()
      .describe(
        "The data of a scheduled start: JSONata over `{planned, schedule, timezone}` where it is text, else a constant; default these three.",
      ),
    when,
    key: key.optional(),
    priority: expression.optional().describe("JSONata over the event: who waits with a greater number starts first; default 0."),
  }),
  signal: fields({
    kind: z.literal("signal").describe(reflexKinds.signal),
    on,
    when,
    key,
    signal: word(signals).describe("What the thread is told."),
  }),
  emit: fields({
    kind: z.literal("emit").describe(reflexKinds.emit),
    on,
    when,
    emit: list(emit, compileLimits.effectsPerEdge).min(1, tag("blank-text")).describe("The events."),
  }),
} satisfies Record<ReflexKind, z.ZodType>;

const condition = fields({
  description: z.string().optional().describe("What it means, for people."),
  expression: expression.describe("JSONata over `{start, steps}`, with `$first(role)` and `$last(role)`."),
});

/** The whole file. */
export const workflowShape = fields({
  name: z
    .string()
    .regex(/^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/, tag("bad-name"))
    .describe("The workflow's identity in the registry; kebab-case."),
  description: text.describe("What the workflow is for."),
  version: integer(0, Number.MAX_SAFE_INTEGER).optional().describe("The author's own revision."),
  binding: word(bindings)
    .optional()
    .describe(`Where it runs: \`cloud\` is nerveflare, \`local\` a nerve daemon; default \`${defaults.binding}\`.`),
  roles: z.record(z.string(), role).describe("1 to 64 roles."),
  conditions: z.record(z.string(), condition).nullish().describe("Named conditions of a list-form graph."),
  graph: z
    .record(z.string(), z.union([listedEdges, namedEdges]))
    .optional()
    .describe("What follows each role's turn, from `$START` to `$END`: a map of statuses to edges, or a list of transitions."),
  moderator: expression.optional().describe("Instead of `graph`: JSONata that gives `{role, prompt?}`."),
  input: jsonSchema.optional().describe("JSON Schema of the initiating event's data."),
  expose: z
    .boolean()
    .optional()
    .describe(
      "`true`: clients start it by name, over MCP as a tool and over A2A as an agent, told its `description` and `input` (an object; without one, any); default `false`.",
    ),
  reflexes: list(z.discriminatedUnion("kind", [reflexShapes.workflow, reflexShapes.signal, reflexShapes.emit]), compileLimits.reflexes)
    .optional()
    .describe("Which events start or signal the workflow."),
  concurrency: integer(1, 1_000_000).optional().describe("Threads that run at the same time, at most; default no bound."),
  overflow: word(overflowPolicies).optional().describe(`What happens to a start past \`concurrency\`; default \`${defaults.overflow}\`.`),
  max_queue: integer(0, 1_000_000)
    .optional()
    .describe(`Length of the queue, past which the oldest is dropped; default ${defaults.maxQueue}.`),
  max_rounds: integer(1, compileLimits.rounds).optional().describe(`Turns of one thread, at most; default ${defaults.maxRounds}.`),
  maxRounds: integer(1, compileLimits.rounds).optional().describe("Older name of `max_rounds`."),
  budget: budget
    .optional()
    .describe("What all turns of a thread may take of language models; a thread that has spent it is suspended before the next turn."),
  senses: z.unknown().optional().describe("Setting of a nerve daemon; an error under `binding: cloud`."),
  agents: z.unknown().optional().describe("Setting of a nerve daemon; ignored in the cloud."),
  extract: z.unknown().optional().describe("Setting of a nerve daemon; ignored in the cloud."),
  api: z.unknown().optional().describe("Setting of a nerve daemon; ignored in the cloud."),
});
