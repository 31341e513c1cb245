/** The demo's processes: the server and the agents, each started as a user would start it, all gone at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endProcess, identifyProcess } from "../../../local-server/process-identity.ts";
import { type Ready, spawnServer } from "../../../local-server/spawn-server.ts";
import { findProgram } from "../../../package-files.ts";
import { CliError } from "../command.ts";

/** What an agent's process said. */
export interface Told {
  at: number;
  what: string;
  text: string;
  thread?: string;
}

/** The processes of one run. */
export interface Troupe {
  /** Starts a server on a fresh data folder. @throws when it does not get ready */
  startServer(): Promise<Ready>;
  /** Starts an agent's program; `listen` gets what it says. */
  startAgent(program: string, args: string[], env: Record<string, string>, listen: (told: Told) => void): void;
  /** Rejects when a process ends by itself. */
  readonly broken: Promise<never>;
  /** Ends all processes and removes the data. */
  disband(): Promise<void>;
}

/** What a server that did not start wrote, whose last line is the error as JSON. */
function explainStart(stderr: string): Error {
  try {
    const { error, hint } = JSON.parse(stderr.split("\n").at(-1) ?? "") as { error: string; hint?: string };
    return new CliError(`the server did not start: ${error}`, { ...(hint !== undefined && { hint }) });
  } catch {
    return new Error(`the server did not start: ${stderr}`);
  }
}

/** Makes a {@link Troupe}. */
export function createTroupe(): Troupe {
  const broken = Promise.withResolvers<never>();
  // Heard by whoever races it; alone it must not end the process.
  broken.promise.catch(() => {});
  const agents: ChildProcess[] = [];
  let server: ReturnType<typeof spawnServer> | undefined;
  let folder: string | undefined;
  let disbanding: Promise<void> | undefined;

  async function endAll(): Promise<void> {
    for (const agent of agents) agent.kill("SIGKILL");
    if (server) {
      server.child.kill("SIGTERM");
      const facts = await server.ready;
      const runtime = facts && identifyProcess(facts.pids.workerd);
      await server.ended;
      if (runtime) await endProcess(runtime);
    }
    if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  return {
    broken: broken.promise,
    async startServer() {
      folder = await mkdtemp(join(tmpdir(), "nerveflare-demo-"));
      server = spawnServer(folder);
      const facts = await server.ready;
      if (!facts) throw explainStart((await server.ended).stderr.trim());
      void server.ended.then(({ code, stderr }) => {
        if (!disbanding) broken.reject(new Error(`the server ended with ${code}: ${stderr.trim()}`));
      });
      return facts;
    },
    startAgent(program, args, env, listen) {
      const child = spawn(process.execPath, [findProgram(`examples/agents/${program}`), ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NERVEFLARE_TELL: "json", ...env },
      });
      agents.push(child);
      let complaint = "";
      child.stderr.on("data", (text) => {
        complaint = `${complaint}${text}`.slice(-2000);
      });
      createInterface({ input: child.stdout }).on("line", (line) => listen(JSON.parse(line) as Told));
      child.once("close", (code, signal) => {
        if (!disbanding) broken.reject(new Error(`${program} ended with ${code ?? signal}: ${complaint.trim()}`));
      });
    },
    disband() {
      disbanding ??= endAll();
      return disbanding;
    },
  };
}
