/** What is known of one text: its findings, its parts and its names. Made once a version; of a broken text as much as can be made out. */
import type { Outline } from "../compile/check/outline.ts";
import { type Diagnostic, sortDiagnostics } from "../compile/diagnostics/diagnostic.ts";
import type { WorkflowIr } from "../compile/ir.ts";
import type { ParseResult } from "../compile/parse-workflow.ts";
import type { MapNode } from "../compile/source/node.ts";
import type { Includes } from "../compile/source/read-include.ts";
import { type Member, readMember } from "../compile/together/member.ts";
import { findOccurrences, isSameThing, type Occurrence } from "./find-occurrences.ts";

/** All that the editor may ask about. */
export interface Analysis {
  text: string;
  /** In source order. */
  diagnostics: readonly Diagnostic[];
  /** Those that only show beside other files, which are among all of them. */
  together: readonly Diagnostic[];
  /** What other files are judged by. */
  member: Member;
  /** There exactly when no diagnostic is an error. */
  ir: WorkflowIr | undefined;
  /** Edges that can never be taken. */
  never: NonNullable<ParseResult["never"]>;
  /** Undefined where not even a mapping could be made out. */
  root: MapNode | undefined;
  /** Of an earlier version, where nothing can be made out of this one. */
  outline: Outline | undefined;
  /** In source order. Looked for when first asked: not at every key. */
  findOccurrences(): readonly Occurrence[];
}

/** Analyses a text by itself. Never throws. */
export function analyse(uri: string, text: string, includes: Includes | undefined, earlier: Analysis | undefined): Analysis {
  const { member, result } = readMember(uri, text, includes ? { includes } : {});
  const { ir, diagnostics, never = [] } = result;
  const { outline } = member;
  // Half a file knows few names; while its roles can't be read, the last ones that were stand in for completion.
  const usable = outline && (outline.roles.size > 0 || !earlier?.outline) ? outline : earlier?.outline;
  let occurrences: Occurrence[] | undefined;
  const find = (): Occurrence[] => {
    occurrences ??= outline ? findOccurrences(outline) : [];
    return occurrences;
  };
  return { text, diagnostics, together: [], member, ir, never, root: outline?.root, outline: usable, findOccurrences: find };
}

/** The same with what the text and other files say together. */
export function addTogether(analysis: Analysis, together: readonly Diagnostic[]): Analysis {
  const alone = analysis.diagnostics.filter((diagnostic) => !analysis.together.includes(diagnostic));
  return { ...analysis, together, diagnostics: sortDiagnostics([...alone, ...together]) };
}

/** The place at an offset that names something. */
export function findOccurrence(analysis: Analysis, offset: number): Occurrence | undefined {
  return analysis.findOccurrences().find(({ span }) => span.start <= offset && offset <= span.end);
}

/** All places that name the same. */
export function listSame(analysis: Analysis, of: Occurrence): Occurrence[] {
  return analysis.findOccurrences().filter((other) => isSameThing(other, of));
}
