/** What a TypeScript agent imports: ten lines make one. Runs in Node 20 and later, and in browsers; depends on no package. */
export type { CloudEvent, Json } from "../contract/event.ts";
export type { Accepted } from "../contract/frames/server-frames.ts";
export type { Lease } from "../contract/kinds/lease.ts";
export type { OfferOpened } from "../contract/kinds/offer.ts";
export type { Outcome } from "../contract/kinds/thread.ts";
export type { TurnAssigned } from "../contract/kinds/turn.ts";
export type { Problem, ProblemCode } from "../contract/problem.ts";
export type { Accepts, StandardSchema } from "./accepts.ts";
export { type Agent, type AgentOptions, connectAgent } from "./agent.ts";
export type { Journal, KeptAnswer } from "./answers.ts";
export { ClientError, type ClientErrorCode } from "./client-error.ts";
export type { Clock } from "./clock.ts";
export {
  type EventHandler,
  type EventToSend,
  type InvalidAnswer,
  type OfferDecision,
  type OfferHandler,
  type OutputWithBody,
  type TurnContext,
  TurnFailure,
  type TurnHandler,
  type TurnHandlers,
  type TurnOutput,
  withBody,
} from "./handlers.ts";
export { clientLimits } from "./limits.ts";
export type { Me } from "./me.ts";
export type { Note, TakeNote } from "./note.ts";
export type { TransportName } from "./transport.ts";
