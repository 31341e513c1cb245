/** Finds the actor that an agent's thread-bound event names. Makes no object of a name that somebody thought up. */
import type { CloudEvent } from "../../wire/event.ts";

/** The actor that a thread-bound event names. A turn's id is `<task>:<number>`, an offer's `<thread>:<role>:<number>`. */
export function readThreadAddress(event: CloudEvent): string | undefined {
  const data = event.data as { turn?: string; offer?: string; thread?: string };
  if (data.turn !== undefined) {
    const end = data.turn.lastIndexOf(":");
    return isThreadName(data.turn.slice(0, Math.max(end, 0))) ? `task/${data.turn.slice(0, end)}` : undefined;
  }
  const thread = data.thread ?? data.offer?.split(":")[0] ?? "";
  return isThreadName(thread) ? `recruitment/${thread}` : undefined;
}

/** A thread's id, or a task's name made of one; anything else would make an object of a name that somebody thought up. */
export function isThreadName(name: string): boolean {
  return /^t[a-z2-7]{25}(-\d+)?(\.\d+){0,2}$/.test(name);
}
