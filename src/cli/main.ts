/**
 * The CLI's entry: the table of commands, help, and what a failure looks like. A command's module is imported only when it is
 * the one that was asked for, so that starting costs the same however many there are.
 */
import { Command, CommanderError } from "commander";
import { requireWholeNode } from "../node-version.ts";
import { version } from "../version.ts";
import { CliError, type CommandEntry, exitCodes } from "./lib/command.ts";
import { explainMissing } from "./lib/explain-missing.ts";
import { refuseUnknownWords } from "./lib/refuse-unknown-words.ts";
import { createTerminal, type Output } from "./lib/terminal.ts";
import { useEnvProxy } from "./lib/use-env-proxy.ts";

/** Every command, in the order of `--help`. */
export const commands: CommandEntry[] = [
  { name: "start", summary: "run a server on this machine", needs: "whole-node", load: () => import("./commands/start.ts") },
  {
    name: "deploy",
    summary: "bring the server to Cloudflare, or update it there",
    needs: "whole-node",
    load: () => import("./commands/deploy.ts"),
  },
  { name: "backup", summary: "copy what a server keeps, while it runs", needs: "whole-node", load: () => import("./commands/backup.ts") },
  { name: "restore", summary: "make a data folder of a backup", needs: "whole-node", load: () => import("./commands/restore.ts") },
  {
    name: "doctor",
    summary: "say what is wrong with a data folder, and mend it",
    needs: "whole-node",
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "demo",
    summary: "play a review and a debate, told as they happen",
    needs: "whole-node",
    load: () => import("./commands/demo.ts"),
  },
  { name: "check", summary: "say what is wrong with workflow files", load: () => import("./commands/check.ts") },
  { name: "compile", summary: "write a workflow's two machines", load: () => import("./commands/compile.ts") },
  { name: "draw", summary: "draw a workflow", load: () => import("./commands/draw.ts") },
  { name: "types", summary: "write a workflow's types, for agents in TypeScript", load: () => import("./commands/types.ts") },
  { name: "diff", summary: "tell two revisions' difference as a reviewer wants it", load: () => import("./commands/diff.ts") },
  { name: "prove", summary: "tell what can go wrong in a workflow, as stories", load: () => import("./commands/prove.ts") },
  { name: "schema", summary: "write the language's JSON Schema, for editors", load: () => import("./commands/schema.ts") },
  { name: "lsp", summary: "serve editors: findings, names and completion as one types", load: () => import("./commands/lsp.ts") },
  { name: "test", summary: "take every state and transition on the real host", load: () => import("./commands/test.ts") },
  { name: "export", summary: "write what a thread did as a test that decides it again", load: () => import("./commands/export.ts") },
  { name: "simulate", summary: "walk a thread in the terminal", needs: "whole-node", load: () => import("./commands/simulate.ts") },
  { name: "publish", summary: "put workflow files into the registry", load: () => import("./commands/publish.ts") },
  { name: "workflows", summary: "list what is published, show a queue", load: () => import("./commands/workflows.ts") },
  { name: "pause", summary: "stop admitting threads of a workflow; what runs goes on", load: () => import("./commands/pause.ts") },
  { name: "unpause", summary: "admit threads of a workflow again", load: () => import("./commands/unpause.ts") },
  { name: "init", summary: "register this machine's agent by a code", load: () => import("./commands/init.ts") },
  { name: "profiles", summary: "keep several servers by name", load: () => import("./commands/profiles.ts") },
  { name: "enrol", summary: "make codes by which other machines register their agents", load: () => import("./commands/enrol.ts") },
  { name: "agents", summary: "add, list and remove agents, change their tokens", load: () => import("./commands/agents.ts") },
  { name: "agent", summary: "make any program an agent", load: () => import("./commands/agent.ts") },
  { name: "mcp", summary: "make the model of any MCP client an agent", load: () => import("./commands/mcp.ts") },
  { name: "post", summary: "post an event", load: () => import("./commands/post.ts") },
  { name: "broadcast", summary: "say something to many agents", load: () => import("./commands/broadcast.ts") },
  { name: "broadcasts", summary: "show who has a broadcast", load: () => import("./commands/broadcasts.ts") },
  { name: "status", summary: "how the whole is, and what waits longest", load: () => import("./commands/status.ts") },
  {
    name: "top",
    summary: "the threads that live and the agents, on one screen that keeps itself new",
    load: () => import("./commands/top.ts"),
  },
  { name: "watch", summary: "show a thread as it happens, until it ends", load: () => import("./commands/watch.ts") },
  { name: "inspect", summary: "let Stately's inspector follow a thread", load: () => import("./commands/inspect.ts") },
  { name: "threads", summary: "list threads, show one, take a role from its holder", load: () => import("./commands/threads.ts") },
  { name: "cancel", summary: "end a thread", load: () => import("./commands/cancel.ts") },
  { name: "suspend", summary: "stop a thread until somebody resumes it", load: () => import("./commands/suspend.ts") },
  { name: "resume", summary: "let a suspended thread go on, or one that ended", load: () => import("./commands/resume.ts") },
  { name: "restart", summary: "begin a thread anew, from its start or from a step", load: () => import("./commands/restart.ts") },
  { name: "fork", summary: "copy a thread up to a step into a new one", load: () => import("./commands/fork.ts") },
  {
    name: "dead-letters",
    alias: "parked",
    summary: "list events that could not be run; retry or drop them",
    load: () => import("./commands/dead-letters.ts"),
  },
  { name: "schemas", summary: "show who accepts which kinds", load: () => import("./commands/schemas.ts") },
  { name: "explain", summary: "say what a thread waits for, and why nobody takes its roles", load: () => import("./commands/explain.ts") },
  { name: "trace", summary: "show a thread as spans: who had it when, and for how long", load: () => import("./commands/trace.ts") },
  { name: "probe", summary: "try a server against the contract, rule by rule", load: () => import("./commands/probe.ts") },
  { name: "events", summary: "read the event log", load: () => import("./commands/events.ts") },
  { name: "placement", summary: "move a cell's actors to objects of their own", load: () => import("./commands/placement.ts") },
  { name: "operators", summary: "say who may look, and who may decide", load: () => import("./commands/operators.ts") },
  { name: "hooks", summary: "let services post here, and make events of what they say", load: () => import("./commands/hooks.ts") },
  { name: "webhooks", summary: "have events posted to a server, signed", load: () => import("./commands/webhooks.ts") },
  { name: "artifacts", summary: "upload, fetch and list what is larger than an event", load: () => import("./commands/artifacts.ts") },
  { name: "audit", summary: "show who decided what", load: () => import("./commands/audit.ts") },
  { name: "completion", summary: "write completion for bash, zsh or fish", load: () => import("./commands/completion.ts") },
];

