/**
 * The one place where actors change: an event's steps are computed, then one transaction writes all that they lead to.
 * Knows documents and effects; whether the event may be taken was judged before.
 */

import type { Json } from "../../contract/event.ts";
import type { ActorDocs, ActorRow } from "./actor-docs.ts";
import { createActorScopes } from "./actor-scope.ts";
import { advance, type LastWords, type TakenStep } from "./advance.ts";
import { addressOf, applyEffects, type EffectTables, endActor, findChild, forgetChild } from "./apply-effects.ts";
import type { Committer } from "./committer.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import type { EntryWriter, StepFact } from "./entry.ts";
import { toErrorData } from "./error-data.ts";
import type { PickState } from "./history.ts";
import type { SendOptions, StartRequest } from "./host-types.ts";
import { type EndMessage, listFollowing } from "./last-messages.ts";
import { hostLimits } from "./limits.ts";
import type { LiveActor, LiveActors, Loaded } from "./live-actors.ts";
import type { Logics, StepScope } from "./logic.ts";
import { toPlain } from "./plain-data.ts";
import type { World } from "./ports.ts";
import type { Identity } from "./references.ts";
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
  /** Since when the actor's state, or the part of it that `pick` returns, is what it is, in milliseconds. */
  readSince(actor: string, pick?: PickState): number;
}

export interface StepperPorts {
  world: World;
  logics: Logics;
  committer: Committer & { entry: EntryWriter };
  actors: LiveActors;
  tables: EffectTables;
  services: unknown;
  countSteps(steps: number): void;
  /** After a commit, with what it did to children. */
  committed(actor: string, steps: readonly { effects: readonly Effect[] }[]): void;
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
  const { clock } = world;
  const { docs } = tables;
  const { scopeOf, readSince, viewStepped } = createActorScopes({ world, committer, tables, services });

  function commitSteps(actor: LiveActor, steps: TakenStep[], options: { before?: () => void; also?: () => void }): LiveActor {
    const first = steps[0] as TakenStep;
    const { snapshot } = steps.at(-1) as TakenStep;
    const { logic, machine } = actor;
    const now = clock.now();
    const row: ActorRow = { ...actor.row, updated_at: now };
    let exact = true;
    const end = snapshot.status === "active" ? undefined : describeOutcome(row, snapshot);
    const taken = { ...actor, row, snapshot };
    const following = end && row.parent !== null ? listFollowing(steps, end.message) : undefined;
    committer.commit(() => {
      // Its timers, jobs and children are parts of its document.
      if (!docs.read(row.id)) docs.writeRow(row, now);
      options.before?.();
      // Before the step, which leaves the state that invoked it: a child that has ended is not told to stop.
      forgetEndedChild(docs, row, first.event);
      // Of a new actor's first step all of its context is new.
      let known: AnyMachineSnapshot["context"] = row.revision === 0 ? {} : actor.snapshot.context;
      for (const step of steps) {
        const scope = scopeOf(taken);
        row.revision += 1;
        applyEffects({ tables, logics, logic, row, scope, following }, step);
        committer.entry.step(describeStep(row, step, logic.notesContext && known));
        known = step.snapshot.context;
      }
      ({ text: row.snapshot, exact } = persistSnapshot(machine, snapshot));
      row.status = snapshot.status;
      if (end) endWith(actor, row, end);
      docs.writeStepped(row, changesValue(actor, steps) ? now : undefined);
      tellStepped(taken, row.status);
      options.also?.();
      // Inside the transaction, so that only committed steps are counted.
      countSteps(steps.length);
    });
    // If the stored snapshot is not identical, drop the one in memory: the next event must find what it would after an eviction.
    if (exact) actors.hold(taken);
    else actors.release(row.id);
    committed(row.id, steps);
    return taken;
  }

  /** Within the transaction of its steps or of its stop. */
  function tellStepped(actor: LiveActor, status: string): void {
    const { row, logic } = actor;
    logic.stepped?.(viewStepped(actor, status), scopeOf(actor, row.revision));
  }

  /** Writes how the actor ended, and tells its parent. */
  function endWith({ logic, definition }: LiveActor, row: ActorRow, { output, error, message }: ActorEnd): void {
    endActor({ tables, row, logic });
    row.output = output === undefined ? null : JSON.stringify(output);
    row.error = error === undefined ? null : JSON.stringify(error);
    if (row.parent === null) return;
    const along = logic.endMetadata?.(scopeOf({ row, definition }, row.revision));
    committer.outbox.append(
      [row.parent],
      { ...message, ...(along !== undefined && { along }) },
      { sender: addressOf(world, logic, row.id) },
    );
  }

  return {
    scopeOf,
    readSince,
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
        endActor({ tables, row: actor.row, logic: actor.logic });
        docs.writeRow({ ...actor.row, status: "stopped", updated_at: clock.now() });
        tellStepped(actor, "stopped");
      });
      if (!actor) return;
      actors.release(actor.row.id);
      committed(actor.row.id, [{ effects: [{ type: "stop", id: "" }] }]);
    },
  };
}

function forgetEndedChild(docs: ActorDocs, row: ActorRow, event: ActorEvent): void {
  if (event.address === undefined || typeof event.actorId !== "string") return;
  if (findChild(docs, row.id, event.actorId) === event.address) forgetChild(docs, row.id, event.actorId);
}

/** A step as the journal has it. @param known the context before it, where its logic notes what of it changes */
function describeStep({ id, revision }: ActorRow, step: TakenStep, known: AnyMachineSnapshot["context"] | undefined): StepFact {
  const { given: event, snapshot, effects } = step;
  const context = known && listChanged(known, snapshot.context as { [key: string]: Json });
  const fact = { actor: id, revision, event };
  if (context) return { ...fact, context, after: snapshot.value as Json, effects: effects as Json[] };
  return { ...fact, after: snapshot.value as Json, effects: effects as Json[] };
}

/** The members of a context that a step has set; undefined: none. */
function listChanged(known: AnyMachineSnapshot["context"], context: { [key: string]: Json }): { [key: string]: Json } | undefined {
  let changed: { [key: string]: Json } | undefined;
  for (const key of Object.keys(context)) {
    const value = context[key] as Json;
    if (value === known[key]) continue;
    changed ??= {};
    changed[key] = value;
  }
  return changed;
}

/** Whether the state's value after the steps is another than before: a new actor's is. */
function changesValue({ row, snapshot }: LiveActor, steps: readonly TakenStep[]): boolean {
  return row.revision === 0 || steps.some((step) => !isSameValue(step.snapshot.value, snapshot.value));
}

function isSameValue(a: StateValue | undefined, b: StateValue | undefined): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]));
}

/** A state's value, as XState has it. */
type StateValue = string | { readonly [region: string]: StateValue | undefined };

function identityOf({ id, parent, child_id }: ActorRow): Identity {
  return { id: child_id ?? id, child: parent !== null };
}
