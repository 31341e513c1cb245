/**
 * `nerveflare/host`: the actor host by itself, for machines and objects of one's own. Runs in Workers and, on `createNodeStorage`, in
 * plain Node; nothing of it is imported from Node before that is called.
 */

export { actorAt, parentActor } from "../durable/host/actor-at.ts";
export type {
  ActorHost,
  ActorView,
  Definitions,
  HostOptions,
  SendAnswer,
  SendOptions,
  StartRequest,
  Translate,
} from "../durable/host/actor-host.ts";
export { createActorHost } from "../durable/host/actor-host.ts";
export type { DeadLetterRow } from "../durable/host/dead-letters.ts";
export type { ActorEvent } from "../durable/host/effects.ts";
export type { HistoryEntry } from "../durable/host/history.ts";
export { hostLimits } from "../durable/host/limits.ts";
export type {
  Logic,
  LogicEntry,
  Logics,
  MachineLogic,
  MachineOptions,
  PendingWrite,
  PromiseLogic,
  PromiseResult,
  SteppedActor,
  StepScope,
  Write,
} from "../durable/host/logic.ts";
export { createLogics } from "../durable/host/logic.ts";
export { NewerVersionError } from "../durable/host/newer-version.ts";
export type { Clock, Row, Scheduler, SqlValue, Storage, Transport, World } from "../durable/host/ports.ts";
export type { ObjectState } from "../durable/host/storage/durable-world.ts";
export { createDurableWorld } from "../durable/host/storage/durable-world.ts";
export type { NodeStorage } from "../durable/host/storage/node-storage.ts";
export { createNodeStorage, SqliteMissingError } from "../durable/host/storage/node-storage.ts";
export { RowTooLargeError } from "../durable/host/storage/row-bound.ts";
export { takeEnvelope } from "../durable/host/take-envelope.ts";
export type { Delivery, Envelope, Message } from "../durable/protocol/envelope.ts";
export { refuseEnvelope } from "../durable/protocol/envelope.ts";
