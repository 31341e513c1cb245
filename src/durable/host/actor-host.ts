/**
 * Runs state machines as durable actors: one transaction per event holds the event's id, the new snapshot, the outbox,
 * timers and children, and everything that leaves the object leaves after it. Knows XState and its four ports; it does
 * not know workflows. See docs/actor-host.md.
 */
import type { Json } from "../../contract/event.ts";
import { viewActor } from "./actor-view.ts";
import type { EffectTables } from "./apply-effects.ts";
import { createCommitter } from "./committer.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { toPlainError } from "./error-data.ts";
import { fireTimers } from "./fire-timers.ts";
import { readHistory } from "./history.ts";
import type { ActorHost, ActorView, HostOptions, SendAnswer, StartRequest } from "./host-types.ts";
import { createIntake } from "./intake.ts";
import { createJobRunner, type JobRunner } from "./job-runner.ts";
import { createJobTable } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import { createLiveActors } from "./live-actors.ts";
import type { Logics } from "./logic.ts";
import { checkPlain } from "./plain-data.ts";
import type { World } from "./ports.ts";
import { readActor, writeActor } from "./rows.ts";
import { hostMigrations, migrate, outboxMigrations } from "./schema.ts";
import { createStepper, type Stepper } from "./stepper.ts";
import { createTimerTable } from "./timer-table.ts";

export type { ActorHost, ActorView, Definitions, HostOptions, SendAnswer, SendOptions, StartRequest, Translate } from "./host-types.ts";

