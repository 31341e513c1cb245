/** A remote A2A agent as the SDK serves one, on a port of this machine: without the framework that its own adapters take. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentCard, formatSSEEvent, SSE_HEADERS, type Task, TaskState } from "@a2a-js/sdk";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import { writeParts } from "../../../src/a2a/read-reply.ts";

export interface RemoteServer {
  url: string;
  /** Texts of the messages that came, each once. */
  heard: { text: string; messageId: string; taskId: string; contextId: string; references: string[] }[];
  cancelled: string[];
  /** Requests that are answered with this status from now on; 0: as they should be. */
  fail: { status: number };
  close(): Promise<void>;
}

/** What the agent does with a message: says how its task is from now on. */
export type Work = (context: { text: string; turn: number; say: (state: TaskState, text?: string) => void }) => Promise<void> | void;

const words = (text: string, of: { taskId: string; contextId: string }) => ({
  ...{ messageId: crypto.randomUUID(), ...of, role: 2, metadata: undefined, extensions: [], referenceTaskIds: [] },
  parts: [{ content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "text/plain" }],
});

export async function serveRemote(
  work: Work,
  { streaming = true, card = {} }: { streaming?: boolean; card?: object } = {},
): Promise<RemoteServer> {
  const heard: RemoteServer["heard"] = [];
  const cancelled: string[] = [];
  const fail = { status: 0 };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const described = makeCard(url, streaming);
  const executor: AgentExecutor = {
    async execute({ userMessage, taskId, contextId, task }: RequestContext, bus: ExecutionEventBus) {
      const of = { taskId, contextId };
      const text = writeParts(userMessage.parts);
      heard.push({ text, messageId: userMessage.messageId, ...of, references: userMessage.referenceTaskIds });
      const status = (state: TaskState, said?: string) => ({
        ...{ state, timestamp: new Date().toISOString() },
        message: said === undefined ? undefined : words(said, of),
      });
      const begun: Task = task ?? {
        id: taskId,
        contextId,
        status: status(TaskState.TASK_STATE_SUBMITTED),
        artifacts: [],
        history: [userMessage],
        metadata: undefined,
      };
      bus.publish(AgentEvent.task(begun));
      await work({
        text,
        turn: heard.length,
        say: (state, said) => bus.publish(AgentEvent.statusUpdate({ ...of, status: status(state, said), metadata: undefined })),
      });
      bus.finished();
    },
    async cancelTask(id: string, bus: ExecutionEventBus) {
      cancelled.push(id);
      bus.publish(
        AgentEvent.statusUpdate({
          taskId: id,
          contextId: "",
          status: { state: TaskState.TASK_STATE_CANCELED, message: undefined, timestamp: undefined },
          metadata: undefined,
        }),
      );
    },
  };
  const handler = new JsonRpcTransportHandler(new DefaultRequestHandler(described, new InMemoryTaskStore(), executor));
  server.on("request", async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", "application/json");
      return response.end(JSON.stringify({ ...(AgentCard.toJSON(described) as object), ...card }));
    }
    let body = "";
    for await (const part of request) body += part;
    if (fail.status > 0) return response.writeHead(fail.status).end();
    const answer = await handler.handle(body, new ServerCallContext({ requestedVersion: "1.0" }));
    if (!(Symbol.asyncIterator in answer)) return response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    response.writeHead(200, SSE_HEADERS);
    try {
      for await (const event of answer) response.write(formatSSEEvent(event));
    } catch {
      // What the SDK's own adapters tell as an event ends the stream here.
    }
    response.end();
  });
  return { url, heard, cancelled, fail, close: () => close(server) };
}

function makeCard(url: string, streaming: boolean): AgentCard {
  return {
    ...{
      name: "remote",
      description: "For tests.",
      version: "1",
      provider: undefined,
      signatures: [],
      securitySchemes: {},
      securityRequirements: [],
    },
    ...{ defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"], skills: [] },
    supportedInterfaces: [{ url, protocolBinding: "JSONRPC", tenant: "", protocolVersion: "1.0" }],
    capabilities: { streaming, pushNotifications: false, extendedAgentCard: false, extensions: [] },
  };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
