/** Reads and compiles one workflow file: what `compile` and `draw` begin with. */
import { type CompiledWorkflow, compileWorkflow } from "../../../compile/compile-workflow.ts";
import type { ParseResult } from "../../../compile/parse-workflow.ts";
import { type CheckedFile, checkSource } from "../check/check-file.ts";
import { createIncludes } from "../check/create-includes.ts";
import { readSource } from "../check/read-source.ts";
import { renderDiagnostic, renderSummary } from "../check/render-diagnostic.ts";
import { toJson } from "../check/to-json.ts";
import { CliError, exitCodes } from "../command.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Compiles a file; what there is to say of it goes to stderr, and to `diagnostics` of the result under `--json`.
 * @throws {CliError} when it cannot be read, or has errors
 */
export async function compileFile(
  path: string,
  terminal: Terminal,
): Promise<{ compiled: CompiledWorkflow; checked: CheckedFile; never: NonNullable<ParseResult["never"]> }> {
  const source = await readSource(path);
  if (source.problem) {
    const { message, hint } = source.problem;
    throw new CliError(`${source.file} ${message}`, { exitCode: exitCodes.usage, ...(hint ? { hint } : {}) });
  }
  const includes = createIncludes(path);
  const { compiled, diagnostics, never } = source.fault
    ? { compiled: undefined, diagnostics: checkSource(path, source).diagnostics, never: undefined }
    : compileWorkflow(source.text, includes ? { includes } : {});
  const checked: CheckedFile = { file: source.file, text: source.text, diagnostics };
  for (const diagnostic of diagnostics) terminal.hint(`${renderDiagnostic(checked, diagnostic, terminal.style)}\n`);
  if (compiled) return { compiled, checked, never: never ?? [] };
  if (terminal.json) terminal.result(toJson(checked), String);
  throw new CliError(`${source.file} does not compile: ${renderSummary([checked])}.`);
}

/** A workflow's name as the beginning of a file's: an older file's name may hold anything. */
export function toFileName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, 64) || "workflow";
}
