/** Keeps answers in a file, a line each, so that a restarted process does not perform a turn again. */
import { open, readFile, rename } from "node:fs/promises";
import type { Journal, KeptAnswer } from "../client/answers.ts";
import { clientLimits } from "../client/limits.ts";

type Line = { keep: KeptAnswer } | { forget: string };

/** Lines after which the file is written anew: twice what is worth keeping. */
const compactAfter = clientLimits.answers * 2;

/** Makes the journal of a file. It may not exist; its folder must. One process at a time may use it. */
export function createFileJournal(path: string): Journal {
  const kept = new Map<string, KeptAnswer>();
  let lines = 0;
  let writing: Promise<void> = Promise.resolve();

  function apply(line: Line) {
    lines++;
    if ("forget" in line) return kept.delete(line.forget);
    kept.delete(line.keep.turn);
    kept.set(line.keep.turn, line.keep);
    const [oldest] = kept.keys();
    if (kept.size > clientLimits.answers && oldest !== undefined) kept.delete(oldest);
  }

  /** One write at a time; each is on disk before the answer that it keeps is sent. */
  function append(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    const written = writing.then(() => {
      apply(line);
      return lines > compactAfter ? compact() : write(path, "a", text);
    });
    writing = written.catch(() => {});
    return written;
  }

  async function compact() {
    const text = [...kept.values()].map((keep) => `${JSON.stringify({ keep } satisfies Line)}\n`).join("");
    await write(`${path}.new`, "w", text);
    await rename(`${path}.new`, path);
    lines = kept.size;
  }

  return {
    async load() {
      const text = await readText(path);
      const read = text.split("\n").flatMap((line) => parseLine(line) ?? []);
      // It is written anew below: somebody's other file must not be lost by a slip of the hand.
      if (read.length === 0 && text.trim() !== "" && !isBegun(text)) throw new Error("it holds something else than answers");
      for (const line of read) apply(line);
      // Also ends a line that a crash cut off, so that the next one is not appended to it.
      await compact();
      return [...kept.values()];
    },
    keep: (answer) => append({ keep: answer }),
    forget: (turn) => append({ forget: turn }),
  };
}

async function write(path: string, flags: "a" | "w", text: string): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Whether the text may be the first line, which a crash cut off. */
function isBegun(text: string): boolean {
  return ['{"keep":', '{"forget":'].some((beginning) => text.startsWith(beginning) || beginning.startsWith(text));
}

function parseLine(line: string): Line | undefined {
  try {
    const parsed = JSON.parse(line) as Line | null;
    return typeof parsed === "object" && parsed !== null && ("keep" in parsed || "forget" in parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
