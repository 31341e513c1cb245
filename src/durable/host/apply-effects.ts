/** Writes a step's effects, inside its transaction: rows for timers, children and jobs, messages into the outbox. */
import type { Json } from "../../wire/event.ts";
import type { Message } from "../rpc.ts";
import type { TakenStep } from "./advance.ts";
import type { Effect } from "./effects.ts";
import type { ActorScope, Logics, MachineLogic } from "./logic.ts";
import type { Outbox } from "./outbox.ts";
import type { World } from "./ports.ts";
import { type ActorRow, readChild, readChildren } from "./rows.ts";

export interface ApplyContext {
  world: World;
  outbox: Outbox;
  logics: Logics;
  logic: MachineLogic;
  row: ActorRow;
  scope: ActorScope;
}

/** @throws when an effect can't be written; then the whole step is undone */
export function applyEffects(context: ApplyContext, step: TakenStep): void {
  step.effects.forEach((effect, index) => {
    applyEffect(context, step, effect, index);
  });
}

function applyEffect({ world, outbox, logics, logic, row, scope }: ApplyContext, step: TakenStep, effect: Effect, index: number): void {
  const { storage } = world;
  const append = (to: string, message: Message): void => outbox.append([to], message, { sender: addressOf(world, logic, row.id) });
  switch (effect.type) {
    case "spawn": {
      const name = logic.actors[effect.src];
      const target = name === undefined ? undefined : logics.get(name);
      if (name === undefined || !target) throw new Error(`no logic is registered for the actor ${effect.src}`);
      const run = `${scope.revision}.${index}`;
      if (target.type === "promise") {
        if (target.mode === "effectful")
          storage.exec(
            "INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, 0)",
            row.id,
            effect.id,
            run,
            name,
            effect.input === undefined ? null : JSON.stringify(effect.input),
          );
        return;
      }
      const address = `${target.place}/${row.id}.${run}`;
      storage.exec("INSERT OR REPLACE INTO child VALUES (?, ?, ?)", row.id, effect.id, address);
      const along = logic.along?.(effect.src, scope);
      append(address, {
        type: "host.start",
        logic: name,
        child: effect.id,
        input: effect.input ?? null,
        definition: row.definition,
        ...(along !== undefined && { along }),
      });
      return;
    }
    case "stop":
      stopChild({ world, outbox, row, logic }, effect.id);
      return;
    case "send": {
      if ("self" in effect.to) {
        if (effect.delay !== undefined)
          writeTimer(effect.id ?? `send.${scope.revision}.${index}`, effect.delay, effect.event as unknown as Json, null);
        return;
      }
      const to =
        "child" in effect.to ? readChild(storage, row.id, effect.to.child) : "parent" in effect.to ? row.parent : effect.to.address;
      // A promise takes no events, and a parent that isn't there hears none.
      if (to === undefined || to === null) return;
      const message =
        "address" in effect.to
          ? (logic.expand?.(effect.event, to, scope) ?? (effect.event as Message))
          : { type: "host.event", event: effect.event as unknown as Json };
      if (effect.delay === undefined) append(to, message);
      else writeTimer(effect.id ?? `send.${scope.revision}.${index}`, effect.delay, message as unknown as Json, to);
      return;
    }
    case "timer":
      writeTimer(effect.id, effect.delay, effect.event as unknown as Json, null);
      return;
    case "cancel":
      storage.exec("DELETE FROM timer WHERE actor = ? AND id = ?", row.id, effect.id);
      return;
    case "emit":
      logic.emitted?.(effect.event, scope, append);
      return;
    case "write": {
      const write = Object.hasOwn(logic.writes, effect.name) ? logic.writes[effect.name] : undefined;
      if (!write) throw new Error(`the action ${effect.name} is not registered as a write`);
      write({ name: effect.name, params: effect.params, event: step.event, sidecar: step.sidecar }, scope, append);
    }
  }

  function writeTimer(id: string, delay: number, event: Json, receiver: string | null): void {
    storage.exec("INSERT OR REPLACE INTO timer VALUES (?, ?, ?, ?, ?)", row.id, id, scope.now + delay, JSON.stringify(event), receiver);
  }
}

/** Tells a child to stop and forgets it; a job's result will not be heard. */
export function stopChild({ world, outbox, row, logic }: Pick<ApplyContext, "world" | "outbox" | "row" | "logic">, id: string): void {
  const address = readChild(world.storage, row.id, id);
  if (address !== undefined) outbox.append([address], { type: "host.stop" }, { sender: addressOf(world, logic, row.id) });
  world.storage.exec("DELETE FROM child WHERE actor = ? AND id = ?", row.id, id);
  world.storage.exec("DELETE FROM job WHERE actor = ? AND id = ?", row.id, id);
}

/** What an actor leaves behind when it ends: no timers, no jobs, no children. */
export function endActor(context: Pick<ApplyContext, "world" | "outbox" | "row" | "logic">): void {
  const { storage } = context.world;
  for (const { id } of readChildren(storage, context.row.id)) stopChild(context, id);
  storage.exec("DELETE FROM timer WHERE actor = ?", context.row.id);
  storage.exec("DELETE FROM job WHERE actor = ?", context.row.id);
}

/** An actor's address: its object's own, or for one placed beside others its kind and id. */
export function addressOf(world: World, logic: MachineLogic, actor: string): string {
  return world.address.slice(world.address.indexOf("/") + 1) === actor ? world.address : `${logic.place}/${actor}`;
}
