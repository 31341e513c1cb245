/** `check --fix`: applies the fixes that findings carry, and puts the file in place in one step. */
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { applyFixes } from "../../../compile/diagnostics/apply-fixes.ts";
import type { Diagnostic } from "../../../compile/diagnostics/diagnostic.ts";
import { CliError } from "../command.ts";
import { type CheckedFile, checkSource, checkText } from "./check-file.ts";
import { readSource } from "./read-source.ts";

const byteOrderMark = "\ufeff";

/**
 * Fixes a file as far as it can be and gives what is left to say. Under `dryRun` nothing is written.
 * @param together findings about the file as it is that only show beside others
 * @throws {CliError} where the file cannot be written
 */
export async function fixFile(path: string, dryRun: boolean, together: readonly Diagnostic[] = []): Promise<CheckedFile> {
  const source = await readSource(path);
  const checked = checkSource(path, source);
  if (source.problem || source.fault) return checked;
  const { text, applied } = applyFixes(source.text, (candidate) => [
    ...checkText(path, candidate),
    ...(candidate === source.text ? together : []),
  ]);
  if (applied.length > 0 && !dryRun) await replaceFile(path, (source.bom ? byteOrderMark : "") + text);
  return { ...checkSource(path, { ...source, text }), fixed: applied, before: source.text };
}

/** Replaces a file's text so that whoever reads it, at any time, sees the old or the new one; a symbolic link stays one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path);
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    const { mode } = await stat(target);
    const handle = await open(draft, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, target);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new CliError(`${path} could not be written: ${(cause as Error).message}`, { cause, hint: "It is as it was." });
  }
}
