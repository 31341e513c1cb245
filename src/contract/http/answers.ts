/** What the routes answer, as far as callers may rely on it: members may be added, these stay. For descriptions, tests and types; no route parses by it. */
import * as z from "zod";
import { delivered } from "../routing.ts";
import { json, open, time } from "../shape.ts";
import { admissionView, revisionEntry, workflowEntry } from "../views/admission.ts";
import {
  acceptedSchema,
  agentCard,
  agentEntry,
  agentExposure,
  agentRecord,
  enrolmentRecord,
  presenceFacts,
  subscriptions,
  turnWarning,
} from "../views/agent.ts";
import { artifactEntry, artifactFacts, artifactReference } from "../views/artifact.ts";
import { roleCandidates, threadExplanation } from "../views/explanation.ts";
import { hookAnswer, hookRecord, hookStanding, hookTrial } from "../views/hook.ts";
import {
  auditEntry,
  deadLetterEntry,
  explainedEvent,
  historyEntry,
  logBound,
  logEntry,
  operatorRecord,
  retriedDeadLetters,
  traceView,
} from "../views/log.ts";
import { meView, typesView } from "../views/me.ts";
import { cellMove } from "../views/placement.ts";
import { metricsView, readinessView, statusView } from "../views/readiness.ts";
import { messageView, threadCounts, threadEntry, threadView } from "../views/thread.ts";
import { unreachableView } from "../views/unreachable.ts";
import { webhookDeadLetter, webhookRecord, webhookReplay, webhookStanding } from "../views/webhook.ts";

const text = z.string();
const nullable = text.nullable();

/** A page: what it lists, and the cursor to go on from. */
function page<Item extends z.ZodType, const Name extends string, Cursor extends z.ZodType>(name: Name, item: Item, cursor: Cursor) {
  return open({ [name]: z.array(item), next: cursor } as { [N in Name]: z.ZodArray<Item> } & { next: Cursor });
}

/** Of what is shown of a thread that is archived. */
const archived = {
  archivedAt: time.optional().describe("Of a thread that is archived: since when."),
  keptUntil: time.nullable().optional().describe("Of a thread that is archived: what is kept of it goes then. Null: nobody knows."),
};

/** What the compiler has to say about a file, with the line and column of its span's start. */
const span = open({ start: z.int(), end: z.int() });
const diagnostic = open({
  code: text,
  name: text,
  severity: z.enum(["error", "warning"]),
  message: text,
  span,
  related: z.array(open({ span, message: text })),
  hint: text.optional(),
  fix: open({ title: text, span, text }).optional(),
  line: z.int(),
  column: z.int(),
});

const deadLetter = open({ id: text, status: z.enum(["taken", "dropped"]) });
const queue = admissionView.extend({ name: text });

