/**
 * One object of a thread: the root with its recruitment, a task, or both beside each other. Wires the actor host to the
 * rows, the offers, the router of the thread's own events and the outboxes. Knows ports, not the platform.
 */

import type { RecruitmentContext } from "../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import { isTurnEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { AdmissionView } from "../../contract/views/admission.ts";
import { type ActorHost, createActorHost } from "../host/actor-host.ts";
import { controlKeyMigrations, createControlKeys, type Once } from "../host/control-keys.ts";
import { createLogics } from "../host/logic.ts";
import type { World } from "../host/ports.ts";
import { isRepeat, markReceived } from "../host/rows.ts";
import { hostMigrations, migrate, outboxMigrations } from "../host/schema.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { createProjectionOutbox, projectionMigrations } from "../projector/projection-outbox.ts";
import type { AgentStanding, ClaimCard, Delivery, Envelope, ProjectionRow, Steps, TaskRpc, ThreadActorRpc } from "../protocol/rpc.ts";
import type { Registry } from "../registry/registry.ts";
import { createAudience, isWaitedFor } from "./broadcast/audience.ts";
import { readBroadcast } from "./broadcast/audience-rows.ts";
import { childMessages, createChildren } from "./children/children.ts";
import { makeArchiveRow, readNewest } from "./lifecycle/archive-thread.ts";
import { createThreadDeadLetters } from "./lifecycle/dead-letters.ts";
import { findEpoch, nameActor, readOrigin, readThreadName } from "./lifecycle/epochs.ts";
import { createOwnPlaces, isOwnPlace } from "./lifecycle/local-receivers.ts";
import { createThreadRetention } from "./lifecycle/thread-retention.ts";
import { createWaitNotes } from "./log/note-waits.ts";
import { createOwnEvents } from "./log/own-events.ts";
import { createStamp } from "./log/stamp-events.ts";
import { describeRefusedMail } from "./recruitment/describe-refused-mail.ts";
import { createOffers } from "./recruitment/offers.ts";
import { createRecruitmentCore, type RecruitmentCore } from "./recruitment/recruitment-core.ts";
import { createRecruitmentLogic } from "./recruitment/recruitment-logic.ts";
import { findTask as findThreadTask, type TaskPort } from "./recruitment/recruitment-ports.ts";
import { createTaskCore, type TaskCore } from "./task/task-core.ts";
import { createTaskLogic } from "./task/task-logic.ts";
import { readLastDecision, readLastMessage, writeSteps } from "./task/task-rows.ts";
import { recruitmentMigrations, taskMigrations } from "./thread-schema.ts";
import type { ThreadServices } from "./thread-services.ts";
import { readTurnNumber } from "./turn/turn-data.ts";

export interface ThreadPorts {
  world: World;
  registry: Registry;
  /** Whether the task lives in its thread's own object. */
  beside: boolean;
  /** A task that lives in an object of its own. */
  remoteTask(address: string): TaskRpc;
  /** A workflow's queue. */
  admission(workflow: string): Promise<AdmissionView>;
  /** How an agent stands to an offer. */
  standing(agent: string, offer: string | null): Promise<AgentStanding | null>;
  project(rows: ProjectionRow[]): Promise<void>;
  /** From 0 to 1. */
  random(): number;
  /** What an agent's own object says it is; null: there is none. */
  card(agent: string): Promise<ClaimCard | null>;
  later(milliseconds: number, work: () => void): void;
  counted(steps: number): void;
  /** Absent: what has ended stays. `keep`: for so many milliseconds after the end it stays; `empty` deletes all that the object stores. */
  retention?: { keep: number; empty(): Promise<void> } | undefined;
}

export interface ThreadCore {
  host: ActorHost;
  recruitment: RecruitmentCore;
  task(name: string): TaskCore;
  /** What agents say of the thread: of a turn, to its task; of an offer or a role, to its recruitment. */
  take: ThreadActorRpc["take"];
  /** @param event the number of an event that this object, or with a `t` before it its task's object, keeps as a dead letter */
  settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>>;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  /** Whether nothing here lives or waits to be sent: an object that is told to go may be emptied. */
  isSpent(): boolean;
  /** Whether the thread has ended so long ago that it leaves. */
  isOver(): boolean;
}

