/** Reads and checks one workflow file: what the commands for authors have in common. Knows nothing of how findings are shown. */
import type { AppliedFix } from "../../../compile/diagnostics/apply-fixes.ts";
import { createDiagnostic, type Diagnostic } from "../../../compile/diagnostics/diagnostic.ts";
import { parseWorkflow } from "../../../compile/parse-workflow.ts";
import { type Member, readMember } from "../../../compile/together/member.ts";
import { createIncludes } from "./create-includes.ts";
import type { FileProblem, Source } from "./read-source.ts";

/** What became of a file. */
export interface CheckedFile {
  /** As the user named it; `<stdin>` for `-`. */
  file: string;
  /** The text that the findings' offsets are into. */
  text: string;
  /** In source order. */
  diagnostics: Diagnostic[];
  /** What other files are judged by. */
  member?: Member;
  /** The file could not be looked at; then there is no text. */
  problem?: FileProblem;
  /** Under `--fix`: what was changed. */
  fixed?: AppliedFix[];
  /** Under `--fix`: the text as it was. */
  before?: string;
}

/** Checks a text that came from the file at `path`. */
export function checkText(path: string, text: string): Diagnostic[] {
  const includes = createIncludes(path);
  return parseWorkflow(text, includes ? { includes } : {}).diagnostics;
}

/** What is to be said about a source as it was read. Never throws for what it holds. */
export function checkSource(path: string, { file, text, fault, problem }: Source): CheckedFile {
  if (problem) return { file, text, diagnostics: [], problem };
  if (!fault) {
    const includes = createIncludes(path);
    const { member, result } = readMember(file, text, includes ? { includes } : {});
    return { file, text, diagnostics: result.diagnostics, member };
  }
  const { name, at, message, hint } = fault;
  return { file, text, diagnostics: [createDiagnostic(name, { start: at, end: at + 1 }, message, hint ? { hint } : {})] };
}