export const answers = {
  alive: open({ status: z.literal("ok") }),
  document: z.record(text, json),
  agent: agentRecord,
  agentWithPresence: agentRecord.extend({ presence: presenceFacts }),
  agentWithToken: agentCard.extend({ token: text }),
  token: open({ id: text, token: text, formerUntil: time.describe("Until when the token before stays good.") }),
  agents: page("agents", agentEntry, nullable),
  subscriptions,
  agentExposure,
  enrolment: open({ id: text, agent: text, code: text, expires: time }),
  enrolments: page("enrolments", enrolmentRecord, nullable),
  operator: operatorRecord.pick({ name: true, access: true }).extend({ token: text }),
  operators: page("operators", operatorRecord, nullable),
  decisions: page("decisions", auditEntry, z.int().nullable()),
  published: open({
    name: text,
    revision: text,
    diagnostics: z.array(diagnostic).describe("Warnings."),
    warnings: z.array(turnWarning).optional().describe("Agents that would drop the turns of a role."),
  }),
  workflow: workflowEntry.extend({ source: text, ...admissionView.shape }),
  workflows: page("workflows", workflowEntry, nullable),
  revisions: open({ name: text, revisions: z.array(revisionEntry) }),
  revision: open({ name: text, revision: text, createdAt: time, source: text }),
  queue,
  candidates: roleCandidates,
  machines: open({
    ...{ name: text, revision: text },
    ir: z.record(text, json).describe("The workflow with all defaults filled in: what a picture of it is drawn from."),
    recruitment: z.record(text, json),
    task: z.record(text, json),
  }),
  logEntry: logEntry.extend(explainedEvent.partial().shape),
  log: page("events", logEntry, z.int().nullable()).extend({
    bound: logBound.optional().describe("The page ends before it is full, after so much was looked at; `next` goes on."),
  }),
  pruned: open({ deleted: z.int() }),
  broadcast: open({ id: text, recipients: z.int(), threads: z.array(text), notes: z.array(text) }),
  broadcastShown: open({
    ...{ id: text, kind: text, to: text.optional(), source: text, at: time, recipients: z.int() },
    deliveries: z.array(delivered),
    next: z.int().nullable(),
  }),
  thread: threadView.extend(archived),
  threads: page("threads", threadEntry, nullable).extend({
    counts: threadCounts.optional().describe("With `count`: all that fit but for `status`, by status."),
  }),
  messages: page("messages", messageView, z.int().nullable()).extend(archived),
  trace: traceView.extend(archived),
  history: open({
    recruitment: z.array(historyEntry),
    task: z.array(historyEntry).nullable(),
    unreachable: z.array(unreachableView).optional().describe("Its task's object, where that does not answer."),
  }),
  explanation: threadExplanation.partial({ run: true }).extend({
    ...archived,
    queue: open({
      place: z.int().nullable(),
      queued: z.int(),
      running: z.int(),
      ahead: z.array(text),
      runs: z.array(text).describe("Threads that have the places, the first of them, as the index knows."),
    }).optional(),
  }),
  schemas: page("schemas", acceptedSchema, nullable),
  me: meView,
  types: typesView,
  ticket: open({ ticket: text, expires: time }),
  session: open({
    kind: z.enum(["operator", "agent"]),
    name: text,
    access: z.enum(["read", "admin", "own"]).describe("`own`: an agent sees and changes what it takes part in."),
    expires: time,
    now: time.describe("The server's time."),
    csrf: text.describe("What a change that comes with the cookie says in `X-CSRF-Token`."),
  }),
  readiness: readinessView,
  status: statusView,
  metrics: metricsView,
  cellMove,
  artifact: artifactReference,
  artifacts: page("artifacts", artifactEntry, nullable),
  artifactFacts,
  webhooks: page("webhooks", webhookRecord, nullable),
  webhookWithSecret: webhookRecord.extend({ secret: text.describe("`whsec_` and 32 bytes in Base64, by which deliveries are signed.") }),
  webhookWithStanding: webhookRecord.extend({ standing: webhookStanding.nullable().describe("Null: it is being removed.") }),
  webhookSecret: open({ id: text, secret: text, formerUntil: time.describe("Until when the secret before signs as well.") }),
  webhookResumed: open({ id: text, standing: webhookStanding.nullable() }),
  webhookReplay,
  webhookDeadLetters: page("deadLetters", webhookDeadLetter, z.int().nullable()),
  hooks: page("hooks", hookRecord, nullable),
  hookWithSecret: hookRecord.extend({ secret: text.optional().describe("By which the sender signs. Absent: the caller gave it.") }),
  hookWithStanding: hookRecord.extend({ standing: hookStanding.nullable().describe("Null: it is being removed.") }),
  hookSecret: open({ name: text, secret: text.optional(), formerUntil: time.describe("Until when the secret before is good as well.") }),
  hookAnswer,
  hookTrial,
  deadLetter,
  deadLetters: page("deadLetters", deadLetterEntry, nullable),
  parked: page("parked", deadLetterEntry, nullable),
  retried: retriedDeadLetters.extend({ next: nullable.describe("The `after` of the next page.") }),
} as const;

/** What the routes answer under one of these names. */
export type Answer<Name extends keyof typeof answers> = z.infer<(typeof answers)[Name]>;
