/** Workflow YAML to all that runs it: the intermediate form, the two machines' configs, and the revision they are known by. */
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { type CompiledWorkflow, lowerWorkflow } from "./lower-workflow.ts";
import { type ParseOptions, type ParseResult, parseWorkflow } from "./parse-workflow.ts";

export { type CompiledWorkflow, lowerWorkflow, writeCanonicalJson } from "./lower-workflow.ts";

/** Compiles a workflow. Never throws; where there are errors there is no `compiled`. */
export function compileWorkflow(
  text: string,
  options?: ParseOptions,
): { compiled?: CompiledWorkflow; diagnostics: Diagnostic[]; never?: ParseResult["never"] } {
  const { ir, ...told } = parseWorkflow(text, options);
  return ir ? { compiled: lowerWorkflow(ir), ...told } : told;
}
