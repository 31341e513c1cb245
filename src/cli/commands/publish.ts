/** `nerveflare publish`: puts workflow files into the registry. */

import type { Command } from "commander";
import { parseDocument } from "yaml";
import { ClientError } from "../../client/client-error.ts";
import type { Answer } from "../../contract/http/answers.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { readSource } from "../lib/check/read-source.ts";
import { severityColours } from "../lib/check/render-diagnostic.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import type { Terminal } from "../lib/terminal.ts";

/** Defines `nerveflare publish`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<file...>", "workflow files, `binding: cloud`")).action(async (files: string[], options: ApiOptions) => {
    const api = createApi(options, context);
    const refused: string[] = [];
    for (const file of files) {
      const text = await readWorkflow(file);
      const path = `v1/workflows/${encodeURIComponent(readName(text, file))}`;
      try {
        const answer = await api.call("PUT", path, { body: text, contentType: "application/yaml" });
        const { name, revision, diagnostics, warnings } = answer as Answer<"published">;
        printDiagnostics(terminal, file, diagnostics);
        for (const { role, agent, path, message } of warnings ?? [])
          terminal.hint(`${file} ${terminal.style("yellow", "warning")} ${agent} would drop the turns of ${role}: ${path} ${message}`);
        terminal.result(
          { file, name, revision, diagnostics, ...(warnings && { warnings }) },
          () => `${terminal.style("green", "published")} ${name} ${revision}`,
        );
      } catch (error) {
        const diagnostics = readDiagnostics(error);
        if (!diagnostics) throw error;
        printDiagnostics(terminal, file, diagnostics);
        if (terminal.json) terminal.result({ file, error: (error as Error).message, diagnostics }, String);
        refused.push(file);
      }
    }
    if (refused.length > 0) {
      throw new CliError(`Not published: ${refused.join(", ")}.`, { hint: "Mend what is shown above; what was published before stays." });
    }
  });
}

async function readWorkflow(file: string): Promise<string> {
  const { text, problem, fault } = await readSource(file);
  if (problem)
    throw new CliError(`${file} ${problem.message}`, { ...(problem.hint ? { hint: problem.hint } : {}), exitCode: exitCodes.usage });
  if (fault) throw new CliError(`${file}: ${fault.message}`, fault.hint ? { hint: fault.hint } : {});
  return text;
}

/** The registry's name for the file is in it. If it cannot be found, the server is asked all the same: it says best what is wrong. */
function readName(text: string, file: string): string {
  const name: unknown = parseDocument(text, { logLevel: "silent" }).get("name");
  return typeof name === "string" && name !== "" ? name : file.replace(/^.*[\\/]|\.ya?ml$/g, "") || "unnamed";
}

function readDiagnostics(error: unknown): Answer<"published">["diagnostics"][number][] | undefined {
  const cause = error instanceof CliError ? error.cause : undefined;
  const diagnostics = cause instanceof ClientError ? cause.problem?.["diagnostics"] : undefined;
  return Array.isArray(diagnostics) && diagnostics.length > 0
    ? (diagnostics as unknown as Answer<"published">["diagnostics"][number][])
    : undefined;
}

function printDiagnostics(terminal: Terminal, file: string, diagnostics: Answer<"published">["diagnostics"][number][]): void {
  for (const { line, column, severity, code, message, hint } of diagnostics) {
    terminal.hint(
      `${file}:${line}:${column} ${terminal.style(severityColours[severity], severity)} ${code} ${message}${hint ? `\n  ${hint}` : ""}`,
    );
  }
}
