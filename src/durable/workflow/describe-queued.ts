/** What became of a reflex at the queue, in words. Pure. */
import type { Signal } from "../../contract/language.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { PauseView } from "../../contract/views/admission.ts";
import type { Admitted, AdmittedStatus } from "./queue.ts";

const states: Record<AdmittedStatus, NonNullable<ReflexOutcome["state"]>> = {
  queued: "queued",
  running: "running",
  beside: "running",
  paused: "suspended",
};

/** What the queue knows of a thread. */
export function readState({ status }: Pick<Admitted, "status">): NonNullable<ReflexOutcome["state"]> {
  return states[status];
}

export function describeHeld(live: Pick<Admitted, "thread" | "status">, key: string | null): string {
  const state = readState(live);
  const way = state === "suspended" ? ": resume or cancel it, and the key is free when it has ended" : "";
  return `the thread ${live.thread} has the key ${key} and is live (${state})${way}`;
}

/** What telling a thread of a signal can lead to. @param state undefined: it has ended */
export function describeSignal(signal: Signal, thread: string, state: ReflexOutcome["state"] = "ended"): ReflexOutcome {
  const idle: Record<Signal, string | false> = {
    cancel: false,
    suspend: state === "suspended" && ", which is suspended already",
    resume: state === "running" && ", which runs: there is nothing to resume",
  };
  const ended = state === "ended" && ", which has ended: it goes on by its $START.resume, if its workflow has one";
  const about = idle[signal] || ended || ` (${state})`;
  return { status: "signalled", thread, state, detail: `${signal} was sent to the thread ${thread}${about}` };
}

export function describePause({ by, reason }: PauseView): string {
  return `paused by ${by}${reason ? `: ${reason}` : ""}`;
}
