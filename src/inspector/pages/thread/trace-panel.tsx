/** The thread's spans as a waterfall. */
import type { Answer } from "../../../contract/http/answers.ts";
import { read } from "../../data/api.ts";
import { useResource } from "../../data/use-resource.ts";
import { ErrorState, LoadingState } from "../../parts/states.tsx";
import { type Column, VirtualTable } from "../../parts/virtual-table.tsx";
import { writeSpan } from "./leases-panel.tsx";

type Span = Answer<"trace">["spans"][number];

/** @param version read again when this changes */
export function TracePanel({ thread, version, now }: { thread: string; version: number; now: number }) {
  const trace = useResource((signal) => read<"trace">(`/v1/threads/${encodeURIComponent(thread)}/trace`, { signal }), [thread, version]);
  const { value, error } = trace;
  if (value === undefined) return error ? <ErrorState error={error} retry={trace.reload} /> : <LoadingState what="the trace" />;
  const { spans, truncated } = value;
  const depths = measureDepths(spans);
  const from = Math.min(...spans.map(({ start }) => start));
  const to = Math.max(from + 1, ...spans.map(({ end }) => end ?? now));
  const share = (time: number) => ((time - from) / (to - from)) * 100;
  const columns: Column<Span>[] = [
    {
      key: "name",
      header: "What",
      width: "minmax(8rem, 16rem)",
      narrowWidth: "minmax(0, 3fr)",
      cell: ({ spanId, name }) => <span style={{ paddingInlineStart: `${(depths.get(spanId) ?? 0) * 0.9}rem` }}>{name}</span>,
    },
    {
      key: "took",
      header: "Took",
      width: "5.5rem",
      narrowWidth: "4rem",
      cell: ({ start, end }) => (end === null ? "goes on" : writeSpan(end - start)),
    },
    {
      key: "bar",
      header: "When",
      width: "minmax(8rem, 1fr)",
      narrowWidth: "minmax(0, 2fr)",
      cell: ({ start, end, status, kind }) => (
        <span class="waterfall">
          <span
            class={`bar bar-${kind} bar-${status}`}
            style={{ left: `${share(start)}%`, width: `max(3px, ${share(end ?? to) - share(start)}%)` }}
          />
        </span>
      ),
    },
    { key: "who", header: "Who", width: "7rem", cell: ({ attributes }) => String(attributes["agent"] ?? ""), wideOnly: true },
  ];
  return (
    <>
      {truncated && <p class="notice">The thread has more events than a trace holds: these are the first.</p>}
      <VirtualTable label="Trace" columns={columns} rows={spans} rowKey={({ spanId }) => spanId} rowHeight={32} />
    </>
  );
}

function measureDepths(spans: readonly Span[]): Map<string, number> {
  const parents = new Map(spans.map(({ spanId, parentId }) => [spanId, parentId]));
  const depths = new Map<string, number>();
  for (const { spanId } of spans) {
    let depth = 0;
    for (let parent = parents.get(spanId); parent != null && parents.has(parent) && depth < 8; parent = parents.get(parent)) depth += 1;
    depths.set(spanId, depth);
  }
  return depths;
}
