/** What only publishing asks of a compiled workflow, and how its findings are shown. */
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Diagnostic } from "../compile/diagnostics/diagnostic.ts";
import { locateOffset } from "../compile/source/span.ts";
import type { Json } from "../contract/event.ts";
import { problemError } from "./problem-error.ts";

/** Diagnostics with one-based line and column, for people. */
export function locateDiagnostics(text: string, diagnostics: Diagnostic[]): { [key: string]: Json }[] {
  return diagnostics.map((diagnostic) => ({
    ...(diagnostic as unknown as { [key: string]: Json }),
    ...locateOffset(text, diagnostic.span.start),
  }));
}

/**
 * The compiled workflow, if it may be published under this name.
 * @throws ProblemError `workflow_invalid` with `diagnostics`
 */
export function checkPublish(
  name: string,
  text: string,
  compiled: CompiledWorkflow | undefined,
  diagnostics: Diagnostic[],
): CompiledWorkflow {
  const located = locateDiagnostics(text, diagnostics);
  const faults = diagnostics.filter(({ severity }) => severity === "error").length;
  if (!compiled || faults > 0) {
    throw problemError("workflow_invalid", `The workflow has ${faults === 1 ? "1 error" : `${faults} errors`}. What was published stays.`, {
      diagnostics: located,
    });
  }
  const { ir } = compiled;
  if (ir.name !== name) {
    throw problemError("workflow_invalid", `The file's name is ${JSON.stringify(ir.name)}: publish it as /v1/workflows/${ir.name}.`, {
      diagnostics: located,
    });
  }
  if (ir.binding !== "cloud") {
    throw problemError("workflow_invalid", "The file is a local nerve workflow. Add `binding: cloud` to publish it.", {
      diagnostics: located,
    });
  }
  return compiled;
}
