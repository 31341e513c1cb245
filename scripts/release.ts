/**
 * `npm run release`: makes the next version of what the changesets say: versions, changelog, commit, tag and the packages' files in
 * `.release/`. `--dry-run` shows all of it and keeps nothing. It is made in a clone first, so that a failure leaves nothing behind.
 * `npm run release publish` gives those files to npm, the only step that needs a network; it may be run again.
 * `--packages-only` packs what is checked out, as it is.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mergeChangelog } from "./release/merge-changelog.ts";
import { runChangesets } from "./release/run-changesets.ts";
import { followVersion } from "./release/versions.ts";

const root = join(import.meta.dirname, "..");
const branch = "main";

class ReleaseError extends Error {}

try {
  const { values, positionals } = parseArgs({
    options: { "dry-run": { type: "boolean" }, "no-pack": { type: "boolean" }, "packages-only": { type: "boolean" } },
    allowPositionals: true,
  });
  if (positionals[0] === "publish") publish();
  else if (values["packages-only"]) for (const file of packAll(root)) console.log(`packed ${file}`);
  else if (positionals.length > 0)
    throw new ReleaseError(`There is no ${positionals[0]}: \`npm run release\`, or \`npm run release publish\`.`);
  else release({ dryRun: values["dry-run"] === true, pack: values["no-pack"] !== true });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function release({ dryRun, pack }: { dryRun: boolean; pack: boolean }): void {
  if (git(root, "status", "--porcelain") !== "") throw new ReleaseError("There are changes that are not committed. Commit or stash them.");
  if (!dryRun && git(root, "branch", "--show-current") !== branch)
    throw new ReleaseError(
      `A release is made on ${branch}: \`git switch ${branch}\`. From here, \`npm run release -- --dry-run\` shows it.`,
    );
  if (globSync(".changeset/*.md", { cwd: root }).length === 0)
    throw new ReleaseError("Nothing to release: no changesets. `npm run changeset` writes one.");
  const clone = mkdtempSync(join(tmpdir(), "nerveflare-release-"));
  try {
    execFileSync("git", ["clone", "--quiet", root, clone]);
    git(clone, "switch", "--quiet", "-C", branch);
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"), "junction");
    const version = makeVersion(clone);
    const packed = pack ? packAll(clone) : [];
    for (const file of packed) console.log(`packed ${file}`);
    if (dryRun) {
      console.log(`${git(clone, "show", "--stat", "--format=%s", "HEAD")}\n\nNothing was kept: this was a dry run of ${version}.`);
      return;
    }
    git(root, "fetch", "--quiet", clone, branch, `refs/tags/v${version}:refs/tags/v${version}`);
    git(root, "merge", "--quiet", "--ff-only", "FETCH_HEAD");
    rmSync(join(root, ".release"), { recursive: true, force: true });
    if (pack) cpSync(join(clone, ".release"), join(root, ".release"), { recursive: true });
    console.log(`Released ${version} here. \`git push --follow-tags\` tells the others, \`npm run release publish\` gives it to npm.`);
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
}

/** Commits and tags it. */
function makeVersion(clone: string): string {
  const { version, sections } = runChangesets(clone, ["version"]);
  if (git(root, "tag", "--list", `v${version}`) !== "") throw new ReleaseError(`v${version} is there already.`);
  const date = new Date().toISOString().slice(0, 10);
  const changelog = join(clone, "CHANGELOG.md");
  writeFileSync(changelog, mergeChangelog(readFileSync(changelog, "utf8"), { version, date, sections }));
  followVersion(clone, version);
  run(clone, "scripts/describe.ts");
  git(clone, "add", "--all", "--", ":!node_modules");
  git(clone, ...readAuthor(), "commit", "--quiet", "-m", `release: ${version}`);
  git(clone, ...readAuthor(), "tag", "--annotate", `v${version}`, "-m", `nerveflare ${version}`);
  return version;
}

/** Whoever the repository says commits in it. */
function readAuthor(): string[] {
  return ["user.name", "user.email"].flatMap((key) => {
    const { stdout } = spawnSync("git", ["config", key], { cwd: root, encoding: "utf8" });
    return stdout.trim() === "" ? [] : ["-c", `${key}=${stdout.trim()}`];
  });
}

function packAll(clone: string): string[] {
  const folder = join(clone, ".release");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync("npm", ["run", "--silent", "build"], { cwd: clone, stdio: ["ignore", "ignore", "inherit"] });
  for (const workspace of [[], ["--workspace", "packages/agent"]])
    execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, ...workspace], {
      cwd: clone,
      stdio: "ignore",
    });
  return globSync("*.tgz", { cwd: folder }).sort();
}

function publish(): void {
  const tag = git(root, "tag", "--points-at", "HEAD", "--list", "v*");
  if (tag === "") throw new ReleaseError("This commit is no release. `npm run release` makes one.");
  const files = globSync(".release/*.tgz", { cwd: root }).sort();
  const stale = files.filter((file) => !file.endsWith(`-${tag.slice(1)}.tgz`));
  if (files.length === 0 || stale.length > 0)
    throw new ReleaseError(`.release/ does not hold the packages of ${tag}. Make them on this machine.`);
  for (const file of files) {
    const { status, stderr } = spawnSync("npm", ["publish", "--access", "public", file], {
      cwd: root,
      encoding: "utf8",
      stdio: ["inherit", "inherit", "pipe"],
    });
    const isThere = /EPUBLISHCONFLICT|cannot publish over/i.test(stderr);
    if (status !== 0 && !isThere)
      throw new ReleaseError(`${stderr}\n${file} was not published. Run it again: what npm has by then is passed over.`);
    console.log(isThere ? `npm has ${file} already` : `published ${file}`);
  }
}

function run(cwd: string, script: string): void {
  if (!existsSync(join(cwd, script))) throw new ReleaseError(`${script} is missing.`);
  execFileSync(process.execPath, [script], { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd, encoding: "utf8" }).trim();
}