/** What the workflow's queue says to a thread. */
const queueMessages: ReadonlySet<string> = new Set(["thread.start", "thread.queued", "thread.dropped", "thread.signal"]);

/** Made once an isolate: what they load is kept with them. */
const logics = createLogics({ recruitment: createRecruitmentLogic(), ...createTaskLogic() });

export function createThreadCore(ports: ThreadPorts): ThreadCore {
  const { registry, beside } = ports;
  const kind = ports.world.address.slice(0, ports.world.address.indexOf("/"));
  const name = ports.world.address.slice(kind.length + 1);
  const { storage, clock } = ports.world;
  const isRoot = kind === "recruitment";
  const hasTasks = beside || !isRoot;

  /** Messages to the object itself, and to a task beside, go no way at all. */
  const world: World = {
    ...ports.world,
    transport: {
      deliver: (envelope) => {
        if (isOwnPlace(envelope.to)) return ownPlaces.deliver(envelope);
        if (isOwn(envelope.to)) return dispatch(envelope);
        return ports.world.transport.deliver(stampMail(envelope));
      },
    },
  };
  const isOwn = (address: string): boolean =>
    address === world.address ||
    readThreadName(address) === `${kind}/${name}` ||
    (beside && isRoot && readThreadName(address) === `task/${name}`);

  migrate(storage, {
    lane: outboxMigrations,
    host: hostMigrations,
    projection: projectionMigrations,
    ...(isRoot && { recruitment: recruitmentMigrations, control: controlKeyMigrations }),
    ...(hasTasks && { task: taskMigrations }),
  });

  const projection = createProjectionOutbox(world, ports.later, ports.project);
  const project = (row: ProjectionRow): void => {
    // A fork's parent is no one that it reports to: the thread's row does not have it.
    const isOrphan = isRoot && row.table === "thread" && row.parent === null;
    if (isRoot && row.table === "thread") retention?.note(row);
    projection.append(isOrphan ? { ...row, parent: readOrigin(storage)?.parent ?? null } : row);
  };
  const isBroadcast = (turn: string): boolean => hasTasks && readBroadcast(storage, readTurnNumber(turn)) !== undefined;
  const waits = createWaitNotes({ storage, root: isRoot ? name : undefined, hasTasks, isBroadcast, now: () => clock.now(), project });
  const log = (event: CloudEvent, thread: string): void => {
    project({ table: "event", event: stamp(event), thread });
    waits.note(event, thread);
  };
  const { stamp, stampMail } = createStamp({ storage, isRoot });
  const readEnd = (): { output: Json; prompt: string | null } => {
    if (!beside) return { output: null, prompt: null };
    const last = readLastMessage(storage);
    return { output: last ? (JSON.parse(last.output) as Json) : null, prompt: readLastDecision(storage)?.prompt ?? null };
  };
  let cause: string | null = null;
  const logCause = (event: CloudEvent, thread: string): void => {
    cause = event.id;
    log(event, thread);
  };
  const services: ThreadServices = {
    log,
    project,
    readEnd,
    logCause,
    mail: (agents, message, sender) =>
      host.committer.outbox.append(
        agents.map((agent) => `agent/${agent}`),
        message,
        { sender, spread: true },
      ),
    get cause() {
      return cause;
    },
  };
  const definitions = (hash: string): Promise<CompiledWorkflow | undefined> => registry.revision(hash);

  const actors = createActorHost(world, logics, {
    services,
    definitions,
    dueTimes: () => [projection.due(), offers?.due(), audience?.due(), retention?.due()],
    counted: (steps) => {
      ports.counted(steps);
      projection.wake();
    },
    beforeCommit() {
      cause = null;
      waits.beforeCommit();
      projection.beforeCommit();
    },
    onRollback() {
      cause = null;
      waits.undo();
      projection.undo();
      retention?.reread();
    },
    describeRefusal: (undeliverable) => describeRefusedMail(undeliverable, (turn, agent) => hasTasks && isWaitedFor(storage, turn, agent)),
    onDeadLetter: (row, append) => deadLetters.note(row, append),
    unknownLater: true,
    heldBack: (queue, begins) => project(noteHeldBack(queue, { sender: world.address, now: clock.now(), begins })),
  });
  const deadLetters = createThreadDeadLetters({ thread: name, prefix: isRoot ? "" : "t", project, host: () => actors, now: clock.now });

  /** The thread's id means its present actor; one of an earlier epoch is named in full. */
  const present = (actor: string): string => (isRoot && actor === name ? nameActor(name, findEpoch(storage)) : actor);
  const host: ActorHost = {
    ...actors,
    send: (actor, event, options) => actors.send(present(actor), event, options),
    read: (actor) => actors.read(present(actor)),
    peek: (actor) => actors.peek(present(actor)),
    history: (actor, page) => actors.history(present(actor), page),
  };

  /** What others say to the thread is for its present actor; what the host itself says is for the one that it names. */
  function takeIn(envelope: Envelope): Promise<Delivery> {
    const isForThread = isRoot && envelope.to === world.address && !envelope.message.type.startsWith("host.");
    return host.deliver(isForThread ? { ...envelope, to: `${kind}/${present(name)}` } : envelope);
  }

  const offers = isRoot ? createOffers({ storage, clock, registry, outbox: host.committer.outbox, log }) : undefined;
  const { card, random } = ports;
  const audience = hasTasks ? createAudience({ world, host, services, registry, definitions, card, random }) : undefined;

  const tasks = new Map<string, TaskCore>();
  function task(taskName: string): TaskCore {
    let core = tasks.get(taskName);
    if (!core) {
      core = createTaskCore({ name: taskName, host, storage, clock, definition: definitions, logCause });
      tasks.set(taskName, core);
    }
    return core;
  }

  /** A task as its root asks it, beside or far. */
  function findTask(address: string): TaskPort {
    const taskName = address.slice("task/".length);
    if (!isOwn(address)) {
      const far = ports.remoteTask(address);
      return {
        peek: () => far.peek(taskName),
        asked: (agent) => far.asked(agent),
        messages: (page) => far.messages(page),
        steps: (range) => far.steps(range),
        supplement: (supplement) => far.supplement(supplement),
        history: (page) => far.history(taskName, page),
      };
    }
    const core = task(taskName);
    return {
      peek: core.peek,
      asked: async (agent) => core.asked(agent),
      messages: async (page) => core.messages(page),
      steps: async (range) => core.steps(range),
      supplement: async (supplement) => core.supplement(supplement),
      history: async (page) => host.history(taskName, page) as unknown as Json,
    };
  }

  const keys = createControlKeys({ storage, clock, committer: () => host.committer });
  const recruitment = createRecruitmentCore({
    keys,
    name,
    host,
    storage,
    clock,
    definition: definitions,
    registry,
    random,
    beside,
    task: findTask,
    admission: ports.admission,
    standing: ports.standing,
    log,
    logCause,
    project,
  });

  const isIdle = (): boolean => {
    const { outbox } = host.committer;
    return !outbox.size && !outbox.heldBack().length && projection.idle;
  };
  const { keep } = ports.retention ?? {};
  const flush = async (): Promise<void> => {
    await host.committer.outbox.flush();
    await projection.flush();
  };
  const retention =
    isRoot && keep !== undefined
      ? createThreadRetention({ ...{ storage, keep, isIdle, archive, flush }, now: () => clock.now() })
      : undefined;

  /** What is shown of the thread goes to D1, and its task's object is told to go. */
  async function archive(): Promise<void> {
    const shown = await recruitment.show(null);
    if (!shown.ok) return;
    const said = await readNewest((page) => recruitment.messages(null, page));
    host.committer.commit(() => {
      deadLetters.forget();
      project(makeArchiveRow(shown.value, said, clock.now()));
      if (!beside) host.committer.outbox.append([`task/${name}`], { type: "thread.forget" });
    });
  }

  const ownEvents = createOwnEvents({
    address: world.address,
    host,
    storage,
    clock,
    registry,
    root: name,
    stamp,
    project,
  });
  const children = createChildren({
    host,
    storage,
    clock,
    registry,
    definition: definitions,
    stamp,
    log,
    async ownTask() {
      const actor = await host.read(name);
      return actor && findThreadTask({ storage, task: findTask }, actor);
    },
  });

  /** Steps of the thread that this one is a fork of: they come before it begins. */
  function takeCopy(envelope: Envelope): Delivery {
    if (!isRepeat(storage, envelope.from, envelope.id))
      host.committer.commit(() => {
        markReceived(storage, envelope.from, envelope.id);
        writeSteps(storage, envelope.message as unknown as Steps);
      });
    return { status: "stored" };
  }

  /** What the queue says is the root's, also where the object says it to itself. */
  function dispatch(envelope: Envelope): Promise<Delivery> {
    return isRoot && queueMessages.has(envelope.message.type) ? recruitment.deliver(envelope) : receive(envelope);
  }

  /** What comes for a task or for the root's actor. */
  function receive(envelope: Envelope): Promise<Delivery> {
    return childMessages.has(envelope.message.type) ? children.deliver(envelope) : takeIn(envelope);
  }

  const ownPlaces = createOwnPlaces({
    ...{ address: world.address, name, host, storage },
    ...{ definitions, offers, audience, children, ownEvents },
  });

  /** Whoever would change a thread that is being archived would lose it. */
  const refuseArchived = async (): Promise<ReturnType<typeof refuse>> =>
    refuse("not_allowed_now", `The thread ${name} is archived: it can be shown, and not be changed any more.`);
  const changing = <Args extends unknown[], T>(change: (...args: Args) => Promise<Result<T>>) => {
    return (...args: Args): Promise<Result<T>> => (retention?.leaving ? refuseArchived() : change(...args));
  };

  return {
    host,
    recruitment: {
      ...recruitment,
      control: changing(recruitment.control),
      restart: changing(recruitment.restart),
      fork: changing(recruitment.fork),
      assign: changing(recruitment.assign),
    },
    task,
    async take(agent, event, hash) {
      if (isTurnEvent(event)) {
        const { turn } = event.data;
        return hasTasks
          ? task(turn.slice(0, turn.lastIndexOf(":"))).take(agent, event, hash)
          : refuse("not_found", "There is no such turn.");
      }
      return isRoot ? recruitment.take(agent, event, hash) : refuse("not_found", "There is no such offer or role.");
    },
    settleDeadLetter(order, event, once) {
      const id = Number(event.replace(/^t/, ""));
      const settle = (): Promise<Result<null>> =>
        isRoot && event.startsWith("t") ? ports.remoteTask(`task/${name}`).settleDeadLetter(order, id) : deadLetters.settle(order, id);
      return isRoot ? keys.run(once, settle, async () => succeed(null)) : settle();
    },
    isOver: () => (retention?.due() ?? Number.POSITIVE_INFINITY) <= clock.now(),
    isSpent: () => isIdle() && storage.exec("SELECT 1 FROM actor WHERE status = 'active' LIMIT 1").length === 0,
    async deliver(envelope) {
      host.resume();
      const { type } = envelope.message;
      if (retention?.leaving && !isRepeat(storage, envelope.from, envelope.id))
        return { status: "refused", code: "gone", detail: `the thread ${name} is archived` };
      if (type === "audience.left") {
        if (!isRepeat(storage, envelope.from, envelope.id)) await audience?.leave(envelope);
        return { status: "stored" };
      }
      if (type === "thread.copy") return takeCopy(envelope);
      return dispatch(envelope);
    },
    async alarm() {
      await host.alarm(async () => {
        await projection.flush();
        await retention?.work();
        if (retention?.leaving) return;
        await audience?.work();
        const actor = isRoot ? await host.peek(name) : undefined;
        const compiled = actor?.definition ? await definitions(actor.definition) : undefined;
        if (!actor || !compiled || !offers) return;
        const write = await offers.scan(compiled.ir, actor.context as unknown as RecruitmentContext);
        if (write) host.committer.commit(write);
        // Said at once by whoever answered last, unless that was cut short.
        for (const exhausted of offers.listExhausted(compiled.ir)) await host.send(name, { type: "offer.exhausted", ...exhausted });
      });
      if (retention?.ready) await ports.retention?.empty();
    },
  };
}
