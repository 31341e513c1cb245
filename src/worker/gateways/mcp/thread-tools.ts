/** Tools by which a client without Tasks, or its model, follows a thread, answers it and ends it. */
import type { CallToolResult, Tool } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Json } from "../../../contract/event.ts";
import { mcpLimits } from "./limits.ts";
import { tellThread } from "./tell-outcome.ts";
import { awaitThread, type Caller, explainThread, type GatewayPorts, orderThread, readSteps, readThread } from "./threads.ts";

/** What a tool is called with, beside its arguments. */
export interface ToolCall {
  ports: GatewayPorts;
  caller: Caller;
  /** Where the inspector's pages are. */
  links: string;
  /** The caller's own for this call. */
  key: string;
}

interface ThreadTool {
  tool: Tool;
  /** @throws z.ZodError for arguments that do not fit, ProblemError for what is refused */
  run(args: unknown, call: ToolCall): Promise<CallToolResult>;
}

const thread = z.string().max(mcpLimits.idLength).describe("The thread's id, as the call that began it was answered.");
const reason = z.string().max(1_000).optional().describe("Why, for people who look at the thread later.");

function define<Arguments extends z.ZodObject>(
  name: string,
  about: { description: string; annotations: Tool["annotations"] },
  schema: Arguments,
  run: (args: z.infer<Arguments>, call: ToolCall) => Promise<CallToolResult>,
): ThreadTool {
  // The protocol's default is the dialect that zod writes.
  const { $schema: _, ...inputSchema } = z.toJSONSchema(schema, { io: "input" });
  return {
    tool: { name, ...about, inputSchema: inputSchema as Tool["inputSchema"] },
    run: async (args, call) => run(schema.parse(args ?? {}), call),
  };
}

const status = define(
  "thread_status",
  {
    description:
      "Where a thread stands, what it waits for, and once it has ended its last output. With wait_seconds it answers when the thread ends or waits for input, or after that time.",
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  z.strictObject({
    thread,
    wait_seconds: z.int().min(0).max(mcpLimits.waitSeconds).default(0).describe("How long to wait for the end, at most."),
    steps_after: z.int().min(0).max(1_000_000).optional().describe("Also show its steps after this round, from 0: who said what."),
  }),
  async ({ thread: id, wait_seconds, steps_after }, { ports, caller, links }) => {
    const view = await awaitThread(ports, caller, id, wait_seconds);
    const steps = steps_after === undefined ? undefined : await readSteps(ports, caller, id, steps_after);
    return tellThread(view, await explainThread(ports, caller, view), links, steps);
  },
);

const resume = define(
  "thread_resume",
  {
    description: "Lets a suspended thread go on, told what it waited for. thread_status says why it is suspended.",
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  z.strictObject({
    thread,
    supplement: z.looseObject({}).optional().describe('What whoever has the next turn is told, e.g. {"answer": "yes"}.'),
    reason,
  }),
  async ({ thread: id, supplement, reason: why }, { ports, caller, links, key }) => {
    const view = await readThread(ports, caller, id);
    const resumed = await orderThread(ports, caller, view, "resume", {
      // JSON, as all of the message.
      supplement: supplement as { [key: string]: Json } | undefined,
      ...{ reason: why, key },
    });
    return tellThread(resumed, { waits: [] }, links);
  },
);

const cancel = define(
  "thread_cancel",
  {
    description: "Ends a thread. Its agents are told; what they did stays.",
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  },
  z.strictObject({ thread, reason }),
  async ({ thread: id, reason: why }, { ports, caller, links, key }) => {
    const view = await readThread(ports, caller, id);
    const cancelled = await orderThread(ports, caller, view, "cancel", { reason: why, key });
    return tellThread(cancelled, { waits: [] }, links);
  },
);

/** In the order in which they are listed. */
export const threadTools: readonly ThreadTool[] = [status, resume, cancel];
