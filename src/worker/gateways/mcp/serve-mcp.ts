/** The server as a server of the Model Context Protocol. Loaded with the first call: see routes/mcp.ts. */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
// esbuild drops the start of a package without side effects of which only another entry is loaded later: whoever starts with zod needs this.
import "zod";
import { version } from "../../../version.ts";
import { mcpLimits } from "./limits.ts";

const handler = createMcpHandler(() => new McpServer({ name: "nerveflare", version }), {
  maxRequestBodySize: mcpLimits.bodyBytes,
  maxSubscriptions: mcpLimits.subscriptions,
});

/** Answers one request of a caller whose token was proven. */
export function serveMcp(request: Request): Promise<Response> {
  return handler.fetch(request);
}
