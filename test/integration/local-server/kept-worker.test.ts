/** The bundled Worker is kept beside the packages, and made anew when a file of it has changed. */
import { existsSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../../../src/local-server/project-root.ts";
import { readWorkerOptions } from "../../../src/local-server/worker-options.ts";

const kept = join(projectRoot, "node_modules/.cache/nerveflare/worker.json");
/** Changes when the file is written anew. */
const which = (): number => statSync(kept).ino;

test("[SRV18] a start bundles the Worker anew only when a file of it has changed", async () => {
  rmSync(kept, { force: true });
  const built = await readWorkerOptions();
  expect(existsSync(kept)).toBe(true);
  const first = which();
  expect(await readWorkerOptions()).toEqual(built);
  expect(which()).toBe(first);
  const changed = new Date();
  utimesSync(join(projectRoot, "src/worker/index.ts"), changed, changed);
  expect(await readWorkerOptions()).toEqual(built);
  expect(which()).not.toBe(first);
});
