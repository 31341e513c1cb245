/** Applies the fixes of findings to a text, round by round, for one mended fault may bring another to light. Pure. */
import { locateOffset } from "../source/span.ts";
import type { Diagnostic, Fix } from "./diagnostic.ts";

/** Rounds at most: fixes are guesses, and two might undo each other for ever. */
const maxRounds = 10;

/** A fix that was applied; the line is that of the text it was applied to. */
export interface AppliedFix {
  title: string;
  line: number;
}

/** The text with all fixes that could be applied, and which those were. */
export interface FixResult {
  text: string;
  applied: AppliedFix[];
}

/**
 * Applies fixes until none is left or nothing changes. A fix that would keep the file from being read as YAML is left out.
 * @param checkText gives the findings about a text: asked once for each
 */
export function applyFixes(text: string, checkText: (text: string) => Diagnostic[]): FixResult {
  const checked = new Map<string, Diagnostic[]>();
  // What a round made, the next one begins with.
  const check = (each: string): Diagnostic[] => {
    const found = checked.get(each) ?? checkText(each);
    checked.set(each, found);
    return found;
  };
  const seen = new Set([text]);
  const applied: AppliedFix[] = [];
  let current = text;
  for (let round = 0; round < maxRounds; round++) {
    const fixes = chooseFixes(check(current), current);
    const kept = keepReadable(current, fixes, check);
    const next = replaceAll(current, kept);
    if (seen.has(next)) break;
    seen.add(next);
    applied.push(...kept.map(({ title, span }) => ({ title, line: locateOffset(current, span.start).line })));
    current = next;
  }
  return { text: current, applied };
}

/** Those that change something and do not touch one another, in source order; the others have their turn in the next round. */
function chooseFixes(diagnostics: Diagnostic[], text: string): Fix[] {
  const chosen: Fix[] = [];
  const fixes = diagnostics.flatMap(({ fix }) => (fix ? [fix] : [])).sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  let end = -1;
  for (const fix of fixes) {
    if (fix.span.start <= end || text.slice(fix.span.start, fix.span.end) === fix.text) continue;
    chosen.push(fix);
    end = fix.span.end;
  }
  return chosen;
}

/** All of them if the result can be read; else one by one, as far as it can. */
function keepReadable(text: string, fixes: Fix[], check: (text: string) => Diagnostic[]): Fix[] {
  const faults = countUnreadable(check(text));
  const isFine = (candidates: Fix[]): boolean => countUnreadable(check(replaceAll(text, candidates))) <= faults;
  if (fixes.length === 0 || isFine(fixes)) return fixes;
  const kept: Fix[] = [];
  for (const fix of fixes) {
    kept.push(fix);
    if (!isFine(kept)) kept.pop();
  }
  return kept;
}

/** Findings about the YAML itself: codes `NRV1xxx`. */
function countUnreadable(diagnostics: Diagnostic[]): number {
  return diagnostics.filter(({ code }) => code.startsWith("NRV1")).length;
}

function replaceAll(text: string, fixes: Fix[]): string {
  return fixes.reduceRight(
    (result, { span, text: replacement }) => result.slice(0, span.start) + replacement + result.slice(span.end),
    text,
  );
}
