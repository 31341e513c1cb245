/** What a thread waits for, as commands print it. Knows no API. */
import type { Wait } from "../../contract/views/wait.ts";
import { describeWait } from "../../contract/waits.ts";
import type { Terminal } from "./terminal.ts";

/** A span of time as people say it: `12s`, `5m 3s`, `2h 10m`, `3d 4h`. */
export function writeSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const from = units.findIndex(([count]) => count > 0);
  return from < 0
    ? "0s"
    : units
        .slice(from, from + 2)
        .filter(([count]) => count > 0)
        .map(([count, unit]) => `${count}${unit}`)
        .join(" ");
}

/** A thread that waits: who, for what, how long already, until when, and what happens then. */
export function renderWaiting(
  terminal: Terminal,
  thread: { id: string; workflow: string; status: string; waiting: Wait | null; reason?: string | null },
  now: number,
): string {
  const { id, workflow, status, waiting, reason } = thread;
  const head = `${terminal.style("bold", id)}  ${workflow}  ${status}`;
  if (!waiting) return head;
  const since = `${writeSpan(now - Date.parse(waiting.since))} already (since ${waiting.since})`;
  const left = waiting.until === undefined ? undefined : Date.parse(waiting.until) - now;
  const until = left === undefined ? "" : left < 0 ? `, was due at ${waiting.until}` : `, until ${waiting.until} (in ${writeSpan(left)})`;
  const after = waiting.then ? `${left === undefined ? "; " : "; then "}${waiting.then}` : "";
  return `${head}\n  waits for ${describeWait(waiting)}, ${since}${until}${terminal.style("dim", after)}${reason ? `\n  because ${reason}` : ""}`;
}
