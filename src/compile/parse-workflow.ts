/** The compiler's front end for authors: all that is to be said about a file. */
import { checkDeadEdges } from "./check/check-dead-edges.ts";
import { checkChains } from "./check/check-endless.ts";
import { checkMeaning, tellLater } from "./check/check-meaning.ts";
import { checkNeverHolds } from "./check/check-never-holds.ts";
import { checkRecruiting } from "./check/check-recruiting.ts";
import { checkReflexKeys } from "./check/check-reflex-keys.ts";
import { checkSchemaFit } from "./check/check-schema-fit.ts";
import { checkSlips } from "./check/check-slips.ts";
import type { Checked } from "./check/check-workflow.ts";
import { createMeaning } from "./check/meaning.ts";
import { nameStrangeLetters } from "./diagnostics/name-strange-letters.ts";
import { mendSource } from "./mend-source.ts";
import { type ParseOptions, type ParseResult, readWorkflow } from "./read-workflow.ts";

export type { ParseOptions, ParseResult } from "./read-workflow.ts";

/**
 * Checks a workflow file and gives its intermediate form. Never throws, whatever the text.
 * @param seen is given what the checks left for others to judge by, also of a file with errors
 */
export function parseWorkflow(text: string, options: ParseOptions = {}, seen?: (checked: Checked) => void): ParseResult {
  const result = readWorkflow(
    text,
    options,
    (checked, report) => {
      const { outline } = checked;
      const meaning = createMeaning(outline);
      const later = checkMeaning(checked, meaning, report);
      checkSchemaFit(outline, report);
      const tests = checkNeverHolds(checked, meaning, report);
      checkRecruiting(outline, report);
      const never = checkDeadEdges(checked, meaning, report);
      tellLater(later, outline, never, tests);
      checkChains(outline, report);
      checkReflexKeys(outline, report);
      checkSlips(outline, text, report);
      seen?.(checked);
      return { never };
    },
    mendSource,
  );
  return { ...result, diagnostics: result.diagnostics.map(nameStrangeLetters) };
}
