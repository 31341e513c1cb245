/**
 * What the client tells its owner beside results: connections, drops, refusals, what became of an answer or a claim. For logs, and for
 * `src/mcp`, which tells a model what became of its own; the client itself depends on none.
 */

/** One happening. */
export interface Note {
  level: "info" | "warn" | "error";
  /** Stable name, e.g. `connected`, `turn.dropped`. */
  what: string;
  message: string;
  turn?: string;
  thread?: string;
  offer?: string;
  event?: string;
  workflow?: string;
  /** The code of the refusal, where one is the reason. */
  code?: string;
}

/** Takes notes. */
export type TakeNote = (note: Note) => void;

/** The default: warnings and errors to the console, the rest nowhere. */
export function printNote({ level, what, message }: Note): void {
  if (level !== "info") console[level](`nerveflare: ${what}: ${message}`);
}
