/** A model's side of `nerveflare mcp`, by the official client over stdio. */
import { join } from "node:path";
import { type CallToolResult, Client, type ProtocolEra } from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { onTestFinished } from "vitest";
import { createSignal } from "../unit/client/signal.ts";

const bin = join(import.meta.dirname, "../../bin/nerveflare.js");

/** What a tool said. */
export interface Said {
  text: string;
  /** The code of the problem, where it is one. */
  code: string | undefined;
  links: string[];
}

export interface Model {
  client: Client;
  pid: number;
  /** What it wrote to stderr. */
  log(): string;
  call(tool: string, args?: Record<string, unknown>, options?: Parameters<Client["callTool"]>[1]): Promise<Said>;
  /** Calls `wait_for_turn` until a result tells of that. */
  waitFor(what: RegExp): Promise<Said>;
  /** Settles when the list of tools has changed once more than that often. */
  toolsChanged(times: number): Promise<void>;
  changes(): number;
  close(): Promise<void>;
}

/** Starts `nerveflare mcp` with these arguments, and connects a client to it. */
export async function startModel(env: Record<string, string>, args: string[] = [], era: ProtocolEra = "legacy"): Promise<Model> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bin, "mcp", ...args],
    env: { ...getDefaultEnvironment(), NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "", ...env },
    stderr: "pipe",
  });
  let log = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const { notify, until } = createSignal();
  let changes = 0;
  const client = new Client(
    { name: "test", version: "1.0.0" },
    {
      ...(era === "modern" && { versionNegotiation: { mode: { pin: "2026-07-28" } } }),
      listChanged: {
        tools: {
          autoRefresh: false,
          debounceMs: 0,
          onChanged() {
            changes += 1;
            notify();
          },
        },
      },
    },
  );
  await client.connect(transport);
  onTestFinished(() => client.close());
  const call: Model["call"] = async (name, arguments_ = {}, options) => {
    const result = (await client.callTool({ name, arguments: arguments_ }, options)) as CallToolResult;
    return {
      text: result.content.map((part) => (part.type === "text" ? part.text : "")).join("\n"),
      code: result.isError ? (result.structuredContent as { code?: string } | undefined)?.code : undefined,
      links: result.content.flatMap((part) => (part.type === "resource_link" ? [part.uri] : [])),
    };
  };
  return {
    ...{ client, call, pid: transport.pid ?? 0 },
    log: () => log,
    async waitFor(what) {
      for (;;) {
        const said = await call("wait_for_turn", { seconds: 20 });
        if (what.test(said.text)) return said;
        if (said.code !== undefined) throw new Error(said.text);
      }
    },
    changes: () => changes,
    toolsChanged: (times) => until(() => changes > times),
    close: () => client.close(),
  };
}

/** The turn that a result shows. */
export function readTurn({ text }: Said): string {
  const [, turn] = /^# Turn (\S+)/m.exec(text) ?? [];
  if (turn === undefined) throw new Error(`no turn in: ${text}`);
  return turn;
}
