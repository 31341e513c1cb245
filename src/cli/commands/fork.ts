/** `nerveflare fork`: copies a thread up to a step into a new one, if need be with other agents. */
import type { Command } from "commander";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { addThreadOrder, orderThread, readJsonOption, readStep, type ThreadOrder } from "../lib/thread-order.ts";

type ForkOptions = ThreadOrder & { at?: string; output?: string; role?: string[]; revision?: string };

/** Defines `nerveflare fork`. */
export function defineCommand(command: Command, context: CommandContext): void {
  addThreadOrder(command)
    .option("--at <step>", "the last step to copy (default: all)")
    .option("--output <json>", "what to put in place of that step's output: the copy goes on as if it had been answered")
    .option("--role <role=agent...>", "agents that are to hold roles; the others are recruited")
    .option("--revision <hash>", "another revision of the workflow")
    .action((id: string, { at, output, role, revision, ...options }: ForkOptions) =>
      orderThread(context, options, id, "fork", {
        ...(at !== undefined && { at: readStep(at) }),
        ...(output !== undefined && { output: readJsonOption(output, "--output") }),
        ...(role && { roles: Object.fromEntries(role.map(readRole)) }),
        ...(revision !== undefined && { revision }),
      }),
    );
}

function readRole(text: string): [role: string, agent: string] {
  const [role, agent, ...more] = text.split("=");
  if (role && agent && more.length === 0) return [role, agent];
  throw new CliError(`${JSON.stringify(text)} names no role and its agent.`, {
    hint: "Write --role reviewer=bob.",
    exitCode: exitCodes.usage,
  });
}
