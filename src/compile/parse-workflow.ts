/** The compiler's front end for authors: all that is to be said about a file. */
import { checkMeaning } from "./check/check-meaning.ts";
import { type ParseOptions, type ParseResult, readWorkflow } from "./read-workflow.ts";

export type { ParseOptions, ParseResult } from "./read-workflow.ts";

/** Checks a workflow file and gives its intermediate form. Never throws, whatever the text. */
export function parseWorkflow(text: string, options: ParseOptions = {}): ParseResult {
  return readWorkflow(text, options, checkMeaning);
}
