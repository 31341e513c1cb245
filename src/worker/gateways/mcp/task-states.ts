/**
 * A thread as a task of the protocol's extension Tasks (`io.modelcontextprotocol/tasks`): the table of docs/mcp.md. Pure. The types are
 * the extension's own package's.
 */

import type { CreateTaskResultV2, DetailedTaskV2, ElicitRequestV2, TaskStatusV2 } from "@modelcontextprotocol/ext-tasks/core/v2";
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { describeProgress, describeQuestion, describeSuspension, type Explained } from "./describe-thread.ts";
import { mcpLimits } from "./limits.ts";
import { tellOutcome } from "./tell-outcome.ts";

/** What a task is while its thread is in each status. `failed` is for requests that the protocol refuses: a thread that fails has a result that says so. */
export const taskStates: Record<ThreadStatus, Exclude<TaskStatusV2, "failed">> = {
  queued: "working",
  recruiting: "working",
  running: "working",
  suspended: "input_required",
  completed: "completed",
  failed: "completed",
  dropped: "completed",
  cancelled: "cancelled",
};

/** What a client can do beside asking. */
export interface ClientFacts {
  /** Whether it can ask its user by a form. */
  asks: boolean;
}

/** Whether nothing more becomes of the thread by itself. */
export function isOver({ status }: Pick<ThreadView, "status">): boolean {
  return taskStates[status] === "completed" || taskStates[status] === "cancelled";
}

/** The answer to a call that begins a thread. */
export function toCreatedTask(view: ThreadView): CreateTaskResultV2 {
  return {
    ...toHead(view),
    resultType: "task",
    status: taskStates[view.status],
    statusMessage: describeProgress(view),
    pollIntervalMs: pollAfter(view),
  };
}

function toHead({ id, createdAt, updatedAt }: ThreadView) {
  // The thread is kept by the server's rule for threads, which counts from its end.
  return { taskId: id, createdAt, lastUpdatedAt: updatedAt, ttlMs: null };
}

/**
 * The thread as a task. One that is suspended asks for input by a form; of a client that shows none it is worked on, and its message says
 * how to resume it.
 * @param links where the inspector's pages are
 */
export function toTask(view: ThreadView, explained: Explained, client: ClientFacts, links: string): DetailedTaskV2 {
  const head = toHead(view);
  const state = taskStates[view.status];
  switch (state) {
    case "working":
      return { ...head, status: state, statusMessage: describeProgress(view), pollIntervalMs: pollAfter(view) };
    case "input_required": {
      const message = describeSuspension(view, explained, links);
      const asked = describeQuestion(view, explained, links);
      if (!client.asks)
        return {
          ...{ ...head, status: "working", pollIntervalMs: pollAfter(view) },
          statusMessage: `${message}\nThis client cannot ask for input by a form: resume it with the tool thread_resume.`,
        };
      return {
        ...{ ...head, status: state, statusMessage: message, pollIntervalMs: pollAfter(view) },
        inputRequests: { [nameInput(view, asked)]: askForInput(asked) },
      };
    }
    case "completed":
      return {
        ...head,
        status: state,
        statusMessage: describeProgress(view),
        result: toJson({ ...tellOutcome(view, links), resultType: "complete" }),
      };
    case "cancelled":
      return { ...head, status: state, statusMessage: describeProgress(view) };
    default:
      return state satisfies never;
  }
}

function pollAfter({ status }: ThreadView): number {
  return status === "queued" ? mcpLimits.poll.later : mcpLimits.poll.soon;
}

/** The name of a suspension: another each time that the thread is suspended. */
export function nameSuspension({ waiting, updatedAt, epoch = 1 }: Pick<ThreadView, "waiting" | "updatedAt" | "epoch">): string {
  return `resume-${epoch}-${Date.parse(waiting?.since ?? updatedAt)}`;
}

/** Which of these names is of what the thread asks for now; its text may have been another when the client saw it. */
export function findInput(view: Pick<ThreadView, "waiting" | "updatedAt" | "epoch">, names: readonly string[]): string | undefined {
  return names.find((name) => name.startsWith(`${nameSuspension(view)}-`));
}

/** Under one name a client expects one and the same request: another text has another. */
function nameInput(view: ThreadView, message: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < message.length; at++) hash = Math.imul(hash ^ message.charCodeAt(at), 0x01000193) >>> 0;
  return `${nameSuspension(view)}-${hash.toString(36)}`;
}

function askForInput(message: string): ElicitRequestV2 {
  return {
    method: "elicitation/create",
    params: {
      mode: "form",
      message,
      requestedSchema: {
        type: "object",
        properties: {
          answer: { type: "string", title: "Answer", description: "What whoever has the next turn is told. The thread goes on with it." },
        },
      },
    },
  };
}

/** The result is plain data already: its type has optional members that JSON leaves out. */
function toJson(result: CallToolResult): Extract<DetailedTaskV2, { status: "completed" }>["result"] {
  return JSON.parse(JSON.stringify(result)) as Extract<DetailedTaskV2, { status: "completed" }>["result"];
}
