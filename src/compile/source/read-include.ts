/** What `!include` brings in. Knows how to ask for a file's text, not where files are. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import type { ScalarNode, SourceNode } from "./node.ts";
import type { Span } from "./span.ts";

/** Gives the text of an included file; undefined when there is none, or why there is one that is not had: completes a sentence. */
export type Includes = (path: string) => string | { refused: string } | undefined;

/** How a file is being read. */
export interface Reading {
  includes: Includes | undefined;
  /** The files that include one another down to this one, outermost first. */
  chain: readonly string[];
  /** Shared by a file and all it includes. */
  count: { files: number; nodes: number; bytes: number };
  /** Faults of the YAML are no reason to give up: what can be made out is read. */
  broken?: boolean;
  /** Reads a text as YAML. */
  read: (text: string, report: Report, reading: Reading) => SourceNode | undefined;
}

/** A converted node and what it costs when every alias is written out. */
export interface Converted {
  node: SourceNode;
  size: number;
  bytes: number;
}

/** A resolver that throws has no such file. */
function readIncluded(includes: Includes, path: string): ReturnType<Includes> {
  try {
    return includes(path);
  } catch {
    return undefined;
  }
}

/** Reads what `!include path` brings in, all of it placed at the include; undefined if that was reported as an error. */
export function readInclude(path: string, span: Span, report: Report, reading: Reading): Converted | undefined {
  const { includes, chain, count } = reading;
  count.files += 1;
  if (includes === undefined) {
    report.add("include-refused", span, `\`!include ${path}\` needs the file beside it, which is not at hand here.`, {
      hint: "a server reads one file: `nerveflare publish` writes into it what the include brings in",
    });
    return undefined;
  }
  const file = path.replace(/^(\.\/)+/, "");
  const again = chain.indexOf(file);
  if (again >= 0) {
    const circle = [...chain.slice(again), file];
    report.add("include-refused", span, `\`${file}\` includes itself: ${circle.join(" → ")}.`, { hint: "take one of these includes out" });
    return undefined;
  }
  if (chain.length >= compileLimits.includeDepth || count.files > compileLimits.includes) {
    report.add("include-refused", span, "Too many files include one another.");
    return undefined;
  }
  const content = readIncluded(includes, path);
  if (typeof content !== "string") {
    const what = content === undefined ? `There is no file \`${path}\`.` : `\`${path}\` ${content.refused}.`;
    report.add("include-refused", span, path === "" ? "`!include` names no file." : what, {
      hint: "an include names a file of the workflow's own folder, or of folders in it",
    });
    return undefined;
  }
  if (!/\.(ya?ml|json)$/i.test(path)) {
    return { node: { kind: "scalar", span, value: content, style: "included", locate: () => span }, size: 1, bytes: content.length };
  }
  const inner = createForwardingReport(report, span, file, content);
  const included = reading.read(content, inner, { ...reading, chain: [...chain, file] });
  // What a file with faults holds is not judged further: the fault is shown once, where the file is included.
  if (included === undefined || inner.failed()) return undefined;
  const moved = moveTo(included, span);
  return { node: moved, ...measureNode(moved) };
}

interface ForwardingReport extends Report {
  /** Says what is wrong in a file further in, whose place the message names already. */
  forward(...finding: [name: Parameters<Report["add"]>[0], message: string, details: Parameters<Report["add"]>[3]]): void;
  failed(): boolean;
}

/** Findings in an included file are shown where the outermost one is included; the message names the innermost file and its line. */
function createForwardingReport(report: Report | ForwardingReport, span: Span, path: string, text: string): ForwardingReport {
  let failed = false;
  const forward: ForwardingReport["forward"] = (name, message, details) => {
    failed ||= (details?.severity ?? "error") === "error";
    if ("forward" in report) report.forward(name, message, details);
    else report.add(name, span, message, { ...details, related: [], fix: undefined });
  };
  return {
    ...report,
    add: (name, inner, message, details) =>
      forward(name, `${path}, line ${text.slice(0, inner.start).split("\n").length}: ${message}`, details),
    forward,
    failed: () => failed,
  };
}

/** Size with aliases written out; bounded, for the node was measured when it was read. */
function measureNode(node: SourceNode): { size: number; bytes: number } {
  if (node.kind === "scalar") return { size: 1, bytes: typeof node.value === "string" ? node.value.length : 8 };
  const inner = node.kind === "list" ? node.items.map(measureNode) : node.entries.map((entry) => measureNode(entry.value));
  return { size: inner.reduce((sum, part) => sum + part.size + 1, 1), bytes: inner.reduce((sum, part) => sum + part.bytes, 0) };
}

function moveTo(node: SourceNode, span: Span): SourceNode {
  if (node.kind === "scalar") return { ...node, span, style: "included", locate: () => span };
  if (node.kind === "list") return { ...node, span, items: node.items.map((item) => moveTo(item, span)) };
  return {
    ...node,
    span,
    entries: node.entries.map((entry) => ({
      ...entry,
      keyNode: moveTo(entry.keyNode, span) as ScalarNode,
      value: moveTo(entry.value, span),
    })),
  };
}
