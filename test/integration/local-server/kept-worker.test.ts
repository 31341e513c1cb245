/** The bundled Worker is kept beside the packages, and made anew when a file of it has changed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { assetsFolder } from "../../../src/local-server/assets.ts";
import { type BuiltWorker, keptWorker, readWorker, sumUp } from "../../../src/local-server/built-worker.ts";
import { loadWorker, readPackaged } from "../../../src/local-server/load-worker.ts";
import { version } from "../../../src/version.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-worker-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** From now on in this test what is to be bundled is there already: that it comes out the same is [SRV18]'s to hold. */
function bundleNoMore(): void {
  const kept = readWorker(keptWorker, version) as BuiltWorker;
  const assets = Object.fromEntries(Object.keys(kept.assets).map((path) => [path, readFileSync(join(assetsFolder, path))]));
  vi.doMock("../../../src/local-server/bundle-worker.ts", () => ({
    bundleWorker: async () => ({ worker: kept, sourceMap: "", assets }),
  }));
  onTestFinished(() => void vi.doUnmock("../../../src/local-server/bundle-worker.ts"));
}

/** Of this process. */
function listChildren(): string[] {
  return execFileSync("ps", ["-o", "comm=", "--ppid", String(process.pid)], { encoding: "utf8" }).split("\n");
}

test("[SRV18] a start bundles the Worker anew when a file of it has changed or one that it answers with is lost, says so, and leaves no process behind", {
  timeout: 120_000,
}, async () => {
  const [folder, assets] = [makeFolder(), makeFolder()];
  const load = () => loadWorker(folder, assets);
  const first = await load();
  expect(first.remark).toMatch(/^The Worker was not bundled yet: bundled in \d+\.\d s\.$/);
  await vi.waitFor(() => expect(listChildren()).not.toContain("esbuild"));
  const again = await load();
  expect(again).toEqual({ ...first, remark: null });

  const { sources } = readWorker(folder, version) as BuiltWorker;
  const manifest = "node_modules/zod/package.json";
  expect(Object.keys(sources)).toEqual(
    expect.arrayContaining(["src/worker/index.ts", "src/local-server/bundle-worker.ts", "migrations/0001_registry.sql", manifest]),
  );
  // As if these had been other files when the Worker was made.
  const path = join(folder, "worker.json");
  const others = { "wrangler.toml": "another", "src/worker/index.ts": "another", [manifest]: "another" };
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), sources: { ...sources, ...others } }));
  const anew = await load();
  expect(anew.remark).toMatch(/^The Worker's source has changed \(.*\): bundled anew in \d+\.\d s\.$/);
  const [, told] = /\((\S+) and 2 more\)/.exec(anew.remark ?? "") ?? [];
  expect(Object.keys(others), anew.remark ?? "").toContain(told);
  expect(anew).toEqual({ ...first, remark: anew.remark });
  expect((await load()).remark).toBeNull();
  await vi.waitFor(() => expect(listChildren()).not.toContain("esbuild"));
  // As are the files that it answers with.
  await loadWorker();
  bundleNoMore();
  const description = join(assets, "v1/openapi.json");
  writeFileSync(description, "{}");
  expect(() => readPackaged(folder, assets)).toThrow(`A file that the package brings is missing or damaged: ${description}.`);
  expect((await load()).remark).toContain(`A file that the Worker answers with is not as it was made (${description}): bundled anew in`);
  expect(JSON.parse(readFileSync(description, "utf8"))).toHaveProperty("openapi");
  expect(() => readPackaged(folder, assets)).not.toThrow();
  expect((await load()).remark).toBeNull();
});

test("[SRV38] a file that is saved while the Worker is bundled counts as changed: its sum is of what was there before it was read", {
  timeout: 60_000,
}, async () => {
  const earlier = Buffer.from("as it was a moment ago");
  vi.doMock("node:fs/promises", async (load: () => Promise<typeof import("node:fs/promises")>) => {
    const original = await load();
    const readFile = (path: string) => (path.endsWith("src/worker/index.ts") ? earlier : original.readFile(path));
    return { ...original, readFile };
  });
  vi.resetModules();
  onTestFinished(() => {
    vi.doUnmock("node:fs/promises");
    vi.resetModules();
  });
  const { bundleWorker } = await import("../../../src/local-server/bundle-worker.ts");
  const { sources } = (await bundleWorker()).worker;
  expect(sources["src/worker/index.ts"]).toBe(sumUp(earlier));
  expect(sources["src/worker/create-registered-check.ts"]).toBe(sumUp(readFileSync("src/worker/create-registered-check.ts")));
});

test("[SRV19] a start whose folder can't be written bundles all the same, and says why it keeps nothing", { timeout: 60_000 }, async () => {
  await loadWorker();
  bundleNoMore();
  const folder = join(makeFolder(), "a-file");
  writeFileSync(folder, "");
  expect((await loadWorker(folder)).remark).toMatch(/: bundled anew in \d+\.\d s, and not kept \(E.*\)\.$/);
});

test("[DEPLOY4] a data folder of before is opened whatever database wrangler.toml names, or none", async () => {
  // Miniflare names D1's file after this, and every folder so far has that file.
  expect((await loadWorker()).options.d1Databases).toEqual({ DB: { id: "00000000-0000-0000-0000-000000000000" } });
});
