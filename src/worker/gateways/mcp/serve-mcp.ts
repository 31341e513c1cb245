/**
 * The server as a server of the Model Context Protocol: revision 2026-07-28 with the extension Tasks, and what the SDK serves of the
 * revisions before. Without state: each request has a server of its own. Loaded with the first call: see routes/mcp.ts.
 */
import type { GetTaskResultV2 } from "@modelcontextprotocol/ext-tasks/core/v2";
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { limits } from "../../../contract/limits.ts";
import { version } from "../../../version.ts";
import { callTool, refuse, toProblem } from "./call-tool.ts";
import { mcpLimits } from "./limits.ts";
import { listTools } from "./list-tools.ts";
import { findInput, nameSuspension, toCreatedTask, toTask } from "./task-states.ts";
import { tellBegun } from "./tell-outcome.ts";
import { type Caller, explainThread, type GatewayPorts, orderThread, readThread } from "./threads.ts";

/** The extension's name: of the requests and the server's capabilities. */
const tasksExtension = "io.modelcontextprotocol/tasks";

/** In a call's `_meta`, or in the header that the API takes: the same key again begins nothing twice. */
const keyMeta = "dev.nerveflare/idempotency-key";
const keyHeader = "idempotency-key";

const instructions = `Each tool named after a workflow starts it: agents then work on it for seconds or for days, and it survives restarts of this server.
With Tasks, follow the task. Without, ask thread_status with wait_seconds until it has ended. A suspended thread waits for input: thread_status says for what, thread_resume gives it.`;

/** Answers one request of a caller whose token was proven. */
export async function serveMcp(request: Request, ports: GatewayPorts, caller: Caller): Promise<Response> {
  const handler = createMcpHandler(() => createServer(request, ports, caller), {
    maxRequestBodySize: mcpLimits.bodyBytes,
    maxSubscriptions: mcpLimits.subscriptions,
    // Refusals are the caller's to see.
    onerror: () => {},
  });
  return handler.fetch(request);
}

function createServer(request: Request, ports: GatewayPorts, caller: Caller): Server {
  const links = new URL(request.url).origin;
  const server = new Server(
    { name: "nerveflare", version, websiteUrl: "https://nerveflare.dev" },
    { capabilities: { tools: {}, extensions: { [tasksExtension]: {} } }, instructions },
  );

  server.setRequestHandler(
    "tools/list",
    guard(ports, async ({ params }) => listTools(ports.db, params?.cursor)),
  );

  server.setRequestHandler(
    "tools/call",
    guard(ports, async ({ params }, context): Promise<CallToolResult> => {
      const called = await callTool(params.name, params.arguments, { ports, caller, links, key: readKey(request, context) });
      if ("result" in called) return called.result;
      if (!hasTasks(context)) return tellBegun(called.begun, links);
      // A result of the extension's own kind, which the SDK passes on by its `resultType`.
      return toCreatedTask(called.begun) as unknown as CallToolResult;
    }),
  );

  addTaskMethods(server, ports, caller, links);
  return server;
}

const taskParams = z.object({ taskId: z.string() });

function addTaskMethods(server: Server, ports: GatewayPorts, caller: Caller, links: string): void {
  const read = async (context: ServerContext, taskId: string) => {
    requireTasks(context);
    return readThread(ports, caller, taskId);
  };

  server.setRequestHandler(
    "tasks/get",
    { params: taskParams },
    guard(ports, async ({ taskId }: z.infer<typeof taskParams>, context): Promise<GetTaskResultV2> => {
      const view = await read(context, taskId);
      const task = toTask(view, await explainThread(ports, caller, view), { asks: canAsk(context) }, links);
      return { ...task, resultType: "complete" } as GetTaskResultV2;
    }),
  );

  server.setRequestHandler(
    "tasks/update",
    { params: taskParams },
    guard(ports, async ({ taskId }: z.infer<typeof taskParams>, context) => {
      const view = await read(context, taskId);
      const key = view.status === "suspended" ? findInput(view, Object.keys(context.mcpReq.inputResponses ?? {})) : undefined;
      const answer = key === undefined ? undefined : inputResponse.safeParse(context.mcpReq.inputResponses?.[key]);
      // What answers something else, or says no, changes nothing: the thread stays suspended until somebody resumes or cancels it.
      if (answer?.success && answer.data.action === "accept")
        await orderThread(ports, caller, view, "resume", { supplement: answer.data.content, key: nameSuspension(view) });
      return {};
    }),
  );

  server.setRequestHandler(
    "tasks/cancel",
    { params: taskParams },
    guard(ports, async ({ taskId }: z.infer<typeof taskParams>, context) => {
      const view = await read(context, taskId);
      const ended = view.status in over;
      if (!ended) await orderThread(ports, caller, view, "cancel", { key: "cancel" });
      return {};
    }),
  );
}

/** Threads that take no order to end: the request is acknowledged all the same. */
const over = { completed: true, failed: true, cancelled: true, dropped: true } as const;

/** The answer to a form. */
const inputResponse = z.object({ action: z.enum(["accept", "decline", "cancel"]), content: z.record(z.string(), z.json()).optional() });

/** Lets no error out whose words were not meant for a caller. */
function guard<Asked, Answer>(ports: GatewayPorts, handle: (asked: Asked, context: ServerContext) => Promise<Answer>) {
  return async (asked: Asked, context: ServerContext): Promise<Answer> => {
    try {
      return await handle(asked, context);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw refuse(toProblem(error, ports));
    }
  };
}

/** What the client says that it can, with this request. */
function readCapabilities({ mcpReq }: ServerContext): z.infer<typeof capabilities> {
  const envelope = mcpReq.envelope as { [key: string]: unknown } | undefined;
  return capabilities.safeParse(envelope?.[CLIENT_CAPABILITIES_META_KEY]).data ?? {};
}

const capabilities = z.looseObject({
  extensions: z.record(z.string(), z.unknown()).optional(),
  elicitation: z.looseObject({ form: z.unknown(), url: z.unknown() }).partial().optional(),
});

function hasTasks(context: ServerContext): boolean {
  return readCapabilities(context).extensions?.[tasksExtension] !== undefined;
}

/** Whether it shows forms: by saying so, or by saying nothing of how it asks. */
function canAsk(context: ServerContext): boolean {
  const { elicitation } = readCapabilities(context);
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

function requireTasks(context: ServerContext): void {
  if (!hasTasks(context))
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } });
}

/** The caller's key for a call; a new one where it gave none. */
function readKey({ headers }: Request, { mcpReq }: ServerContext): string {
  const given: unknown = mcpReq._meta?.[keyMeta] ?? headers.get(keyHeader) ?? undefined;
  if (given === undefined) return crypto.randomUUID();
  if (typeof given === "string" && given.length > 0 && given.length <= limits.idempotencyKeyLength) return given;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `${keyMeta} is a text of 1 to ${limits.idempotencyKeyLength} characters.`);
}
