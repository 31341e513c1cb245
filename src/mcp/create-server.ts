/** The tools, resources and the prompt as an MCP server, by the official SDK. Every instance serves the same worker. */
import {
  type CallToolResult,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceTemplate,
  type ServerContext,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { ClientError } from "../client/client-error.ts";
import type { Json } from "../contract/event.ts";
import { version } from "../version.ts";
import { addressSteps, addressTurn, isTurnPart, laterStepsTemplate, stepsTemplate, turnParts, turnTemplate } from "./addresses.ts";
import { describeWork, instructions } from "./guide.ts";
import { claim, decline, offers } from "./offer-tools.ts";
import { describeProblem, readRefusal, refuse } from "./refusals.ts";
import { readPart, type Shown } from "./show.ts";
import { packSteps, readSteps, start, thread } from "./thread-tools.ts";
import type { Given, Tool, ToolCall } from "./tool.ts";
import { fail, getTurn, release, reportProgress, respond } from "./turn-tools.ts";
import { createWaitTool } from "./wait-tool.ts";
import type { Worker } from "./worker.ts";

/** Every tool, in the order of the list. @param waitMs how long `wait_for_turn` waits unless told */
export const listTools = (waitMs: number): Tool[] => [
  ...[createWaitTool(waitMs), offers, claim, decline, getTurn, reportProgress, respond, fail, release, start, thread],
];

/** Makes a server for one client. */
export function createMcpServer(worker: Worker, waitMs: number): McpServer {
  const server = new McpServer(
    { name: "nerveflare", title: "nerveflare", version },
    { instructions, debouncedNotificationMethods: ["notifications/tools/list_changed", "notifications/resources/list_changed"] },
  );
  for (const tool of listTools(waitMs)) addTool(server, tool, worker);
  addResources(server, worker);
  server.registerPrompt(
    "work",
    {
      title: "Work as an agent",
      description: "Tells a model how to wait for turns, perform them and answer.",
      argsSchema: z.object({ roles: z.string().optional().describe("Which roles to take, in your own words; any unless told.") }),
    },
    ({ roles }) => ({ messages: [{ role: "user", content: { type: "text", text: describeWork(roles) } }] }),
  );
  return server;
}

/** Tells clients that the tools and resources are others now. Those of an ended connection are told nothing. */
export function announceTurns(server: McpServer): void {
  if (!server.isConnected()) return;
  const gone = () => {};
  server.server.sendToolListChanged().catch(gone);
  server.server.sendResourceListChanged().catch(gone);
}

function addTool(server: McpServer, tool: Tool, worker: Worker): void {
  const { name, title, description, reads = false } = tool;
  const annotations = { title, readOnlyHint: reads, destructiveHint: false, openWorldHint: true };
  server.registerTool(
    name,
    { title, description, annotations, inputSchema: describeInput(() => tool.inputSchema(worker)) },
    (given, context) => runTool(tool, given as Given, { server, worker, context }),
  );
}

/** A schema that is shown as it is now, and takes everything: what does not fit is refused by the tool, in its own words. */
function describeInput(schema: () => { [keyword: string]: Json }): StandardSchemaWithJSON {
  return {
    "~standard": { version: 1, vendor: "nerveflare", validate: (value) => ({ value }), jsonSchema: { input: schema, output: schema } },
  };
}

async function runTool(
  tool: Tool,
  given: Given,
  { server, worker, context }: { server: McpServer; worker: Worker; context: ServerContext },
): Promise<CallToolResult> {
  const { signal, _meta: meta, notify } = context.mcpReq;
  const progressToken = meta?.progressToken;
  const call: ToolCall = {
    ...{ worker, signal },
    progress(seconds, message) {
      if (progressToken === undefined || signal.aborted) return;
      notify({ method: "notifications/progress", params: { progressToken, progress: seconds, message } }).catch(() => {});
    },
    now: Date.now,
  };
  try {
    const shown = await tool.run(given, call);
    if (signal.aborted) shown.unseen?.();
    return showResult(shown, signal.aborted ? [] : await worker.news.take(), takesLinks(server));
  } catch (error) {
    const problem = readRefusal(error, worker.url());
    const news = signal.aborted ? [] : await worker.news.take();
    const text = [describeProblem(problem), ...describeNews(news)].join("\n\n");
    // Clients that show only one of the two show the same.
    return { isError: true, content: [{ type: "text", text }], structuredContent: { ...problem } };
  }
}

function showResult({ text, rest }: Shown, news: readonly string[], links: boolean): CallToolResult {
  const whole = [text, ...describeNews(news)].join("\n\n");
  const linked = rest.map(({ uri, name }) => ({ type: "resource_link" as const, uri, name }));
  return { content: [{ type: "text", text: whole }, ...(links ? linked : [])] };
}

const describeNews = (news: readonly string[]): string[] => (news.length === 0 ? [] : [`## Since your last call\n\n${news.join("\n")}`]);

/** Links to resources are in the protocol since this revision; before it a client may refuse the whole result for one. */
const firstWithLinks = "2025-06-18";

function takesLinks(server: McpServer): boolean {
  return (server.server.getNegotiatedProtocolVersion() ?? "") >= firstWithLinks;
}

function addResources(server: McpServer, worker: Worker): void {
  const json = "application/json";
  server.registerResource(
    "turn",
    new ResourceTemplate(turnTemplate, { list: () => ({ resources: listTurnResources(worker) }) }),
    { title: "A part of a turn", description: `\`part\` is one of ${Object.keys(turnParts).join(", ")}.` },
    (uri, { turn, part }) => answerResource(uri, worker, async () => readTurnPart(worker, String(turn), String(part))),
  );
  for (const [name, template] of [
    ["steps", stepsTemplate],
    ["later-steps", laterStepsTemplate],
  ] as const) {
    server.registerResource(
      name,
      new ResourceTemplate(template, { list: undefined }),
      {
        title: "What a thread said",
        description: "The steps of a thread, oldest first; `next` is the address of the page that follows.",
        mimeType: json,
      },
      (uri, { thread: id, after }) =>
        answerResource(uri, worker, async () => ({
          mimeType: json,
          text: packSteps(await readSteps(worker.use().http, String(id), readAfter(after)), String(id)),
        })),
    );
  }
}

function readAfter(after: string | string[] | undefined): number | undefined {
  if (after === undefined) return undefined;
  const round = Number(after);
  if (!Number.isSafeInteger(round) || round < 0)
    throw refuse("malformed", "The address ends in the number of a step, after which the page begins.");
  return round;
}

interface Content {
  mimeType: string;
  text: string;
}

async function answerResource(uri: URL, worker: Worker, read: () => Promise<Content>): Promise<ReadResourceResult> {
  try {
    return { contents: [{ uri: uri.href, ...(await read()) }] };
  } catch (error) {
    const problem = readRefusal(error, worker.url());
    const code =
      error instanceof ClientError && error.problem === undefined ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
    throw new ProtocolError(code, describeProblem(problem), { ...problem, uri: uri.href });
  }
}

function readTurnPart({ turns }: Worker, turn: string, part: string): Content {
  const found = turns.find(turn);
  const whole = found && isTurnPart(part) ? readPart(found.turn, part) : undefined;
  if (whole === undefined) throw refuse("not_found", `There is no ${part} of a turn ${turn} in hand. \`get_turn\` lists what is.`);
  return {
    mimeType: part === "event" || part === "schema" || part === "turn" || part === "handover" ? "application/json" : "text/markdown",
    text: whole,
  };
}

function listTurnResources({ turns }: Worker) {
  return turns.open().flatMap(({ turn }) => {
    const name = `${turn.workflow}/${turn.role.name}, turn ${turn.turn}`;
    return [
      { uri: addressTurn(turn.turn, "turn"), name, description: turnParts.turn },
      ...(turn.handover
        ? [{ uri: addressTurn(turn.turn, "handover"), name: `Hand-over of ${name}`, description: turnParts.handover }]
        : []),
      { uri: addressSteps(turn.thread), name: `Steps of thread ${turn.thread}`, mimeType: "application/json" },
    ];
  });
}
