/** Files that are more than one reads in one go. Pure. */
import type { SourceFile } from "./source-file.ts";

export const sizeLimits = {
  /** Lines of a file: some ten screens. Who looks for something else in it will not find it. */
  file: 400,
  /** Lines of a function or class: what one can still hold in one's head, closures included. */
  unit: 120,
} as const;

/** @returns a line per fault */
export function checkSizes(files: readonly Pick<SourceFile, "path" | "lines" | "units">[]): string[] {
  return files.flatMap(({ path, lines, units }) => [
    ...(lines > sizeLimits.file ? [`${path} has ${lines} lines, more than ${sizeLimits.file}: split it by subject.`] : []),
    ...units
      .filter((unit) => unit.lines > sizeLimits.unit)
      .map(
        ({ name, line, lines: long }) =>
          `${path}:${line} ${name} has ${long} lines, more than ${sizeLimits.unit}: let it wire named functions.`,
      ),
  ]);
}
