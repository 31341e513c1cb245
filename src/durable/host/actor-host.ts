import { createActorDocs } from "./actor-docs.ts";
import { answerView, peekActor, viewActor } from "./actor-view.ts";
import type { EffectTables } from "./apply-effects.ts";
import { createCommitter } from "./committer.ts";
import { createDeadLetters } from "./dead-letters.ts";
import type { Entry } from "./entry.ts";
import { toPlainError } from "./error-data.ts";
import { fireTimers } from "./fire-timers.ts";
import { formerHost } from "./former-tables.ts";
import { readHistory } from "./history.ts";
import type { ActorHost, HostOptions, SendAnswer } from "./host-types.ts";
import { createIntake } from "./intake.ts";
import { createJobRunner, type JobRunner } from "./job-runner.ts";
import { createJobTable } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import { createLiveActors } from "./live-actors.ts";
import type { Logics } from "./logic.ts";
import type { World } from "./ports.ts";
import type { Sent } from "./send-event.ts";
import { createSerial } from "./serial.ts";
import { createActorStarts } from "./start-actor.ts";
import { createStepper, type Stepper } from "./stepper.ts";
import type { Journal } from "./store/journal.ts";
import { createStore } from "./store/store.ts";
import { takeEach } from "./take-envelope.ts";
import { createTimerTable } from "./timer-table.ts";

export type { ActorHost, ActorView, Definitions, HostOptions, SendAnswer, SendOptions, StartRequest, Translate } from "./host-types.ts";

/** Makes the host of one object. What an earlier version has stored there is taken over. */
export function createActorHost(world: World, logics: Logics, options?: HostOptions): ActorHost;
/** Makes the host of one object whose logics ask for services of it. */
export function createActorHost<Services>(
  world: World,
  logics: Logics<Services>,
  options: HostOptions<Services> & { services: Services },
): ActorHost;
export function createActorHost(world: World, logics: Logics, options: HostOptions = {}): ActorHost {
  const { storage, address } = world;
  const store = options.store ?? createStore(storage, address, formerHost);
  const journal = store.journal as Journal<Entry>;
  // A pure promise is awaited while later events wait.
  const serial = createSerial();
  let resumed = false;
  let stepsToCount = 0;

  function report(at: string, error: unknown): void {
    console.error(JSON.stringify({ at, address, error: toPlainError(error).message }));
  }

  const docs = createActorDocs(store);
  const timers = createTimerTable(docs);
  const jobs = createJobTable(docs);
  const actors = createLiveActors(docs, logics, options.definitions);
  const committer = createCommitter(world, {
    dueTimes: () => addTimes(options.dueTimes?.() ?? [], timers.earliest(), runner.due()),
    refused: (undeliverable, sender, forget) => serial(() => intake.hearRefusal(undeliverable, sender, forget)),
    counted() {
      options.counted?.(stepsToCount);
      stepsToCount = 0;
    },
    store,
    keepEntries: hostLimits.journalEntries,
    ...(options.log && { log: options.log }),
    ...(options.heldBack && { heldBack: options.heldBack }),
    ...(options.noted && { noted: options.noted }),
    ...(options.beforeCommit && { beforeCommit: options.beforeCommit }),
    ...(options.flushed && { flushed: options.flushed }),
    onRollback() {
      options.onRollback?.();
      stepsToCount = 0;
      timers.reread();
      jobs.reread();
    },
  });
  const deadLetters = createDeadLetters(world, store, () => committer.outbox, options.onDeadLetter);
  const tables: EffectTables = { world, docs, outbox: committer.outbox, timers, jobs };
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
    docs,
    committer,
    actors,
    timers,
    jobs,
    deadLetters,
    stepper,
    describeRefusal: options.describeRefusal,
    redirectRefusal: options.redirectRefusal,
    unknownLater: options.unknownLater,
  });

  const starts = createActorStarts({ world, docs, deadLetters, committer, actors, timers, stepper });
  const answer = (sent: Sent): SendAnswer => (sent.ok ? answerView(sent.actor, docs, timers) : sent);

  const host: ActorHost = {
    committer,
    start: (request, also) => serial(() => starts.start(request, also)),
    send: (actor, event, sendOptions) => serial(async () => answer(await intake.send(actor, event, sendOptions))),
    deliver: (envelope, translate) => takeEach(envelope, (each) => serial(() => intake.receive(each, translate))),
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
      if (committer.outbox.size()) world.scheduler.background(committer.outbox.flush());
      runner.resume();
    },
    async read(actor) {
      const held = await actors.load(actor);
      // The spread copies lazy getters: they are read now.
      return held && { ...viewActor(held, docs, timers) };
    },
    async peek(actor) {
      const held = await actors.load(actor);
      return held && peekActor(held);
    },
    readSince: stepper.readSince,
    hasActive: () => docs.all().some(({ row }) => row.status === "active"),
    history: (actor, page = {}) =>
      docs.readRow(actor)?.status === "forgotten" ? [] : readHistory(journal, actor, { limit: hostLimits.historyRows, ...page }),
    deadLetters: deadLetters.list,
    retryDeadLetter: (id, translate) => serial(async () => answer(await intake.retry(id, translate))),
    dropDeadLetter: intake.drop,
    forget: (actor) => serial(async () => starts.forget(actor)),
  };
  return host;
}

function addTimes(times: (number | undefined)[], ...more: (number | undefined)[]): (number | undefined)[] {
  times.push(...more);
  return times;
}
