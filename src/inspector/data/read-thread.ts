/** Reads what there is of a thread, page by page, from what is known already. */
import type { Answer } from "../../contract/http/answers.ts";
import type { read } from "./api.ts";
import { inspectorLimits } from "./limits.ts";
import type { Story } from "./story/story.ts";

/** Of one answer. */
const page = 200;

export interface ThreadReading {
  id: string;
  read: typeof read;
  signal: AbortSignal;
  story: Story;
  /** Something new came. */
  heard(): void;
}

/** Where the thread's own answers are. */
export function findPath(id: string): string {
  return `/v1/threads/${encodeURIComponent(id)}`;
}

/**
 * @param after the last round that is known: it is read again, for its decision may have come
 * @returns the last round of now
 */
export async function readMessages({ id, read, signal, story, heard }: ThreadReading, after: number): Promise<number> {
  let last = after;
  for (let from: number | null = Math.max(0, after - 1); from !== null; ) {
    const { messages, next }: Answer<"messages"> = await read<"messages">(`${findPath(id)}/messages`, {
      signal,
      query: { after: from, limit: page },
    });
    if (story.add({ messages })) heard();
    last = messages.at(-1)?.round ?? last;
    from = next;
  }
  return last;
}

/** What both machines did, behind what is known of the epoch. */
export async function readHistory({ id, read, signal, story, heard }: ThreadReading, epoch: number): Promise<void> {
  // Each machine counts its own steps: of a long task the other's few are not read again with every one.
  for (let { recruitment: after, task: taskAfter } = story.revisions(epoch); ; ) {
    const { recruitment, task } = await read<"history">(`${findPath(id)}/history`, { signal, query: { after, taskAfter, limit: page } });
    if (story.add({ epoch, recruitment, task: task ?? [] })) heard();
    if (recruitment.length < page && (task ?? []).length < page) return;
    after = recruitment.at(-1)?.revision ?? after;
    taskAfter = task?.at(-1)?.revision ?? taskAfter;
  }
}

/**
 * What was said of it.
 * @param after the last position that is known
 * @returns the last position of now
 */
export async function readEvents({ id, read, signal, story, heard }: ThreadReading, after: number): Promise<number> {
  let last = after;
  for (let from: number | null = after; from !== null; ) {
    const { events, next }: Answer<"log"> = await read<"log">("/v1/events", {
      signal,
      query: { correlationid: id, after: from, limit: page },
    });
    if (story.add({ entries: events })) heard();
    last = events.at(-1)?.position ?? last;
    from = story.size() < inspectorLimits.moments ? next : null;
  }
  return last;
}
