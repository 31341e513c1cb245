/** The browser of tests that want a real one. */
import { existsSync } from "node:fs";

const programs = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A Chromium of this machine; where there is none, says that these tests are skipped. */
export function findChromium(tests: string): string | undefined {
  const program = programs.find((path) => path !== undefined && existsSync(path));
  if (!program) console.warn(`${tests}: SKIPPED, for there is no Chromium on this machine; CHROMIUM names one that is elsewhere`);
  return program;
}
