/** Errors of the rooms below as the CLI shows them. */
import { ScriptError } from "../../simulate/script-error.ts";
import { CliError, exitCodes } from "./command.ts";

/** Runs what works on a data folder or a script. @throws {CliError} that says what to do, for whatever says that */
export async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { hint, code, message } = error as { hint?: string; code?: string; message: string };
    if (error instanceof ScriptError) throw new CliError(message, { ...(hint && { hint }), exitCode: exitCodes.usage, cause: error });
    // As `start` says it: programs know the fault by its code.
    if (hint !== undefined) throw new CliError(code === undefined ? message : `${code}: ${message}`, { hint, cause: error });
    const hints: Record<string, string> = {
      ENOSPC: "The disk is full: make room and repeat.",
      EACCES: "This user may not read or write there.",
      EPERM: "This user may not do that there.",
      EROFS: "It is mounted read-only.",
    };
    const known = code === undefined ? undefined : hints[code];
    throw known === undefined ? error : new CliError(message, { hint: known, cause: error });
  }
}
