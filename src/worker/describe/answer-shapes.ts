/** Schemas of what the routes answer, as far as callers may rely on it: members may be added, these stay. */
import * as z from "zod";
import { cloudEvent } from "../../contract/event.ts";
import { presenceStates, threadStatuses } from "../../contract/statuses.ts";
import { messageView, threadView } from "../../contract/views/thread.ts";
import type { LogEntry } from "../event-log.ts";

const time = z.iso.datetime();
const text = z.string();
const nullable = text.nullable();
const rights = { capabilities: z.array(text), roles: z.array(text).nullable(), kinds: z.array(text).nullable() };

/** A page: what it lists, and the cursor to go on from. */
function page<Shape extends z.ZodType, Name extends string>(name: Name, item: Shape, cursor: z.ZodType = nullable) {
  return z.looseObject({ [name]: z.array(item), next: cursor });
}

/** Something with an id or a name, whose other members are the route's business. */
const named = z.looseObject({ name: text });
const identified = z.looseObject({ id: text });

const logEntry = z.looseObject({ event: cloudEvent, position: z.int() }) satisfies z.ZodType<LogEntry>;

const readiness = z.looseObject({
  status: z.enum(["ready", "starting", "paused", "unavailable"]),
  checks: z.array(z.looseObject({ part: text, ok: z.boolean(), detail: text.optional() })),
});

export const answerShapes = {
  named,
  identified,
  any: z.looseObject({}),
  agent: z.looseObject({ id: text, ...rights, createdAt: time, updatedAt: time }),
  agentWithPresence: z.looseObject({
    ...{ id: text, ...rights, createdAt: time, updatedAt: time },
    presence: z.looseObject({
      state: z.enum(presenceStates),
      lastSignAt: nullable,
      clients: z.int().optional().describe("Processes that are there, of those that name themselves; more than one share a token."),
    }),
  }),
  agentWithToken: z.looseObject({ id: text, token: text, ...rights }),
  token: z.looseObject({ id: text, token: text }),
  agents: page("agents", identified),
  enrolment: z.looseObject({ id: text, agent: text, code: text, expires: time }),
  enrolments: page("enrolments", identified),
  operator: z.looseObject({ name: text, access: z.enum(["read", "admin"]), token: text }),
  operators: page("operators", named),
  decisions: page("decisions", z.looseObject({}), z.int().nullable()),
  published: z.looseObject({ name: text, revision: text, diagnostics: z.array(z.looseObject({})) }),
  workflow: z.looseObject({ name: text, revision: text, description: text, source: text }),
  workflows: page("workflows", z.looseObject({ name: text, revision: text })),
  machines: z.looseObject({ name: text, revision: text, recruitment: z.looseObject({}), task: z.looseObject({}) }),
  logEntry,
  log: page("events", logEntry, z.int().nullable()),
  thread: threadView,
  threads: page("threads", z.looseObject({ id: text, workflow: text, status: z.enum(threadStatuses) }), nullable),
  messages: page("messages", messageView, z.int().nullable()),
  schemas: page("schemas", z.looseObject({ kind: text, agent: text, schema: z.json() })),
  me: z.looseObject({
    id: text,
    ...rights,
    now: time,
    rolesHeld: z.array(z.looseObject({ thread: text, workflow: text, role: text })),
    claims: z
      .array(z.looseObject({ offer: text, thread: text, role: text }))
      .optional()
      .describe("Claims whose verdict is to come; each takes a slot."),
    turns: z
      .array(z.looseObject({ assignment: z.looseObject({ id: text, source: text, time, seq: z.int() }).optional() }))
      .describe("Open turns, each once, as last given; `assignment` is the event that gave it."),
    elsewhere: z.array(text).optional().describe("With `client`: turns that another process has in hand over a live connection."),
    others: z.array(text).optional().describe("With `client`: other processes that are there with the same token."),
    offers: z.array(z.looseObject({})),
  }),
  ticket: z.looseObject({ ticket: text, expires: time }),
  readiness,
  status: z.looseObject({ now: time, ready: readiness, threads: z.record(z.enum(threadStatuses), z.int()).nullable() }),
} as const;
