/** `nerveflare prove`: walks a workflow's two machines together and tells, as stories, what can go wrong. */
import type { Command } from "commander";
import { parseDocument } from "yaml";
import type { Diagnostic } from "../../compile/diagnostics/diagnostic.ts";
import type { Span } from "../../compile/source/span.ts";
import { type Proof, type ProofDiagnostic, proveWorkflow } from "../../explore/index.ts";
import { renderDiagnostic } from "../lib/check/render-diagnostic.ts";
import { locateSpan } from "../lib/check/to-json.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { compileFile } from "../lib/compile/compile-file.ts";
import type { Terminal } from "../lib/terminal.ts";

interface ProveOptions {
  states?: string;
  seconds?: string;
}

/** Defines `nerveflare prove`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  command
    .argument("<file...>", "workflow files; `-` reads one from stdin")
    .option("--states <number>", "states to explore at most, per file", "80000")
    .option("--seconds <number>", "seconds to take at most, per file", "20")
    .addHelpText(
      "after",
      "\nFinds deadlocks, roles that can never be played, waits without a timeout, loops without an exit, and decisions that can match\n" +
        "nothing, each with the shortest story of how a thread gets there. docs/proofs.md lists them.\n" +
        "Exit code: 0 nothing worse than warnings, 1 errors, 2 asked wrongly.",
    )
    .action(async (files: string[], options: ProveOptions) => {
      const states = readNumber("--states", options.states);
      const seconds = readNumber("--seconds", options.seconds);
      let errors = 0;
      for (const file of files) {
        const { compiled, checked } = await compileFile(file, terminal);
        const locate = createLocator(checked.text);
        const proof = await proveWorkflow(compiled, { states, seconds, locate });
        errors += proof.diagnostics.filter(({ severity }) => severity === "error").length;
        terminal.result(toJson(file, checked.text, proof), () => render(terminal, file, checked.text, proof));
      }
      if (errors > 0) throw new CliError(`${errors} ${errors === 1 ? "error" : "errors"} found.`);
    });
}

function readNumber(option: string, text: string | undefined): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new CliError(`${option} is a number above 0, not "${text}".`, { exitCode: exitCodes.usage });
}

/** Finds a node's key in the text: in the graph, else among the roles. */
function createLocator(text: string): (node: string) => Span | undefined {
  const document = parseDocument(text, { logLevel: "silent", merge: true });
  return (node) => {
    for (const section of ["graph", "roles"]) {
      const map = document.get(section) as { items?: { key?: { value?: unknown; range?: [number, number, number] | null } }[] } | undefined;
      const range = map?.items?.find(({ key }) => key?.value === node)?.key?.range;
      if (range) return { start: range[0], end: range[1] };
    }
    return undefined;
  };
}

function toJson(file: string, text: string, { diagnostics, states, complete, note }: Proof): object {
  return {
    file,
    states,
    complete,
    note,
    diagnostics: diagnostics.map(({ code, name, severity, message, span, hint, node, story }) => ({
      code,
      name,
      severity,
      message,
      ...locateSpan(text, span),
      ...(hint === undefined ? {} : { hint }),
      node,
      story,
    })),
  };
}

function renderFinding(terminal: Terminal, file: string, text: string, found: ProofDiagnostic): string {
  // What is rendered is code, place and words; the name is another catalogue's.
  const shown = renderDiagnostic({ file, text, diagnostics: [] }, found as unknown as Diagnostic, terminal.style);
  return `${shown}\n${found.story.map((line) => `    ${terminal.style("dim", line)}`).join("\n")}`;
}

function render(terminal: Terminal, file: string, text: string, proof: Proof): string {
  const parts = proof.diagnostics.map((found) => renderFinding(terminal, file, text, found));
  // What was cut has proved nothing, whatever it found: that comes first.
  if (!proof.complete) {
    const [lead, ...rest] = proof.note.split(": ");
    return [`${terminal.style("yellow", lead ?? "")}: ${file}: ${rest.join(": ")}`, ...parts].join("\n\n");
  }
  const verdict = proof.diagnostics.length === 0 ? `${terminal.style("green", "proved")} ${file}` : file;
  return [...parts, `${verdict}: ${proof.note}`].join("\n\n");
}
