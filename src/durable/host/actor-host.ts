/**
 * Runs state machines as durable actors: one transaction per event holds the event's id, the new snapshot, the outbox,
 * timers and children, and everything that leaves the object leaves after it. Knows XState and its four ports; it does
 * not know workflows. See docs/actor-host.md.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Json } from "../../wire/event.ts";
import type { Delivery, Envelope } from "../rpc.ts";
import { advance, type TakenStep } from "./advance.ts";
import { addressOf, applyEffects, endActor } from "./apply-effects.ts";
import { type Committer, createCommitter } from "./committer.ts";
import { type ActorEvent, toJson, toPlainError } from "./effects.ts";
import { hostLimits } from "./limits.ts";
import type { ActorScope, Logics, MachineLogic } from "./logic.ts";
import type { World } from "./ports.ts";
import * as rows from "./rows.ts";
import { hostMigrations, laneMigrations, migrate } from "./schema.ts";
import { judgeEvent, persistSnapshot, type RefusalCode, restoreSnapshot } from "./step.ts";

/** Finds a definition by its hash: machines that are data are loaded from it. */
export type Definitions = (hash: string) => Promise<unknown>;

export interface HostOptions {
  definitions?: Definitions;
  /** When things of the surrounding object are due, beside the host's own. */
  dueTimes?: () => (number | undefined)[];
  /** Called once per commit and with the steps that it held, for the metrics. */
  counted?: (steps: number) => void;
}

export interface StartRequest {
  actor: string;
  logic: string;
  input?: Json;
  /** Hash of the definition, for logics that are loaded. */
  definition?: string;
  parent?: string;
  /** The parent's id for this child. */
  child?: string;
  /** What the logic's `started` takes, beside the machine's input. */
  along?: Json;
}

export interface SendOptions {
  /** What only writes see; never stored by the host. */
  sidecar?: unknown;
  /** Further writes of the same transaction. */
  also?: () => void;
}

/** What became of an event: taken, or refused with nothing written. `threw`: it was parked with its error. */
export type SendAnswer = { ok: true; view: ActorView } | { ok: false; code: RefusalCode | "unknown_actor" | "threw"; detail: string };

/** An actor as it can be read at any time. */
export interface ActorView {
  id: string;
  logic: string;
  version: string;
  definition: string | null;
  status: string;
  value: Json;
  context: Json;
  tags: string[];
  revision: number;
  output: Json | undefined;
  error: Json | undefined;
  parent: string | null;
  children: { id: string; address: string }[];
  /** `due` in milliseconds since the epoch. */
  timers: { id: string; due: number }[];
  createdAt: number;
  updatedAt: number;
}

export interface ActorHost {
  committer: Committer;
  /** Starts an actor. Idempotent: one that exists is left as it is. `also` is written only where it did not exist. */
  start(request: StartRequest, also?: () => void): Promise<SendAnswer>;
  /** Sends an event, judged first. */
  send(actor: string, event: ActorEvent, options?: SendOptions): Promise<SendAnswer>;
  /** Takes a message of another object; repeats are known. Answered after the commit. */
  deliver(envelope: Envelope, translate?: (envelope: Envelope) => { event: ActorEvent } & SendOptions): Promise<Delivery>;
  /** The object's alarm: timers, retries, jobs. Never throws. */
  alarm(also?: () => Promise<void>): Promise<void>;
  /** Picks up what a crash left: messages to send, jobs to run. Cheap when there is nothing. */
  resume(): void;
  read(actor: string): Promise<ActorView | undefined>;
  history(actor: string, page?: { after?: number; limit?: number }): rows.HistoryEntry[];
  parked(): rows.ParkedRow[];
  /** Runs a parked event again; it leaves the lot if it is taken. */
  retryParked(id: number): Promise<SendAnswer>;
  dropParked(id: number): boolean;
}

interface LiveActor {
  row: rows.ActorRow;
  logic: MachineLogic;
  machine: AnyStateMachine;
  definition: unknown;
  snapshot: AnyMachineSnapshot;
}

