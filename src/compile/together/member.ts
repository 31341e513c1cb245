/** The files that are checked together, as far as they can be read: a broken one is still known by its name. */
import type { Checked } from "../check/check-workflow.ts";
import { type Outline, readOutline } from "../check/outline.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { WorkflowIr } from "../ir.ts";
import { type ParseOptions, type ParseResult, parseWorkflow } from "../parse-workflow.ts";
import { findText, type TextNode } from "../source/node.ts";
import { readBrokenYaml } from "../source/read-yaml.ts";
import { locateOffset, type Span } from "../source/span.ts";
import type { Known } from "./known.ts";

/** One of the files. */
export interface Member {
  /** What people call it. */
  file: string;
  text: string;
  name: TextNode | undefined;
  /** Undefined where not even a mapping could be made out. */
  outline: Outline | undefined;
  /** What the checks left of a file that could be read as a whole. */
  checked: Checked | undefined;
  /** Of a file without errors. */
  ir: WorkflowIr | undefined;
  /** Others are judged by it, and nothing is said of it: a server has it. */
  silent?: true;
}

/** Checks a file by itself, and keeps what others are judged by. Never throws. */
export function readMember(file: string, text: string, options: ParseOptions = {}): { member: Member; result: ParseResult } {
  let checked: Checked | undefined;
  const result = parseWorkflow(text, options, (seen) => {
    checked = seen;
  });
  const outline = checked?.outline ?? readBroken(text, options);
  return { member: { file, text, name: findText(outline?.root, "name"), outline, checked, ir: result.ir }, result };
}

function readBroken(text: string, { includes }: ParseOptions): Outline | undefined {
  try {
    const root = readBrokenYaml(text, includes);
    return root?.kind === "map" ? readOutline(root) : undefined;
  } catch {
    return undefined;
  }
}

/** What a check of several files goes over. */
export interface Group {
  members: readonly Member[];
  /** By workflow's name; silent ones last. */
  byName: ReadonlyMap<string, readonly Member[]>;
  /** Where the findings of a file go; those of a silent one go nowhere. */
  reportOf(member: Member): Report;
  /** What a server knows; undefined: none was asked. */
  known: Known | undefined;
}

/** A place of a file as people write it. */
export function nameSpan({ file, text, silent }: Member, span: Span): string {
  return silent ? file : `${file}:${locateOffset(text, span.start).line}`;
}
