/** What an agent imports: `@nerveflare/agent`. Runs in Node 20 and later, browsers, Workers and Deno; depends on no package. */
export type { ArtifactReference } from "../contract/artifact.ts";
export type { CloudEvent, Json, PostedEvent } from "../contract/event.ts";
export type { Problem, ProblemCode } from "../contract/problem.ts";
export type { Accepts, PublishedSchema, StandardSchema } from "./accepts.ts";
export { type Agent, type AgentOf, type AgentOptions, connectAgent } from "./agent.ts";
export type { Journal, KeptAnswer } from "./answers.ts";
export type { ArtifactFacts, Artifacts } from "./artifacts.ts";
export { ClientError, type ClientErrorCode } from "./client-error.ts";
export type { Clock } from "./clock.ts";
export type {
  Accepted,
  Handover,
  Heartbeat,
  Lease,
  OfferOpened,
  OpenTurn,
  Outcome,
  ReflexOutcome,
  SaidUsage,
  Step,
  TurnAssigned,
  Verdict,
} from "./contract-types.ts";
export type { Fetch } from "./fetch.ts";
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
  type TurnListener,
  type TurnOutput,
  withBody,
} from "./handlers.ts";
export type { Me } from "./me.ts";
export type { Note, TakeNote } from "./note.ts";
export type { SocketConstructor, SocketLike } from "./socket-transport.ts";
export type { GetToken } from "./token.ts";
export type { TransportName } from "./transport.ts";
export type {
  BroadcastOutcome,
  EngineOutput,
  EventOf,
  EventToSendOf,
  EventWith,
  HandlersOf,
  Suspension,
  TypedStep,
  TypedTurn,
  TypedTurnHandler,
  TypedWorkflow,
  TypedWorkflows,
  TypesFingerprints,
  WorkflowShape,
} from "./workflow-types.ts";
