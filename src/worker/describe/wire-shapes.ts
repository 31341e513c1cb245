/** Schemas of what the server says over the wire, held to the wire's own types by the compiler: for the descriptions, and for tests of what is really sent. */
import * as z from "zod";
import { channels } from "../../contract/channels.ts";
import { cloudEvent } from "../../contract/event.ts";
import type { Accepted, InboxItem, InboxPage, Rejected, ServerNote } from "../../contract/frames.ts";
import { reflexKinds, signals, wordsOf } from "../../contract/language.ts";
import { problemView } from "../../contract/problem-meanings.ts";
import type { Verdict } from "../../contract/routing.ts";

const verdictShape = z.looseObject({
  workflow: z.string(),
  place: z.int().nonnegative(),
  kind: z.enum(wordsOf(reflexKinds)),
  verdict: z.enum(["fired", "when", "key", "input", "error", "depth", "own"]),
  detail: z.string().optional(),
  thread: z.string().optional(),
  key: z.string().optional(),
  signal: z.enum(wordsOf(signals)).optional(),
  emitted: z.array(z.string()).optional(),
  outcome: z
    .looseObject({
      status: z.enum(["started", "queued", "dropped", "repeat", "signalled", "nothing", "pending"]),
      thread: z.string().optional(),
      state: z.enum(["queued", "running", "suspended", "ended"]).optional(),
      detail: z.string().optional(),
    })
    .optional(),
}) satisfies z.ZodType<Verdict>;

export const acceptedShape = z.looseObject({
  id: z.string(),
  status: z.literal("accepted"),
  threads: z.array(z.string()),
  notes: z.array(z.string()),
  reflexes: z.array(verdictShape).optional(),
  unheard: z.looseObject({ nearest: z.string().nullable() }).optional(),
  recipients: z.int().nonnegative().optional(),
}) satisfies z.ZodType<Accepted>;

export const rejectedShape: z.ZodType<Rejected> = z.looseObject({
  id: z.string().nullable(),
  status: z.literal("rejected"),
  error: problemView,
});

export const inboxItemShape = z.looseObject({
  seq: z.int().nonnegative(),
  channel: z.enum(channels),
  event: cloudEvent,
}) satisfies z.ZodType<InboxItem>;

export const serverNoteShape = z.looseObject({
  code: z.enum(["second_client"]).describe("second_client: another process is connected with the same token."),
  detail: z.string(),
  about: z.string().describe("The name of the other client."),
}) satisfies z.ZodType<ServerNote>;

export const inboxPageShape: z.ZodType<InboxPage> = z.looseObject({
  events: z.array(inboxItemShape),
  next: z
    .int()
    .nonnegative()
    .describe("Pass as `after` to go on. Less than the `after` asked for, if that one is beyond all that there is, as after a restore."),
  notes: z.array(serverNoteShape).optional(),
});
