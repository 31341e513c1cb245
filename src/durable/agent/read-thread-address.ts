/** Finds the actor that an agent's thread-bound event names. Makes no object of a name that somebody thought up. */
import { isTurnEvent, type RoleKind, type ThreadEvent, type ThreadEventOf } from "../../contract/kinds/agent-kinds.ts";

/**
 * The actor that a thread-bound event names, by the member that is its kind's own. A turn's id is `<task>:<number>`, an
 * offer's `<thread>:<role>:<number>`; a number has one spelling, so that a turn has one id.
 */
export function readThreadAddress(event: ThreadEvent): string | undefined {
  if (isTurnEvent(event)) {
    const task = /^(.+):(?:0|[1-9]\d{0,14})$/.exec(event.data.turn)?.[1];
    return task !== undefined && isThreadName(task) ? `task/${task}` : undefined;
  }
  const thread = readThread(event);
  return isThreadId(thread) ? `recruitment/${thread}` : undefined;
}

function readThread(event: ThreadEventOf<RoleKind>): string {
  switch (event.type) {
    case "nerve.role.release":
      return event.data.thread;
    case "nerve.offer.claim":
    case "nerve.offer.decline":
      return event.data.offer.split(":")[0] ?? "";
    default:
      return event satisfies never;
  }
}

/** A thread's id, or a task's name made of one; anything else would make an object of a name that somebody thought up. */
export function isThreadName(name: string): boolean {
  return /^t[a-z2-7]{25}(-\d+)?(\.\d+){0,2}$/.test(name);
}

function isThreadId(name: string): boolean {
  return /^t[a-z2-7]{25}$/.test(name);
}
