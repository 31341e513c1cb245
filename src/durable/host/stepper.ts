/**
 * The one place where actors change: an event's steps are computed, then one transaction writes all that they lead to.
 * Knows rows and effects; whether the event may be taken was judged before.
 */

import type { Json } from "../../contract/event.ts";
import { advance, type LastWords, type TakenStep } from "./advance.ts";
import { addressOf, applyEffects, type EffectTables, endActor } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import { toErrorData } from "./error-data.ts";
import { appendHistory } from "./history.ts";
import type { SendOptions, StartRequest } from "./host-types.ts";
import { type EndMessage, listFollowing } from "./last-messages.ts";
import { hostLimits } from "./limits.ts";
import type { LiveActor, LiveActors, Loaded } from "./live-actors.ts";
import type { Logics, SteppedActor, StepScope } from "./logic.ts";
import { toPlain } from "./plain-data.ts";
import type { Storage, World } from "./ports.ts";
import type { Identity } from "./references.ts";
import { type ActorRow, readChild, writeActor } from "./rows.ts";
import type { AnyMachineSnapshot } from "./step.ts";
import { persistSnapshot } from "./step.ts";

export interface Stepper {
  /**
   * Takes an event.
   * @param options `before` is written first, `also` last
   * @throws what the machine or a write throws; then nothing was written, and the actor is as it was
   */
  take(actor: LiveActor, event: ActorEvent, options?: SendOptions & { following?: LastWords }): Promise<LiveActor>;
  /** Starts an actor that does not exist. @throws as {@link Stepper.take} */
  begin(request: StartRequest, loaded: Loaded, also?: () => void): Promise<LiveActor>;
  /** Stops an actor from outside: its parent hears nothing, its children stop too. */
  stop(actor: LiveActor | undefined, mark: () => void): void;
  scopeOf(actor: LiveActor): StepScope;
}

export interface StepperPorts {
  world: World;
  logics: Logics;
  committer: Committer;
  actors: LiveActors;
  tables: EffectTables;
  services: unknown;
  countSteps(steps: number): void;
  /** After a commit, with what it did to children. */
  committed(actor: string, effects: Effect[]): void;
}

/** How an actor ended, and the message that tells its parent. */
interface ActorEnd {
  output?: Json;
  error?: Json;
  message: EndMessage;
}

function describeOutcome({ child_id }: ActorRow, snapshot: Pick<AnyMachineSnapshot, "status" | "output" | "error">): ActorEnd {
  const child = child_id ?? "";
  if (snapshot.status === "error") {
    const error = toErrorData(snapshot.error);
    const facts = error === undefined ? {} : { error };
    return { ...facts, message: { type: "host.error", child, ...facts } };
  }
  const output = toPlain(snapshot.output, "output");
  const facts = output === undefined ? {} : { output };
  return { ...facts, message: { type: "host.done", child, ...facts } };
}

