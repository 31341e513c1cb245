/** Puts generated files into a folder. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../command.ts";

/** A generated file. */
export interface GeneratedFile {
  name: string;
  content: string;
}

/**
 * Writes files into a folder, which is made if it is absent.
 * @returns their paths
 * @throws {CliError}
 */
export async function writeFiles(folder: string, files: GeneratedFile[]): Promise<string[]> {
  try {
    await mkdir(folder, { recursive: true });
    return await Promise.all(
      files.map(async ({ name, content }) => {
        const path = join(folder, name);
        await writeFile(path, content);
        return path;
      }),
    );
  } catch (cause) {
    throw new CliError(`${folder} cannot be written to: ${(cause as Error).message}`, { cause });
  }
}
