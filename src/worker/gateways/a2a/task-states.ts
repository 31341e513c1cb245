/** Which state of the protocol a thread is in: the table of docs/a2a.md. */
import { TaskState } from "@a2a-js/sdk";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { PresenceFacts } from "../../../contract/views/agent.ts";
import type { MessageView, ThreadView } from "../../../contract/views/thread.ts";

/** What each status of a thread is, before {@link judgeState} looks closer. */
export const statesOf: Record<ThreadStatus, TaskState> = {
  queued: TaskState.TASK_STATE_SUBMITTED,
  recruiting: TaskState.TASK_STATE_SUBMITTED,
  running: TaskState.TASK_STATE_WORKING,
  suspended: TaskState.TASK_STATE_INPUT_REQUIRED,
  completed: TaskState.TASK_STATE_COMPLETED,
  failed: TaskState.TASK_STATE_FAILED,
  cancelled: TaskState.TASK_STATE_CANCELED,
  dropped: TaskState.TASK_STATE_REJECTED,
};

/** The statuses among which tasks of a state are; a list asks for them, and looks closer at each. */
export function statusesOf(state: TaskState): ThreadStatus[] {
  // What is submitted may run already, and what needs authorization is suspended.
  if (state === TaskState.TASK_STATE_SUBMITTED) return ["queued", "recruiting", "running"];
  if (state === TaskState.TASK_STATE_AUTH_REQUIRED) return ["suspended"];
  return (Object.keys(statesOf) as ThreadStatus[]).filter((status) => statesOf[status] === state);
}

/** Ended for good. */
export function isTerminal(state: TaskState): boolean {
  return (
    state === TaskState.TASK_STATE_COMPLETED ||
    state === TaskState.TASK_STATE_FAILED ||
    state === TaskState.TASK_STATE_CANCELED ||
    state === TaskState.TASK_STATE_REJECTED
  );
}

/** Ended, or waiting for its caller: nobody waits for more. */
export function isSettled(state: TaskState): boolean {
  return isTerminal(state) || state === TaskState.TASK_STATE_INPUT_REQUIRED || state === TaskState.TASK_STATE_AUTH_REQUIRED;
}

/** What is known of a thread beside its status. */
export interface TaskFacts {
  view: Pick<ThreadView, "status" | "turn">;
  /** Its newest steps, oldest first. */
  messages: readonly MessageView[];
  /** Of whoever has the open turn. */
  presence?: PresenceFacts | undefined;
}

/**
 * The state of a task. A first turn whose agent has no connection and was not heard of since it was given is *submitted*: nobody works on it yet.
 * An agent that suspends with `auth: true` in its output asks for authorization, not for input.
 */
export function judgeState({ view, messages, presence }: TaskFacts): TaskState {
  if (view.status === "running" && messages.length === 0 && view.turn && presence && !hasTaken(view.turn.since, presence))
    return TaskState.TASK_STATE_SUBMITTED;
  if (view.status === "suspended" && asksAuth(messages.at(-1))) return TaskState.TASK_STATE_AUTH_REQUIRED;
  return statesOf[view.status];
}

function hasTaken(since: string, { connections, lastSignAt }: PresenceFacts): boolean {
  return connections > 0 || (lastSignAt !== null && Date.parse(lastSignAt) > Date.parse(since));
}

function asksAuth(last: MessageView | undefined): boolean {
  const output = last?.output;
  if (typeof output !== "object" || output === null || Array.isArray(output)) return false;
  return output["$status"] === "$SUSPEND" && output["auth"] === true;
}
