/** Writes a step's effects, inside its transaction: timers, children and jobs of the actor's document, messages into the outbox. */
import type { Json } from "../../contract/event.ts";
import { inOnePiece } from "../../contract/one-piece.ts";
import type { HostMessage, Message } from "../protocol/envelope.ts";
import { type ActorDocs, type ActorRow, listChildren } from "./actor-docs.ts";
import type { TakenStep } from "./advance.ts";
import type { ActorEvent, Effect } from "./effects.ts";
import type { JobTable } from "./job-table.ts";
import type { Following } from "./last-messages.ts";
import type { Logics, MachineLogic, StepScope } from "./logic.ts";
import type { Outbox } from "./outbox.ts";
import type { World } from "./ports.ts";
import { numberTimer, type TimerTable } from "./timer-table.ts";

/** Where an object's effects are written. */
export interface EffectTables {
  world: World;
  docs: ActorDocs;
  outbox: Outbox;
  timers: TimerTable;
  jobs: JobTable;
}

export interface ApplyContext {
  tables: EffectTables;
  logics: Logics;
  logic: MachineLogic;
  row: ActorRow;
  scope: StepScope;
  /** In an actor's last commit: what follows each of its messages to its parent. */
  following: Following | undefined;
}

/** The part that ending an actor needs. */
type EndContext = Pick<ApplyContext, "tables" | "logic" | "row">;

type Append = (to: string, message: Message) => void;

/** @throws when an effect can't be written; then the whole step is rolled back */
export function applyEffects(context: ApplyContext, step: TakenStep): void {
  const { effects } = step;
  if (!effects.length) return;
  const { tables, logic, row } = context;
  const sender = { sender: addressOf(tables.world, logic, row.id) };
  const append: Append = (to, message) => tables.outbox.append([to], message, sender);
  for (let index = 0; index < effects.length; index++) applyEffect(context, step, effects[index] as Effect, index, append);
}

function applyEffect(context: ApplyContext, step: TakenStep, effect: Effect, index: number, append: Append): void {
  const { tables, logic, row, scope } = context;
  switch (effect.type) {
    case "spawn":
      spawnChild(context, effect, `${scope.revision}.${index}`, append);
      return;
    case "stop":
      if (!effect.settled) stopChild(context, effect.id);
      return;
    case "send":
      sendEvent(context, effect, index, append);
      return;
    case "timer":
      setTimer(context, effect, index, effect.event, null);
      return;
    case "cancel":
      tables.timers.cancel(row.id, effect.id);
      return;
    case "emit":
      logic.emitted?.(effect.event, scope, append, step.metadata);
      return;
    case "write": {
      const write = Object.hasOwn(logic.writes, effect.name) ? logic.writes[effect.name] : undefined;
      if (!write) throw new Error(`the action ${effect.name} is not registered as a write`);
      write({ name: effect.name, params: effect.params, event: step.event, metadata: step.metadata }, scope, append);
    }
  }
}

function setTimer(
  { tables, row, scope }: ApplyContext,
  { id, delay = 0 }: { id?: string; delay?: number },
  index: number,
  event: ActorEvent | Message,
  receiver: string | null,
): void {
  tables.timers.set({
    actor: row.id,
    id: id ?? `unnamed.${scope.revision}.${index}`,
    due: scope.now + delay,
    made: numberTimer(scope.revision, index),
    event: event as Json,
    receiver,
  });
}

function sendEvent(context: ApplyContext, effect: Extract<Effect, { type: "send" }>, index: number, append: Append): void {
  const { tables, logic, row, scope } = context;
  const { to: receiver, event } = effect;
  if ("self" in receiver) {
    if (effect.delay !== undefined) setTimer(context, effect, index, event, null);
    return;
  }
  const to = "child" in receiver ? findChild(tables.docs, row.id, receiver.child) : "parent" in receiver ? row.parent : receiver.address;
  // Promises take no events, and a missing parent gets none.
  if (to === undefined || to === null) return;
  const expanded = "address" in receiver ? logic.expand?.(event, to, scope) : undefined;
  if (expanded === null) return;
  const message: Message = expanded ?? ("address" in receiver ? event : wrapEvent(event, context.following?.get(effect)));
  if (effect.delay === undefined) append(to, message);
  else setTimer(context, effect, index, message, to);
}

function wrapEvent(event: ActorEvent, following: ActorEvent[] | undefined): HostMessage {
  return { type: "host.event", event, ...(following && { following }) };
}

function spawnChild(
  { tables, logics, logic, row, scope }: ApplyContext,
  effect: Extract<Effect, { type: "spawn" }>,
  run: string,
  append: Append,
): void {
  const { docs, jobs } = tables;
  const name = Object.hasOwn(logic.actors, effect.src) ? logic.actors[effect.src] : undefined;
  const target = name === undefined ? undefined : logics.get(name);
  if (name === undefined || !target) throw new Error(`no logic is registered for the actor ${effect.src}`);
  if (target.type === "promise") {
    if (target.mode === "effectful")
      jobs.add({ actor: row.id, id: effect.id, run, src: name, ...(effect.input !== undefined && { input: effect.input }) });
    return;
  }
  const address = inOnePiece(`${target.place}/${row.id}.${run}`);
  docs.change(row.id, { children: { ...docs.read(row.id)?.children, [effect.id]: address } });
  const metadata = logic.childMetadata?.(effect.src, scope);
  const start: HostMessage = {
    type: "host.start",
    logic: name,
    child: effect.id,
    ...(effect.input !== undefined && { input: effect.input }),
    definition: row.definition,
    ...(metadata !== undefined && { along: metadata }),
  };
  append(address, start);
}

const stop: HostMessage = { type: "host.stop" };

/** Tells a child to stop and forgets it; a job's result will not be heard. */
function stopChild({ tables, row, logic }: EndContext, id: string): void {
  const { world, docs, outbox, jobs } = tables;
  const address = findChild(docs, row.id, id);
  if (address === undefined) {
    jobs.cancel(row.id, id);
    return;
  }
  outbox.append([address], stop, { sender: addressOf(world, logic, row.id) });
  forgetChild(docs, row.id, id);
}

/** What an actor leaves behind when it ends: no timers, no jobs, no children. */
export function endActor(context: EndContext): void {
  const { row } = context;
  const { docs, timers, jobs } = context.tables;
  for (const { id } of listChildren(docs.read(row.id) ?? { children: {} })) stopChild(context, id);
  timers.clear(row.id);
  jobs.clear(row.id);
}

/** The address of an actor's child. */
export function findChild(docs: ActorDocs, actor: string, id: string): string | undefined {
  const { children = {} } = docs.read(actor) ?? {};
  return Object.hasOwn(children, id) ? children[id] : undefined;
}

/** The actor has no such child any more. */
export function forgetChild(docs: ActorDocs, actor: string, id: string): void {
  const { [id]: _, ...children } = docs.read(actor)?.children ?? {};
  docs.change(actor, { children });
}

/** An actor's address: its object's own, or for one placed beside others its kind and id. */
export function addressOf(world: World, logic: MachineLogic, actor: string): string {
  return world.address.slice(world.address.indexOf("/") + 1) === actor ? world.address : inOnePiece(`${logic.place}/${actor}`);
}
