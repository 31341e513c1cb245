/** Follows a remote task until it is over or waits for somebody: by its stream where there is one, else by looking, each over failures. */
import { type Message, type SendMessageRequest, type StreamResponse, type Task, TaskState } from "@a2a-js/sdk";
import { bridgeLimits } from "./limits.ts";
import type { Remote } from "./open-remote.ts";
import { writeStatus } from "./read-reply.ts";

/** What a message came to: words, or a task that is over or waits. */
export type Reply = { kind: "message"; message: Message } | { kind: "task"; task: Task };

export interface FollowRemotePorts {
  remote: Remote;
  signal: AbortSignal;
  /** Hears of the task as soon as it has an id, and of what it says of itself. */
  note(task: { id: string; contextId: string }): void;
  progress(text: string): void;
  /** Waits; rejects when the signal aborts. */
  pause(milliseconds: number): Promise<void>;
}

const settled = new Set([
  ...[TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_CANCELED, TaskState.TASK_STATE_REJECTED],
  ...[TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED],
]);

/** Whether nothing more comes of a task by itself. */
export function isSettled({ status }: Pick<Task, "status">): boolean {
  return status !== undefined && settled.has(status.state);
}

/** Of a remote agent that is away, or says something else than the protocol, again and again. */
export class RemoteLost extends Error {
  constructor(cause: unknown) {
    super(
      `The remote agent could not be reached ${bridgeLimits.tries} times in a row; the last time: ${(cause as Error)?.message ?? cause}`,
      { cause },
    );
    this.name = "RemoteLost";
  }
}

/** Sends a message. What is lost on the way is sent again under its id. */
export async function sendRemote(message: Message, ports: FollowRemotePorts): Promise<Reply> {
  const { remote } = ports;
  const request: SendMessageRequest = {
    ...{ tenant: "", message, metadata: undefined },
    configuration: {
      acceptedOutputModes: ["application/json", "text/plain"],
      taskPushNotificationConfig: undefined,
      returnImmediately: true,
    },
  };
  const begun = await insist(ports, () => (remote.streams ? sendStreaming(request, ports) : sendOnce(request, ports)));
  return begun.kind === "message" || isSettled(begun.task) ? begun : followRemote(begun.task.id, ports);
}

async function sendOnce(request: SendMessageRequest, ports: FollowRemotePorts): Promise<Reply> {
  return toReply(await ports.remote.client.sendMessage(request, { signal: limit(ports.signal) }), ports);
}

/** A stream that breaks after it has named its task is gone on with by looking at the task. */
async function sendStreaming(request: SendMessageRequest, ports: FollowRemotePorts): Promise<Reply> {
  let id = request.message?.taskId ?? "";
  let named = false;
  try {
    for await (const event of ports.remote.client.sendMessageStream(request, { signal: ports.signal })) {
      const reply = hear(event, ports);
      if (reply) return reply;
      id = readId(event) ?? id;
      named = true;
    }
  } catch (error) {
    if (!named || ports.signal.aborted) throw error;
  }
  if (id === "") throw new Error("the remote agent's stream ended without a message or a task");
  return followRemote(id, ports);
}

/** Follows a task that was begun. */
export async function followRemote(id: string, ports: FollowRemotePorts): Promise<Reply> {
  const { remote, signal, pause } = ports;
  let wait: number = bridgeLimits.pollFirstMs;
  for (;;) {
    const task = await insist(ports, () => remote.client.getTask({ tenant: "", id, historyLength: 1 }, { signal: limit(signal) }));
    ports.note(task);
    if (isSettled(task)) return { kind: "task", task };
    if (remote.streams) await listen(id, ports);
    else {
      tell(task, ports);
      await pause(wait);
      wait = Math.min(wait * 2, bridgeLimits.pollLastMs);
    }
    // A stream that ends at once, again and again, is asked no more often than a task without one.
    if (remote.streams) await pause(bridgeLimits.pollFirstMs);
  }
}

/** Hears a task's stream until it ends, however it does: the task is looked at next. */
async function listen(id: string, ports: FollowRemotePorts): Promise<void> {
  try {
    for await (const event of ports.remote.client.resubscribeTask({ tenant: "", id }, { signal: ports.signal }))
      if (hear(event, ports)) return;
  } catch (error) {
    if (ports.signal.aborted) throw error;
  }
}

/** Takes one event of a stream. @returns what the message came to, where that is known by it */
function hear({ payload }: StreamResponse, ports: FollowRemotePorts): Reply | undefined {
  switch (payload?.$case) {
    case "message":
      return { kind: "message", message: payload.value };
    case "task":
      ports.note(payload.value);
      tell(payload.value, ports);
      return undefined;
    case "statusUpdate":
      ports.note({ id: payload.value.taskId, contextId: payload.value.contextId });
      tell(payload.value, ports);
      return undefined;
    case "artifactUpdate":
    case undefined:
      return undefined;
    default:
      return payload satisfies never;
  }
}

function readId({ payload }: StreamResponse): string | undefined {
  switch (payload?.$case) {
    case "task":
      return payload.value.id;
    case "statusUpdate":
    case "artifactUpdate":
      return payload.value.taskId;
    default:
      return undefined;
  }
}

function tell({ status }: Pick<Task, "status">, { progress }: FollowRemotePorts): void {
  if (status?.state !== TaskState.TASK_STATE_WORKING) return;
  const said = writeStatus({ status });
  if (said !== "") progress(said);
}

function toReply(result: Message | Task, ports: FollowRemotePorts): Reply {
  if ("messageId" in result) return { kind: "message", message: result };
  ports.note(result);
  return { kind: "task", task: result };
}

function limit(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(bridgeLimits.callMs)]);
}

/** What the protocol calls wrong stays so: only what may go better is tried again. */
const final =
  /^(TaskNotFound|TaskNotCancelable|UnsupportedOperation|ContentTypeNotSupported|ExtensionSupportRequired|VersionNotSupported|RequestMalformed)/;

/** Tries until it goes well. @throws RemoteLost after so many failures in a row */
async function insist<T>({ signal, pause }: FollowRemotePorts, work: () => Promise<T>): Promise<T> {
  let wait: number = bridgeLimits.pollFirstMs;
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || isFinal(error)) throw error;
      if (tries >= bridgeLimits.tries) throw new RemoteLost(error);
    }
    await pause(wait);
    wait = Math.min(wait * 2, bridgeLimits.pollLastMs);
  }
}

function isFinal(error: unknown): boolean {
  const { name = "", message = "" } = error instanceof Error ? error : {};
  // The client tells a refused token by its status only.
  return final.test(name.replace(/^(JsonRpc|Rest)/, "")) || /\b(401|403)\b/.test(message);
}
