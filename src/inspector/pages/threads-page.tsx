/** All threads, live: which there are, where each is, and what it waits for. */
import type { Signal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { threadStatuses } from "../../contract/statuses.ts";
import type { ThreadCounts } from "../../contract/views/thread.ts";
import { waitMeanings, waitWords } from "../../contract/waits.ts";
import { session } from "../data/session.ts";
import type { ThreadRow } from "../data/threads-model.ts";
import { type ThreadFilter, useThreads } from "../data/use-threads.ts";
import { FilterBar, SelectFilter, TextFilter } from "../parts/filters.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";

type Row = Signal<ThreadRow>;

// Each cell is a component of its own, so that a thread that moves draws its own cells anew and nothing else.
const Name = ({ row }: { row: Row }) => {
  const { id, workflow } = row.value;
  return (
    <a class="thread-name" href={`/ui/threads/${id}`}>
      <span class="workflow">{workflow}</span>
      <span class="id">{id}</span>
    </a>
  );
};
const Status = ({ row }: { row: Row }) => (
  <>
    <StateBadge state={row.value.status} />
    <div class="narrow-only quiet small">
      <Time at={row.value.updatedAt} />
    </div>
  </>
);
const Waiting = ({ row }: { row: Row }) => {
  const { waiting, reason } = row.value;
  if (!waiting) return <span class="quiet">{reason ?? "nothing: it has ended"}</span>;
  return (
    <span title={waiting.then}>
      {waiting.text} <span class="quiet">for</span> <Time at={waiting.since} as="for" />
    </span>
  );
};
const Last = ({ row }: { row: Row }) =>
  row.value.lastKind === undefined ? (
    <span class="quiet" title="None since the page was opened">
      –
    </span>
  ) : (
    <code class="quiet" title={row.value.lastKind}>
      {row.value.lastKind}
    </code>
  );
const Changed = ({ row }: { row: Row }) => <Time at={row.value.updatedAt} />;

const columns: Column<Row>[] = [
  { key: "id", header: "Thread", width: "minmax(9rem, 1.2fr)", narrowWidth: "minmax(0, 1fr)", cell: (row) => <Name row={row} /> },
  { key: "status", header: "Status", width: "7.5rem", cell: (row) => <Status row={row} /> },
  { key: "waiting", header: "Waits for", width: "minmax(8rem, 1.6fr)", cell: (row) => <Waiting row={row} />, wideOnly: true },
  { key: "last", header: "Last event", width: "minmax(0, 1fr)", cell: (row) => <Last row={row} />, wideOnly: "very" },
  { key: "changed", header: "Changed", width: "6rem", cell: (row) => <Changed row={row} />, wideOnly: true },
];
const keyOf = (row: Row) => row.peek().id;

export default function ThreadsPage() {
  const { query } = useLocation();
  const { workflow, status, agent, waiting } = query;
  const filter: ThreadFilter = { workflow, status, agent, waiting };
  const isFiltered = Object.values(filter).some((value) => value !== undefined && value !== "");
  const { model, counts, error, loading, more, reload } = useThreads(filter);
  const number = (each: string) => {
    const fit = counts?.byStatus[each as keyof typeof counts.byStatus];
    return fit === undefined ? "" : ` (${fit.toLocaleString()})`;
  };
  const rows = model.order.value;
  return (
    <>
      <div class="panel-head">
        <h1>Threads</h1>
        {counts && <Count counts={counts} status={status} isFiltered={isFiltered} least={rows.length} />}
      </div>
      <FilterBar>
        <TextFilter name="workflow" label="Workflow" />
        <SelectFilter
          name="status"
          label="Status"
          options={threadStatuses.map((each) => ({ value: each, label: `${each}${number(each)}` }))}
        />
        <TextFilter name="agent" label="Agent" />
        <SelectFilter
          name="waiting"
          label="Waits for"
          options={[
            { value: "any", label: "anything, longest first" },
            ...waitWords.map((each) => ({ value: each, label: `${each}: ${waitMeanings[each]}` })),
          ]}
        />
      </FilterBar>
      {error !== undefined && <ErrorState error={error} retry={reload} />}
      {loading && error === undefined && <LoadingState what="threads" />}
      {!loading && rows.length > 0 && <VirtualTable label="Threads" columns={columns} rows={rows} rowKey={keyOf} onEnd={more} />}
      {!loading && error === undefined && rows.length === 0 && <NoThreads isFiltered={isFiltered} />}
    </>
  );
}

/** How many there are of what is shown: the list itself is read as it is scrolled. */
interface CountProps {
  counts: ThreadCounts;
  status: string | undefined;
  isFiltered: boolean;
  /** Those that are listed: it is counted less often than it is listed. */
  least: number;
}

function Count({ counts: { byStatus, more }, status, isFiltered, least }: CountProps) {
  const shown = Object.entries(byStatus).filter(([each]) => status === undefined || status === "" || each === status);
  const all = Math.max(
    least,
    shown.reduce((sum, [, number]) => sum + number, 0),
  );
  const words = isFiltered ? (all === 1 ? "fits" : "fit") : all === 1 ? "thread" : "threads";
  return (
    <p class="quiet" role="status">
      {more && "more than "}
      {all.toLocaleString()} {words}
    </p>
  );
}

function NoThreads({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered)
    return (
      <EmptyState title="None fits">
        No thread fits what is asked for. <a href="/ui/threads">Show all threads</a>.
      </EmptyState>
    );
  if (session.value.state === "in" && session.value.kind === "agent")
    return <EmptyState title="No thread is yours">A thread appears here once this account takes part in it.</EmptyState>;
  return <EmptyState title="Nothing runs yet">Post an event that a workflow listens to, and its thread appears here.</EmptyState>;
}
