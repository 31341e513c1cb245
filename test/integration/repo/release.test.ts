/** [REL3] A release, as a maintainer makes it: the script, git and changesets themselves, in a repository of this source. No network. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readVersions } from "../../../scripts/release/versions.ts";

const folder = mkdtempSync(join(tmpdir(), "nerveflare-release-test-"));
const handWritten = "Written by hand, before there were changesets.";

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
}

function run(script: string, ...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join("scripts", script), ...args], { cwd: folder, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

beforeAll(() => {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8" }).split("\0");
  const needed = /^(scripts|src|machines|schemas|docs|packages|python\/pyproject|editors\/vscode\/package\.json|\.changeset|[^/]+$)/;
  for (const path of files) if (needed.test(path)) cpSync(path, join(folder, path));
  for (const path of globSync(".changeset/*.md", { cwd: folder })) rmSync(join(folder, path));
  const agentLog = join(folder, "packages/agent/CHANGELOG.md");
  rmSync(agentLog, { force: true });
  writeFileSync(
    join(folder, "CHANGELOG.md"),
    `# Changelog\n\nFor users.\n\n## Unreleased\n\n${handWritten}\n\n## 0.0.1 (2026-01-01)\n\n- Older.\n`,
  );
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
  for (const args of [
    ["init", "-q", "-b", "main"],
    ["config", "user.name", "A Maintainer"],
    ["config", "user.email", "maintainer@localhost"],
    ["config", "commit.gpgsign", "false"],
    // The clone's own pattern means the folder.
    ["config", "core.excludesFile", join(folder, ".git/excluded")],
  ])
    git(...args);
  writeFileSync(join(folder, ".git/excluded"), "node_modules\n");
  git("add", "--all");
  git("commit", "-q", "-m", "Everything");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("[REL3] what is not ready is refused with what to do", () => {
  expect(run("release.ts")).toEqual({ status: 1, said: expect.stringContaining("no changesets. `npm run changeset` writes one.") });
  expect(run("release.ts", "publish")).toEqual({ status: 1, said: expect.stringContaining("This commit is no release.") });
  expect(run("release.ts", "everything")).toEqual({ status: 1, said: expect.stringContaining("There is no everything") });
  expect(run("release.ts", "--quick")).toEqual({ status: 1, said: expect.stringContaining("--quick") });
});

test("[REL3] changesets become versions, a changelog, a commit and a tag; a dry run keeps nothing of it", () => {
  const before = readVersions(folder)["package.json"] ?? "";
  const [major, minor] = before.split(".").map(Number);
  const next = `${major}.${Number(minor) + 1}.0`;
  expect(run("changeset.ts", "add", "-m", "Roles may be shared.", "--minor", "nerveflare").status).toBe(0);
  expect(run("changeset.ts", "-m", "The client is smaller.", "--patch", "@nerveflare/agent").status).toBe(0);
  expect(run("release.ts")).toEqual({ status: 1, said: expect.stringContaining("not committed") });
  git("add", "--all");
  git("commit", "-q", "-m", "Two changesets");
  const head = git("rev-parse", "HEAD");

  const dry = run("release.ts", "--dry-run", "--no-pack");
  expect(dry, dry.said).toMatchObject({ status: 0 });
  expect(dry.said).toContain(`this was a dry run of ${next}`);
  expect([git("rev-parse", "HEAD"), git("tag"), git("status", "--porcelain")]).toEqual([head, "", ""]);

  const made = run("release.ts", "--no-pack");
  expect(made, made.said).toMatchObject({ status: 0 });
  expect(git("log", "--format=%s %an", "-1")).toBe(`release: ${next} A Maintainer`);
  expect(git("rev-parse", "HEAD^")).toBe(head);
  expect(git("rev-parse", `v${next}^{commit}`)).toBe(git("rev-parse", "HEAD"));
  expect(git("status", "--porcelain")).toBe("");
  for (const [place, version] of Object.entries(readVersions(folder))) expect(version, place).toBe(next);
  expect(globSync(".changeset/*.md", { cwd: folder })).toEqual([]);
  const changelog = readFileSync(join(folder, "CHANGELOG.md"), "utf8");
  expect(changelog).not.toContain("Unreleased");
  expect(changelog.indexOf(`## ${next} (`)).toBeLessThan(changelog.indexOf(handWritten));
  expect(changelog.indexOf(handWritten)).toBeLessThan(changelog.indexOf("- Roles may be shared."));
  expect(changelog.indexOf("- Roles may be shared.")).toBeLessThan(changelog.indexOf("## 0.0.1"));
  expect(readFileSync(join(folder, "packages/agent/CHANGELOG.md"), "utf8")).toMatch(
    `## ${next}\n\n### Patch Changes\n\n- The client is smaller.`,
  );

  expect(run("release.ts", "publish")).toEqual({ status: 1, said: expect.stringContaining(`does not hold the packages of v${next}`) });
}, 120_000);
