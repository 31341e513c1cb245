/**
 * The one place where actors change: an event's steps are computed, then one transaction writes all that they lead to.
 * Knows rows and effects; whether the event may be taken was judged before.
 */
import type { Json } from "../../wire/event.ts";
import { advance, type TakenStep } from "./advance.ts";
import { addressOf, applyEffects, type EffectTables, endActor } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { appendHistory } from "./history.ts";
import type { SendOptions, StartRequest } from "./host-types.ts";
import type { LiveActor, LiveActors, Loaded } from "./live-actors.ts";
import type { ActorScope, Logics } from "./logic.ts";
import { toJson, toPlainError } from "./plain-data.ts";
import type { World } from "./ports.ts";
import { type ActorRow, readChild, writeActor } from "./rows.ts";
import { persistSnapshot } from "./step.ts";

export interface Stepper {
  /**
   * Takes an event.
   * @param options `before` is written first, `also` last
   * @throws what the machine or a write throws; then nothing was written
   */
  take(actor: LiveActor, event: ActorEvent, options?: SendOptions & { before?: () => void }): Promise<LiveActor>;
  /** Starts an actor that does not exist. @throws as {@link Stepper.take} */
  begin(request: StartRequest, loaded: Loaded, also?: () => void): Promise<LiveActor>;
  /** Stops an actor from outside: its parent hears nothing, its children stop too. */
  stop(actor: LiveActor | undefined, mark: () => void): void;
  scopeOf(actor: LiveActor): ActorScope;
}

export interface StepperPorts {
  world: World;
  logics: Logics;
  committer: Committer;
  actors: LiveActors;
  tables: EffectTables;
  countSteps(steps: number): void;
  /** After a commit, with what it did to children. */
  committed(actor: string, effects: Effect[]): void;
}

export function createStepper({ world, logics, committer, actors, tables, countSteps, committed }: StepperPorts): Stepper {
  const { storage, clock } = world;

  function scopeOf({ row, definition }: Pick<LiveActor, "row" | "definition">): ActorScope {
    return { actor: row.id, definition, storage, now: clock.now(), revision: row.revision + 1 };
  }

  function commitSteps(actor: LiveActor, steps: TakenStep[], options: { before?: () => void; also?: () => void }): LiveActor {
    const first = steps[0] as TakenStep;
    const { snapshot } = steps.at(-1) as TakenStep;
    const { logic, machine, definition } = actor;
    const now = clock.now();
    const row: ActorRow = { ...actor.row, updated_at: now };
    committer.commit(() => {
      options.before?.();
      for (const step of steps) {
        const scope = { actor: row.id, definition, storage, now, revision: row.revision + 1 };
        row.revision += 1;
        applyEffects({ ...tables, logics, logic, row, scope }, step);
      }
      appendHistory(
        storage,
        row.id,
        row.revision - steps.length + 1,
        now,
        steps.map((step) => ({ event: step.event, state: step.snapshot.value as Json, effects: step.effects })),
      );
      forgetEndedChild(row, first.event);
      row.snapshot = persistSnapshot(machine, snapshot);
      row.status = snapshot.status;
      if (row.status !== "active") {
        endActor({ ...tables, row, logic });
        tellEnd(actor, row, snapshot.output, snapshot.error);
      }
      writeActor(storage, row);
      options.also?.();
      // Inside: what is counted when the transaction holds.
      countSteps(steps.length);
    });
    const taken = { ...actor, row, snapshot };
    actors.hold(taken);
    const effects = steps.flatMap((step) => step.effects);
    if (effects.length) committed(row.id, effects);
    return taken;
  }

  function forgetEndedChild(row: ActorRow, event: ActorEvent): void {
    if (event.address === undefined || typeof event.actorId !== "string") return;
    // A child of that id that this very step spawned anew stays.
    if (readChild(storage, row.id, event.actorId) === event.address)
      storage.exec("DELETE FROM child WHERE actor = ? AND id = ?", row.id, event.actorId);
  }

  /** Writes how the actor ended, and tells its parent. */
  function tellEnd({ logic }: LiveActor, row: ActorRow, given: unknown, thrown: unknown): void {
    const output = toJson(given);
    row.output = output === undefined ? null : JSON.stringify(output);
    const error = row.status === "error" ? toPlainError(thrown) : undefined;
    row.error = error ? JSON.stringify(error) : null;
    if (row.parent === null) return;
    const child = row.child_id as string;
    const message = error
      ? { type: "host.error", child, error: { ...error } }
      : { type: "host.done", child, ...(output !== undefined && { output }) };
    committer.outbox.append([row.parent], message, { sender: addressOf(world, logic, row.id) });
  }

  return {
    scopeOf,
    async take(actor, event, { sidecar, before, also } = {}) {
      const steps = await advance(actor.machine, actor.logic, logics, scopeOf(actor), { snapshot: actor.snapshot, event, sidecar });
      return commitSteps(actor, steps, { ...(before && { before }), ...(also && { also }) });
    },
    async begin(request, loaded, also) {
      const now = clock.now();
      const { logic, definition, machine } = loaded;
      const row: ActorRow = {
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
      const scope = { ...scopeOf({ row, definition }), ...(request.along !== undefined && { along: request.along }) };
      const steps = await advance(machine, logic, logics, scope, { input: request.input ?? undefined });
      const actor = { ...loaded, row, snapshot: (steps.at(-1) as TakenStep).snapshot };
      return commitSteps(actor, steps, { before: () => logic.started?.(request.along, scope), ...(also && { also }) });
    },
    stop(actor, mark) {
      committer.commit(() => {
        mark();
        if (actor?.row.status !== "active") return;
        endActor({ ...tables, row: actor.row, logic: actor.logic });
        writeActor(storage, { ...actor.row, status: "stopped", updated_at: clock.now() });
      });
      if (!actor) return;
      actors.release(actor.row.id);
      committed(actor.row.id, [{ type: "stop", id: "" }]);
    },
  };
}
