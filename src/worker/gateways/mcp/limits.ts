/** What bounds the MCP server at `/mcp`, each with its reason. */
import { limits } from "../../../contract/limits.ts";

export const mcpLimits = {
  /** Bytes of a request: an event may have as many, and so may its arguments. */
  bodyBytes: limits.bodyBytes,
  /** Streams of changes that an isolate keeps open: nothing is told by them yet. */
  subscriptions: 64,
} as const;
