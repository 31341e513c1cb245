/**
 * All that a thread's page shows, as it comes: read page by page, and from then on only what the one subscription says has changed.
 * Nothing is asked for on a clock.
 */
import { signal } from "@preact/signals";
import type { Answer } from "../../contract/http/answers.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import { ApiError, type read } from "./api.ts";
import { inspectorLimits } from "./limits.ts";
import { findPath, readEvents, readHistory, readMessages, type ThreadReading } from "./read-thread.ts";
import { createStory } from "./story/story.ts";

export interface FeedPorts {
  read: typeof read;
  /** @returns what ends it */
  listen(hear: (entries: LogEntry[]) => void): () => void;
  wait(milliseconds: number): Promise<void>;
}

/** What of the thread this reader may not see, or what is not kept. */
export interface Gap {
  part: "machines" | "history" | "explanation" | "events";
  why: string;
}

export function createThreadFeed(id: string, { read, listen, wait }: FeedPorts) {
  const path = findPath(id);
  const story = createStory();
  const view = signal<Answer<"thread"> | undefined>(undefined);
  const explanation = signal<Answer<"explanation"> | undefined>(undefined);
  const machines = signal<Answer<"machines"> | undefined>(undefined);
  const error = signal<ApiError | undefined>(undefined);
  const gaps = signal<readonly Gap[]>([]);
  /** Rises with each thing that is new. */
  const version = signal(0);
  /** Parts that are still being read for the first time. */
  const loading = signal(true);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  let messagesAfter = 0;
  let eventsAfter = 0;

  const heard = (): void => {
    version.value += 1;
  };
  const reading: ThreadReading = { id, read, signal: ending.signal, story, heard };

  function note(part: Gap["part"], failed: unknown): void {
    if (ending.signal.aborted) return;
    const why = failed instanceof Error ? failed.message : String(failed);
    if (!gaps.value.some((gap) => gap.part === part && gap.why === why))
      gaps.value = [...gaps.value.filter((gap) => gap.part !== part), { part, why }];
  }

  /** What can't be read is noted, and what could not be read and can is noted no more. */
  async function orNote(part: Gap["part"], work: Promise<void>): Promise<void> {
    try {
      await work;
      if (gaps.value.some((gap) => gap.part === part)) gaps.value = gaps.value.filter((gap) => gap.part !== part);
    } catch (failed) {
      note(part, failed);
    }
  }

  async function readView(): Promise<void> {
    try {
      const seen = await read<"thread">(path, options);
      const before = view.value;
      view.value = seen;
      error.value = undefined;
      version.value += 1;
      if (before?.revision !== seen.revision) void orNote("machines", readMachines(seen));
    } catch (failed) {
      if (ending.signal.aborted) return;
      error.value = failed instanceof ApiError ? failed : new ApiError(String(failed), 0);
    }
  }

  async function readMachines({ workflow, revision }: Answer<"thread">): Promise<void> {
    machines.value = await read<"machines">(`/v1/workflows/${encodeURIComponent(workflow)}/machines`, { ...options, query: { revision } });
  }

  async function readExplanation(): Promise<void> {
    explanation.value = await read<"explanation">(`${path}/explain`, options);
  }

  async function readSaid(): Promise<void> {
    messagesAfter = await readMessages(reading, messagesAfter);
    eventsAfter = await readEvents(reading, eventsAfter);
  }

  async function readAll(): Promise<void> {
    await readView();
    if (!view.value || ending.signal.aborted) return;
    await Promise.all([
      orNote("explanation", readExplanation()),
      orNote("history", readHistory(reading, view.value.epoch ?? 1)),
      orNote("events", readSaid()),
    ]);
    loading.value = false;
  }

  let asked = false;
  let running = false;
  /** One reading at a time, and one more where something came meanwhile. */
  async function refresh(): Promise<void> {
    asked = true;
    if (running) return;
    running = true;
    try {
      while (asked && !ending.signal.aborted) {
        asked = false;
        await readAll();
        await wait(inspectorLimits.rest);
      }
    } finally {
      running = false;
    }
  }

  const stop = listen((entries) => {
    const own = entries.filter(({ event }) => event.correlationid === id || event.id === view.value?.event.id);
    if (own.length === 0) return;
    if (story.add({ entries: own })) heard();
    void refresh();
  });

  return {
    id,
    story,
    view,
    explanation,
    machines,
    error,
    gaps,
    version,
    loading,
    refresh,
    close(): void {
      stop();
      ending.abort();
    },
  };
}

export type ThreadFeed = ReturnType<typeof createThreadFeed>;
