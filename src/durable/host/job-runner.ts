/**
 * Runs effectful promises: outside any transaction, after the commit that spawned them, and again after a crash. Only
 * the current run's result is fed back, in the transaction that removes the job.
 */
import type { Json } from "../../contract/event.ts";
import { checkTold } from "./advance.ts";
import type { Committer } from "./committer.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { toErrorData, toPlainError } from "./error-data.ts";
import type { JobRow, JobTable } from "./job-table.ts";
import { hostLimits } from "./limits.ts";
import type { LiveActors } from "./live-actors.ts";
import type { Logics } from "./logic.ts";
import { toPlain } from "./plain-data.ts";
import type { World } from "./ports.ts";
import { StoreFailedError } from "./receiver-state.ts";
import { judgeEvent } from "./step.ts";
import type { Stepper } from "./stepper.ts";

export interface JobRunner {
  /** A commit is done: aborts what it stopped, runs what it spawned. */
  committed(actor: string, steps: readonly { effects: readonly Effect[] }[]): void;
  /** Runs again what should run and doesn't: a crash ended it, or its actor could not be loaded. */
  resume(): void;
  due(): number | undefined;
}

export interface JobPorts {
  world: World;
  logics: Logics;
  committer: Committer;
  actors: LiveActors;
  jobs: JobTable;
  deadLetters: DeadLetters;
  stepper: () => Stepper;
  serial<T>(work: () => Promise<T>): Promise<T>;
  report(at: string, error: unknown): void;
}

export function createJobRunner({ world, logics, committer, actors, jobs, deadLetters, stepper, serial, report }: JobPorts): JobRunner {
  const running = new Map<string, { job: JobRow; abort: AbortController }>();
  /** How many events of a run wait to be taken. */
  const told = new WeakMap<JobRow, number>();

  /** @param spawned ids of this actor's jobs whose first run this is: it was counted as they were added */
  function start(spawned?: { actor: string; ids: Set<string> }): void {
    for (const job of jobs.list()) {
      const key = `${job.actor}/${job.id}/${job.run}`;
      if (running.has(key)) continue;
      const fresh = spawned?.actor === job.actor && spawned.ids.has(job.id);
      if (spawned && !fresh) continue;
      const abort = new AbortController();
      running.set(key, { job, abort });
      const work = run(job, fresh, abort.signal)
        .catch((error: unknown) => report("job", error))
        .finally(() => running.delete(key));
      world.scheduler.background(work);
    }
  }

  async function run(job: JobRow, fresh: boolean, signal: AbortSignal): Promise<void> {
    const event = await settle(job, fresh, signal);
    await serial(async () => {
      const actor = await actors.load(job.actor);
      if (!actor || !jobs.isCurrent(job)) return;
      try {
        await stepper().take(actor, event, { before: () => jobs.forget(job) });
      } catch (error) {
        if (error instanceof StoreFailedError) throw error;
        const { actor: id } = job;
        committer.commit(() => {
          jobs.setAside(job);
          deadLetters.add({
            actor: id,
            origin: { job: { actor: id, id: job.id, run: job.run } },
            event,
            code: "threw",
            error: toPlainError(error).message,
          });
        });
      }
    });
  }

  /** What a running promise sends its machine: taken before its result, and not at all where nobody waits for it. */
  function tell(job: JobRow, event: ActorEvent): void {
    const waiting = told.get(job) ?? 0;
    checkTold(job.src, waiting);
    told.set(job, waiting + 1);
    const take = async (): Promise<void> => {
      told.set(job, (told.get(job) ?? 1) - 1);
      const actor = await actors.load(job.actor);
      if (!actor || !jobs.isCurrent(job)) return;
      try {
        if (judgeEvent(actor.machine, actor.snapshot, event) === undefined) await stepper().take(actor, event);
      } catch (error) {
        if (error instanceof StoreFailedError) throw error;
        committer.commit(() => deadLetters.add({ actor: job.actor, event, code: "threw", error: toPlainError(error).message }));
      }
    };
    world.scheduler.background(serial(take).catch((error: unknown) => report("promise", error)));
  }

  async function settle(job: JobRow, fresh: boolean, signal: AbortSignal): Promise<ActorEvent> {
    const fail = (error: unknown): ActorEvent => ({
      type: `xstate.error.actor.${job.id}`,
      error: toErrorData(error),
      actorId: job.id,
    });
    const actor = await actors.load(job.actor);
    const logic = logics.get(job.src);
    if (!actor || logic?.type !== "promise") return fail(new Error(`no promise is registered as ${job.src}`));
    if (!fresh) {
      // An event may have left the state while the actor was loaded: don't run a job that nobody waits for.
      if (!jobs.isCurrent(job)) return fail(new Error("stopped before it ran"));
      if (job.attempts >= hostLimits.jobAttempts) return fail(new Error(`given up after ${job.attempts} runs that a crash ended`));
      // Count before running, so that a run that kills the object counts too.
      committer.commit(() => jobs.countAttempt(job));
      world.storage.flush?.();
    }
    try {
      // What its code does to it is not the store's.
      const input: Json | undefined = structuredClone(job.input);
      const { output } = await logic.run(
        input,
        stepper().scopeOf(actor),
        [],
        () => signal,
        (event) => tell(job, event),
      );
      return { type: `xstate.done.actor.${job.id}`, output: toPlain(output, `the output of ${job.src}`), actorId: job.id };
    } catch (error) {
      return fail(error);
    }
  }

  return {
    committed(actor, steps) {
      if (!running.size && !jobs.any()) return;
      const effects = steps.flatMap((step) => step.effects);
      if (effects.some((effect) => effect.type === "stop"))
        for (const { job, abort } of running.values()) if (job.actor === actor && !jobs.isCurrent(job)) abort.abort();
      const ids = new Set(effects.flatMap((effect) => (effect.type === "spawn" ? [effect.id] : [])));
      if (ids.size && jobs.any()) start({ actor, ids });
    },
    resume() {
      if (jobs.any()) start();
    },
    due: () => (jobs.any() ? world.clock.now() + hostLimits.jobWatch : undefined),
  };
}
