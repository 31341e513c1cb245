/** Copies a folder that a server is writing to. */
import { cp, rm } from "node:fs/promises";

const attempts = 20;

/** Begins anew where a file was gone by the time it was to be copied: SQLite makes and deletes journals. */
export async function copyInUse(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await cp(from, to, { recursive: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt === attempts) throw error;
      await rm(to, { recursive: true, force: true });
    }
  }
}
