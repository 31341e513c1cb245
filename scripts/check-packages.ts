/**
 * Part of `npm run check`: packs both packages as they would be published, and holds them to publint, to @arethetypeswrong/cli, and to what
 * neither looks at: that an install brings exactly the packages that the built code imports. Builds first what is not there or stale.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { compareDependencies } from "./packages/compare-dependencies.ts";

interface Packed {
  name: string;
  filename: string;
  size: number;
  files: { path: string }[];
}

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/**
 * Bytes of a package, compressed: some 15 % above what it is. It should not grow by accident. A third of it is the library that lays
 * pictures out in a browser; the Worker's gateways bring the packages of their protocols, schedules cron.
 */
const mostBytes: { [name: string]: number } = { nerveflare: 2_450_000, "@nerveflare/agent": 60_000 };

await run("node", ["scripts/build.ts", "--if-stale"], { cwd: root });
const folder = mkdtempSync(join(tmpdir(), "nerveflare-packed-"));
try {
  const args = ["pack", "--json", "--ignore-scripts", "--workspaces", "--include-workspace-root", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { cwd: root });
  const packed = JSON.parse(stdout) as Packed[];
  const faults = (await Promise.all(packed.map(check))).flat();
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else console.log(packed.map(({ name, size, files }) => `${name}: ${files.length} files, ${Math.ceil(size / 1000)} kB`).join("\n"));
} finally {
  rmSync(folder, { recursive: true });
}

async function check({ name, filename, size, files }: Packed): Promise<string[]> {
  const home = name === "nerveflare" ? root : join(root, "packages", name.replace(/^.*\//, ""));
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const code = files.filter(({ path }) => /^(bin|dist)\/.*\.(js|d\.ts)$/.test(path));
  const [{ messages }, types] = await Promise.all([
    publint({ pack: { tarball: new Uint8Array(readFileSync(join(folder, filename))).buffer }, strict: true }),
    // Modules only, for both are: what cannot import modules imports neither.
    run("attw", [join(folder, filename), "--profile", "esm-only", "--no-emoji", "--no-color", "--format", "ascii"]).then(
      () => [],
      ({ stdout, message }: { stdout: string; message: string }) => [stdout || message],
    ),
  ]);
  return [
    ...messages.map((message) => formatMessage(message, manifest, { color: false }) ?? message.code),
    ...types,
    ...(size > (mostBytes[name] ?? 0) ? [`${size} bytes, more than ${mostBytes[name]}`] : []),
    ...compareDependencies(
      code.map(({ path }) => ({ path, text: readFileSync(join(home, path), "utf8") })),
      manifest,
    ),
  ].map((fault) => `${name}: ${fault}`);
}
