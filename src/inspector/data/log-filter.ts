/** What of the followed log a narrowed view of it shows: the same events as the server would give. Pure. */
import type { LogEntry } from "../../contract/views/log.ts";
import { inspectorLimits } from "./limits.ts";

export interface LogFilter {
  /** A kind, or every kind that begins with `x.`, as `x.*`. */
  type?: string | undefined;
  source?: string | undefined;
  correlationid?: string | undefined;
}

export function takeFitting(entries: readonly LogEntry[], { type, source, correlationid }: LogFilter): LogEntry[] {
  const fitsKind = (kind: string) => !type || (type.endsWith(".*") ? kind.startsWith(type.slice(0, -1)) : kind === type);
  return entries.filter(
    ({ event }) =>
      fitsKind(event.type) &&
      (!source || event.source === source) &&
      (!correlationid || event.correlationid === correlationid || event.source === `/threads/${correlationid}`),
  );
}

/** Puts what came before what was there: newest first, and no more of it than a page holds. */
export function joinTail(before: readonly LogEntry[], came: readonly LogEntry[]): LogEntry[] {
  return [...came.toReversed(), ...before].slice(0, inspectorLimits.tail);
}
