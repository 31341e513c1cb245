/**
 * What the root's object and the task's have in common: the actor host, the way to D1, the log, and what the object's actors say
 * to itself. Knows ports, not the platform, and neither roles nor turns.
 */

import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import type { CloudEvent } from "../../contract/event.ts";
import { byItself, inOnePiece } from "../../contract/one-piece.ts";
import { createActorHost, type HostOptions } from "../host/actor-host.ts";
import { formerHost } from "../host/former-tables.ts";
import { createLogics } from "../host/logic.ts";
import type { Clock, Storage, World } from "../host/ports.ts";
import { openLazily } from "../host/store/open-lazily.ts";
import { createStore, type Store } from "../host/store/store.ts";
import type { FormerTables } from "../host/store/tables.ts";
import { formerProjection } from "../projector/former-projection.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { createProjectionOutbox, type ProjectionOutbox } from "../projector/projection-outbox.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { isOwnPlace } from "../protocol/own-places.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import type { RegistryHead } from "../protocol/registry-head.ts";
import type { ThreadHost } from "../protocol/typed-host.ts";
import type { Registry } from "../registry/registry.ts";
import { createKnownHead, type KnownHead } from "./known-head.ts";
import { createThreadDeadLetters, type ThreadDeadLetters, taskPrefix } from "./lifecycle/dead-letters.ts";
import { addressPresentActor } from "./lifecycle/present-actor.ts";
import { isEnded, openThreadDocuments, readThread } from "./lifecycle/thread-rows.ts";
import { createOwnEvents, type OwnEvents } from "./log/own-events.ts";
import { createStamp } from "./log/stamp-events.ts";
import { createThreadLog } from "./log/thread-log.ts";
import { type RootHandlers, type TaskHandlers, takeOwnMessage } from "./own-messages.ts";
import { createOfferRecords, type OfferRecords, offerCollection } from "./recruitment/offer-records.ts";
import { createRecruitmentLogic } from "./recruitment/recruitment-logic.ts";
import { openTaskDocuments, type TaskDocuments } from "./task/task-documents.ts";
import { createTaskLogic } from "./task/task-logic.ts";
import type { ThreadPorts } from "./thread-ports.ts";
import type { ThreadServices } from "./thread-services.ts";
import { createWaitNotes } from "./waits/note-waits.ts";

/** What tells one kind of object from the other; what is asked of it is asked once all is made. */
export interface ThreadParts {
  /** Whether the thread's root is here. */
  isRoot: boolean;
  /** Its tables of before, beside the host's, by the name of their version. */
  former: Readonly<Record<string, FormerTables>>;
  /** Whether an actor of that address lives here: messages to it are delivered within the object. */
  isOwn(address: string): boolean;
  /** Takes a message for an actor that lives here. */
  deliver(envelope: Envelope): Promise<Delivery>;
  /** What the object does for its actors. */
  own(): RootHandlers | TaskHandlers;
  /** Takes what its machine says of offers. */
  offers?: ThreadServices["offers"];
  /** Writes first in every transaction. */
  noted?(): void;
  /** The transaction held. */
  kept?(): void;
  dueTimes: NonNullable<HostOptions["dueTimes"]>;
  describeRefusal: NonNullable<HostOptions["describeRefusal"]>;
  redirectRefusal?: HostOptions["redirectRefusal"];
  /** Hears of each row on its way to D1, and may change it. */
  noteRow?(row: ProjectionRow): ProjectionRow;
  onRollback?(): void;
}

export interface ThreadBase extends Pick<ThreadServices, "lifecycle" | "log" | "logCause" | "project"> {
  /** The object's name: the id of its thread. */
  name: string;
  world: World;
  storage: Storage;
  store: Store;
  /** What a task keeps, where its thread's task lives in this object. */
  documents: TaskDocuments;
  clock: Clock;
  registry: Registry;
  host: ThreadHost;
  services: ThreadServices;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  /** The event in the thread's trace. */
  stamp(event: CloudEvent): CloudEvent;
  ownEvents: OwnEvents;
  /** The registry's version, where it was learnt. */
  heads: KnownHead;
  deadLetters: ThreadDeadLetters;
  /** Nothing waits to be sent, to other objects and to D1. */
  isIdle(): boolean;
  /** Sends what waits to D1. */
  flushRows(): Promise<void>;
}

/** Tables that the root's and the task's object had alike. */
export const formerBase = { ...formerHost, ...formerProjection };

/** Made once an isolate: what they load is kept with them. */
const logics = createLogics({ recruitment: createRecruitmentLogic(), ...createTaskLogic() });

function createMailing(outbox: () => ThreadHost["committer"]["outbox"]): ThreadServices["mail"] {
  return (agents, message, sender, { next = false } = {}) =>
    outbox().append(
      agents.map((agent) => inOnePiece(`agent/${agent}` as const)),
      message,
      { sender, spread: true, next },
    );
}

