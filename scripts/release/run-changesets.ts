/**
 * Runs the changesets command, which knows the packages of npm's workspaces only: ours at the root is none. It gets a folder of its own, in
 * which the root is a workspace too, and what it wrote there comes back. The repository is never in between.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setManifestVersion } from "./versions.ts";

/** It compares with a branch, so there is one. Whose commit that is does not matter. */
const author = ["-c", "user.name=release", "-c", "user.email=release@localhost", "-c", "commit.gpgsign=false"];

/** Folder of the other package that is released. */
const agent = "packages/agent";

/**
 * @returns the version that is then in both manifests, and what the changesets say of it, as the sections of a changelog
 * @throws where the command fails; it has said why
 */
export function runChangesets(root: string, args: readonly string[]): { version: string; sections: string } {
  const mirror = mkdtempSync(join(tmpdir(), "nerveflare-changesets-"));
  try {
    for (const name of ["package-lock.json", `${agent}/package.json`, `${agent}/CHANGELOG.md`]) copy(join(root, name), join(mirror, name));
    for (const name of [".changeset", "node_modules"]) symlinkSync(join(root, name), join(mirror, name), "junction");
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as object;
    writeFileSync(join(mirror, "package.json"), JSON.stringify({ ...manifest, workspaces: [".", agent] }));
    for (const step of [
      ["init", "-q", "-b", "main"],
      [...author, "commit", "-q", "--allow-empty", "-m", "Nothing yet"],
    ])
      spawnSync("git", step, { cwd: mirror, stdio: "ignore" });
    const command = join(root, "node_modules/@changesets/cli/bin.js");
    const { status } = spawnSync(process.execPath, [command, ...args], { cwd: mirror, stdio: "inherit" });
    if (status !== 0) throw new Error(`changeset ${args.join(" ")} failed`);
    const { version } = JSON.parse(readFileSync(join(mirror, "package.json"), "utf8")) as { version: string };
    for (const path of ["package.json", `${agent}/package.json`]) setManifestVersion(join(root, path), version);
    copy(join(mirror, agent, "CHANGELOG.md"), join(root, agent, "CHANGELOG.md"));
    return { version, sections: readSections(join(mirror, "CHANGELOG.md")) };
  } finally {
    rmSync(mirror, { recursive: true, force: true });
  }
}

/** What stands under the version of a changelog that has this one only. */
function readSections(path: string): string {
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .replace(/^# .*\n+## .*\n+/, "")
        .trim()
    : "";
}

function copy(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
