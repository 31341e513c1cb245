/** What bounds the A2A gateway, each with its reason. */
import { limits } from "../../../contract/limits.ts";

export const a2aLimits = {
  /** Bytes of a request: an event, its message's envelope, and what JSON escapes. */
  bodyBytes: limits.eventBytes + 64 * 1024,
  /** Characters of a message's and a context's id: each is an attribute of an event. */
  idLength: 256,
  /** Parts of a message: more than one of data have no place in a workflow's input. */
  parts: 32,
  /** Milliseconds that an answer waits for a task to end, where its caller did not ask for it at once: under what proxies allow. */
  blocking: 25_000,
  /** Milliseconds that an agent without a connection, which may be between two polls, is waited for. */
  absent: 3_000,
  /** Milliseconds that a cancelled task is waited for: what it asks of agents ends by then, or goes on ending. */
  cancelling: 5_000,
  /** Milliseconds that a thread that was accepted may take to be there to be shown. */
  beginning: 2_000,
  /** Milliseconds without news after which a stream says that it is alive: proxies end one that is silent for longer. */
  keepAlive: 10_000,
  /** Events of one read of the log. */
  page: 100,
  /** Streams of one isolate, and of one caller: each reads the log whenever it moves on. */
  streams: 64,
  streamsEach: 16,
  /** Messages of a task's history in one answer, and bytes of them: as many as a person reads back. */
  history: 50,
  historyBytes: 1024 * 1024,
  /** Characters of a token or of credentials that go with a push notification: what servers take in a header. */
  pushSecret: 4_096,
  /** Milliseconds by which the clock of a thread may be behind: one that began longer before its message was begun by an earlier one. */
  clockSlack: 5_000,
  /** Tasks in a page when the caller names no number, and at most: as the protocol has them. */
  tasks: 50,
  tasksMost: 100,
  /** Tasks that are counted for a list: what is more says no more to whoever pages. */
  counted: 10_000,
  /** Skills of the server's card: a card is read whole. */
  skills: 200,
} as const;
