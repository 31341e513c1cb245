/** What says that events were dealt with: over a socket a frame, else the body of `POST /v1/inbox/ack`. */
import * as z from "zod";
import { channels, connectionName } from "../channels.ts";

const seq = z.int().nonnegative();
const naming = {
  connection: z.string().regex(connectionName).optional().describe("The connection that this is a sign of life of."),
  replaces: z.string().regex(connectionName).optional().describe("A connection that another has taken the place of."),
};

/** Exactly these numbers. */
const exact = z.object({ seqs: z.array(seq).max(1000), ...naming });
/** All of a channel through one. With `seqs` it would be unclear what is meant, so those must be right or absent. */
const through = z.object({ seq, channel: z.enum(channels), seqs: z.never().optional(), ...naming });
const error = "either {seqs: [..]}, at most 1000, or {seq, channel}";

/** The body of `POST /v1/inbox/ack`. */
export const acknowledgement = z.union([exact, through], { error });
export type Acknowledgement = z.infer<typeof acknowledgement>;

/** The same as a frame. */
export const ackFrame = z.union([exact.extend({ type: z.literal("ack") }), through.extend({ type: z.literal("ack") })], { error });
