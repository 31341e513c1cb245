/** Frames of the WebSocket transport, `nerveflare.v1`, from the agent. */
import * as z from "zod";
import { ackFrame } from "./acknowledgement.ts";

/** What an agent may send, by type. What belongs to another type has no effect. The event itself is judged apart, so that a bad one is answered by its id. */
export const agentFrames = {
  event: z.object({ type: z.literal("event"), event: z.looseObject({ id: z.string().optional() }) }),
  ack: ackFrame,
} as const;

/** The type of a frame that an agent sends. */
export type AgentFrameType = keyof typeof agentFrames;

/** Such a frame. */
export type AgentFrameOf<T extends AgentFrameType> = { [Each in T]: z.infer<(typeof agentFrames)[Each]> }[T];
export type AgentFrame = AgentFrameOf<AgentFrameType>;
