/** `nerveflare trace`: a thread as a tree of spans, each with how long it took and when. */
import type { Command } from "commander";
import type { SpanStatus } from "../../contract/statuses.ts";
import { writeNumber } from "../../contract/usage.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { describeBecause } from "../lib/describe-because.ts";
import { writeSpan } from "../lib/describe-wait.ts";
import type { Style, Terminal } from "../lib/terminal.ts";

const spanColours: Record<SpanStatus, Style> = { ok: "green", error: "red", open: "yellow" };

interface SpanView {
  spanId: string;
  parentId: string | null;
  kind: string;
  name: string;
  start: number;
  end: number | null;
  status: SpanStatus;
  attributes: { [name: string]: string | number | boolean };
}

interface TraceView {
  thread: string;
  traceId: string;
  workflow: string;
  status: string;
  truncated: boolean;
  archivedAt?: string;
  unreachable?: { receiver: string; error: string }[];
  spans: SpanView[];
}

/** Characters of the picture of time. */
const barWidth = 40;

/** Defines `nerveflare trace`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<thread>", "the thread's id")).action(async (thread: string, options: ApiOptions) => {
    const trace = (await createApi(options, context).call("GET", `v1/threads/${encodeURIComponent(thread)}/trace`)) as TraceView;
    terminal.result(trace, () => renderTrace(terminal, trace, Date.now()));
    if (trace.archivedAt !== undefined)
      terminal.hint(
        `The thread was archived ${trace.archivedAt}: the log has lost some of its events, or all, and their spans are missing here.`,
      );
    for (const { receiver, error } of trace.unreachable ?? [])
      terminal.hint(`${receiver} cannot be reached (${error}): why the thread went on as it did is missing here. Ask again.`);
    if (trace.truncated) terminal.hint("The thread has more events than a trace reads; its end is missing here.");
  });
}

function renderTrace(terminal: Terminal, { spans, traceId }: TraceView, now: number): string {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const from = Math.min(...spans.map(({ start }) => start));
  const to = Math.max(...spans.map(({ start, end }) => end ?? Math.max(start, now)));
  const lines: { label: string; span: SpanView }[] = [];
  const add = (span: SpanView, indent: string, branch: string): void => {
    lines.push({ label: `${indent}${branch}${describeSpan(span)}`, span });
    const children = spans.filter(({ parentId }) => parentId === span.spanId).sort((a, b) => a.start - b.start);
    const inner = branch === "" ? indent : `${indent}${branch === "└ " ? "  " : "│ "}`;
    for (const [index, child] of children.entries()) add(child, inner, index === children.length - 1 ? "└ " : "├ ");
  };
  for (const span of spans) if (span.parentId === null || !ids.has(span.parentId)) add(span, "", "");
  const width = Math.max(...lines.map(({ label }) => label.length));
  return [
    terminal.style("dim", `trace ${traceId}, ${new Date(from).toISOString()}, ${writeDuration(to - from)} in all`),
    ...lines.map(({ label, span }) => {
      const took = span.kind === "decision" ? "" : writeDuration((span.end ?? now) - span.start);
      const bar = terminal.style(spanColours[span.status], drawBar(span, from, to, now));
      return `${label.padEnd(width)}  ${`${took}${span.end === null ? "…" : ""}`.padStart(9)}  ${bar}`;
    }),
  ].join("\n");
}

function describeSpan({ kind, name, attributes }: SpanView): string {
  const { agent, outcome, round, closed, because, status } = attributes;
  const used = describeUsed(attributes);
  if (kind === "thread") return `${name} ${attributes.thread} ${status}${used}`;
  if (kind === "turn")
    return `turn ${attributes.number} ${name}${agent === undefined ? "" : ` (${agent})`}${round === undefined ? "" : ` round ${round}`}${outcome === undefined ? "" : `: ${outcome}`}${used}`;
  if (kind === "recruitment") return `${name}${agent === undefined ? (closed ? `: ${closed}` : "") : ` → ${agent}`}`;
  if (kind === "decision") return `${name}${because ? ` ${describeBecause(String(because)).slice(0, 60)}` : ""}`;
  return name;
}

/** What it took of language models, as agents said. */
function describeUsed({ tokens, cost }: SpanView["attributes"]): string {
  const parts = [
    ...(typeof tokens === "number" ? [`${writeNumber(tokens)} tokens`] : []),
    ...(typeof cost === "number" ? [`cost ${writeNumber(cost)}`] : []),
  ];
  return parts.length ? `, ${parts.join(", ")}` : "";
}

/** Where a span lies in the whole; never less than a dot. */
function drawBar({ start, end, kind }: SpanView, from: number, to: number, now: number): string {
  const scale = (at: number) => Math.round(((at - from) / Math.max(1, to - from)) * barWidth);
  const first = Math.min(scale(start), barWidth - 1);
  const length = Math.max(1, scale(end ?? now) - first);
  return `${" ".repeat(first)}${(kind === "decision" ? "◆" : "━").repeat(kind === "decision" ? 1 : length)}`;
}

function writeDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : writeSpan(milliseconds);
}
