/** What the task remembers: small facts, and nothing that agents wrote. */
import * as z from "zod";
import { open } from "../../src/contract/shape.ts";
import { machineOutcome, seats, spent, start } from "../messages.ts";

/** The turn that is open. */
const openTurn = open({
  /** Its number, and the round's: both only grow. */
  turn: z.number(),
  role: z.string(),
  /** The decision that holds its prompt. */
  decision: z.number(),
  /** `waiting` to be given, `given`, or `answered` while the thread was suspended. */
  state: z.enum(["waiting", "given", "answered"]),
  agent: z.string().nullable(),
  generation: z.number(),
  attempt: z.number(),
});
export type OpenTurn = z.infer<typeof openTurn>;

/** The answers to a broadcast, counted; rows have who. */
const audience = open({ asked: z.number(), acked: z.number(), failed: z.number() });
export type Audience = z.infer<typeof audience>;

/** Children that the next turn waits for. */
const awaitedChildren = open({ edge: z.string(), left: z.number(), failed: z.boolean() });
export type AwaitedChildren = z.infer<typeof awaitedChildren>;

/** What counts against budgets: by role, since each was granted last. */
const spending = open({ thread: z.record(z.string(), spent), roles: z.record(z.string(), spent) });
export type Spending = z.infer<typeof spending>;

/** Context of a task machine; the config's literal is the state before the init event. */
export const taskContext = open({
  start,
  /** The last round of earlier epochs: `max_rounds` counts from here. */
  base: z.number(),
  round: z.number(),
  seats,
  /** Roles that nobody took; their next turn is the engine's `$UNFILLED`. */
  unfilled: z.record(z.string(), z.literal(true)),
  open: openTurn.nullable(),
  /** Retries used up in the open turn. */
  retries: z.number(),
  /** Refused answers to the open turn. */
  invalid: z.number(),
  audience: audience.nullable(),
  /** A broadcast was given out: whoever has not answered it may still have its turn. */
  broadcasts: z.literal(true).optional(),
  children: awaitedChildren.nullable(),
  spending: spending.optional(),
  /** Budgets for which the thread was suspended: a role's name, or `$thread`. */
  overspent: z.array(z.string()).optional(),
  suspendAsked: z.boolean(),
  /** Why the thread was suspended in the open turn, for those who get it again. */
  resumed: z.string().nullable(),
  reason: z.string().nullable(),
  outcome: machineOutcome.nullable(),
});
export type TaskContext = z.infer<typeof taskContext>;