export function createStepper({ world, logics, committer, actors, tables, services, countSteps, committed }: StepperPorts): Stepper {
  const { storage, clock } = world;

  function scopeOf({ row, definition }: Pick<LiveActor, "row" | "definition">): StepScope {
    return { actor: row.id, services, definition, storage, store: committer.store, now: clock.now(), revision: row.revision + 1 };
  }

  function commitSteps(actor: LiveActor, steps: TakenStep[], options: { before?: () => void; also?: () => void }): LiveActor {
    const first = steps[0] as TakenStep;
    const { snapshot } = steps.at(-1) as TakenStep;
    const { logic, machine, definition } = actor;
    const now = clock.now();
    const row: ActorRow = { ...actor.row, updated_at: now };
    let exact = true;
    const end = snapshot.status === "active" ? undefined : describeOutcome(row, snapshot);
    const taken = { ...actor, row, snapshot };
    const following = end && row.parent !== null ? listFollowing(steps, end.message) : undefined;
    committer.commit(() => {
      options.before?.();
      // Before the step, which leaves the state that invoked it: a child that has ended is not told to stop.
      forgetEndedChild(storage, row, first.event);
      for (const step of steps) {
        const scope = { actor: row.id, services, definition, storage, store: committer.store, now, revision: row.revision + 1 };
        row.revision += 1;
        applyEffects({ ...tables, logics, logic, row, scope, ...(following && { following }) }, step);
      }
      appendHistory(
        storage,
        row.id,
        row.revision - steps.length + 1,
        now,
        steps.map(({ event, eventText, snapshot: after, effects }) => ({ event, eventText, state: after.value as Json, effects })),
      );
      ({ text: row.snapshot, exact } = persistSnapshot(machine, snapshot));
      row.status = snapshot.status;
      if (end) endWith(actor, row, end);
      writeActor(storage, row);
      tellStepped(taken, row.status);
      options.also?.();
      // Inside the transaction, so that only committed steps are counted.
      countSteps(steps.length);
    });
    // If the stored snapshot is not identical, drop the one in memory: the next event must find what it would after an eviction.
    if (exact) actors.hold(taken);
    else actors.release(row.id);
    const effects = steps.flatMap((step) => step.effects);
    if (effects.length) committed(row.id, effects);
    return taken;
  }

  /** Within the transaction of its steps or of its stop. */
  function tellStepped(actor: LiveActor, status: string): void {
    const { row, logic } = actor;
    logic.stepped?.(viewStepped(actor, status, tables.timers), { ...scopeOf(actor), revision: row.revision });
  }

  /** Writes how the actor ended, and tells its parent. */
  function endWith({ logic, definition }: LiveActor, row: ActorRow, { output, error, message }: ActorEnd): void {
    endActor({ ...tables, row, logic });
    row.output = output === undefined ? null : JSON.stringify(output);
    row.error = error === undefined ? null : JSON.stringify(error);
    if (row.parent === null) return;
    const along = logic.endMetadata?.({ ...scopeOf({ row, definition }), revision: row.revision });
    committer.outbox.append(
      [row.parent],
      { ...message, ...(along !== undefined && { along }) },
      { sender: addressOf(world, logic, row.id) },
    );
  }

  return {
    scopeOf,
    async take(actor, event, { metadata, before, also, following } = {}) {
      const { machine, logic, row, snapshot } = actor;
      const options = { ...(before && { before }), ...(also && { also }) };
      // Drop the actor from memory while it steps: readers see the stored state, and a step that throws leaves nothing behind.
      actors.release(row.id);
      const cause = { snapshot, event, metadata, ...(following && { following }) };
      const steps = await advance(machine, logic, logics, scopeOf(actor), identityOf(row), cause);
      return commitSteps(actor, steps, options);
    },
    async begin(request, loaded, also) {
      if (request.actor.length > hostLimits.idLength) throw new Error(`an actor's id has at most ${hostLimits.idLength} characters`);
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
      const scope = { ...scopeOf({ row, definition }), ...(request.metadata !== undefined && { metadata: request.metadata }) };
      const input = toPlain(request.input, "input");
      const steps = await advance(machine, logic, logics, scope, identityOf(row), { input });
      const actor = { ...loaded, row, snapshot: (steps.at(-1) as TakenStep).snapshot };
      return commitSteps(actor, steps, { before: () => logic.started?.(request.metadata, scope), ...(also && { also }) });
    },
    stop(actor, mark) {
      committer.commit(() => {
        mark();
        if (actor?.row.status !== "active") return;
        endActor({ ...tables, row: actor.row, logic: actor.logic });
        writeActor(storage, { ...actor.row, status: "stopped", updated_at: clock.now() });
        tellStepped(actor, "stopped");
      });
      if (!actor) return;
      actors.release(actor.row.id);
      committed(actor.row.id, [{ type: "stop", id: "" }]);
    },
  };
}

function viewStepped({ row, snapshot }: LiveActor, status: string, timers: EffectTables["timers"]): SteppedActor {
  return {
    status,
    value: snapshot.value as Json,
    context: snapshot.context as Json,
    get timers() {
      return timers.of(row.id);
    },
  };
}

function forgetEndedChild(storage: Storage, row: ActorRow, event: ActorEvent): void {
  if (event.address === undefined || typeof event.actorId !== "string") return;
  if (readChild(storage, row.id, event.actorId) === event.address)
    storage.exec("DELETE FROM child WHERE actor = ? AND id = ?", row.id, event.actorId);
}

function identityOf({ id, parent, child_id }: ActorRow): Identity {
  return { id: child_id ?? id, child: parent !== null };
}
