/** Both packages as somebody installs them: packed once, put into an empty folder by npm, and run there by the Node that is asked for. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../..");
const execute = promisify(execFile);

/** How a command ended. */
export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface InstalledPackage {
  /** Where it is installed: a project of somebody's. */
  folder: string;
  /** A file of the package. */
  find(path: string): string;
  /** Starts `nerveflare` by a Node. */
  start(node: string, args: readonly string[], env?: Record<string, string>): ChildProcess;
  /** Runs a program of the project to its end. */
  run(program: string, args: readonly string[], options?: { env?: Record<string, string> }): Promise<Ran>;
  remove(): Promise<void>;
}

/** What a script of npm's, vitest and a developer's server put there; how the registry is reached stays. */
const foreign =
  /^(npm_(package|lifecycle|config_local_prefix|command|execpath|node_execpath)|NERVEFLARE_|VITEST|NODE_(ENV|OPTIONS|PATH|COMPILE_CACHE)|PORT$)/;

/** The environment of somebody who has just opened a terminal. */
export function cleanEnvironment(node: string, env: Record<string, string> = {}): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  // Programs that name no Node take the first on the path.
  return { ...(Object.fromEntries(own) as Record<string, string>), PATH: [dirname(node), process.env.PATH].join(delimiter), ...env };
}

/** What a process wrote until it ended. It has nothing to read. */
export async function awaitEnd(child: ChildProcess): Promise<Ran> {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("the process has no pipes");
  stdin.end();
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [out, err, code] = await Promise.all([text(stdout), text(stderr), ended]);
  return { code, out, err };
}

/** Packs what is built, building first what is stale, and installs it by the npm of this Node. */
export async function installPackages(node: string): Promise<InstalledPackage> {
  const base = await mkdtemp(join(tmpdir(), "nerveflare-packages-"));
  const folder = join(base, "project");
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  await execute(process.execPath, ["scripts/build.ts", "--if-stale"], { cwd: root, env: { ...process.env, PATH: searchPath() } });
  const env = cleanEnvironment(node);
  const npm = async (args: string[], cwd: string) => (await execute("npm", [...args, "--no-audit", "--no-fund"], { cwd, env })).stdout;
  const packing = ["pack", "--json", "--ignore-scripts", "--workspaces", "--include-workspace-root", "--pack-destination", base];
  const packed = JSON.parse(await npm(packing, root)) as { filename: string }[];
  await npm(["install", "--prefer-offline", ...packed.map(({ filename }) => join(base, filename))], folder);
  return {
    folder,
    find: (path) => join(folder, "node_modules/nerveflare", path),
    start: (by, args, own) =>
      spawn(by, [join(folder, "node_modules/nerveflare/bin/nerveflare.js"), ...args], { cwd: folder, env: cleanEnvironment(by, own) }),
    run: (program, args, { env: own } = {}) => awaitEnd(spawn(program, args, { cwd: folder, env: cleanEnvironment(node, own) })),
    remove: () => rm(base, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The installed tools first, as npm scripts have them. */
function searchPath(): string {
  return [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
}
