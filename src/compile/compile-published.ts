/** The compiler as the server has it. What only warns is left to the command and the editor: a server carries no code to advise authors by. */
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { type CompiledWorkflow, lowerWorkflow } from "./lower-workflow.ts";
import { readWorkflow } from "./read-workflow.ts";

/** Compiles a workflow that is to be published. Never throws; where there are errors there is no `compiled`. */
export function compilePublished(text: string): { compiled?: CompiledWorkflow; diagnostics: Diagnostic[] } {
  const { ir, diagnostics } = readWorkflow(text, { publish: true });
  return ir ? { compiled: lowerWorkflow(ir), diagnostics } : { diagnostics };
}
