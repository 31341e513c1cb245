/** W3C Trace Context, as events carry it in `traceparent`. */
import { inOnePiece } from "./one-piece.ts";

export interface TraceContext {
  /** 32 of `0-9a-f`, not all zero. */
  traceId: string;
  /** 16 of `0-9a-f`, not all zero. */
  spanId: string;
  /** Two of `0-9a-f`: the last bit says that the trace is sampled. */
  flags: string;
}

/** Reads a `traceparent`; undefined if it is none. One of a later version is read as far as this one goes, as W3C asks. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, rest] = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text) ?? [];
  if (!version || !traceId || !spanId || !flags) return undefined;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags };
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return inOnePiece(`00-${traceId}-${spanId}-${flags}`);
}
