/** `nerveflare mcp`: makes the model of any MCP client an agent, over stdin and stdout. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { readDuration } from "../../client/heartbeat.ts";
import type { Note } from "../../client/note.ts";
import { mcpLimits } from "../../mcp/limits.ts";
import { serveMcp } from "../../mcp/serve-mcp.ts";
import type { Access } from "../../mcp/worker.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { chooseToken, findServer } from "../lib/find-server.ts";
import { type ClaimFilter, readClaims } from "../lib/read-claims.ts";

interface Options {
  url?: string;
  profile?: string;
  claim: ClaimFilter;
  slots: number;
  wait: number;
  keep?: true;
  verbose?: true;
}

const help = `
Started by a client such as Claude Code, Codex or Cursor, not by hand: see docs/mcp.md.
  claude mcp add nerveflare -- npx nerveflare mcp --profile alice
  codex mcp add nerveflare -- npx nerveflare mcp --profile alice
The model waits for turns, performs them and answers by tools. This process keeps its leases alive meanwhile. When the client goes, or by
SIGTERM or SIGINT, it gives the roles back; killed, it loses them when the lease runs out.
The agent's token comes from where \`nerveflare init\` put it, or from NERVEFLARE_TOKEN; no option takes it, for a client's configuration is
read by many. Without a token, or a server, it starts all the same: the tools say what is missing, and go on when it is there.
stdout is the protocol's; what happens is logged to stderr.`;

/** Defines `nerveflare mcp`. */
export function defineCommand(command: Command, context: CommandContext): void {
  command
    .option("--url <url>", "the server (default: NERVEFLARE_URL, or the local one)")
    .option("--profile <name>", "server and token by name, as `nerveflare init` keeps them (default: NERVEFLARE_PROFILE)")
    .addOption(
      new Option("--claim <roles>", "which offers to claim without asking, while the model waits for a turn: all, none, or workflow/role,…")
        .argParser(readClaims)
        .default(readClaims("none"), "none: the model decides"),
    )
    .option("--slots <number>", "roles to hold at a time", readSlots, 1)
    .addOption(
      new Option("--wait <duration>", "how long `wait_for_turn` waits unless told; less than the client waits for a tool")
        .argParser(readWait)
        .default(mcpLimits.waitMs, "45s"),
    )
    .option("--keep", "when the client goes keep the roles, for the run that follows, rather than give them back")
    .option("--verbose", "log what goes well too, not only what is in the way")
    .addHelpText("after", help)
    .action((options: Options) => run(options, context));
}

async function run(options: Options, { env }: CommandContext): Promise<void> {
  // A client that is gone is no reason to end at once: the roles are given back first.
  process.stdout.removeAllListeners("error");
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
  await serveMcp({
    findAccess: () => findAccess(options, env),
    ...{ slots: options.slots, claims: options.claim, waitMs: options.wait, keep: options.keep === true },
    ...{ stdin: process.stdin, stdout: process.stdout, signal: ending.signal },
    note: (note) => log(note, options.verbose === true),
  });
  // A socket that is half open would hold the process for minutes.
  process.exit(exitCodes.ok);
}

/** Read anew each time: `nerveflare init` may have run since. @throws CliError */
function findAccess(options: Options, env: CommandContext["env"]): Access {
  const server = findServer(options, env);
  const token = chooseToken(server, "token", { option: undefined, env: env.NERVEFLARE_TOKEN });
  if (token) return { url: server.url, token };
  throw new CliError("No agent's token is kept on this machine.", {
    hint: "A person has to run `nerveflare init --code CODE` here, with a code that the operator makes by `nerveflare enrol`; or set NERVEFLARE_TOKEN for this server in the client's configuration.",
    exitCode: exitCodes.usage,
  });
}

function log({ level, what, message, turn, offer, code }: Note, verbose: boolean): void {
  if (level === "info" && !verbose) return;
  const about = [turn ?? offer, code].filter(Boolean).join(" ");
  process.stderr.write(`${new Date().toISOString()} ${level} ${what} ${message}${about ? ` (${about})` : ""}\n`);
}

function readSlots(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1_000) throw new InvalidArgumentError("Give a whole number from 0 to 1000.");
  return count;
}

function readWait(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined || ms > mcpLimits.waitMaxMs) throw new InvalidArgumentError("Give a duration up to 30m, such as 45s.");
  return ms;
}
