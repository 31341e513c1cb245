/** What a runtime writes: a line of JSON for each thing that the Worker logs, and lines of its own. */
import type { Readable } from "node:stream";

const limits = {
  /** Characters kept of a line: what the Worker logs quotes what others sent, and nobody must fill this process by it. */
  line: 256 * 1024,
  /** Characters told of a message: as much as a person reads. */
  message: 16 * 1024,
} as const;

/** Calls back with each line for people: `level: message`. What only who builds workerd understands is left out, but when it crashes. */
export function readRuntimeLog(stream: Readable, log: (line: string) => void): void {
  let crashes = false;
  readLines(stream, (line, more) => {
    const { level, message } = readEntry(line);
    if (/^\*\*\* (std::terminate\(\)|Fatal uncaught|Received signal|Uncaught exception)/.test(message)) crashes = true;
    else if (!isInternal(message)) crashes = false;
    else if (!crashes) return;
    if (message !== "") log(`${level}: ${shorten(message, more)}`);
  });
}

/** @param onLine gets how many characters of the line were left out, too */
function readLines(stream: Readable, onLine: (line: string, more: number) => void): void {
  let line = "";
  let more = 0;
  function take(text: string): void {
    const kept = text.slice(0, limits.line - line.length);
    line += kept;
    more += text.length - kept.length;
  }
  function flush(): void {
    const [ended, left] = [line, more];
    [line, more] = ["", 0];
    onLine(ended, left);
  }
  stream.setEncoding("utf8").on("data", (text: string) => {
    const [first = "", ...others] = text.split("\n");
    take(first);
    for (const other of others) {
      flush();
      take(other);
    }
  });
  stream.once("end", () => void (line !== "" && flush()));
}

function shorten(message: string, more: number): string {
  const left = Math.max(0, message.length - limits.message) + more;
  return left === 0 ? message : `${message.slice(0, limits.message)} … (${left} characters more)`;
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
