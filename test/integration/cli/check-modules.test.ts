/** What `check` loads from nothing: its time is that of loading, and a module more is felt at every save. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** The modules that a command line loads. */
function load(...args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-modules-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { status, stderr } = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      MODULES_FOLDER: folder,
      NODE_OPTIONS: `--import=${pathToFileURL(join(root, "test/e2e/modules-of-process.ts"))}`,
    },
  });
  expect(status, stderr).toBe(0);
  const loaded = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"));
  return loaded.filter((url) => !url.startsWith("node:"));
}

test("[MANY16] `check` of one file loads nothing that only others need", () => {
  const modules = load("check", "workflows/code-review.yaml");
  const own = modules.filter((url) => !url.includes("/node_modules/"));
  expect(own.length).toBeGreaterThan(50);
  const strange =
    /\/src\/(client|durable|local-server|worker|explore|simulate|replay|path-tests)\/|together\/check-|compile\/(compare|draw|lower\/task)|server-check|vscode|elkjs|miniflare|\/ws\//;
  expect(modules.filter((url) => strange.test(url))).toEqual([]);
  // 160 of our own and 180 of yaml, zod and commander, as it is: twice that would be felt.
  expect(modules.length).toBeLessThan(450);
});

test("[CLI16] help and the version load no command", () => {
  for (const args of ["--help", "--version"]) expect(load(args).filter((url) => url.includes("/cli/commands/"))).toEqual([]);
});
