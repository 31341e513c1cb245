/** The event log, and why an event led to what it led to. */
import * as z from "zod";
import { cloudEvent } from "../event.ts";
import { type ProblemCode, problemCodes } from "../problem.ts";
import { deadLetterCodes, tellCodes } from "../refusals.ts";
import { delivered, verdict } from "../routing.ts";
import { json, open, time } from "../shape.ts";
import { spanStatuses } from "../statuses.ts";
import { unreachableView } from "./unreachable.ts";

/** An event and its place in the log. */
export const logEntry = open({ event: cloudEvent, position: z.int() });
export type LogEntry = z.infer<typeof logEntry>;

/** A page that ends before it is full, for no index answers the question. */
export const logBound = open({
  examined: z.int().describe("Events that were looked at."),
  detail: z.string().describe("For people: what would be answered from an index."),
});
export type LogBound = z.infer<typeof logBound>;

/** What became of an event, for its sender and for operators. */
export const explainedEvent = open({
  verdicts: z.array(verdict).nullable().describe("Null: it was of one thread only, where no reflex listens."),
  more: z.int().optional().describe("Verdicts that were too many to keep."),
  recipients: z.int(),
  deliveries: z.array(delivered).describe("Of the first recipients."),
  unheard: open({ nearest: z.string().nullable() }).optional(),
});
export type ExplainedEvent = z.infer<typeof explainedEvent>;

/** A thread as spans. */
export const traceView = open({
  thread: z.string(),
  traceId: z.string(),
  traceparent: z.string().describe("What a child of the thread's own span would carry."),
  spans: z.array(
    open({
      spanId: z.string(),
      parentId: z
        .string()
        .nullable()
        .describe("Null: it began the trace. The thread's own parent is the span of whoever sent its first event."),
      kind: z.enum(["thread", "queue", "recruitment", "turn", "delivery", "work", "decision"]),
      name: z.string(),
      start: z.number().describe("Milliseconds since 1970."),
      end: z.number().nullable().describe("Null: it has not ended."),
      status: z.enum(spanStatuses),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
  workflow: z.string(),
  status: z.string(),
  truncated: z.boolean().describe("The thread has more events than a trace holds."),
  unreachable: z.array(unreachableView).optional().describe("Its task's object, where that does not answer: decisions are left out."),
});
export type TraceView = z.infer<typeof traceView>;

/** What an operator, or a code in an operator's name, decided. */
export const auditEntry = open({
  position: z.int(),
  at: time,
  operator: z.string(),
  action: z.string().describe("E.g. `threads.cancel`."),
  target: z.string().nullable(),
  path: z.string(),
  detail: z.json(),
  result: z.enum(["done", "refused", "failed", "unknown"]).describe("`unknown`: the Worker ended before it could say."),
  status: z.int().nullable(),
  code: z.string().nullable().describe("Of the problem that was answered."),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** An event that could not be run. */
export const deadLetterEntry = open({
  id: z.string(),
  thread: z.string(),
  actor: z.string(),
  type: z.string(),
  code: z.string().describe(`Why; one of another version is none of these.\n${tellCodes(deadLetterCodes)}`),
  error: z.string(),
  at: time,
});
export type DeadLetterEntry = z.infer<typeof deadLetterEntry>;

/** What came of dead letters that were run again. */
export const retriedDeadLetters = open({
  taken: z.array(z.string()).describe("Ids that were taken."),
  left: z
    .array(open({ id: z.string(), code: z.enum(Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]]), detail: z.string() }))
    .describe("Ids that stay dead letters, each with why."),
  resumed: z.array(z.string()).describe("Threads that were suspended for what is a dead letter no more, and go on."),
});
export type RetriedDeadLetters = z.infer<typeof retriedDeadLetters>;

/** Who runs this. */
export const operatorRecord = open({ name: z.string(), access: z.enum(["read", "admin"]), createdBy: z.string(), createdAt: time });
export type OperatorRecord = z.infer<typeof operatorRecord>;

/** One step of an actor. */
export const historyEntry = open({
  revision: z.int(),
  at: z.int().describe("Milliseconds since 1970."),
  event: z.looseObject({ type: z.string() }).describe("Only its type and size, where it was too long to keep: `{type, cut}`."),
  before: json.describe("The state's value before, null for the first step and where history was cut."),
  after: json,
  effects: z.array(json).describe("Only their types, where they were too long to keep: `{type, cut}`."),
  context: z
    .record(z.string(), json)
    .optional()
    .describe("What of the machine's context the step changed: from the first step on they add up to it. Absent: nothing."),
});
export type HistoryView = z.infer<typeof historyEntry>;
