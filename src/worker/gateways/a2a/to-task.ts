/** A thread as the protocol's task: status, messages, artifacts. Pure. */
import { type Artifact, type Message, type Part, Role, type Task, TaskState, type TaskStatus } from "@a2a-js/sdk";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Step } from "../../../contract/kinds/turn.ts";
import { countBytes } from "../../../contract/limits.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { directTurn } from "./direct-turn.ts";
import { a2aLimits } from "./limits.ts";
import { judgeState, type TaskFacts } from "./task-states.ts";

/** Attributes of the event that begins a task: what its message said of itself. */
export const contextAttribute = "a2acontextid";
export const messageAttribute = "a2amessageid";

/** What a task is made of. */
export interface TaskSource extends TaskFacts {
  view: ThreadView;
}

/** The context of a task: what its first message named, else the thread itself. */
export function readContext({ id, event }: Pick<ThreadView, "id" | "event">): string {
  const named = event[contextAttribute];
  return typeof named === "string" && named !== "" ? named : id;
}

/** @param historyLength how many of the newest messages; absent: as many as the gateway tells */
export function toTask(source: TaskSource, historyLength?: number): Task {
  const { view } = source;
  return {
    id: view.id,
    contextId: readContext(view),
    status: toStatus(source),
    artifacts: toArtifacts(view),
    history: cutHistory([toFirstMessage(view), ...source.messages.map((step) => toStepMessage(view, step))], historyLength),
    metadata: describeThread(view),
  };
}

/** What of a thread the protocol has no word for. */
export function describeThread({ workflow, revision, status, round, turn, waiting, epoch }: ThreadView): { [key: string]: Json } {
  return {
    nerveflare: {
      ...{ workflow, revision, status, round },
      ...(turn && { role: turn.role, agent: turn.agent }),
      ...(waiting && { waiting: waiting.text }),
      ...(epoch !== undefined && { epoch }),
    },
  };
}

export function toStatus(source: TaskSource): TaskStatus {
  const { view } = source;
  const state = judgeState(source);
  const text = tellStatus(view, state);
  return { state, timestamp: view.updatedAt, message: text === undefined ? undefined : sayText(view, `${view.id}.status`, text) };
}

/** What people are told of a state; undefined: the state says it all. */
function tellStatus({ status, outcome, error, waiting, round, turn }: ThreadView, state: TaskState): string | undefined {
  switch (status) {
    case "queued":
    case "recruiting":
      return waiting?.text;
    case "running":
      if (state === TaskState.TASK_STATE_SUBMITTED && turn)
        return `${turn.agent} is offline: the turn is in its mailbox, and is given when it comes back.`;
      return round > 0 ? waiting?.text : undefined;
    case "suspended":
      return error ?? waiting?.reason ?? waiting?.text;
    case "completed":
      return outcome?.prompt ?? undefined;
    case "failed":
    case "cancelled":
    case "dropped":
      return outcome?.error ?? error;
    default:
      return status satisfies never;
  }
}

/** The outcome of a thread that completed: its last output. */
export function toArtifacts({ id, status, outcome }: Pick<ThreadView, "id" | "status" | "outcome">): Artifact[] {
  if (status !== "completed" || outcome === undefined) return [];
  return [
    {
      artifactId: `${id}.outcome`,
      name: "outcome",
      description: outcome.role === null ? "" : `The last output, of the role ${outcome.role}.`,
      parts: toParts(outcome.output),
      metadata: outcome.role === null ? undefined : { role: outcome.role },
      extensions: [],
    },
  ];
}

/** An output as parts: as data; a text that it has beside or as its only content, as text too. */
export function toParts(output: Json, body?: string): Part[] {
  const text = body ?? readText(output);
  const parts = [dataPart(output)];
  return text === undefined ? parts : [textPart(text), ...parts];
}

/** The text of an output that is made of one, as a directed turn's. */
function readText(output: Json): string | undefined {
  if (typeof output !== "object" || output === null || Array.isArray(output)) return undefined;
  const text = output["text"];
  return typeof text === "string" ? text : undefined;
}

export function textPart(text: string): Part {
  return { content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "text/plain" };
}

export function dataPart(data: Json): Part {
  return { content: { $case: "data", value: data }, metadata: undefined, filename: "", mediaType: "application/json" };
}

/** A message of the server's about a task. */
export function sayText(view: Pick<ThreadView, "id" | "event">, messageId: string, text: string): Message {
  return agentMessage(view, messageId, [textPart(text)]);
}

function agentMessage(view: Pick<ThreadView, "id" | "event">, messageId: string, parts: Part[], metadata?: Message["metadata"]): Message {
  return {
    ...{ messageId, contextId: readContext(view), taskId: view.id, role: Role.ROLE_AGENT, parts, metadata },
    ...{ extensions: [], referenceTaskIds: [] },
  };
}

/** An answered step as a message of the server's side. */
export function toStepMessage(view: Pick<ThreadView, "id" | "event">, step: Step): Message {
  const { round, role, agent, output, body, at } = step;
  return agentMessage(view, `${view.id}.${round}`, toParts(output, body), { nerveflare: { round, role, agent, at } });
}

/** What began the task, as its caller said it. */
function toFirstMessage({ id, event, workflow }: ThreadView): Message {
  const messageId = event[messageAttribute];
  return {
    ...{ messageId: typeof messageId === "string" ? messageId : event.id, contextId: readContext({ id, event }), taskId: id },
    ...{ role: Role.ROLE_USER, parts: toSaidParts(event, workflow), metadata: undefined, extensions: [], referenceTaskIds: [] },
  };
}

function toSaidParts({ data }: CloudEvent, workflow: string): Part[] {
  if (workflow !== directTurn.name || typeof data !== "object" || data === null || Array.isArray(data)) return [dataPart(data ?? null)];
  const { text, data: given } = data;
  const parts = typeof text === "string" && text !== "" ? [textPart(text)] : [];
  return given === undefined || given === null ? parts : [...parts, dataPart(given)];
}

/** The newest messages, as many as were asked for and fit. */
export function cutHistory(messages: Message[], length: number = a2aLimits.history): Message[] {
  const kept: Message[] = [];
  let bytes = 0;
  for (const message of messages.slice(-Math.min(length, a2aLimits.history)).toReversed()) {
    if (length <= 0) break;
    bytes += countBytes(JSON.stringify(message.parts));
    if (bytes > a2aLimits.historyBytes) break;
    kept.unshift(message);
  }
  return kept;
}
