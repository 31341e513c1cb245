/** The protocol's HTTP+JSON binding: which path calls which request. Bodies and errors are the SDK's. */
import {
  A2A_CONTENT_TYPE,
  AgentCard,
  ListTaskPushNotificationConfigsResponse,
  ListTasksResponse,
  SendMessageRequest,
  SendMessageResponse,
  type StreamResponse,
  Task,
  TaskPushNotificationConfig,
  TaskState,
  taskStateFromJSON,
} from "@a2a-js/sdk";
import { type A2AError, restStatusFor, toRestErrorBody } from "@a2a-js/sdk/errors";
import type { A2ARequestHandler, ServerCallContext } from "@a2a-js/sdk/server";
import { malformed } from "./errors.ts";

/** A request, as far as a path says what it is. */
export interface RestCall {
  method: string;
  /** Segments below the address of the card's subject. */
  segments: string[];
  query: URLSearchParams;
  /** Parsed; undefined: there is none. */
  body: unknown;
}

/** What is answered: a value, or a stream of them. */
export type RestAnswer =
  | { status: number; body: unknown }
  | { stream: AsyncGenerator<StreamResponse, void, undefined> }
  /** No path of the binding. */
  | undefined;

/** @throws A2AError */
export async function serveRest(handler: A2ARequestHandler, context: ServerCallContext, call: RestCall): Promise<RestAnswer> {
  const { method, segments, query, body } = call;
  const [first = "", second = "", third = "", fourth = ""] = segments;
  const path = segments.length;
  const ok = (value: unknown): RestAnswer => ({ status: 200, body: value });
  const tenant = "";

  if (method === "POST" && path === 1 && first === "message:send") {
    const result = await handler.sendMessage(readSend(body), context);
    const payload = "messageId" in result ? { $case: "message" as const, value: result } : { $case: "task" as const, value: result };
    return ok(SendMessageResponse.toJSON({ payload }));
  }
  if (method === "POST" && path === 1 && first === "message:stream") return { stream: handler.sendMessageStream(readSend(body), context) };
  if (method === "GET" && path === 1 && first === "extendedAgentCard")
    return ok(AgentCard.toJSON(await handler.getAuthenticatedExtendedAgentCard({ tenant }, context)));
  if (first !== "tasks") return undefined;
  if (method === "GET" && path === 1) return ok(ListTasksResponse.toJSON(await handler.listTasks(readList(query), context)));
  if (path === 2) {
    const [, id = "", verb] = /^(.*?)(?::(cancel|subscribe))?$/.exec(second) ?? [];
    if (verb === "cancel" && method === "POST")
      return ok(Task.toJSON(await handler.cancelTask({ tenant, id, metadata: undefined }, context)));
    if (verb === "subscribe") return { stream: handler.resubscribe({ tenant, id }, context) };
    if (verb === undefined && method === "GET")
      return ok(Task.toJSON(await handler.getTask({ tenant, id, historyLength: readNumber(query, "historyLength") }, context)));
    return undefined;
  }
  if (third !== "pushNotificationConfigs") return undefined;
  const named = { tenant, taskId: second, id: fourth };
  if (path === 3 && method === "POST") {
    const config = TaskPushNotificationConfig.fromJSON({ ...(body as object | undefined), taskId: second });
    return { status: 201, body: TaskPushNotificationConfig.toJSON(await handler.createTaskPushNotificationConfig(config, context)) };
  }
  if (path === 3 && method === "GET") {
    const listed = await handler.listTaskPushNotificationConfigs({ tenant, taskId: second, pageSize: 0, pageToken: "" }, context);
    return ok(ListTaskPushNotificationConfigsResponse.toJSON(listed));
  }
  if (path === 4 && method === "GET")
    return ok(TaskPushNotificationConfig.toJSON(await handler.getTaskPushNotificationConfig(named, context)));
  if (path === 4 && method === "DELETE") {
    await handler.deleteTaskPushNotificationConfig(named, context);
    return { status: 204, body: undefined };
  }
  return undefined;
}

function readSend(body: unknown): SendMessageRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw malformed("The body is no JSON object with a `message`.");
  return SendMessageRequest.fromJSON(body);
}

function readList(query: URLSearchParams): Parameters<A2ARequestHandler["listTasks"]>[0] {
  const status = query.get("status");
  return {
    tenant: "",
    contextId: query.get("contextId") ?? "",
    status: status ? taskStateFromJSON(/^\d+$/.test(status) ? Number(status) : status) : TaskState.TASK_STATE_UNSPECIFIED,
    pageSize: readNumber(query, "pageSize"),
    pageToken: query.get("pageToken") ?? "",
    historyLength: readNumber(query, "historyLength"),
    statusTimestampAfter: query.get("statusTimestampAfter") ?? undefined,
    includeArtifacts: query.get("includeArtifacts") === "true",
  };
}

function readNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^\d{1,6}$/.test(text)) throw malformed(`${name} is a whole number from 0.`);
  return Number(text);
}

/** An error in the binding's own form, under the status that our problem has. */
export function respondRestError(error: A2AError): Response {
  const own = Number(error.metadata?.["status"]);
  const status = Number.isInteger(own) && own >= 400 ? own : restStatusFor(error);
  return new Response(JSON.stringify(toRestErrorBody(error, status)), {
    status,
    headers: { "content-type": A2A_CONTENT_TYPE, ...readRetryAfter(error) },
  });
}

/** When to try again, as HTTP says it. */
export function readRetryAfter({ metadata }: A2AError): { "retry-after"?: string } {
  return metadata?.["retryable"] === "true" ? { "retry-after": metadata["retryAfter"] ?? "1" } : {};
}
