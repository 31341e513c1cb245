/**
 * What a thread's logics need of the object that runs them. Logics are made once an isolate, for their machines are
 * loaded once; the object is found by its store.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Storage } from "../host/ports.ts";
import type { Message, ProjectionRow } from "../protocol/rpc.ts";

export interface ThreadHooks {
  /** Adds an event of the thread to the log, in the transaction. */
  log(event: CloudEvent, thread: string): void;
  project(row: ProjectionRow): void;
  /** Sends one mail to many agents, between whom no order is promised, in the transaction. `sender`: the actor's address. */
  mail(agents: string[], message: Message, sender: string): void;
  /** The thread's last output and prompt, where the task's rows are at hand. */
  readEnd(): { output: Json; prompt: string | null };
  /** Logs what an agent said, first in the transaction that takes it: what the thread says in it has that as its cause. */
  logCause(event: CloudEvent, thread: string): void;
  /** Id of the event that the present transaction takes; null: time or the thread itself moves it. */
  readonly cause: string | null;
}

const hooks = new WeakMap<Storage, ThreadHooks>();

export function setHooks(storage: Storage, given: ThreadHooks): void {
  hooks.set(storage, given);
}

/** @throws if the object has set none */
export function findHooks(storage: Storage): ThreadHooks {
  const found = hooks.get(storage);
  if (!found) throw new Error("this object runs no thread");
  return found;
}