/** What a run reads and writes; the process's own unless a test gives others. */
export interface CliWorld {
  stdout?: Output;
  stderr?: Output;
  env?: Record<string, string | undefined>;
}

/**
 * Runs one command line.
 * @param args what follows the program's name
 * @returns the exit code: 0 ok, 1 failed, 2 usage. Never throws.
 */
export async function runCli(args: string[], world: CliWorld = {}): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr, env = process.env } = world;
  const terminal = createTerminal({ stdout, stderr, json: args.includes("--json"), env });
  const program = createProgram(stdout, terminal.json ? { write: () => {} } : stderr);
  const proxy = useEnvProxy(env);
  if (proxy.warning) terminal.hint(terminal.style("yellow", proxy.warning));
  try {
    const words = args.filter((arg) => !arg.startsWith("-"));
    const asked = words[0] === "help" ? words[1] : words[0];
    for (const { name, alias, summary, needs, load } of commands) {
      const command = program.command(name).summary(summary).description(capitalize(summary));
      if (alias !== undefined) command.alias(alias);
      if (asked === undefined || (name !== asked && alias !== asked)) continue;
      // Not before: what it takes is told on any Node.
      if (needs === "whole-node") command.hook("preAction", () => requireWholeNode(name));
      const { defineCommand } = await load();
      defineCommand(command, { terminal, env, commands });
      refuseUnknownWords(command, args);
    }
    await program.parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      if (terminal.json) terminal.error(explainUsage(error), "Run it with --help for what there is.");
      return exitCodes.usage;
    }
    const known = error instanceof CliError ? error : explainMissing(error);
    if (known) {
      if (!known.told) terminal.error(known.message, known.hint);
      return known.exitCode;
    }
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.error(`NRV9001 bug: ${detail}`, "This is a fault of nerveflare. Please report it with the command line that you used.");
    return exitCodes.failed;
  } finally {
    proxy.undo();
  }
}

/** What commander would have written, under `--json`. Where no command was named it writes the help. */
function explainUsage({ code, message }: CommanderError): string {
  return code === "commander.help" ? "No command was named." : message.replace(/^error: /, "");
}

function createProgram(stdout: Output, stderr: Output): Command {
  const program = new Command("nerveflare");
  return program
    .description("Lets agents on many machines work together.")
    .version(version, "-V, --version")
    .option("--json", "one JSON value per line instead of prose")
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for what there is)")
    .helpCommand("help [command]", "show what a command takes");
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// A reader that has seen enough (`| head`) is no fault.
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
}

/** Runs the process's own command line, to its exit code. */
export function runProgram(args: string[]): void {
  process.stdout.on("error", leaveQuietly);
  // On a disk that is full, or to a terminal that is gone, nothing can be told: a server serves on.
  process.stderr.on("error", () => {});
  // Not awaited: a command that waits when the process is told to end would be reported as an unsettled await.
  void runCli(args).then((code) => {
    process.exitCode = code;
  });
}

if (import.meta.main) runProgram(process.argv.slice(2));
