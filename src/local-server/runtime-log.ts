/** What a runtime writes: a line of JSON for each thing that the Worker logs, and lines of its own. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Calls back with each line for people: `level: message`. What only who builds workerd understands is left out, but when it crashes. */
export function readRuntimeLog(stream: Readable, log: (line: string) => void): void {
  let crashes = false;
  createInterface({ input: stream }).on("line", (line) => {
    const { level, message } = readEntry(line);
    if (/^\*\*\* (std::terminate\(\)|Fatal uncaught|Received signal|Uncaught exception)/.test(message)) crashes = true;
    else if (!isInternal(message)) crashes = false;
    else if (!crashes) return;
    if (message !== "") log(`${level}: ${message}`);
  });
}

function readEntry(line: string): { level: string; message: string } {
  try {
    const { level, message } = JSON.parse(line) as { level?: unknown; message?: unknown };
    if (typeof level === "string" && typeof message === "string") return { level, message };
  } catch {}
  return { level: "log", message: line };
}

function isInternal(message: string): boolean {
  return /\$LLVM_SYMBOLIZER is not set|took recursive isolate lock|CODE_MOVED for unknown code block|stack:( (0|[a-f\d]{4,})){3,}/.test(
    message,
  );
}
