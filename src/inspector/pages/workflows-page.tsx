/** All workflows that are published. */
import type { WorkflowEntry } from "../../contract/views/admission.ts";
import { read } from "../data/api.ts";
import { usePages } from "../data/use-pages.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";

const columns: Column<WorkflowEntry>[] = [
  {
    key: "name",
    header: "Workflow",
    width: "minmax(9rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ name }) => <a href={`/ui/workflows/${name}`}>{name}</a>,
  },
  {
    key: "state",
    header: "Admission",
    width: "7rem",
    cell: ({ paused }) => (paused ? <StateBadge state="paused" tone="waiting" /> : <StateBadge state="open" tone="good" />),
  },
  { key: "description", header: "What it is for", width: "minmax(10rem, 3fr)", cell: ({ description }) => description, wideOnly: true },
  {
    key: "threads",
    header: "Threads",
    width: "5rem",
    cell: ({ name }) => (
      <a href={`/ui/threads?workflow=${name}`} aria-label={`show threads of ${name}`}>
        show
      </a>
    ),
  },
  { key: "updated", header: "Published", width: "8rem", cell: ({ updatedAt }) => <Time at={updatedAt} />, wideOnly: true },
];

export default function WorkflowsPage() {
  const workflows = usePages(async (after, signal) => {
    const { workflows, next } = await read<"workflows">("/v1/workflows", { query: { after, limit: 200 }, signal });
    return { items: workflows, next };
  }, []);
  return (
    <>
      <h1>Workflows</h1>
      {workflows.error !== undefined && <ErrorState error={workflows.error} retry={workflows.reload} />}
      {workflows.loading && <LoadingState what="workflows" />}
      {workflows.items.length > 0 && (
        <VirtualTable label="Workflows" columns={columns} rows={workflows.items} rowKey={({ name }) => name} onEnd={workflows.more} />
      )}
      {!workflows.loading && workflows.error === undefined && workflows.items.length === 0 && (
        <EmptyState title="No workflow is published">
          Publish one with <code>nerveflare publish FILE</code>.
        </EmptyState>
      )}
    </>
  );
}