/** Makes the host of one object. Creates its tables if they aren't there. */
export function createActorHost(world: World, logics: Logics, options: HostOptions = {}): ActorHost {
  const { storage, clock, scheduler, address } = world;
  migrate(storage, "lane", laneMigrations);
  migrate(storage, "host", hostMigrations);
  const live = new Map<string, LiveActor>();
  const jobsRunning = new Map<string, AbortController>();
  let queue: Promise<unknown> = Promise.resolve();
  let resumed = false;
  let stepsToCount = 0;

  const committer = createCommitter(world, {
    dueTimes: () => [
      rows.earliestTimer(storage),
      storage.exec("SELECT 1 FROM job LIMIT 1").length ? clock.now() + hostLimits.safetyNet : undefined,
      ...(options.dueTimes?.() ?? []),
    ],
    refused: ({ to, message, code, detail }, sender) => {
      serial(() => tellRefused(sender.slice(sender.indexOf("/") + 1), to, message.type, code, detail)).catch((error: unknown) =>
        report("refused", error),
      );
    },
    counted: () => {
      options.counted?.(stepsToCount);
      stepsToCount = 0;
    },
  });

  /** One event at a time: a pure promise is awaited while later events wait. */
  function serial<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function report(at: string, error: unknown): void {
    console.error(JSON.stringify({ at, address, error: toPlainError(error).message }));
  }

  function findLogic(name: string): MachineLogic {
    const logic = logics.get(name);
    if (logic?.type !== "machine") throw new Error(`no machine is registered as ${name}`);
    return logic;
  }

  async function loadDefinition(hash: string | null): Promise<unknown> {
    if (hash === null) return undefined;
    const definition = await options.definitions?.(hash);
    if (definition === undefined) throw new Error(`the definition ${hash} is not to be found`);
    return definition;
  }

  async function load(actor: string): Promise<LiveActor | undefined> {
    const held = live.get(actor);
    if (held) return held;
    const row = rows.readActor(storage, actor);
    if (!row) return undefined;
    const logic = findLogic(row.logic);
    const definition = await loadDefinition(row.definition);
    const machine = loadMachine(logic, row.definition, definition);
    let stored = JSON.parse(row.snapshot) as Json | undefined;
    if (row.version !== logic.version) stored = logic.upgrade?.(stored as Json, row.version);
    if (stored === undefined)
      throw new Error(`${actor} was stored by version ${row.version} of ${row.logic}, which version ${logic.version} cannot read`);
    const loaded = { row: { ...row, version: logic.version }, logic, machine, definition, snapshot: restoreSnapshot(machine, stored) };
    live.set(actor, loaded);
    return loaded;
  }

  function scopeOf(actor: LiveActor): ActorScope {
    return { actor: actor.row.id, definition: actor.definition, storage, now: clock.now(), revision: actor.row.revision + 1 };
  }

  /** The one place where an actor changes: takes the steps of an event and commits them with `mark` and `also`. */
  async function take(
    actor: LiveActor,
    event: ActorEvent,
    { sidecar, before, also }: SendOptions & { before?: () => void } = {},
  ): Promise<void> {
    const steps = await advance(actor.machine, actor.logic, logics, scopeOf(actor), { snapshot: actor.snapshot, event, sidecar });
    commitSteps(actor, steps, before, also);
  }

  function commitSteps(actor: LiveActor, steps: TakenStep[], before?: () => void, also?: () => void): void {
    const first = steps[0] as TakenStep;
    const last = steps.at(-1) as TakenStep;
    const { logic, machine } = actor;
    const now = clock.now();
    const row: rows.ActorRow = { ...actor.row, updated_at: now };
    stepsToCount += steps.length;
    committer.commit(() => {
      before?.();
      for (const step of steps) {
        row.revision += 1;
        const scope = { ...scopeOf(actor), now, revision: row.revision };
        applyEffects({ world, outbox: committer.outbox, logics, logic, row, scope }, step);
        rows.appendHistory(storage, row.id, row.revision, now, step.event, step.snapshot.value as Json, step.effects);
      }
      const done = endedChild(row, first.event);
      if (done !== undefined) storage.exec("DELETE FROM child WHERE actor = ? AND id = ?", row.id, done);
      row.snapshot = persistSnapshot(machine, last.snapshot);
      row.status = last.snapshot.status;
      if (row.status !== "active") {
        endActor({ world, outbox: committer.outbox, row, logic });
        const output = toJson(last.snapshot.output);
        row.output = output === undefined ? null : JSON.stringify(output);
        row.error = row.status === "error" ? JSON.stringify(toPlainError(last.snapshot.error)) : null;
        if (row.parent !== null) {
          const child = row.child_id as string;
          const message =
            row.status === "error"
              ? { type: "host.error", child, error: JSON.parse(row.error as string) as Json }
              : { type: "host.done", child, ...(output !== undefined && { output }) };
          committer.outbox.append([row.parent], message, { sender: addressOf(world, logic, row.id) });
        }
      }
      rows.writeActor(storage, row);
      also?.();
    });
    live.set(row.id, { ...actor, row, snapshot: last.snapshot });
    for (const effect of steps.flatMap((step) => step.effects))
      if (effect.type === "stop") jobsRunning.get(`${row.id}/${effect.id}`)?.abort();
    if (steps.some((step) => step.effects.some((effect) => effect.type === "spawn"))) runJobs();
  }

  function endedChild(row: rows.ActorRow, event: ActorEvent): string | undefined {
    const ended = /^xstate\.(?:done|error)\.actor\./.test(event.type) ? event.actorId : undefined;
    // A child of that id that this very step spawned anew stays.
    return typeof ended === "string" && rows.readChild(storage, row.id, ended) === event.address ? ended : undefined;
  }

  async function startActor(request: StartRequest, also?: () => void): Promise<SendAnswer> {
    const existing = await load(request.actor);
    if (existing) return { ok: true, view: view(existing) };
    const logic = findLogic(request.logic);
    const definition = await loadDefinition(request.definition ?? null);
    const machine = loadMachine(logic, request.definition ?? null, definition);
    const now = clock.now();
    const row: rows.ActorRow = {
      id: request.actor,
      logic: request.logic,
      version: logic.version,
      definition: request.definition ?? null,
      parent: request.parent ?? null,
      child_id: request.child ?? null,
      status: "active",
      snapshot: "",
      revision: 0,
      output: null,
      error: null,
      created_at: now,
      updated_at: now,
    };
    const scope = { actor: row.id, definition, storage, now, revision: 1 };
    const steps = await advance(machine, logic, logics, scope, { input: request.input ?? undefined });
    const actor = { row, logic, machine, definition, snapshot: (steps.at(-1) as TakenStep).snapshot };
    commitSteps(actor, steps, () => logic.started?.(request.along, scope), also);
    return { ok: true, view: view(live.get(row.id) as LiveActor) };
  }

  async function sendEvent(actorId: string, event: ActorEvent, sendOptions: SendOptions = {}): Promise<SendAnswer> {
    const actor = await load(actorId);
    if (!actor) return { ok: false, code: "unknown_actor", detail: `there is no actor ${actorId}` };
    const code = actor.row.status === "active" ? judgeEvent(actor.machine, actor.snapshot, event) : "not_active";
    if (code) return { ok: false, code, detail: `${actorId} does not take ${event.type} in ${JSON.stringify(actor.snapshot.value)}` };
    try {
      await take(actor, event, sendOptions);
    } catch (error) {
      committer.commit(() => parkOwn(actorId, event, error));
      return { ok: false, code: "threw", detail: toPlainError(error).message };
    }
    return { ok: true, view: view(live.get(actorId) as LiveActor) };
  }

  async function tellRefused(actorId: string, to: string, type: string, code: string, detail: string): Promise<void> {
    const event = { type: "delivery.refused", to, message: type, code, detail };
    const answer = await sendEvent(actorId, event);
    if (!answer.ok && answer.code !== "threw" && answer.code !== "unknown_actor" && answer.code !== "not_active")
      committer.commit(() =>
        rows.park(storage, { actor: actorId, at: clock.now(), sender: null, event, code: answer.code, error: detail }),
      );
  }

  async function stopActor(actor: LiveActor | undefined, mark: () => void): Promise<void> {
    committer.commit(() => {
      mark();
      if (!actor || actor.row.status !== "active") return;
      endActor({ world, outbox: committer.outbox, row: actor.row, logic: actor.logic });
      rows.writeActor(storage, { ...actor.row, status: "stopped", updated_at: clock.now() });
    });
    if (actor) live.delete(actor.row.id);
  }

  async function receive(envelope: Envelope, translate?: (envelope: Envelope) => { event: ActorEvent } & SendOptions): Promise<Delivery> {
    if (rows.isRepeat(storage, envelope.from, envelope.id)) return { status: "stored" };
    const { message, from } = envelope;
    const actorId = envelope.to.slice(envelope.to.indexOf("/") + 1);
    const mark = (): void => rows.markReceived(storage, from, envelope.id);
    const setAside = (code: string, error: string): void =>
      committer.commit(() => {
        mark();
        rows.park(storage, { actor: actorId, at: clock.now(), sender: from, event: message, code, error });
      });
    if (envelope.park) {
      setAside("poison", `${hostLimits.deliveryAttempts} deliveries of this message failed`);
      return { status: "stored" };
    }
    if (message.type === "host.start") {
      try {
        await startActor(
          {
            actor: actorId,
            logic: String(message.logic),
            parent: from,
            child: String(message.child),
            ...(message.input !== null && message.input !== undefined && { input: message.input }),
            ...(message.along !== undefined && { along: message.along }),
            ...(typeof message.definition === "string" && { definition: message.definition }),
          },
          mark,
        );
      } catch (error) {
        // The parent must hear that its child never began.
        const plain = toPlainError(error);
        committer.commit(() => {
          mark();
          rows.park(storage, { actor: actorId, at: clock.now(), sender: from, event: message, code: "threw", error: plain.message });
          committer.outbox.append([from], { type: "host.error", child: message.child, error: { ...plain } }, { sender: envelope.to });
        });
      }
      return { status: "stored" };
    }
    const actor = await load(actorId);
    if (message.type === "host.stop") {
      await stopActor(actor, mark);
      return { status: "stored" };
    }
    if (!actor) return { status: "refused", code: "not_found", detail: `there is no actor ${actorId}` };
    const taken = readMessage(actor, envelope, translate);
    if (!taken || actor.row.status !== "active") {
      // Of an earlier child, or for an actor that has ended: known, and without effect.
      committer.commit(mark);
      return { status: "stored" };
    }
    const own = message.type === "host.done" || message.type === "host.error";
    const code = own ? undefined : judgeEvent(actor.machine, actor.snapshot, taken.event);
    if (code) {
      setAside(code, `not taken in ${JSON.stringify(actor.snapshot.value)}`);
      return { status: "stored" };
    }
    try {
      const also = taken.also;
      await take(actor, taken.event, {
        sidecar: taken.sidecar,
        also: () => {
          mark();
          also?.();
        },
      });
    } catch (error) {
      setAside("threw", toPlainError(error).message);
    }
    return { status: "stored" };
  }

  function readMessage(
    actor: LiveActor,
    envelope: Envelope,
    translate?: (envelope: Envelope) => { event: ActorEvent } & SendOptions,
  ): ({ event: ActorEvent } & SendOptions) | undefined {
    const { message, from } = envelope;
    if (message.type === "host.done" || message.type === "host.error") {
      const child = String(message.child);
      if (rows.readChild(storage, actor.row.id, child) !== from) return undefined;
      const kind = message.type === "host.done" ? "done" : "error";
      return {
        event: {
          type: `xstate.${kind}.actor.${child}`,
          ...(kind === "done" ? { output: message.output } : { error: message.error }),
          actorId: child,
          address: from,
        },
      };
    }
    if (message.type === "host.event") {
      const known = from === actor.row.parent || rows.readChildren(storage, actor.row.id).some((child) => child.address === from);
      return known ? { event: message.event as unknown as ActorEvent } : undefined;
    }
    return translate?.(envelope) ?? { event: message as ActorEvent };
  }

  function runJobs(): void {
    for (const job of storage.exec<rows.JobRow>("SELECT * FROM job")) {
      const key = `${job.actor}/${job.id}`;
      if (jobsRunning.get(key)?.signal.aborted === false) continue;
      const abort = new AbortController();
      jobsRunning.set(key, abort);
      scheduler.background(
        runJob(job, abort).finally(() => {
          if (jobsRunning.get(key) === abort) jobsRunning.delete(key);
        }),
      );
    }
  }

  async function runJob(job: rows.JobRow, abort: AbortController): Promise<void> {
    const current = (): boolean =>
      storage.exec("SELECT 1 FROM job WHERE actor = ? AND id = ? AND run = ?", job.actor, job.id, job.run).length > 0;
    let event: ActorEvent;
    if (job.attempts >= hostLimits.jobAttempts) {
      event = {
        type: `xstate.error.actor.${job.id}`,
        error: { name: "Error", message: `given up after ${job.attempts} runs that a crash ended` },
        actorId: job.id,
      };
    } else {
      // Counted before it runs, so that a run that kills the object is counted too.
      committer.commit(() =>
        storage.exec("UPDATE job SET attempts = attempts + 1 WHERE actor = ? AND id = ? AND run = ?", job.actor, job.id, job.run),
      );
      const actor = await load(job.actor);
      const logic = logics.get(job.src);
      if (!actor || logic?.type !== "promise") return;
      try {
        const { output } = await logic.run(
          job.input === null ? undefined : (JSON.parse(job.input) as Json),
          scopeOf(actor),
          [],
          abort.signal,
        );
        event = { type: `xstate.done.actor.${job.id}`, output: toJson(output), actorId: job.id };
      } catch (error) {
        event = { type: `xstate.error.actor.${job.id}`, error: toPlainError(error), actorId: job.id };
      }
    }
    await serial(async () => {
      const actor = await load(job.actor);
      if (!actor || !current()) return;
      const forget = (): void => void storage.exec("DELETE FROM job WHERE actor = ? AND id = ? AND run = ?", job.actor, job.id, job.run);
      try {
        await take(actor, event, { also: forget });
      } catch (error) {
        committer.commit(() => {
          forget();
          parkOwn(job.actor, event, error);
        });
      }
    });
  }

  function sender(actor: string): string {
    const row = rows.readActor(storage, actor);
    return row ? addressOf(world, findLogic(row.logic), actor) : address;
  }

  async function fireTimers(): Promise<void> {
    for (let fired = 0; fired < hostLimits.timersPerAlarm; fired++) {
      const timer = rows.nextTimer(storage, clock.now());
      if (!timer) return;
      const forget = (): void =>
        void storage.exec("DELETE FROM timer WHERE actor = ? AND id = ? AND due = ?", timer.actor, timer.id, timer.due);
      const event = JSON.parse(timer.event) as ActorEvent;
      if (timer.receiver !== null) {
        const to = timer.receiver;
        committer.commit(() => {
          forget();
          committer.outbox.append([to], event, { sender: sender(timer.actor) });
        });
        continue;
      }
      const actor = await load(timer.actor);
      if (!actor || actor.row.status !== "active") {
        committer.commit(forget);
        continue;
      }
      try {
        // Forgotten first: the step may set a timer of the same id anew.
        await take(actor, event, { before: forget });
      } catch (error) {
        committer.commit(() => {
          forget();
          parkOwn(timer.actor, event, error);
        });
      }
    }
  }

  function parkOwn(actor: string, event: ActorEvent, error: unknown): void {
    rows.park(storage, { actor, at: clock.now(), sender: null, event, code: "threw", error: toPlainError(error).message });
  }

  function view({ row, snapshot }: LiveActor): ActorView {
    return {
      id: row.id,
      logic: row.logic,
      version: row.version,
      definition: row.definition,
      status: row.status,
      value: snapshot.value as Json,
      context: snapshot.context as Json,
      tags: [...snapshot.tags] as string[],
      revision: row.revision,
      output: row.output === null ? undefined : (JSON.parse(row.output) as Json),
      error: row.error === null ? undefined : (JSON.parse(row.error) as Json),
      parent: row.parent,
      children: rows.readChildren(storage, row.id),
      timers: storage.exec<{ id: string; due: number }>("SELECT id, due FROM timer WHERE actor = ? ORDER BY due, id", row.id),
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  }

  const host: ActorHost = {
    committer,
    start: (request, also) => serial(() => startActor(request, also)),
    send: (actor, event, sendOptions) => serial(() => sendEvent(actor, event, sendOptions)),
    deliver: (envelope, translate) => serial(() => receive(envelope, translate)),
    alarm: (also) =>
      committer.alarm(async () => {
        host.resume();
        await serial(fireTimers);
        await also?.();
      }),
    resume() {
      if (resumed) return;
      resumed = true;
      if (committer.outbox.size) scheduler.background(committer.outbox.flush());
      runJobs();
    },
    async read(actor) {
      const held = await load(actor);
      return held && view(held);
    },
    history: (actor, page = {}) => rows.readHistory(storage, actor, { limit: hostLimits.historyRows, ...page }),
    parked: () => rows.readParked(storage),
    retryParked: (id) =>
      serial(async () => {
        const entry = rows.readParked(storage).find((row) => row.id === id);
        if (!entry) return { ok: false, code: "unknown_event", detail: `nothing is parked as ${id}` };
        const message = JSON.parse(entry.event) as ActorEvent;
        const event = message.type === "host.event" ? (message.event as unknown as ActorEvent) : message;
        return sendEvent(entry.actor, event, { also: () => void storage.exec("DELETE FROM parked WHERE id = ?", id) });
      }),
    dropParked(id) {
      const there = rows.readParked(storage).some((row) => row.id === id);
      if (there) committer.commit(() => storage.exec("DELETE FROM parked WHERE id = ?", id));
      return there;
    },
  };
  return host;
}

/** Loaded machines, by logic and definition: immutable, so they outlive any one object. Bounded; the oldest goes. */
const machines = new Map<MachineLogic, Map<string, AnyStateMachine>>();

function loadMachine(logic: MachineLogic, hash: string | null, definition: unknown): AnyStateMachine {
  if (hash === null) return logic.load(definition);
  let loaded = machines.get(logic);
  if (!loaded) {
    loaded = new Map();
    machines.set(logic, loaded);
  }
  let machine = loaded.get(hash);
  if (!machine) {
    machine = logic.load(definition);
    if (loaded.size >= hostLimits.machinesCached) loaded.delete(loaded.keys().next().value as string);
    loaded.set(hash, machine);
  }
  return machine;
}
