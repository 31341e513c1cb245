/** `npm run build`: makes what the packages carry in `dist/`. With `--if-stale` only where something has changed of what it is made of. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findOtherAssets } from "../src/local-server/assets.ts";

const root = join(import.meta.dirname, "..");
/** Says what the last build was made of. */
const stamp = join(root, "node_modules/.cache/nerveflare/built");

const sources = [
  "{src,machines,schemas,migrations,examples/agents}/**/*.*",
  "{package,package-lock,packages/*/package,tsconfig*}.json",
  "{tsdown.config.ts,wrangler.toml,scripts/build.ts,scripts/bundle-worker.js}",
];

const steps: [string, ...string[]][] = [
  ["tsdown", "--logLevel", "warn"],
  ["node", "scripts/bundle-worker.js", "--out", "dist/worker"],
];

const sum = sumUp();
if (!process.argv.includes("--if-stale") || !isFresh(sum)) build(sum);

function build(sum: string): void {
  const began = performance.now();
  rmSync(stamp, { force: true });
  for (const [program, ...args] of steps) {
    const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
    if (error) console.error(`${error.message}; run it by \`npm run build\`, which finds the installed tools`);
    if (status !== 0) process.exit(status ?? 1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, sum);
  console.log(`built dist/ and packages/*/dist/ in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function isFresh(sum: string): boolean {
  const results = [
    "dist/worker/worker.json",
    "dist/assets/docs.html",
    ...globSync("packages/*/", { cwd: root }).map((path) => join(path, "dist/index.js")),
  ];
  if (!results.every((path) => existsSync(join(root, path))) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== sum) return false;
  // A server of this clone has its files in the same place, and may have been of another source since.
  const { assets } = JSON.parse(readFileSync(join(root, "dist/worker/worker.json"), "utf8")) as { assets: { [path: string]: string } };
  return findOtherAssets(assets).length === 0;
}

function sumUp(): string {
  const hash = createHash("sha256");
  for (const path of globSync(sources, { cwd: root }).sort()) hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}
