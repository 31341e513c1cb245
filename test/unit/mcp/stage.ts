/** A model's client, the tools and an agent in one process, with a fake nerveflare server behind them. */
import { type CallToolResult, Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { onTestFinished } from "vitest";
import type { Note } from "../../../src/client/note.ts";
import { announceTurns, createMcpServer } from "../../../src/mcp/create-server.ts";
import { type Access, createWorker, type WorkerOptions } from "../../../src/mcp/worker.ts";
import { type FakeServer, startFakeServer, token } from "../client/fake-server.ts";
import { createSignal } from "../client/signal.ts";

export interface Said {
  text: string;
  /** The code of the problem, where it is one. */
  code: string | undefined;
  links: string[];
}

export interface Stage {
  server: FakeServer;
  client: Client;
  notes: Note[];
  /** Settles when the agent has noted that so often. */
  noted(what: string, times?: number): Promise<void>;
  call(tool: string, args?: Record<string, unknown>, options?: Parameters<Client["callTool"]>[1]): Promise<Said>;
  /** The input schema of `respond` now. */
  respondSchema(): Promise<Record<string, unknown>>;
  /** Settles when clients were told so often that the tools changed. */
  toolsChanged(times: number): Promise<void>;
}

/** @param options `access` is where the agent's token is kept; the fake server's unless given */
export async function createStage(options: Partial<WorkerOptions> & { access?: () => Access } = {}): Promise<Stage> {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  const notes: Note[] = [];
  const signal = createSignal();
  let changes = 0;
  const worker = createWorker({
    slots: 1,
    claims: () => false,
    findAccess: options.access ?? (() => ({ url: server.url, token })),
    note(note) {
      notes.push(note);
      signal.notify();
    },
    ...options,
  });
  onTestFinished(() => worker.close(false));
  const mcp = createMcpServer(worker, 60_000);
  worker.onTurns(() => announceTurns(mcp));
  const client = new Client(
    { name: "test", version: "1.0.0" },
    {
      listChanged: {
        tools: {
          autoRefresh: false,
          debounceMs: 0,
          onChanged() {
            changes += 1;
            signal.notify();
          },
        },
      },
    },
  );
  const [mine, its] = InMemoryTransport.createLinkedPair();
  await Promise.all([mcp.connect(its), client.connect(mine)]);
  onTestFinished(() => client.close());
  return {
    ...{ server, client, notes },
    noted: (what, times = 1) => signal.until(() => notes.filter((note) => note.what === what).length >= times),
    async call(name, args = {}, how) {
      const result = (await client.callTool({ name, arguments: args }, how)) as CallToolResult;
      return {
        text: result.content.map((part) => (part.type === "text" ? part.text : "")).join("\n"),
        code: result.isError ? (result.structuredContent as { code?: string } | undefined)?.code : undefined,
        links: result.content.flatMap((part) => (part.type === "resource_link" ? [part.uri] : [])),
      };
    },
    async respondSchema() {
      const { tools } = await client.listTools();
      return tools.find(({ name }) => name === "respond")?.inputSchema ?? {};
    },
    toolsChanged: (times) => signal.until(() => changes >= times),
  };
}