/** What a root asks for, and no task. */
const openOffered = openLazily<{ records: OfferRecords }>({ records: createOfferRecords }, [offerCollection]);

export function createThreadBase(ports: ThreadPorts, parts: ThreadParts): ThreadBase {
  const { registry } = ports;
  const { storage, clock, address } = ports.world;
  const name = byItself(address.slice(address.indexOf("/") + 1));
  const store = createStore(storage, address, { ...formerBase, ...parts.former });
  const documents = openTaskDocuments(store);
  const lifecycle = openThreadDocuments(store);
  const offered = openOffered(store);

  const { stamp, stampMail } = createStamp({ lifecycle, documents, isRoot: parts.isRoot });
  const world: World = {
    ...ports.world,
    transport: {
      deliver(envelope) {
        if (isOwnPlace(envelope.to)) return takeOwnMessage({ address, host }, parts.own(), envelope);
        return parts.isOwn(envelope.to) ? parts.deliver(envelope) : ports.world.transport.deliver(stampMail(envelope));
      },
    },
  };
  const heads = createKnownHead(clock);
  const projection = createProjectionOutbox(world, store, ports.later, (rows) => heads.learn(() => ports.project(rows)), restAtEnd);
  const project = (row: ProjectionRow): void => projection.append(parts.noteRow?.(row) ?? row);
  const threadLog = createThreadLog({ stamp, project });
  const waits = createWaitNotes(name, project);
  const services: ThreadServices = {
    lifecycle,
    documents,
    log: threadLog.log,
    logCause: threadLog.logCause,
    project,
    noteWait: waits.note,
    records() {
      return offered.records;
    },
    mail: createMailing(() => host.committer.outbox),
    cause() {
      return threadLog.cause();
    },
    offers() {
      return parts.offers?.();
    },
  };
  const definition = (hash: string): Promise<CompiledWorkflow | undefined> => registry.revision(hash);

  const actors = createActorHost(world, logics, {
    store,
    services,
    definitions: definition,
    dueTimes() {
      const times = parts.dueTimes();
      times.push(projection.due());
      return times;
    },
    counted: (steps) => {
      parts.kept?.();
      ports.counted(steps);
      projection.wake();
    },
    ...(parts.noted && { noted: parts.noted }),
    beforeCommit: threadLog.beforeCommit,
    flushed: restAtEnd,
    log: projection.log,
    onRollback() {
      threadLog.onRollback();
      waits.undo();
      projection.undo();
      parts.onRollback?.();
    },
    describeRefusal: parts.describeRefusal,
    ...(parts.redirectRefusal && { redirectRefusal: parts.redirectRefusal }),
    onDeadLetter: (row, append) => deadLetters.note(row, append),
    unknownLater: true,
    heldBack: (queue, begins) => project(noteHeldBack(queue, { sender: address, now: clock.now(), begins })),
  });
  const host = parts.isRoot ? addressPresentActor(actors, { name, address, lifecycle }) : actors;
  const deadLetters = createThreadDeadLetters({
    thread: name,
    prefix: parts.isRoot ? "" : taskPrefix,
    project,
    host: () => actors,
    now: clock.now,
  });
  const ownEvents = createOwnEvents({ address, host, lifecycle, clock, registry, stamp, project, findHead });

  const isIdle = (): boolean => projection.idle() && !host.committer.outbox.size() && !host.committer.outbox.heldBack().length;

  /** What goes on says with its next commit how far it has come. */
  function restAtEnd(): void {
    if (storage.postponeAlarm && !actors.hasActive()) restOnceSent(actors.committer, projection, ports.world.scheduler);
  }

  async function findHead(time: number): Promise<RegistryHead | undefined> {
    const thread = readThread(lifecycle);
    // That a thread has ended is to be in the index soon anyhow. A call in a cell costs less than to wait for that.
    return thread && isEnded(thread.status) && !storage.postponeAlarm ? heads.wait(time, projection.flush, ports.later) : heads.since(time);
  }

  return {
    lifecycle,
    log: threadLog.log,
    logCause: threadLog.logCause,
    project,
    services,
    name,
    world,
    storage,
    store,
    documents,
    clock,
    registry,
    host,
    definition,
    stamp,
    ownEvents,
    heads,
    deadLetters,
    isIdle,
    flushRows: () => projection.flush(),
  };
}

/** What has ended leaves the memory of a cell as soon as its mail and its rows have left: they do not wait for other rows. */
function restOnceSent(committer: ThreadBase["host"]["committer"], projection: ProjectionOutbox, scheduler: World["scheduler"]): void {
  const { outbox } = committer;
  if (outbox.size() > 0 || outbox.heldBack().length > 0) return;
  if (projection.idle()) committer.rest();
  else scheduler.background(projection.flush());
}
