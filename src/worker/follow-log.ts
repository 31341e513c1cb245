/**
 * The log's tail as server-sent events: each with its position as `id:`, so that a reader that comes back with
 * Last-Event-ID misses nothing. Pulled by its reader: one that is slow holds one page and no more.
 */

import type { LogEntry } from "../contract/views/log.ts";
import { countFollowed, watchFollowers } from "../durable/projector/metrics.ts";
import type { ProjectorRpc } from "../durable/protocol/projector.ts";
import { rootOperator } from "./authenticate.ts";
import { problemError } from "./problem-error.ts";

export const followLimits = {
  /** Followers of one isolate: each costs a read of the log whenever it moves on. Agents leave some to operators. */
  followers: 64,
  agentFollowers: 48,
  /** Of them, one agent's, or one operator's beside the root: pages and scripts, and some that were lost and are not forgotten yet. */
  perAgent: 4,
  perOperator: 16,
  /** Milliseconds without news after which a comment is sent: proxies end a stream that is silent for longer. */
  keepAlive: 10_000,
  /** Milliseconds after which a token that was good is proven again. */
  proof: 10_000,
  /** Milliseconds after which a follower that was not heard of is taken to be gone: its request may end without a word. */
  forget: 25_000,
  /** Milliseconds between two words that something else has changed. */
  changes: 1_000,
  /** Events of one read. */
  page: 100,
} as const;

export interface FollowPorts {
  /** The page after a position, the position to go on from, and whether there is more. */
  read(after: number): Promise<{ events: LogEntry[]; resume: number; more: boolean }>;
  projector: Pick<ProjectorRpc, "changed">;
  /** Whose they are: `agents/<id>` or `operators/<name>`. */
  who: string;
  /** Throws when the caller may not see the log any more. */
  prove(): Promise<unknown>;
  now(): number;
  /** Whether the reader wants to hear that something else than the log has changed. */
  changes?: boolean;
  /** What the reader calls itself, and what it was called before. Those of the caller's that have these names are over: a page that is loaded anew has left them. */
  names?: { reader?: string | undefined; replaces?: string | undefined };
}

/** Followers, whose they are and when each was last heard of. Plain data: an isolate's requests share nothing else. */
const followers = new Map<symbol, { who: string; heard: number; reader: string | undefined }>();
/** Those that another has taken the place of, until they notice. The runtime does not tell a stream that its reader is gone. */
const replaced = new Set<symbol>();

function replaceFormer(who: string, { reader, replaces }: NonNullable<FollowPorts["names"]>): void {
  for (const [other, former] of followers) {
    if (former.who !== who || former.reader === undefined || (former.reader !== reader && former.reader !== replaces)) continue;
    followers.delete(other);
    replaced.add(other);
    // One that never comes back does not notice.
    for (const [oldest] of replaced.entries()) {
      if (replaced.size <= followLimits.followers) break;
      replaced.delete(oldest);
    }
  }
}

watchFollowers(() => followers.size);

/** @throws ProblemError `rate_limited` when there are too many already */
function checkRoom(who: string, now: number): void {
  for (const [other, { heard }] of followers) if (now - heard > followLimits.forget) followers.delete(other);
  const others = [...followers.values()];
  const isAgent = who.startsWith("agents/");
  const own = isAgent ? followLimits.perAgent : who === `operators/${rootOperator}` ? followLimits.followers : followLimits.perOperator;
  const bounds: [count: number, limit: number, what: string][] = [
    [others.filter((other) => other.who === who).length, own, "of your readers"],
    [
      others.filter((other) => other.who.startsWith("agents/")).length,
      isAgent ? followLimits.agentFollowers : Infinity,
      "readers of agents",
    ],
    [others.length, followLimits.followers, "readers"],
  ];
  for (const [count, limit, what] of bounds)
    if (count >= limit)
      throw problemError(
        "rate_limited",
        `${count} ${what} follow the log here already. Close some, come again later, or poll with \`after\`.`,
        {
          limit,
          retryAfter: 5,
        },
      );
}

/**
 * @param from the position after which it begins
 * @throws ProblemError `rate_limited` when there are too many already
 */
export function followLog(from: number, { who, read, projector, prove, now, changes = false, names = {} }: FollowPorts): Response {
  const self = Symbol("follower");
  replaceFormer(who, names);
  checkRoom(who, now());
  const { reader } = names;
  followers.set(self, { who, heard: now(), reader });
  const encoder = new TextEncoder();
  let after = from;
  let mark: string | undefined;
  let proven = now();
  let more = false;
  // When it was told last that something else has changed, and whether it has since.
  let told = 0;
  let owed = false;
  const stream = new ReadableStream<Uint8Array>({
    // With the position: whoever loses the connection before its first event must come back to here, not to the end of then.
    start: (controller) => controller.enqueue(encoder.encode(`retry: 1000\nid: ${from}\n\n`)),
    async pull(controller) {
      try {
        const began = now();
        let entries: LogEntry[] = [];
        const isDue = () => owed && now() - told >= followLimits.changes;
        do {
          if (replaced.delete(self)) throw new Error("Another reader has taken its place.");
          followers.set(self, { who, heard: now(), reader });
          if (now() - proven >= followLimits.proof) {
            const asked = now();
            await prove();
            proven = asked;
          }
          // Without more to read, the mark is taken before the log is read, so that nothing falls between.
          if (!more) {
            const before = mark;
            mark = await projector.changed(mark, owed ? followLimits.changes : followLimits.keepAlive);
            owed ||= changes && before !== undefined && mark !== before;
          }
          const page = await read(after);
          countFollowed(page.events.length);
          ({ events: entries, resume: after, more } = page);
        } while (!entries.length && !isDue() && now() - began < followLimits.keepAlive);
        const said = entries.map(formatEntry).join("") + (isDue() ? "event: changed\ndata: {}\n\n" : "");
        if (isDue()) [told, owed] = [now(), false];
        controller.enqueue(encoder.encode(said || ": nothing new\n\n"));
      } catch {
        // The token is void, or something is away: the reader comes back, and is told by its status.
        followers.delete(self);
        controller.close();
      }
    },
    cancel: () => void followers.delete(self),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" } });
}

function formatEntry({ event, position }: LogEntry): string {
  // JSON has no line breaks of its own.
  return `id: ${position}\ndata: ${JSON.stringify({ event, position })}\n\n`;
}
