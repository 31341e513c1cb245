/**
 * The one subscription of a page: the followed log (`GET /v1/events?follow`), which is replayed from where a lost line broke off. Whoever
 * listens is called at most once a frame, with all that came since.
 */
import { signal } from "@preact/signals";
import { createEventParser } from "../../client/event-parser.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import { ApiError, refuse } from "./api.ts";
import { createFrameBatch, type Schedule } from "./frame-batch.ts";
import { inspectorLimits } from "./limits.ts";

/** `off`: nobody is signed in. `refused`: the server has too many readers; the page shows what it has, and tries again. */
export type LiveState = "off" | "connecting" | "live" | "reconnecting" | "refused";

type Listener = (entries: LogEntry[]) => void;

interface LivePorts {
  /** What this page calls itself to the server, and what it was called when it was loaded before: that one's place is free. */
  names: { reader: string; replaces: string | undefined };
  fetch: typeof fetch;
  schedule: Schedule;
  random(): number;
  /** Milliseconds, by this machine's clock. */
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Makes the subscription. A page has one, `live` of live-log.ts. */
export function createLiveLog({ names, fetch, schedule, random, now, wait }: LivePorts) {
  const state = signal<LiveState>("off");
  /** Rises when what was read before says nothing about now: at the first connection, and where events were missed. Whoever shows something reads it again. */
  const generation = signal(0);
  /** Rises when something has changed that the log does not say, such as who is there; once a second at most. */
  const changes = signal(0);
  /** Why there is no connection, in words. */
  const reason = signal<string | undefined>(undefined);
  const listeners = new Set<Listener>();
  let cursor: string | undefined;
  let heard = 0;

  const batch = createFrameBatch<LogEntry>(schedule, inspectorLimits.batch, (entries, lost) => {
    if (lost > 0) generation.value += 1;
    for (const listener of listeners) listener(entries);
  });

  /** Follows until the line breaks. */
  async function follow(signal: AbortSignal): Promise<void> {
    const line = new AbortController();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      heard = now();
      clearTimeout(silence);
      silence = setTimeout(() => line.abort(), inspectorLimits.silence);
    };
    // What was missed in a night is not wanted one by one.
    if (now() - heard > inspectorLimits.hidden) cursor = undefined;
    hear();
    try {
      const { reader, replaces } = names;
      const query = new URLSearchParams({ follow: "true", changes: "true", reader, ...(replaces !== undefined && { replaces }) });
      const answer = await fetch(`/v1/events?${query}`, {
        signal: AbortSignal.any([signal, line.signal]),
        headers: cursor === undefined ? {} : { "last-event-id": cursor },
      });
      if (!answer.ok || !answer.body) throw refuse(answer, await answer.text());
      let found: LogEntry[] = [];
      const parser = createEventParser((name, data, id) => {
        cursor = id ?? cursor;
        if (name === "changed") {
          changes.value += 1;
          return;
        }
        found.push(JSON.parse(data) as LogEntry);
      });
      let isFirst = true;
      state.value = "live";
      reason.value = undefined;
      for await (const piece of readText(answer.body)) {
        hear();
        // The server's first word is the position that it goes on from. Another one than was asked for is another log's, or nothing was
        // asked for: what was read before says nothing about now.
        if (isFirst) {
          const from = /^id: (\d+)$/m.exec(piece)?.[1];
          if (from !== cursor) generation.value += 1;
          cursor = from;
          isFirst = false;
        }
        if (!parser.take(piece)) throw new Error("An event is larger than any that a server sends.");
        batch.add(found);
        found = [];
      }
    } finally {
      clearTimeout(silence);
      line.abort();
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      const error = await follow(signal).catch((error: unknown) => error);
      if (signal.aborted) return;
      // It was open, so the server is there.
      if (state.value === "live") attempt = 0;
      const problem = error instanceof ApiError ? error : undefined;
      state.value = problem?.code === "rate_limited" ? "refused" : "reconnecting";
      reason.value = problem?.message ?? "The connection to the server broke off.";
      // What is shown is shown without the log, rather than not at all.
      if (generation.value === 0) generation.value = 1;
      const bound = Math.min(inspectorLimits.retryMost, inspectorLimits.retry * 2 ** Math.min(attempt, 10));
      await wait(bound * Math.max(0.2, random()), signal);
      attempt += 1;
    }
  }

  return {
    state,
    generation,
    changes,
    reason,
    /** Begins; what it returns ends it. */
    open(): () => void {
      const ending = new AbortController();
      state.value = "connecting";
      void run(ending.signal);
      return () => {
        ending.abort();
        state.value = "off";
        cursor = undefined;
        generation.value = 0;
      };
    },
    /** @returns what ends it */
    listen(listener: Listener): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

async function* readText(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield decoder.decode(piece.value, { stream: true });
  } finally {
    await reader.cancel().catch(() => {});
  }
}
