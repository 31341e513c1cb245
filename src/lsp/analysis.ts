/** What is known of one text: its findings, its parts and its names. Made once a version; of a broken text as much as can be made out. */
import { type Outline, readOutline } from "../compile/check/outline.ts";
import type { Diagnostic } from "../compile/diagnostics/diagnostic.ts";
import type { WorkflowIr } from "../compile/ir.ts";
import { type ParseResult, parseWorkflow } from "../compile/parse-workflow.ts";
import type { MapNode } from "../compile/source/node.ts";
import type { Includes } from "../compile/source/read-include.ts";
import { readBrokenYaml } from "../compile/source/read-yaml.ts";
import { findOccurrences, isSameThing, type Occurrence } from "./find-occurrences.ts";

/** All that the editor may ask about. */
export interface Analysis {
  text: string;
  diagnostics: Diagnostic[];
  /** There exactly when no diagnostic is an error. */
  ir: WorkflowIr | undefined;
  /** Edges that can never be taken. */
  never: NonNullable<ParseResult["never"]>;
  /** Undefined where not even a mapping could be made out. */
  root: MapNode | undefined;
  /** Of an earlier version, where nothing can be made out of this one. */
  outline: Outline | undefined;
  /** In source order. */
  occurrences: Occurrence[];
}

/** Analyses a text. Never throws. */
export function analyse(text: string, includes: Includes | undefined, earlier: Analysis | undefined): Analysis {
  const { ir, diagnostics, never = [] } = parseWorkflow(text, includes ? { includes } : {});
  const root = readRoot(text, includes);
  const outline = root && readOutline(root);
  // Half a file knows few names; while its roles can't be read, the last ones that were stand in for completion.
  const usable = outline && (outline.roles.size > 0 || !earlier?.outline) ? outline : earlier?.outline;
  return { text, diagnostics, ir, never, root, outline: usable, occurrences: outline ? findOccurrences(outline) : [] };
}

/** The tree of a text as far as it can be read. */
function readRoot(text: string, includes: Includes | undefined): MapNode | undefined {
  try {
    const node = readBrokenYaml(text, includes);
    return node?.kind === "map" ? node : undefined;
  } catch {
    return undefined;
  }
}

/** The place at an offset that names something. */
export function findOccurrence({ occurrences }: Analysis, offset: number): Occurrence | undefined {
  return occurrences.find(({ span }) => span.start <= offset && offset <= span.end);
}

/** All places that name the same. */
export function listSame({ occurrences }: Analysis, of: Occurrence): Occurrence[] {
  return occurrences.filter((other) => isSameThing(other, of));
}
