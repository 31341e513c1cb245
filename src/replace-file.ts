/** Writes files so that whoever reads one finds it as it was or as it is now, never a part of it. */
import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** For the owner alone: most of what is kept has tokens in it, or what agents said. */
const ownerOnly = 0o600;

/** Replaces a file, or makes it, in a folder that is there. @param mode whatever the file had before, and the process's own mask */
export function replaceFile(path: string, content: string | Uint8Array, mode: number = ownerOnly): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, content, { mode });
    // One that a crash left keeps the mode that it had, and the process's mask may take away what others need.
    chmodSync(draft, mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
