/** What is pushed of a task: an event of its log, as the protocol's stream would tell it. Loaded with the first notification. */
import { StreamResponse, TaskState, type TaskStatus } from "@a2a-js/sdk";
import type { LogEntry } from "../../../contract/views/log.ts";
import { ProblemError } from "../../problem-error.ts";
import { placeAt, tellEvent } from "./follow-task.ts";
import { readTask, type TaskPorts } from "./read-task.ts";
import { isSettled, isTerminal, judgeState } from "./task-states.ts";
import { describeThread, readContext, type TaskSource, toStatus, toTask } from "./to-task.ts";

/** @returns the notification's body; undefined: the event says nothing, or its task is kept no longer */
export async function tellTask(ports: TaskPorts, thread: string, entry: LogEntry): Promise<string | undefined> {
  try {
    const told = toNotification(await readTask(ports, thread, null), entry);
    return told && JSON.stringify(StreamResponse.toJSON(told));
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === "not_found") return undefined;
    throw error;
  }
}

/** An end is told by the whole task, so that a receiver needs not ask for what came of it; all else by the task's status as it was then. */
export function toNotification(source: TaskSource, entry: LogEntry): StreamResponse | undefined {
  const { event, position } = entry;
  const [state] = statesOfKinds[event.type] ?? [];
  // The log may have an answer behind what came of it: then that is told, and the answer is in the task's history.
  if (state === undefined) return isSettled(judgeState(source)) ? undefined : tellEvent(source, entry);
  if (isTerminal(state)) {
    const task = toTask(source);
    return { payload: { $case: "task", value: { ...task, metadata: placeAt(task.metadata, position) } } };
  }
  const [taskId, contextId] = [source.view.id, readContext(source.view)];
  const value = { taskId, contextId, status: statusThen(source, event), metadata: placeAt(describeThread(source.view), position) };
  return { payload: { $case: "statusUpdate", value } };
}

/** The task may have gone on since: then the event alone says how it was. */
function statusThen(source: TaskSource, { type, time }: LogEntry["event"]): TaskStatus {
  const [state = TaskState.TASK_STATE_WORKING, ...closer] = statesOfKinds[type] ?? [];
  return [state, ...closer].includes(judgeState(source)) ? toStatus(source) : { state, timestamp: time, message: undefined };
}

/** The state that an event of each kind begins, and what else that may be seen to be when the task is looked at. */
const statesOfKinds: { readonly [kind: string]: readonly TaskState[] } = {
  "nerve.turn.assigned": [TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_SUBMITTED],
  "nerve.thread.suspended": [TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED],
  "nerve.thread.completed": [TaskState.TASK_STATE_COMPLETED],
  "nerve.thread.failed": [TaskState.TASK_STATE_FAILED],
  "nerve.thread.cancelled": [TaskState.TASK_STATE_CANCELED],
  "nerve.thread.dropped": [TaskState.TASK_STATE_REJECTED],
};
