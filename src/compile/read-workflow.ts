/** The way from text to checked intermediate form. What else is to be said about a sound file is for others to say. */
import type { NeverTaken } from "./check/check-dead-edges.ts";
import { type Checked, checkWorkflow } from "./check/check-workflow.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { createDiagnostic, createReport, type Mend, type Report } from "./diagnostics/diagnostic.ts";
import type { WorkflowIr } from "./ir.ts";
import { raiseWorkflow } from "./raise/raise-workflow.ts";
import type { Includes } from "./source/read-include.ts";
import { readYaml } from "./source/read-yaml.ts";

export interface ParseOptions {
  /** Gives the text that `!include <path>` brings in. Without it an include is an error. */
  includes?: Includes;
  /** The file is to be published: then `binding: cloud` is asked for. */
  publish?: boolean;
}

/** What became of a file. `ir` is there exactly when no diagnostic is an error. */
export interface ParseResult extends Advice {
  ir?: WorkflowIr;
  /** In source order. */
  diagnostics: Diagnostic[];
}

/** What was found beside findings. */
export interface Advice {
  /** Edges that can never be taken. */
  never?: NeverTaken[];
}

/**
 * Checks a workflow file and gives its intermediate form. Never throws, whatever the text.
 * @param advise says what else there is to say; warnings only
 * @param mend says what was meant by what does not parse
 */
export function readWorkflow(
  text: string,
  options: ParseOptions,
  advise?: (checked: Checked, report: Report) => Advice,
  mend?: Mend,
): ParseResult {
  const report = createReport(text.length, mend);
  try {
    const root = readYaml(text, report, options.includes);
    if (root && root.kind !== "map")
      report.add(
        "wrong-type",
        { start: root.span.start, end: root.span.start + 1 },
        "A workflow is a mapping, with `name:`, `roles:` and `graph:`.",
      );
    if (root?.kind !== "map") return { diagnostics: report.list() };
    const checked = checkWorkflow(root, report, options.publish === true);
    const advice = advise?.(checked, report);
    if (report.hasErrors()) return { ...advice, diagnostics: report.list() };
    return { ...advice, ir: raiseWorkflow(checked.outline), diagnostics: report.list() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { diagnostics: [...report.list(), createDiagnostic("compiler-bug", { start: 0, end: 1 }, `The compiler failed: ${message}`)] };
  }
}
