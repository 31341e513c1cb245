/** All threads, live. */
import type { ThreadEntry } from "../../contract/views/thread.ts";
import { read } from "../data/api.ts";
import { useResource } from "../data/use-resource.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";

const columns: Column<ThreadEntry>[] = [
  { key: "id", header: "Thread", width: "minmax(9rem, 2fr)", cell: ({ id }) => <a href={`/ui/threads/${id}`}>{id}</a> },
  { key: "workflow", header: "Workflow", width: "minmax(7rem, 1fr)", cell: ({ workflow }) => workflow },
  { key: "status", header: "Status", width: "8rem", cell: ({ status }) => <StateBadge state={status} /> },
  { key: "waiting", header: "Waits for", width: "minmax(8rem, 2fr)", cell: ({ waiting }) => waiting?.text ?? "", wideOnly: true },
  { key: "updated", header: "Changed", width: "7rem", cell: ({ updatedAt }) => <Time at={updatedAt} /> },
];

export default function ThreadsPage() {
  const threads = useResource((signal) => read<"threads">("/v1/threads", { query: { limit: 200 }, signal }), []);
  if (threads.loading) return <LoadingState what="threads" />;
  if (threads.value === undefined) return threads.error === undefined ? null : <ErrorState error={threads.error} retry={threads.reload} />;
  const rows = threads.value.threads;
  return (
    <>
      <h1>Threads</h1>
      {rows.length === 0 ? (
        <EmptyState title="No threads yet">Post an event that a workflow listens to, and its thread appears here.</EmptyState>
      ) : (
        <VirtualTable label="Threads" columns={columns} rows={rows} rowKey={({ id }) => id} />
      )}
    </>
  );
}
