/** What becomes of a task, as it happens: the log says that something did, the thread itself says what. */
import { type StreamResponse, TaskState } from "@a2a-js/sdk";
import type { Json } from "../../../contract/event.ts";
import type { LogEntry } from "../../../contract/views/log.ts";
import type { AppPorts } from "../../app-ports.ts";
import { queryEvents, readEnd } from "../../event-log.ts";
import { a2aLimits } from "./limits.ts";
import { isSettled, isTerminal, judgeState } from "./task-states.ts";
import { dataPart, describeThread, readContext, type TaskSource, textPart, toArtifacts, toParts, toStatus, toTask } from "./to-task.ts";

export interface FollowPorts extends Pick<AppPorts, "db" | "projector" | "now"> {
  read(): Promise<TaskSource>;
}

/** Where a stream begins and ends. */
export interface FollowOptions {
  /** The position in the log after which it goes on; absent: now. */
  after?: number | undefined;
  /** Whether a task that waits for its caller ends the stream from the first: of a message it does, a subscription goes on. */
  endsWaiting: boolean;
  historyLength?: number | undefined;
}

/** Gives the task as it is, then each change of it until it is over. */
export async function* followTask(ports: FollowPorts, options: FollowOptions): AsyncGenerator<StreamResponse, void, undefined> {
  const { db, projector, read } = ports;
  // Read before the task, so that nothing falls between.
  const end = await readEnd(db);
  // A position that is yet to come is of another log, as of a server that was restored.
  let position = Math.min(end, options.after ?? end);
  let mark = await projector().changed(undefined, 0);
  let source = await read();
  let state = judgeState(source);
  const task = toTask(source, options.historyLength);
  yield { payload: { $case: "task", value: { ...task, metadata: placeAt(task.metadata, position) } } };
  if (isTerminal(state) || (options.endsWaiting && isSettled(state))) return;
  const id = source.view.id;
  for (;;) {
    const { events } = await queryEvents(db, null, { correlationid: id, after: position, limit: a2aLimits.page });
    const before = source;
    for (const entry of events) {
      position = entry.position;
      const update = tellEvent(before, entry);
      if (update) yield update;
    }
    source = await read();
    const now = judgeState(source);
    const isOver = isSettled(now) && now !== state;
    if (now !== state || events.some(({ event }) => event.type === "nerve.turn.assigned")) yield* tellState(source, position);
    state = now;
    if (isTerminal(now) || isOver) return;
    if (events.length < a2aLimits.page) mark = await projector().changed(mark, a2aLimits.keepAlive);
  }
}

/** Waits until a task is settled, has nobody to work on it now, or the time is over. */
export async function settleTask({ projector, read, now }: FollowPorts, milliseconds: number): Promise<TaskSource> {
  const began = now();
  const until = began + milliseconds;
  let mark = await projector().changed(undefined, 0);
  for (;;) {
    const source = await read();
    const state = judgeState(source);
    // The turn is in a mailbox: whoever waits for its agent to come back follows the task.
    const isAbsent = state === TaskState.TASK_STATE_SUBMITTED && source.view.status === "running";
    // One that polls has no connection between its polls.
    const isOffline = isAbsent && (source.presence?.state !== "online" || now() - began >= a2aLimits.absent);
    const rest = until - now();
    if (isSettled(state) || isOffline || rest <= 0) return source;
    mark = await projector().changed(mark, Math.min(rest, isAbsent ? a2aLimits.absent : a2aLimits.keepAlive));
  }
}

/** Metadata that says the position in the log too. */
export function placeAt(metadata: { [key: string]: Json } | undefined, position: number): { [key: string]: Json } {
  const known = metadata?.["nerveflare"];
  return { ...metadata, nerveflare: { ...(typeof known === "object" && known !== null && !Array.isArray(known) && known), position } };
}

/** The task's outcome, if it has one, then its state. */
export function* tellState(source: TaskSource, position: number): Generator<StreamResponse, void, undefined> {
  const { view } = source;
  const [taskId, contextId] = [view.id, readContext(view)];
  const metadata = placeAt(describeThread(view), position);
  for (const artifact of toArtifacts(view))
    yield { payload: { $case: "artifactUpdate", value: { taskId, contextId, artifact, append: false, lastChunk: true, metadata } } };
  yield { payload: { $case: "statusUpdate", value: { taskId, contextId, status: toStatus(source), metadata } } };
}

/** What an agent said of its turn: progress, and its answer. */
export function tellEvent({ view }: TaskSource, { event, position }: LogEntry): StreamResponse | undefined {
  const data = (event.data ?? {}) as { [name: string]: Json };
  const { note, details, output, body } = data;
  const parts =
    event.type === "nerve.turn.progress"
      ? [...(typeof note === "string" ? [textPart(note)] : []), ...(details === undefined || details === null ? [] : [dataPart(details)])]
      : event.type === "nerve.turn.respond" && output !== undefined
        ? toParts(output, typeof body === "string" ? body : undefined)
        : [];
  if (parts.length === 0) return undefined;
  const [taskId, contextId] = [view.id, readContext(view)];
  const message = {
    ...{ messageId: event.id, contextId, taskId, role: 2, parts, extensions: [], referenceTaskIds: [] },
    metadata: { nerveflare: { agent: event.source.replace(/^\/agents\//, ""), kind: event.type } },
  };
  const status = { state: TaskState.TASK_STATE_WORKING, message, timestamp: event.time };
  return { payload: { $case: "statusUpdate", value: { taskId, contextId, status, metadata: placeAt(undefined, position) } } };
}
