/** The bundled Worker is kept beside the packages, and made anew when a file of it has changed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type BuiltWorker, readWorker } from "../../../src/local-server/built-worker.ts";
import { loadWorker } from "../../../src/local-server/load-worker.ts";
import { version } from "../../../src/version.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-worker-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Of this process. */
function listChildren(): string[] {
  return execFileSync("ps", ["-o", "comm=", "--ppid", String(process.pid)], { encoding: "utf8" }).split("\n");
}

test("[SRV18] a start bundles the Worker anew when a file of it has changed, says so, and leaves no process behind", async () => {
  const folder = makeFolder();
  const first = await loadWorker(folder);
  expect(first.remark).toMatch(/^The Worker was not bundled yet: bundled in \d+\.\d s\.$/);
  await vi.waitFor(() => expect(listChildren()).not.toContain("esbuild"));
  const again = await loadWorker(folder);
  expect(again).toEqual({ ...first, remark: null });

  const facts = readWorker(folder, version) as BuiltWorker;
  // As if each had been another file when the Worker was made.
  for (const path of ["src/worker/index.ts", "wrangler.toml", "migrations/0001_registry.sql", "node_modules/zod/package.json"]) {
    expect(facts.sources, path).toHaveProperty([path]);
    const sources = { ...facts.sources, [path]: "another" };
    writeFileSync(
      join(folder, "worker.json"),
      JSON.stringify({ ...JSON.parse(readFileSync(join(folder, "worker.json"), "utf8")), sources }),
    );
    const anew = await loadWorker(folder);
    expect(anew.remark).toMatch(/^The Worker's source has changed \(.*\): bundled anew in \d+\.\d s\.$/);
    expect(anew.remark).toContain(`(${path})`);
    expect(anew).toEqual({ ...first, remark: anew.remark });
  }
  expect((await loadWorker(folder)).remark).toBeNull();
  await vi.waitFor(() => expect(listChildren()).not.toContain("esbuild"));
});

test("[SRV19] a start whose folder can't be written bundles all the same, and says why it keeps nothing", async () => {
  const folder = join(makeFolder(), "a-file");
  writeFileSync(folder, "");
  expect((await loadWorker(folder)).remark).toMatch(/: bundled anew in \d+\.\d s, and not kept \(E.*\)\.$/);
});

test("[DEPLOY4] a data folder of before is opened whatever database wrangler.toml names, or none", async () => {
  // Miniflare names D1's file after this, and every folder so far has that file.
  expect((await loadWorker()).options.d1Databases).toEqual({ DB: { id: "00000000-0000-0000-0000-000000000000" } });
});
