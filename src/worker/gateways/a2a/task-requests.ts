/** The protocol's requests over threads: what the SDK's transports call. One is made for each request, of one caller about one subject. */
import {
  type AgentCard,
  type ListTasksRequest,
  type ListTasksResponse,
  type SendMessageRequest,
  type StreamResponse,
  type Task,
  TaskState,
} from "@a2a-js/sdk";
import { TaskNotCancelableError } from "@a2a-js/sdk/errors";
import type { A2ARequestHandler, ServerCallContext } from "@a2a-js/sdk/server";
import { problemError, unwrap } from "../../problem-error.ts";
import { type CardSubject, makeCard, makeServerCard } from "./agent-cards.ts";
import { directTurn } from "./direct-turn.ts";
import { carryError, malformed, refuseNow, toA2AError } from "./errors.ts";
import { type FollowPorts, followTask, settleTask } from "./follow-task.ts";
import { a2aLimits } from "./limits.ts";
import { type GatewayPorts, listSubjects } from "./list-subjects.ts";
import { createPushConfigs, type PushConfigs } from "./push-configs.ts";
import { readTask } from "./read-task.ts";
import { type Caller, isAbout, sendSaid } from "./send-message.ts";
import { listTaskIds } from "./task-list.ts";
import { isTerminal, judgeState } from "./task-states.ts";
import { type TaskSource, toTask } from "./to-task.ts";

/** Where a stream is resumed, in the state that travels with a call. */
export const lastEventIdKey = "lastEventId";

/**
 * @param subject undefined: the server itself, whose tasks are those of everything that is exposed
 * @param origin of the server, as the caller reaches it
 */
export function createTaskRequests(
  ports: GatewayPorts,
  caller: Caller,
  subject: CardSubject | undefined,
  origin: string,
): A2ARequestHandler {
  const { viewer } = caller;

  /** @throws ProblemError `not_found` also for a task of something else than this address is about */
  async function find(id: string, history?: number): Promise<TaskSource> {
    if (id.trim() === "") throw malformed("Say which task: its id is empty.");
    const source = await readTask(ports, id, viewer, history);
    if (subject && !isAbout(source.view, subject)) throw problemError("not_found", `There is no task ${id} of ${subject.name}.`);
    return source;
  }

  /** Ends what a read-only token may not do. */
  function mayChange(): void {
    if (caller.isReadOnly) throw problemError("forbidden", "This operator's token may only read. Ask for one with `access: admin`.");
  }

  function follows(id: string): FollowPorts {
    return { ...ports, read: () => readTask(ports, id, viewer) };
  }

  async function begin({ message, configuration, metadata }: SendMessageRequest): Promise<TaskSource> {
    mayChange();
    if (!message?.messageId) throw malformed("The message has no messageId: it makes a repeat known.");
    const push = configuration?.taskPushNotificationConfig;
    const began = ports.now();
    // Before the message: what is wrong with it begins nothing, and what happens at once is told.
    const save = push && (await pushConfigs.prepare(push));
    const source = await sendSaid(ports, caller, { message, metadata, subject, find });
    // Of a repeat whose task is over nothing follows.
    const isPast = isTerminal(judgeState(source)) && Date.parse(source.view.createdAt) < began - a2aLimits.clockSlack;
    if (save && !isPast) await save(source);
    return source;
  }

  const pushConfigs = createPushConfigs(ports, origin);

  const handler: A2ARequestHandler = {
    async getAgentCard(): Promise<AgentCard> {
      return subject ? makeCard(origin, subject) : makeServerCard(origin, undefined);
    },
    async getAuthenticatedExtendedAgentCard() {
      return subject ? makeCard(origin, subject) : makeServerCard(origin, await listSubjects(ports));
    },
    async sendMessage(params) {
      const { configuration } = params;
      const source = await begin(params);
      const settled = configuration?.returnImmediately
        ? source
        : await settleTask(follows(source.view.id), a2aLimits.blocking).catch(orElse(source));
      return toTask(settled, configuration?.historyLength);
    },
    async *sendMessageStream(params) {
      const { view } = await begin(params);
      yield* followTask(follows(view.id), { endsWaiting: true, historyLength: params.configuration?.historyLength });
    },
    async getTask({ id, historyLength }) {
      return toTask(await find(id, historyLength), historyLength);
    },
    async cancelTask({ id }): Promise<Task> {
      mayChange();
      const source = await find(id);
      const state = judgeState(source);
      if (state === TaskState.TASK_STATE_CANCELED) return toTask(source);
      const { problem } = problemError("not_allowed_now", `The task ${id} is over: its thread is ${source.view.status}.`);
      if (isTerminal(state)) throw toA2AError(problem, TaskNotCancelableError);
      requireOwn(source, caller);
      unwrap(await ports.thread(id).control("cancel", caller.name, { reason: `cancelled over A2A by ${caller.name}` }));
      return toTask(await settleTask(follows(id), a2aLimits.cancelling));
    },
    async *resubscribe({ id }, context) {
      const source = await find(id);
      const after = readCursor(context);
      if (after === undefined && isTerminal(judgeState(source)))
        throw refuseNow(`The task ${id} is over: nothing follows. Get it to see how it ended.`);
      yield* followTask(follows(id), { after, endsWaiting: false });
    },
    listTasks: (params) => listTasks(params),
    ...createPushRequests(pushConfigs, { find, caller, mayChange }),
  };

  async function listTasks(params: ListTasksRequest): Promise<ListTasksResponse> {
    const { contextId, status, pageSize = a2aLimits.tasks, pageToken, statusTimestampAfter, includeArtifacts, historyLength = 0 } = params;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > a2aLimits.tasksMost)
      throw malformed(`pageSize is from 1 to ${a2aLimits.tasksMost}.`);
    if (pageToken !== "" && !/^\d{1,15}$/.test(pageToken)) throw malformed("The pageToken is none that a list gave.");
    if (!(status in TaskState)) throw malformed("The status is no state of a task.");
    const since = statusTimestampAfter ? Date.parse(statusTimestampAfter) : undefined;
    if (since !== undefined && Number.isNaN(since)) throw malformed("statusTimestampAfter is no ISO 8601 time.");
    const subjects = subject ? [subject] : await listSubjects(ports);
    const { ids, next, total } = await listTaskIds(ports.db, {
      ...{ viewer, contextId, state: status, since, limit: pageSize },
      workflows: [...new Set(subjects.map((each) => (each.kind === "workflow" ? each.name : directTurn.name)))],
      agent: subject?.kind === "agent" ? subject.name : undefined,
      after: pageToken === "" ? undefined : Number(pageToken),
    });
    const read = await Promise.all(ids.map((id) => readTask(ports, id, viewer, Math.max(1, historyLength)).catch(() => undefined)));
    const tasks = read
      .filter((source) => source !== undefined)
      .filter((source) => status === TaskState.TASK_STATE_UNSPECIFIED || judgeState(source) === status)
      .map((source) => toTask(source, historyLength))
      .map((task) => (includeArtifacts ? task : { ...task, artifacts: [] }));
    return { tasks, nextPageToken: next === undefined ? "" : String(next), pageSize, totalSize: total };
  }

  return carryErrors(handler);
}

