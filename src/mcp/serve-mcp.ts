/** Serves a worker over stdin and stdout, until the client is gone or the process is told to end; then gives its roles back. */
import type { Readable, Writable } from "node:stream";
import type { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { announceTurns, createMcpServer } from "./create-server.ts";
import { mcpLimits } from "./limits.ts";
import { createWorker, type WorkerOptions } from "./worker.ts";

export interface ServeOptions extends WorkerOptions {
  stdin: Readable;
  stdout: Writable;
  /** How long `wait_for_turn` waits unless told. */
  waitMs: number;
  /** At the end roles stay the agent's, for the run that follows. */
  keep: boolean;
  /** Aborts when the process is told to end. */
  signal: AbortSignal;
}

/** Settles when all is given back that can be. */
export async function serveMcp(options: ServeOptions): Promise<void> {
  const { stdin, stdout, waitMs, keep, signal, note } = options;
  const worker = createWorker(options);
  const servers = new Set<McpServer>();
  worker.onTurns(() => {
    for (const server of servers) announceTurns(server);
  });
  const transport = new StdioServerTransport(stdin, stdout);
  const handle = serveStdio(
    ({ era }) => {
      const server = createMcpServer(worker, waitMs);
      // Before that, a client of the older revisions takes no notification.
      if (era === "modern") servers.add(server);
      else server.server.oninitialized = () => void servers.add(server);
      return server;
    },
    { transport, onerror: ({ message }) => note({ level: "warn", what: "mcp.error", message }) },
  );
  await untilGone(transport, signal);
  note({ level: "info", what: "mcp.closing", message: keep ? "the roles are kept" : "the roles are given back" });
  const late = new Promise((resolve) => setTimeout(resolve, mcpLimits.closeMs).unref());
  await Promise.race([Promise.all([worker.close(!keep), handle.close()]), late]);
}

/** The client's end of the pipes is closed, or a signal says so. */
function untilGone(transport: StdioServerTransport, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const ended = transport.onclose;
    transport.onclose = () => {
      ended?.();
      resolve();
    };
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}
