/**
 * Sends the traces of threads that ended to a collector, over OTLP/HTTP in JSON: in batches, from a bounded queue, again with
 * growing pauses while the collector is away. Memory only: what waits when its object ends is lost. Knows ports, not D1.
 */

import type { Trace } from "./build-trace.ts";
import { encodeOtlp } from "./encode-otlp.ts";

export const exportLimits = {
  /** Threads that wait; beyond them the oldest is dropped, so that a collector that is away costs no memory. */
  waiting: 1_000,
  /** Threads of one request. */
  batch: 20,
  /** Milliseconds that threads gather; the log has their last events by then. */
  gather: 2_000,
  /** Milliseconds between tries, doubling, and how many there are. */
  retryFirst: 1_000,
  retryLast: 60_000,
  tries: 8,
  /** Milliseconds that a collector has to answer. */
  answer: 10_000,
} as const;

export interface ExporterPorts {
  /** The collector's base address, or that of its traces. */
  url: string;
  /** `name=value`, separated by commas, as OTEL_EXPORTER_OTLP_HEADERS has them. */
  headers?: string | undefined;
  /** Undefined: there is nothing to tell. */
  read(thread: string): Promise<Trace | undefined>;
  fetch(url: string, init: { method: string; headers: Record<string, string>; body: string; signal: AbortSignal }): Promise<Response>;
  later(milliseconds: number, work: () => void): void;
  warn(entry: { [fact: string]: string | number }): void;
}

export interface TraceExporter {
  add(thread: string): void;
  /** Threads that wait, and that were dropped since it began. */
  count(): { waiting: number; dropped: number };
}

export function createTraceExporter(ports: ExporterPorts): TraceExporter {
  const { read, later, warn } = ports;
  const url = findTracesUrl(ports.url);
  const headers = { "content-type": "application/json", ...parseHeaders(ports.headers ?? "") };
  const waiting = new Set<string>();
  let dropped = 0;
  let running = false;
  let failures = 0;

  function drop(threads: string[], why: string): void {
    dropped += threads.length;
    for (const thread of threads) waiting.delete(thread);
    warn({ at: "otlp", dropped: threads.length, why });
  }

  /** @returns seconds to wait before it is sent again; undefined: it was taken, or never will be */
  async function send(threads: string[]): Promise<number | undefined> {
    const traces = (await Promise.all(threads.map(read))).filter((trace) => trace !== undefined);
    const body = JSON.stringify(encodeOtlp(traces));
    const response = await ports.fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(exportLimits.answer) });
    await response.body?.cancel();
    if (response.ok) return undefined;
    // These the standard calls worth another try.
    if ([429, 502, 503, 504].includes(response.status)) return Number(response.headers.get("retry-after")) || 0;
    drop(threads, `the collector answered ${response.status}`);
    return undefined;
  }

  async function run(): Promise<void> {
    const threads = [...waiting].slice(0, exportLimits.batch);
    let pause: number | undefined;
    try {
      pause = await send(threads);
    } catch (error) {
      pause = 0;
      warn({ at: "otlp", failures: failures + 1, error: String(error) });
    }
    if (pause === undefined) {
      failures = 0;
      for (const thread of threads) waiting.delete(thread);
    } else {
      failures += 1;
      if (failures >= exportLimits.tries) {
        drop(threads, "the collector is away");
        failures = 0;
      }
    }
    const next = failures
      ? Math.max((pause ?? 0) * 1_000, Math.min(exportLimits.retryFirst * 2 ** (failures - 1), exportLimits.retryLast))
      : exportLimits.gather;
    if (waiting.size) later(Math.min(next, exportLimits.retryLast), () => void run());
    else running = false;
  }

  return {
    add(thread) {
      waiting.add(thread);
      const [oldest] = waiting;
      if (waiting.size > exportLimits.waiting && oldest !== undefined) drop([oldest], `${exportLimits.waiting} threads wait`);
      if (running) return;
      running = true;
      later(exportLimits.gather, () => void run());
    },
    count: () => ({ waiting: waiting.size, dropped }),
  };
}

/** As OTEL_EXPORTER_OTLP_ENDPOINT is taken: a base gets the path of traces. */
export function findTracesUrl(url: string): string {
  return /\/v1\/traces\/?$/.test(url) ? url : `${url.replace(/\/+$/, "")}/v1/traces`;
}

function parseHeaders(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(",")
      .map((pair) => pair.split("="))
      .filter(([name]) => name?.trim())
      .map(([name = "", ...value]) => [name.trim().toLowerCase(), decodeURIComponent(value.join("=").trim())]),
  );
}
