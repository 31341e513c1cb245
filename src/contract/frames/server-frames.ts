/** What the server sends to an agent: frames of the WebSocket transport, messages of the event stream, and the answers to posts and polls. One contract on each. */
import * as z from "zod";
import { channels } from "../channels.ts";
import { cloudEvent } from "../event.ts";
import { problemView } from "../problem-meanings.ts";
import { verdict } from "../routing.ts";
import { open } from "../shape.ts";

/** One event of the inbox. */
export const inboxItem = open({
  seq: z.int().nonnegative().describe("Grows, may have gaps, and once shown is never another event's."),
  channel: z.enum(channels),
  event: cloudEvent,
});
export type InboxItem = z.infer<typeof inboxItem>;

/** What the server tells a client that names itself, beside events; worth a line in its log. */
export const serverNote = open({
  code: z.enum(["second_client"]).describe("`second_client`: another process is connected with the same token."),
  detail: z.string(),
  about: z.string().describe("What it is about: the other client's name."),
});
export type ServerNote = z.infer<typeof serverNote>;

/** The answer to an event that was stored. */
export const accepted = open({
  id: z.string(),
  status: z.literal("accepted"),
  threads: z.array(z.string()).describe("The threads that were decided on at acceptance; a repeat gets the same."),
  notes: z.array(z.string()).describe("What the sender should know: which reflex started nothing, and why."),
  reflexes: z.array(verdict).optional().describe("What became of it at each reflex that listens to its kind."),
  unheard: open({ nearest: z.string().nullable() })
    .optional()
    .describe("No workflow listens to its kind, and nobody is sent it; with the nearest kind that one listens to."),
  recipients: z.int().nonnegative().optional().describe("How many agents are sent it, where `to` or a subscription names any."),
});
export type Accepted = z.infer<typeof accepted>;

/** The answer to one event of a batch that was not. */
export const rejected = open({ id: z.string().nullable(), status: z.literal("rejected"), error: problemView });
export type Rejected = z.infer<typeof rejected>;

/** `GET /v1/inbox`. */
export const inboxPage = open({
  events: z.array(inboxItem),
  next: z
    .int()
    .nonnegative()
    .describe("Pass as `after` to go on. Less than the `after` asked for, if that one is beyond all that there is, as after a restore."),
  notes: z.array(serverNote).optional(),
});
export type InboxPage = z.infer<typeof inboxPage>;

/** What frames of the socket say, by their type. */
export const frameFacts = {
  event: inboxItem,
  accepted,
  rejected: open({ id: z.string().nullable(), error: problemView }),
  note: serverNote,
} as const;

/** Such frames, whole. */
export const serverFrames = {
  event: frameFacts.event.extend({ type: z.literal("event") }),
  accepted: frameFacts.accepted.extend({ type: z.literal("accepted") }),
  rejected: frameFacts.rejected.extend({ type: z.literal("rejected") }),
  note: frameFacts.note.extend({ type: z.literal("note") }),
} as const satisfies { [Type in keyof typeof frameFacts]: z.ZodType };

/** The type of a frame that the server sends. */
export type ServerFrameType = keyof typeof serverFrames;

/** Such a frame. */
export type ServerFrameOf<T extends ServerFrameType> = { [Each in T]: z.infer<(typeof serverFrames)[Each]> }[T];
export type ServerFrame = ServerFrameOf<ServerFrameType>;

/** Messages of the event stream, by their `event` field: what each has as its data. */
export const streamMessages = {
  event: inboxItem,
  note: serverNote,
  close: open({ code: z.int(), reason: z.string() }).describe("The server ends the stream: as a socket's close code and reason."),
} as const;

/** The `event` field of a message of the stream. */
export type StreamMessageType = keyof typeof streamMessages;

/** The data of such a message. */
export type StreamMessage<T extends StreamMessageType> = z.infer<(typeof streamMessages)[T]>;