type PushRequests = Pick<
  A2ARequestHandler,
  | "createTaskPushNotificationConfig"
  | "getTaskPushNotificationConfig"
  | "listTaskPushNotificationConfigs"
  | "deleteTaskPushNotificationConfig"
>;

function createPushRequests(
  configs: PushConfigs,
  { find, caller, mayChange }: { find(id: string): Promise<TaskSource>; caller: Caller; mayChange(): void },
): PushRequests {
  /** What is pushed, and where to, is for those only who act on the task. */
  async function findOwn(id: string): Promise<TaskSource> {
    const source = await find(id);
    requireOwn(source, caller);
    return source;
  }

  return {
    async createTaskPushNotificationConfig(config) {
      mayChange();
      return configs.save(await findOwn(config.taskId), config);
    },
    async getTaskPushNotificationConfig({ taskId, id }) {
      return configs.read(await findOwn(taskId), id);
    },
    async listTaskPushNotificationConfigs({ taskId }) {
      return { configs: await configs.list(await findOwn(taskId)), nextPageToken: "" };
    },
    async deleteTaskPushNotificationConfig({ taskId, id }) {
      mayChange();
      await configs.remove(await findOwn(taskId), id);
    },
  };
}

/** Only who began a task, and operators, end it or go on with it. @throws ProblemError `forbidden` */
export function requireOwn({ view }: TaskSource, { viewer }: Caller): void {
  if (viewer === null || view.event.source === `/agents/${viewer}`) return;
  throw problemError(
    "forbidden",
    "This task was begun by somebody else: only they, and operators, cancel it, go on with it, or have it pushed.",
  );
}

/** Of a stream that was cut off: the position that its last event had. */
function readCursor(context: ServerCallContext): number | undefined {
  const id = context.state.get(lastEventIdKey);
  return typeof id === "string" && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}

/** What was accepted is told, also where it can't be looked at just now. */
function orElse(source: TaskSource): () => TaskSource {
  return () => source;
}

type Call = (...args: never[]) => Promise<unknown>;

/** Has each method throw the protocol's errors. */
function carryErrors(handler: A2ARequestHandler): A2ARequestHandler {
  const call = <F extends Call>(method: F): F =>
    (async (...args: Parameters<F>) => {
      try {
        return await method(...args);
      } catch (error) {
        throw carryError(error);
      }
    }) as F;
  async function* stream(of: AsyncGenerator<StreamResponse, void, undefined>): AsyncGenerator<StreamResponse, void, undefined> {
    try {
      yield* of;
    } catch (error) {
      throw carryError(error);
    }
  }
  return {
    getAgentCard: call(handler.getAgentCard),
    getAuthenticatedExtendedAgentCard: call(handler.getAuthenticatedExtendedAgentCard),
    sendMessage: call(handler.sendMessage),
    sendMessageStream: (...args) => stream(handler.sendMessageStream(...args)),
    getTask: call(handler.getTask),
    cancelTask: call(handler.cancelTask),
    createTaskPushNotificationConfig: call(handler.createTaskPushNotificationConfig),
    getTaskPushNotificationConfig: call(handler.getTaskPushNotificationConfig),
    listTaskPushNotificationConfigs: call(handler.listTaskPushNotificationConfigs),
    deleteTaskPushNotificationConfig: call(handler.deleteTaskPushNotificationConfig),
    resubscribe: (...args) => stream(handler.resubscribe(...args)),
    listTasks: call(handler.listTasks),
  };
}
