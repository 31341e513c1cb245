/**
 * A task's object as others reach it, without the platform: nothing is made of a wrong id, and what an earlier version kept in the
 * root's object is fetched before anything else.
 */
import { type Result, refuse } from "../../contract/problem.ts";
import type { Storage } from "../host/ports.ts";
import { isStored } from "../host/store/tables.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { OldTaskPage, OldTaskPlace } from "../protocol/old-task.ts";
import type { TaskRpc } from "../protocol/task.ts";
import { answerGone, mayCreateTask } from "./absent-object.ts";
import { adoptOldTask } from "./adoption/adopt-task.ts";
import type { ThreadTask } from "./thread-task.ts";

export interface TaskDoorPorts {
  /** The thread's id, which only a task needs that is stored: it may be unknown to one that is not. */
  name(): string;
  storage: Storage;
  /** Loads the task; its tables are made where there are none. */
  make(): ThreadTask;
  /** Deletes all that the object stores, but for a tombstone. */
  empty(): Promise<void>;
  /** There is a tombstone: what comes is late. */
  isBuried(): boolean;
  /** What the root's object still has of the task. */
  oldTask(place: OldTaskPlace): Promise<OldTaskPage | null>;
}

export interface TaskDoor extends TaskRpc {
  alarm(): Promise<void>;
}

export function createTaskDoor(ports: TaskDoorPorts): TaskDoor {
  const { storage, make, empty, isBuried, oldTask } = ports;
  let made: ThreadTask | undefined;
  let adopting: Promise<ThreadTask | undefined> | undefined;

  const open = (): ThreadTask => {
    made ??= make();
    return made;
  };

  async function adopt(): Promise<ThreadTask | undefined> {
    // Where many owners share the tables, those of before never were.
    if (storage.hasRows) return undefined;
    if (!(await adoptOldTask(storage, oldTask))) return undefined;
    const task = open();
    // Picks up its timers, and what it had not sent.
    task.host.resume();
    return task;
  }

  /** Undefined: there is no such task. Asking stores nothing. */
  async function find(): Promise<ThreadTask | undefined> {
    if (made || isStored(storage)) return open();
    if (isBuried()) return undefined;
    adopting ??= adopt().finally(() => {
      adopting = undefined;
    });
    return (await adopting) ?? made;
  }

  /** Its thread is archived. */
  async function forget(task: ThreadTask): Promise<Delivery> {
    task.host.resume();
    if (!task.isSpent()) return { status: "later", detail: "something here lives, or waits to be sent" };
    made = undefined;
    await empty();
    return { status: "stored" };
  }

  async function deliver(envelope: Envelope): Promise<Delivery> {
    const { type } = envelope.message;
    // The root has moved what it kept before it starts a task; a copy may come from elsewhere, before its root was asked anything.
    const found = type === "host.start" && !made && !isStored(storage) && !adopting ? undefined : await find();
    const task = found ?? (mayCreateTask(envelope) && !isBuried() ? open() : undefined);
    if (!task) return answerGone(envelope);
    return type === "thread.forget" ? forget(task) : task.deliver(envelope);
  }

  return {
    deliver: (envelope) => takeEnvelope(envelope, () => deliver(envelope)),
    async adopt() {
      if (!(await find())) throw new Error(`the root of ${ports.name()} keeps no task any more`);
    },
    take: async (...given) =>
      (await find())?.take(...given) ??
      (isBuried()
        ? refuse("turn_over", "The turn is over: its thread ended, and is archived; drop the work.")
        : refuse("not_found", "There is no such turn.")),
    peek: async (task) => (await find())?.tasks.find(task).peek(),
    settleDeadLetter: async (order, id): Promise<Result<null>> =>
      (await find())?.settleDeadLetter(order, String(id)) ?? refuse("not_found", `There is no dead letter ${id}.`),
    steps: async (range) => (await find())?.tasks.find(ports.name()).steps(range) ?? { messages: [], decisions: [] },
    asked: async (agent) => (await find())?.tasks.find(ports.name()).asked(agent) ?? false,
    messages: async (page) => (await find())?.tasks.find(ports.name()).messages(page) ?? { messages: [], next: null },
    history: async (task, page) => (await find())?.host.history(task, page) ?? null,
    async alarm() {
      if (made || isStored(storage)) await open().alarm();
    },
  };
}
