/** What bounds the MCP server at `/mcp`, each with its reason. */
import { limits } from "../../../contract/limits.ts";

export const mcpLimits = {
  /** Bytes of a message: its arguments become an event's data, whose own bound is tighter. */
  bodyBytes: limits.eventBytes + 64 * 1024,
  /** Streams of changes that a caller keeps open: none. Nothing is told by them that a question does not answer, and an open stream costs. */
  subscriptions: 0,
  /** Tools of one page, and bytes of their schemas: a model reads them all. The first tool of a page is told whatever its size. */
  tools: 50,
  toolBytes: 512 * 1024,
  /** Milliseconds until a thread that was accepted can be asked about: its queue tells it by a message. */
  begins: 10_000,
  /** Seconds that `thread_status` waits at most: under the 30 s at which proxies give up. */
  waitSeconds: limits.pollSeconds,
  /** Milliseconds after which a waiting question looks again, though nothing was heard. */
  look: 1_000,
  /** Milliseconds after which a client asks again: of what is worked on or was just answered, and of what waits for a place. */
  poll: { soon: 2_000, later: 10_000 },
  /** Steps that `thread_status` shows at once, and bytes of them: what is more is read on from the last. */
  steps: 20,
  stepBytes: 128 * 1024,
  /** Bytes of a text for people, such as why a thread is suspended: a screen. */
  textBytes: 4 * 1024,
  /** Agents that such a text names for a role that nobody holds. */
  agentsNamed: 5,
  /** Characters of a cursor and of a task's id: no name or id has more. */
  idLength: 128,
} as const;
