/**
 * What a thread's two machines did, as events of `@statelyai/inspect` 0.7 have it: the recruitment is the root actor, the task its child.
 * Format: the package's `StatelyInspectionEvent`. Knows no API and no socket.
 */
import type { Json } from "../../../contract/event.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import type { HistoryView } from "../../../contract/views/log.ts";

/** The version of the format, which receivers may look at. */
const formatVersion = "0.7.2";

interface Base {
  /** Of the actor. */
  sessionId: string;
  rootId: string;
  /** Milliseconds since 1970, as text. */
  createdAt: string;
  id: null;
  _version: string;
}

interface InspectedSnapshot {
  status: "active" | "done" | "error";
  value: Json;
  context: { [name: string]: Json };
}

/** One of the three events that the receiver knows. */
export type InspectionEvent = Base &
  (
    | { type: "@xstate.actor"; name: string; definition: string; parentId: string | undefined; snapshot: InspectedSnapshot }
    | { type: "@xstate.event"; event: { type: string }; sourceId: string | undefined }
    | { type: "@xstate.snapshot"; event: { type: string }; snapshot: InspectedSnapshot }
  );

export type ThreadPart = "recruitment" | "task";

/** What is known of an actor that was told. */
interface Told {
  sessionId: string;
  revision: number;
  context: { [name: string]: Json };
  /** The snapshot that was told last. */
  last: Extract<InspectionEvent, { type: "@xstate.snapshot" }>;
}

export interface Inspection {
  /** The revision up to which both actors were told. */
  after(thread: Answer<"thread">): number;
  /**
   * @returns the events of what is new, in the order of time
   */
  tell(thread: Answer<"thread">, history: Answer<"history">): InspectionEvent[];
}

/** @param machines the definitions of the thread's revision */
export function createInspection(machines: Answer<"machines">): Inspection {
  const parts: Partial<Record<ThreadPart, Told>> = {};

  function findTold(part: ThreadPart, thread: Answer<"thread">): Told | undefined {
    return parts[part]?.sessionId === nameSession(part, thread) ? parts[part] : undefined;
  }

  function tellPart(part: ThreadPart, thread: Answer<"thread">, steps: HistoryView[]): { at: number; event: InspectionEvent }[] {
    const root = thread.id;
    const sessionId = nameSession(part, thread);
    const events: { at: number; event: InspectionEvent }[] = [];
    for (const step of steps) {
      const known = findTold(part, thread);
      if (known && step.revision <= known.revision) continue;
      const context = { ...known?.context, ...step.context };
      const snapshot: InspectedSnapshot = { status: readStatus(thread, part, steps.at(-1) === step), value: step.after, context };
      const base = { sessionId, rootId: root, createdAt: String(step.at), id: null, _version: formatVersion };
      if (!known)
        events.push({
          at: step.at,
          event: {
            ...{ ...base, type: "@xstate.actor", name: part, definition: JSON.stringify(machines[part]) },
            ...{ parentId: part === "task" ? root : undefined, snapshot },
          },
        });
      const sourceId = part === "task" ? root : undefined;
      events.push({ at: step.at, event: { ...base, type: "@xstate.event", event: step.event, sourceId } });
      const last = { ...base, type: "@xstate.snapshot", event: step.event, snapshot } as const;
      events.push({ at: step.at, event: last });
      parts[part] = { sessionId, revision: step.revision, context, last };
    }
    return [...events, ...tellEnd(part, thread)];
  }

  /** The last step may have been read before the thread was seen to have ended. */
  function tellEnd(part: ThreadPart, thread: Answer<"thread">): { at: number; event: InspectionEvent }[] {
    const told = findTold(part, thread);
    const status = readStatus(thread, part, true);
    if (!told || status === "active" || told.last.snapshot.status !== "active") return [];
    const last = { ...told.last, snapshot: { ...told.last.snapshot, status } };
    parts[part] = { ...told, last };
    return [{ at: Number(last.createdAt), event: last }];
  }

  return {
    after: (thread) => Math.min(findTold("recruitment", thread)?.revision ?? 0, findTold("task", thread)?.revision ?? 0),
    tell(thread, { recruitment, task }) {
      const events = [...tellPart("recruitment", thread, recruitment), ...tellPart("task", thread, task ?? [])];
      return events.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
    },
  };
}

/** Each beginning of a thread has a task of its own. */
function nameSession(part: ThreadPart, { id, epoch }: Answer<"thread">): string {
  return part === "recruitment" ? id : `${id}.task.${epoch ?? 1}`;
}

/** The last step of a thread that has ended leaves its actors at their end. */
function readStatus({ status, outcome }: Answer<"thread">, part: ThreadPart, last: boolean): InspectedSnapshot["status"] {
  if (!last || outcome === undefined) return "active";
  return part === "recruitment" && status === "failed" ? "error" : "done";
}
