/** Schemas of the `data` of what agents are given, by kind; held to the wire's types by the compiler where those have one. */
import * as z from "zod";
import { cloudEvent } from "../../contract/event.ts";
import { type Handover, type Lease, type OfferOpened, outcome, type TurnAssigned } from "../../contract/kinds.ts";
import { bindModes, wordsOf } from "../../contract/language.ts";

const time = z.iso.datetime();
const duration = z.string().regex(/^\d+(ms|s|m|h|d)$/);
const heartbeat = z.looseObject({ every: duration, miss: z.int().positive() });
const lease = z.looseObject({ generation: z.int().positive(), expires: time.nullable() }) satisfies z.ZodType<Lease>;
const holder = z.looseObject({ role: z.string(), agent: z.string(), generation: z.int() });

const handover = z.looseObject({
  agent: z.string(),
  why: z.string(),
  reason: z.string(),
  since: time.optional(),
  thread: z.looseObject({
    messages: z.array(
      z.looseObject({
        round: z.int(),
        role: z.string(),
        agent: z.string().nullable(),
        output: z.json(),
        body: z.string().optional(),
        at: time,
      }),
    ),
    total: z.int(),
    leftOut: z.int(),
  }),
  turn: z.looseObject({ turn: z.string(), prompt: z.string(), openedAt: time, attempts: z.int() }),
  progress: z
    .looseObject({ agent: z.string(), note: z.string().nullable(), details: z.json(), at: time, leftOut: z.literal(true).optional() })
    .nullable(),
}) satisfies z.ZodType<Handover>;

const offerOpened = z.looseObject({
  offer: z.string(),
  thread: z.string(),
  workflow: z.string(),
  role: z.string(),
  goal: z.string(),
  requires: z.array(z.string()),
  bind: z.enum(wordsOf(bindModes)),
  heartbeat,
  turn: z.looseObject({ timeout: duration }),
  expires: time,
}) satisfies z.ZodType<OfferOpened>;

const turnAssigned = z.looseObject({
  turn: z.string(),
  attempt: z.int().positive().optional(),
  retries: z.int().nonnegative().optional(),
  lease,
  thread: z.string(),
  workflow: z.string(),
  role: z.looseObject({ name: z.string(), schema: z.json() }).catchall(z.json()),
  prompt: z.string(),
  location: z.string().optional(),
  round: z.int().positive(),
  deadline: time,
  heartbeat,
  event: cloudEvent,
  last: z.looseObject({ role: z.string(), agent: z.string().nullable(), output: z.json(), body: z.string().optional() }).nullable(),
  resumed: z.looseObject({ reason: z.string(), supplement: z.json() }).optional(),
  handover: handover.optional(),
  history: z.string(),
});

const thread = { thread: z.string(), workflow: z.string() };
const going = z.looseObject({ ...thread, roles: z.array(holder).optional(), reason: z.string().optional() });
const ended = z.looseObject({ ...thread, roles: z.array(holder).optional(), reason: z.string().optional(), outcome: outcome.optional() });

/** What agents are given of `nerve.*`: on which channel, what it is, and the shape of its `data`. */
export const givenKinds: { [kind: string]: { channel: "my" | "open"; summary: string; data: z.ZodType } } = {
  "nerve.offer.opened": { channel: "open", summary: "A role may be claimed.", data: offerOpened },
  "nerve.offer.closed": { channel: "open", summary: "It may not any more.", data: z.looseObject({ offer: z.string(), why: z.string() }) },
  "nerve.claim.accepted": {
    channel: "my",
    summary: "The role is yours.",
    data: z.looseObject({ offer: z.string(), thread: z.string(), role: z.string(), lease }),
  },
  "nerve.claim.rejected": {
    channel: "my",
    summary: "The role is another's, or not for you.",
    data: z.looseObject({ offer: z.string(), reason: z.string() }),
  },
  "nerve.role.assigned": {
    channel: "my",
    summary: "A role is yours that you did not claim.",
    data: z.looseObject({ ...thread, role: z.string(), lease }),
  },
  "nerve.role.ended": {
    channel: "my",
    summary: "A role is yours no more, while the thread goes on.",
    data: z.looseObject({ thread: z.string(), role: z.string(), reason: z.string() }),
  },
  "nerve.turn.assigned": { channel: "my", summary: "It is your turn.", data: turnAssigned satisfies z.ZodType<TurnAssigned> },
  "nerve.turn.revoked": {
    channel: "my",
    summary: "The turn was taken back: drop the work.",
    data: z.looseObject({ turn: z.string(), reason: z.string() }),
  },
  "nerve.thread.queued": { channel: "my", summary: "The thread waits for a place.", data: going },
  "nerve.thread.started": { channel: "my", summary: "The team is complete.", data: going },
  "nerve.thread.suspended": { channel: "my", summary: "A person is waited for.", data: going },
  "nerve.thread.resumed": { channel: "my", summary: "It goes on.", data: going },
  "nerve.thread.completed": { channel: "my", summary: "It came to its end.", data: ended },
  "nerve.thread.failed": { channel: "my", summary: "It cannot go on.", data: ended },
  "nerve.thread.cancelled": { channel: "my", summary: "A person or a reflex ended it.", data: ended },
  "nerve.thread.dropped": { channel: "my", summary: "It never begins.", data: going },
};