/** Makes the host of one object. Creates its tables if they aren't there. */
export function createActorHost(world: World, logics: Logics, options?: HostOptions): ActorHost;
/** Makes the host of one object whose logics ask for services of it. */
export function createActorHost<Services>(
  world: World,
  logics: Logics<Services>,
  options: HostOptions<Services> & { services: Services },
): ActorHost;
export function createActorHost(world: World, logics: Logics, options: HostOptions = {}): ActorHost {
  const { storage, clock, address } = world;
  // An object that has made its own tables has made these with them.
  migrate(storage, { lane: outboxMigrations, host: hostMigrations });
  let queue: Promise<unknown> = Promise.resolve();
  let resumed = false;
  let stepsToCount = 0;

  /** One event at a time: a pure promise is awaited while later events wait. */
  function serial<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function report(at: string, error: unknown): void {
    console.error(JSON.stringify({ at, address, error: toPlainError(error).message }));
  }

  const timers = createTimerTable(storage);
  const jobs = createJobTable(storage);
  const actors = createLiveActors(storage, logics, options.definitions);
  const committer = createCommitter(world, {
    dueTimes: () => [timers.earliest(), runner.due(), ...(options.dueTimes?.() ?? [])],
    refused: (undeliverable, sender, forget) => serial(() => intake.hearRefusal(undeliverable, sender, forget)),
    counted() {
      options.counted?.(stepsToCount);
      stepsToCount = 0;
    },
    ...(options.heldBack && { heldBack: options.heldBack }),
    ...(options.beforeCommit && { beforeCommit: options.beforeCommit }),
    onRollback() {
      options.onRollback?.();
      stepsToCount = 0;
      timers.reread();
      jobs.reread();
    },
  });
  const deadLetters = createDeadLetters(world, () => committer.outbox, options.onDeadLetter);
  const tables: EffectTables = { world, outbox: committer.outbox, timers, jobs };
  const runner: JobRunner = createJobRunner({
    world,
    logics,
    committer,
    actors,
    jobs,
    deadLetters,
    stepper: () => stepper,
    serial,
    report,
  });
  const stepper: Stepper = createStepper({
    world,
    logics,
    committer,
    actors,
    tables,
    services: options.services,
    countSteps: (steps) => {
      stepsToCount += steps;
    },
    committed: runner.committed,
  });
  const intake = createIntake({
    world,
    committer,
    actors,
    timers,
    jobs,
    deadLetters,
    stepper,
    describeRefusal: options.describeRefusal,
    unknownLater: options.unknownLater,
  });

  async function start(request: StartRequest, also?: () => void): Promise<SendAnswer> {
    const fault = findStartFault(request);
    if (fault !== undefined) return { ok: false, code: "malformed", detail: fault };
    const existing = await actors.load(request.actor);
    if (existing) {
      const { logic, definition } = existing.row;
      if (logic !== request.logic || definition !== (request.definition ?? null))
        return { ok: false, code: "name_taken", detail: `there is an actor ${request.actor} already: ${describeLogic(logic, definition)}` };
      return { ok: true, view: viewActor(existing, storage, timers) };
    }
    if (readActor(storage, request.actor))
      return { ok: false, code: "unknown_actor", detail: `there is no actor ${request.actor} any more` };
    const begun = await stepper.begin(request, await actors.loadLogic(request.logic, request.definition ?? null), also);
    return { ok: true, view: viewActor(begun, storage, timers) };
  }

  function answer(result: Awaited<ReturnType<typeof intake.send>>): SendAnswer {
    if (!result.ok) return result;
    const { actor } = result;
    let view: ActorView | undefined;
    return {
      ok: true,
      // Made when asked for: who only sends an event pays for no query.
      get view() {
        view ??= viewActor(actor, storage, timers);
        return view;
      },
    };
  }

  /** Leaves of an ended actor what refuses whoever still writes to it. */
  async function forget(id: string): Promise<boolean> {
    const row = readActor(storage, id);
    if (!row || row.status === "active") return false;
    committer.commit(() => {
      for (const table of ["history", "parked"]) storage.exec(`DELETE FROM ${table} WHERE actor = ?`, id);
      writeActor(storage, { ...row, status: "forgotten", snapshot: "null", output: null, error: null, updated_at: clock.now() });
    });
    actors.release(id);
    return true;
  }

  const host: ActorHost = {
    committer,
    start: (request, also) => serial(() => start(request, also)),
    send: (actor, event, sendOptions) => serial(async () => answer(await intake.send(actor, event, sendOptions))),
    deliver: (envelope, translate) => serial(() => intake.receive(envelope, translate)),
    alarm: (also) =>
      committer.alarm(async () => {
        host.resume();
        runner.resume();
        await serial(() => fireTimers({ world, committer, actors, timers, deadLetters, stepper, report }));
        await also?.();
      }),
    resume() {
      if (resumed) return;
      resumed = true;
      committer.rearm();
      if (committer.outbox.size) world.scheduler.background(committer.outbox.flush());
      runner.resume();
    },
    async read(actor) {
      const held = await actors.load(actor);
      // Spread: what is read lazily is read now.
      return held && { ...viewActor(held, storage, timers) };
    },
    async peek(actor) {
      const held = await actors.load(actor);
      return (
        held && {
          status: held.row.status,
          definition: held.row.definition,
          value: held.snapshot.value as Json,
          context: held.snapshot.context as Json,
        }
      );
    },
    history: (actor, page = {}) => readHistory(storage, actor, { limit: hostLimits.historyRows, ...page }),
    deadLetters: deadLetters.list,
    retryDeadLetter: (id, translate) => serial(async () => answer(await intake.retry(id, translate))),
    dropDeadLetter: intake.drop,
    forget: (actor) => serial(() => forget(actor)),
  };
  return host;
}

/** Why an actor can't be started so. */
function findStartFault({ actor, input }: StartRequest): string | undefined {
  if (typeof actor !== "string" || actor === "") return "an actor's id is a text";
  if (actor.length > hostLimits.idLength) return `an actor's id has at most ${hostLimits.idLength} characters, this one ${actor.length}`;
  try {
    if (input !== undefined) checkPlain(input, "input");
    return undefined;
  } catch (error) {
    return toPlainError(error).message;
  }
}

function describeLogic(logic: string, definition: string | null): string {
  return definition === null ? logic : `${logic} of the definition ${definition}`;
}
