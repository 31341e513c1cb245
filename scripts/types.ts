/**
 * `npm run types`: compiles the source once for each place where it runs, so that nothing uses what is not there, and once as a whole
 * with the tests. The configurations follow from `scripts/house/platforms.ts`; with `--check` a stale one is not written anew, and the
 * run fails.
 */
import { execFile } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPlatforms, renderTsconfigs } from "./house/platforms.ts";

const root = join(import.meta.dirname, "..");
const files = globSync("{src,machines,test,bench,scripts,examples}/**/*.{ts,tsx}", {
  cwd: root,
  exclude: (path) => path.includes("node_modules") || path.endsWith(".d.ts"),
})
  .map((path) => path.replaceAll("\\", "/"))
  .sort();
const homeless = files.filter((file) => findPlatforms(file) === undefined);
if (homeless.length > 0) {
  console.error(`Nobody knows where these run: give their folder a row in scripts/house/platforms.ts.\n${homeless.join("\n")}`);
  process.exit(1);
}
const configs = renderTsconfigs(files);
/** Where the compiler keeps what it knows of files that have not changed since. */
const cache = ".types";

for (const [name, text] of Object.entries(configs)) {
  if (read(name) === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`${name} is not what scripts/house/platforms.ts says. Run \`npm run types\` and commit what it writes.`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, name), text);
    console.log(`wrote ${name}`);
  }
}
for (const { name, said, passed } of await Promise.all(["tsconfig.json", ...Object.keys(configs)].map(compile))) {
  if (passed) continue;
  console.error(`${said}\nThis is what ${name} says: see scripts/house/platforms.ts for where each folder runs.`);
  process.exitCode = 1;
}

function compile(name: string): Promise<{ name: string; said: string; passed: boolean }> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return new Promise((done) => {
    const args = [compiler, "-p", name, "--incremental", "--tsBuildInfoFile", `${cache}/${name}.tsbuildinfo`];
    execFile(process.execPath, args, { cwd: root, maxBuffer: 100_000_000 }, (error, stdout, stderr) => {
      done({ name, said: `${stdout}${stderr}`, passed: error === null });
    });
  });
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(root, name), "utf8");
  } catch {
    return undefined;
  }
}
