/** What a machine lacks, of what some commands need, as an error of the command line. Knows no command. */
import { explainRuntimeMissing } from "../../runtime-missing.ts";
import { CliError } from "./command.ts";

/** An error of a Node that is too old, or of a runtime that is not there; undefined: it is another. */
export function explainMissing(error: unknown): CliError | undefined {
  const { code, message = "", hint } = (error ?? {}) as { code?: unknown; message?: string; hint?: string };
  if (code === "node_too_old") return new CliError(message, { ...(hint !== undefined && { hint }), cause: error });
  const missing = explainRuntimeMissing(error);
  return missing && new CliError(`runtime_missing: ${missing.message}`, { hint: missing.hint, cause: error });
}
