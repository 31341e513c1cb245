/** Keeps the log in a file of newline-delimited JSON, and goes on where the file ends. Knows files and one route. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { Api } from "../api.ts";
import { CliError } from "../command.ts";

/** Bytes at the file's end in which its last line is looked for: more than an event can have, escaped. */
const tailBytes = 4_000_000;

/** How each line begins. */
const lineStart = '{"position":';

export interface Archived {
  /** Lines that were added. */
  events: number;
  /** The last position in the file; 0: it is empty. */
  through: number;
}

/**
 * Appends what the log has after the file's last line. A line that a broken run left half is cut off first.
 * @param until RFC 3339: only what was recorded before
 */
export async function archiveLog(api: Api, file: string, until: string): Promise<Archived> {
  const handle = openSync(file, "a+", 0o600);
  try {
    let through = findLast(handle, file);
    let events = 0;
    const query = new URLSearchParams({ after: String(through), until });
    const response = await api.open(`v1/events/archive?${query}`, {}, new AbortController().signal);
    let rest = "";
    if (response.body) {
      for await (const text of readText(response.body)) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        if (!lines.length) continue;
        writeSync(handle, `${lines.join("\n")}\n`);
        events += lines.length;
        through = readPosition(lines.at(-1) ?? "", file);
      }
    }
    if (rest !== "") throw brokenOff();
    return { events, through };
  } finally {
    closeSync(handle);
  }
}

/** @throws CliError when the connection ends before the archive */
async function* readText(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw brokenOff(error);
    });
    if (done) return;
    yield value;
  }
}

function brokenOff(cause?: unknown): CliError {
  return new CliError("The archive was broken off by the server.", { hint: "Run it again: it goes on where it ended.", cause });
}

/** The position of the last whole line; what follows it is cut off. */
function findLast(handle: number, file: string): number {
  const { size } = fstatSync(handle);
  if (size === 0) return 0;
  const bytes = Buffer.alloc(Math.min(size, tailBytes));
  readSync(handle, bytes, 0, bytes.length, size - bytes.length);
  const end = bytes.lastIndexOf(0x0a);
  if (end < 0) {
    // Half of a first line, as a broken run leaves it, begins like one; whatever else it is, it is somebody's.
    const text = bytes.toString("utf8");
    if (size > tailBytes || !(text.startsWith(lineStart) || lineStart.startsWith(text))) throw refuseFile(file);
    ftruncateSync(handle, 0);
    return 0;
  }
  const start = bytes.lastIndexOf(0x0a, end - 1) + 1;
  const position = readPosition(bytes.subarray(start, end).toString("utf8"), file);
  ftruncateSync(handle, size - bytes.length + end + 1);
  return position;
}

function readPosition(line: string, file: string): number {
  try {
    const { position } = JSON.parse(line) as { position: unknown };
    if (Number.isSafeInteger(position)) return position as number;
  } catch {
    // Falls through: whatever it is, it is no archive.
  }
  throw refuseFile(file);
}

function refuseFile(file: string): CliError {
  return new CliError(`${file} is no archive of events: its last line has no position.`, { hint: "Name a new file with --out." });
}
