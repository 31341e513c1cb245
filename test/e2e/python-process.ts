/** The package of `python/` for a test: installed as a user would, or as near to that as this machine comes; and agents made with it. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createSignal } from "../unit/client/signal.ts";

const folder = join(import.meta.dirname, "../../python");
const run = promisify(execFile);

export interface Python {
  program: string;
  env: Record<string, string>;
  /** The ways to the server that it can take. */
  ways: ("socket" | "poll")[];
  /** For people: what is tried, and why not more. */
  how: string;
  remove(): Promise<void>;
}

const candidates = ["python3", "/usr/bin/python3"];

const runs = (program: string, code: string): boolean => spawnSync(program, ["-c", code], { timeout: 30_000 }).status === 0;

/** The Pythons of this machine that are new enough. */
export function findPythons(): string[] {
  return candidates.filter((program) => runs(program, "import sys; sys.exit(sys.version_info < (3, 10))"));
}

/**
 * Takes the package from its folder; with `NERVEFLARE_TEST_PIP=1` installs it, with what it needs, into an environment of its own, which takes
 * most of a minute and a package index. Undefined: there is no Python.
 */
export async function preparePython(): Promise<Python | undefined> {
  const [program, ...others] = findPythons();
  if (program === undefined) return undefined;
  if (process.env["NERVEFLARE_TEST_PIP"] === "1") return install(program);
  const env = { PYTHONPATH: join(folder, "src"), PYTHONDONTWRITEBYTECODE: "1" };
  const able = [program, ...others].find((each) => runs(each, "import websockets"));
  const remove = async () => {};
  if (able) return { program: able, env, ways: ["socket", "poll"], how: "from its folder", remove };
  return { program, env, ways: ["poll"], how: "from its folder, by polling alone, for `import websockets` fails", remove };
}

async function install(program: string): Promise<Python> {
  const work = await mkdtemp(join(tmpdir(), "nerveflare-python-"));
  // A copy, for building leaves files behind.
  await cp(folder, join(work, "source"), { recursive: true });
  await run(program, ["-m", "venv", join(work, "venv")], { timeout: 60_000 });
  const own = join(work, "venv/bin/python");
  await run(own, ["-m", "pip", "install", "--quiet", join(work, "source")], { timeout: 100_000 });
  const remove = () => rm(work, { recursive: true, force: true, maxRetries: 5 });
  return { program: own, env: {}, ways: ["socket", "poll"], how: "installed by pip", remove };
}

/** What `python/tests/reviewer.py` tells of itself. */
export interface Said {
  start?: string;
  end?: string;
  way?: "socket" | "poll" | null;
  closed?: true;
  invalid?: { path: string; message: string }[] | null;
  left?: number | null;
}

export interface PythonAgent {
  said: Said[];
  until(predicate: () => boolean): Promise<void>;
  /** Lets a turn that waits go on. */
  letGo(): void;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
  /** Ends it, however it is. */
  end(): Promise<void>;
  /** The end of what it logged. */
  stderr(): string;
  ended: Promise<{ code: number | null; stderr: string }>;
}

/** Starts the reviewer. */
export function startReviewer(python: Python, settings: Record<string, string>): PythonAgent {
  const child = spawn(python.program, [join(folder, "tests/reviewer.py")], { env: { ...process.env, ...python.env, ...settings } });
  const { notify, until } = createSignal();
  const said: Said[] = [];
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = `${stderr}${text}`.slice(-20_000);
  });
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(JSON.parse(line) as Said);
    notify();
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => child.once("close", (code) => resolve({ code, stderr })));
  return {
    ...{ said, until, ended },
    stderr: () => stderr,
    letGo: () => void child.stdin.write("go\n"),
    kill: (signal) => void child.kill(signal),
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
