/**
 * The files that commands write. One rule for all: what a command wrote itself is written anew; what somebody else wrote, or changed
 * where it is theirs to change, stays unless `--force` is given.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { CliError, exitCodes } from "./command.ts";

export interface OwnFile {
  path: string;
  content: string;
}

/** What stands in a file that is its reader's to change, for the sum of the rest: a changed one is told by it. */
export const unstamped = "(00000000)";

/** How far into a file its mark is looked for. */
const markWithin = 2_000;

/** What generated files say of themselves; JSON, which has no comments, by members that only such a file has. */
const marks = [
  /(?:Generated|Made) by `nerveflare/,
  /^\s*\{\s*"id": "(?:task|recruitment)",\s*"version": "(?:task|recruitment)\/\d+"/,
  /^\s*\{\s*"\$schema": "[^"]*",\s*"\$id": "https:\/\/nerveflare\.dev\/workflow\.schema\.json"/,
];

/** Adds `--force` to a command that writes files. */
export function addForce(command: Command): Command {
  return command.option("--force", "overwrite files that nerveflare did not write, or that were changed since");
}

/** Whether a path that may name a folder is meant for a file: its name has an ending, and it is no folder yet and does not end in a slash. */
export function isMeantForFile(path: string): boolean {
  if (/[\\/]$/.test(path) || !/[^.]\.[A-Za-z]\w*$/.test(basename(path))) return false;
  return !statSync(path, { throwIfNoEntry: false })?.isDirectory();
}

/** @throws {CliError} where the folder to write to is the name of a file */
export function refuseFile(out: string): void {
  if (!isMeantForFile(out)) return;
  const hint = "--out takes a folder. One whose name has a dot ends in a slash where it is not there yet.";
  throw new CliError(`${out} is the name of a file.`, { hint, exitCode: exitCodes.usage });
}

/**
 * Writes files, or none where one is somebody else's; folders that are absent are made.
 * @returns their paths
 * @throws {CliError} where one is there that is not the command's own
 */
export async function writeOwnFiles(files: readonly OwnFile[], { force = false }: { force?: boolean | undefined } = {}): Promise<string[]> {
  const found = await judgeFiles(files, force);
  for (const { path, content, standing } of found) {
    if (standing === "same") continue;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (cause) {
      throw new CliError(`${path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
  return files.map(({ path }) => path);
}

/** The same question before there is anything to write, so that no work is done in vain. */
export async function checkOwnFile(path: string, force: boolean): Promise<void> {
  await judgeFiles([{ path, content: "" }], force);
}

async function judgeFiles(files: readonly OwnFile[], force: boolean): Promise<(OwnFile & { standing: Standing })[]> {
  const stamped = files.map(({ path, content }) => ({ path, content: stamp(content) }));
  const judged = await Promise.all(stamped.map(async (file) => ({ ...file, standing: await judgeFile(file) })));
  const foreign = judged.filter(({ standing }) => standing === "foreign").map(({ path }) => path);
  if (foreign.length === 0 || force) return judged;
  const [are, were] = foreign.length === 1 ? ["is", "was"] : ["are", "were"];
  throw new CliError(
    `would_overwrite: ${foreign.join(", ")} ${are} there, and ${were} not written by nerveflare, or ${were} changed since. Nothing was written.`,
    { hint: "Give --force to overwrite, or name another place." },
  );
}

/** How what is there stands to what would be written. */
export type Standing = "absent" | "same" | "own" | "foreign";

/** Looks at what is there; an empty file is nobody's work. @throws {CliError} where it can be neither written nor compared */
export async function judgeFile({ path, content }: OwnFile): Promise<Standing> {
  let found: string;
  try {
    found = (await readFile(path, "utf8")).replaceAll("\r\n", "\n");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "absent";
    throw new CliError(`${path} cannot be written or compared: ${(cause as Error).message}`, { cause });
  }
  if (found === content) return "same";
  if (found.trim() === "") return "own";
  const sum = /\(([0-9a-f]{8})\)/.exec(found.slice(0, markWithin));
  if (sum && stamp(found.replace(sum[0], unstamped)) === found) return "own";
  return marks.some((mark) => mark.test(found.slice(0, markWithin))) ? "own" : "foreign";
}

/** Puts the sum in its place, where the text has one. */
function stamp(text: string): string {
  if (!text.slice(0, markWithin).includes(unstamped)) return text;
  return text.replace(unstamped, `(${createHash("sha256").update(text).digest("hex").slice(0, 8)})`);
}
