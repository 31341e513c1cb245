/** What a command's module gives the CLI, and the errors by which it fails. Knows no command. */
import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

/** How a run ended: 0 went well, 1 failed, 2 was asked wrongly. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** What a command is given beside its arguments; injected, so that tests read what was written and set the environment. */
export interface CommandContext {
  terminal: Terminal;
  env: Record<string, string | undefined>;
  /** All commands that there are, for the one that completes them. */
  commands: readonly CommandEntry[];
}

/** A command's module: `load` in the table of main.ts imports it only when it is the one that was asked for. */
export interface CommandModule {
  /** Adds arguments, options, subcommands and the action, which throws {@link CliError} where it fails. */
  defineCommand(command: Command, context: CommandContext): void;
}

/** A row of the table of commands in main.ts. */
export interface CommandEntry {
  name: string;
  /** What it was called before. */
  alias?: string;
  summary: string;
  /** Absent: every Node runs it that runs any. `whole-node`: it needs what only newer ones have, see `src/node-version.ts`. */
  needs?: "whole-node";
  load: () => Promise<CommandModule>;
}

/** A failure that the user can mend: `message` says what happened, `hint` what to do. Everything else is a bug. */
export class CliError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;
  /** The result says it all: nothing is written to stderr. */
  readonly told: boolean;

  constructor(message: string, options: { hint?: string | undefined; exitCode?: number; cause?: unknown; told?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = "CliError";
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.told = options.told ?? false;
  }
}
