/** Runs an agent behind the proxy that misbehaves: the one of `--exec`, or a program of the author's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chaosLimits } from "../../../chaos/limits.ts";
import { startChaos } from "../../../chaos/run-chaos.ts";
import { ClientError } from "../../../client/client-error.ts";
import { systemClock } from "../../../client/clock.ts";
import { createHttpCaller } from "../../../client/http.ts";
import { explainClientError } from "../api.ts";
import { CliError, type CommandContext, exitCodes } from "../command.ts";
import type { ServerChoice } from "../find-server.ts";
import type { Terminal } from "../terminal.ts";
import type { ChaosChoice } from "./chaos-options.ts";
import { tellHappening, tellReport } from "./tell-chaos.ts";

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Puts the proxy before the server while `run` runs, and says at its end what came of it.
 * @throws CliError if nothing answers there, what `run` throws, or if a turn was performed twice
 */
export async function runBehindChaos(
  { chaosFaults, chaosEvery, chaosSeed }: ChaosChoice,
  server: ServerChoice,
  terminal: Terminal,
  run: (url: string) => Promise<void>,
): Promise<void> {
  await expectServer(server);
  const chaos = await startChaos({
    target: server.url,
    faults: chaosFaults,
    everyMs: chaosEvery,
    seed: chaosSeed,
    told: (happening) => tellHappening(terminal, happening),
  });
  terminal.hint(
    `The agent's server is ${chaos.url}, which misbehaves before ${server.url}. --chaos-seed ${chaosSeed} does the same again.`,
  );
  // Whoever is told to end can then say goodbye, and hand in what waits.
  const calm = () => chaos.calm();
  for (const signal of signals) process.once(signal, calm);
  try {
    await run(chaos.url);
    tellReport(terminal, chaos.report());
  } catch (error) {
    // What did not even begin has nothing to account for.
    if (!(error instanceof CliError && error.exitCode === exitCodes.usage)) tellReport(terminal, chaos.report());
    throw error;
  } finally {
    for (const signal of signals) process.removeListener(signal, calm);
    await chaos.close();
  }
  const { twice } = chaos.report().turns;
  if (twice.length > 0) {
    throw new CliError(`${twice.length === 1 ? "A turn was" : `${twice.length} turns were`} performed twice.`, {
      hint: "Keep each answer before it is sent, and send the same one again under the same id until it is taken.",
    });
  }
}

/** An agent would try again for ever; whoever tries it here has most likely mistaken the address. */
async function expectServer({ url, from }: ServerChoice): Promise<void> {
  const http = createHttpCaller({ url, fetch: (address, init) => fetch(address, init), clock: systemClock });
  try {
    await http.call("GET", "healthz", { timeoutMs: chaosLimits.lookMs });
  } catch (error) {
    throw error instanceof ClientError ? explainClientError(error, url, from) : error;
  }
}

/**
 * Runs an author's own program until it ends. The first SIGTERM or SIGINT is passed on to it, the second ends it at once.
 * @throws CliError if it is not there, or ends with another code than 0 by itself
 */
export async function runProgram(program: readonly string[], env: CommandContext["env"], terminal: Terminal): Promise<void> {
  const [command = "", ...args] = program;
  // A group of its own: a terminal's Ctrl-C would reach it a second time. Under --json only data is on stdout.
  const child = spawn(command, args, { env, detached: true, stdio: ["ignore", terminal.json ? 2 : "inherit", "inherit"] });
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  let asked = 0;
  const pass = (signal: NodeJS.Signals) => kill(asked++ === 0 ? signal : "SIGKILL");
  for (const signal of signals) process.on(signal, pass);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    if (code === 0 || (code === null && asked > 0)) return;
    throw new CliError(`${command} ended ${code === null ? `by ${signal}` : `with ${code}`}.`, { hint: "What it said stands above." });
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${command} cannot be run: ${(error as Error).message}`, {
      hint: "Give the program and its arguments after --, such as `-- node my-agent.js`.",
      exitCode: exitCodes.usage,
      cause: error,
    });
  } finally {
    for (const signal of signals) process.removeListener(signal, pass);
    // What it left behind.
    kill("SIGKILL");
  }
}
