/** How the whole is: whether it serves, what it has in hand, what it has done. */
import * as z from "zod";
import { open, time } from "../shape.ts";
import { threadStatuses } from "../statuses.ts";
import { pauseView } from "./admission.ts";
import { logLag } from "./log-lag.ts";
import { wait } from "./wait.ts";

/** One part that requests need. */
const check = open({
  part: z.enum(["settings", "folder", "objects", "index", "migrations"]),
  ok: z.boolean(),
  detail: z.string().optional().describe("What is wrong and what to do; it is shown to anybody."),
});
export type Check = z.infer<typeof check>;

/** `starting`: migrations are missing. `paused`: it reads and runs nothing. `unavailable`: a part fails. */
export const readinessView = open({
  status: z.enum(["ready", "starting", "paused", "unavailable"]),
  checks: z.array(check),
});
export type Readiness = z.infer<typeof readinessView>;

/** What an isolate has done since it started. */
export const metricsView = open({
  commits: open({ agent: z.int(), workflow: z.int(), recruitment: z.int(), task: z.int(), d1: z.int() }),
  steps: z.int().describe("Transitions of actors."),
  wakes: open({ agent: z.int() }).describe("Objects that came into memory, the first time or again."),
  heldBack: z.int().describe("Queues that objects began for receivers they could not reach."),
  ignoredOffers: z.int().describe("Offers that agents had seen and, with slots free, did not answer for a minute."),
  followed: open({
    readers: z.int().describe("Who follows the log, pages of the inspector among them."),
    reads: z.int().describe("Readings of the log for them."),
    events: z.int().describe("Events that they were given."),
  }).describe("What followers of the log cost."),
  cell: open({
    owners: z.int().describe("Actors in memory."),
    bytes: z.int().describe("Bytes of them, as they are counted."),
    overfull: z.int().describe("How often more actors were at work than fit in memory."),
  })
    .optional()
    .describe("Where all actors live in one cell: what of them is in memory."),
});
export type Metrics = z.infer<typeof metricsView>;

/** `GET /v1/status`; what cannot be read is null. */
export const statusView = open({
  now: time,
  ready: readinessView,
  threads: z.record(z.enum(threadStatuses), z.int()).nullable(),
  oldestWaitingSince: time.nullable(),
  waiting: open({
    oldest: wait
      .partial()
      .extend({ thread: z.string(), workflow: z.string(), status: z.enum(threadStatuses) })
      .nullable(),
    on: z.array(open({ agent: z.string(), threads: z.int(), since: time })).describe("Agents that threads wait for."),
  }).nullable(),
  deadLetters: z.int().nullable(),
  parked: z.int().nullable().describe("An old name of `deadLetters`."),
  unreachable: z
    .array(open({ receiver: z.string(), senders: z.int(), messages: z.int(), since: time, error: z.string() }))
    .nullable()
    .describe("Receivers that objects cannot reach, the longest first."),
  agents: open({ registered: z.int(), online: z.int(), away: z.int(), lost: z.int(), ignoring: z.int() }).nullable(),
  workflows: open({ published: z.int(), paused: z.array(pauseView.extend({ workflow: z.string() })) }).nullable(),
  log: logLag.nullable(),
  isolate: metricsView,
});
