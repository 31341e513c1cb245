/** `nerveflare publish`: puts workflow files into the registry. */

import type { Command } from "commander";
import { parseDocument } from "yaml";
import { ClientError } from "../../client/client-error.ts";
import { readWorkflow } from "../../compile/read-workflow.ts";
import { inlineIncludes } from "../../compile/source/inline-includes.ts";
import { locateOffset } from "../../compile/source/span.ts";
import type { Answer } from "../../contract/http/answers.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { createIncludes } from "../lib/check/create-includes.ts";
import { readSource } from "../lib/check/read-source.ts";
import { severityColours } from "../lib/check/render-diagnostic.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import type { Terminal } from "../lib/terminal.ts";

type Finding = Answer<"published">["diagnostics"][number];

/** Defines `nerveflare publish`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<file...>", "workflow files, `binding: cloud`")).action(async (files: string[], options: ApiOptions) => {
    const api = createApi(options, context);
    const refused: string[] = [];
    for (const file of files) {
      const { body, found } = takeIncluded(file, await readFile(file));
      const refuse = (diagnostics: Finding[], error: string): void => {
        printDiagnostics(terminal, file, diagnostics);
        if (terminal.json) terminal.result({ file, error, diagnostics }, String);
        refused.push(file);
      };
      if (body === undefined) {
        refuse(found, "The workflow has errors. What was published stays.");
        continue;
      }
      const path = `v1/workflows/${encodeURIComponent(readName(body, file))}`;
      try {
        const answer = await api.call("PUT", path, { body, contentType: "application/yaml" });
        const { name, revision, diagnostics: told, warnings } = answer as Answer<"published">;
        const diagnostics = found ?? told;
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
        refuse(diagnostics, (error as Error).message);
      }
    }
    if (refused.length > 0) {
      throw new CliError(`Not published: ${refused.join(", ")}.`, { hint: "Mend what is shown above; what was published before stays." });
    }
  });
}

async function readFile(file: string): Promise<string> {
  const { text, problem, fault } = await readSource(file);
  if (problem)
    throw new CliError(`${file} ${problem.message}`, { ...(problem.hint ? { hint: problem.hint } : {}), exitCode: exitCodes.usage });
  if (fault) throw new CliError(`${file}: ${fault.message}`, fault.hint ? { hint: fault.hint } : {});
  return text;
}

/**
 * What is sent of a file: with its includes, which a server has not, written in their places. Then the findings are told as they are of
 * the file: what is sent has other columns. Without a body there are errors.
 */
function takeIncluded(file: string, text: string): { body: string; found?: Finding[] } | { body?: undefined; found: Finding[] } {
  const includes = text.includes("!include") ? createIncludes(file) : undefined;
  if (!includes) return { body: text };
  const { ir, diagnostics } = readWorkflow(text, { includes, publish: true });
  const found = diagnostics.map((diagnostic) => ({ ...diagnostic, ...locateOffset(text, diagnostic.span.start) }));
  return ir ? { body: inlineIncludes(text, includes), found } : { found };
}

/** The registry's name for the file is in it. If it cannot be found, the server is asked all the same: it says best what is wrong. */
function readName(text: string, file: string): string {
  const name: unknown = parseDocument(text, { logLevel: "silent" }).get("name");
  return typeof name === "string" && name !== "" ? name : file.replace(/^.*[\\/]|\.ya?ml$/g, "") || "unnamed";
}

function readDiagnostics(error: unknown): Finding[] | undefined {
  const cause = error instanceof CliError ? error.cause : undefined;
  const diagnostics = cause instanceof ClientError ? cause.problem?.["diagnostics"] : undefined;
  return Array.isArray(diagnostics) && diagnostics.length > 0 ? (diagnostics as unknown as Finding[]) : undefined;
}

function printDiagnostics(terminal: Terminal, file: string, diagnostics: Finding[]): void {
  for (const { line, column, severity, code, message, hint } of diagnostics) {
    terminal.hint(
      `${file}:${line}:${column} ${terminal.style(severityColours[severity], severity)} ${code} ${message}${hint ? `\n  ${hint}` : ""}`,
    );
  }
}
