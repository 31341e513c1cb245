/** All agents: whether they are there, what they can do, and who ignores what it is offered. */
import { useLocation } from "preact-iso";
import type { AgentRow } from "../data/agents-model.ts";
import { useAgents } from "../data/use-agents.ts";
import { FilterBar, TextFilter } from "../parts/filters.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { EmptyState, ErrorState, LoadingState } from "../parts/states.tsx";
import { Time } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";

const columns: Column<AgentRow>[] = [
  {
    key: "id",
    header: "Agent",
    width: "minmax(8rem, 1fr)",
    narrowWidth: "minmax(0, 1fr)",
    cell: ({ id }) => <a href={`/ui/agents/${encodeURIComponent(id)}`}>{id}</a>,
  },
  {
    key: "presence",
    header: "Presence",
    width: "7rem",
    cell: ({ presence }) => (presence ? <StateBadge state={presence.state} /> : <StateBadge state="never seen" />),
  },
  {
    key: "at",
    header: "Since",
    width: "8rem",
    cell: ({ presence }) => (presence ? <Time at={presence.at} /> : ""),
    wideOnly: "very",
  },
  {
    key: "heard",
    header: "Heard of",
    width: "7rem",
    cell: ({ heardAt }) => (heardAt === null ? <span class="quiet">never</span> : <Time at={heardAt} />),
    wideOnly: true,
  },
  {
    key: "ignores",
    header: "Ignores",
    width: "8rem",
    cell: ({ presence }) =>
      presence && presence.ignores > 0 ? (
        <StateBadge state={`${presence.ignores} ${presence.ignores === 1 ? "offer" : "offers"}`} tone="bad" />
      ) : (
        <span class="quiet">none</span>
      ),
  },
  {
    key: "capabilities",
    header: "Can do",
    width: "minmax(8rem, 2fr)",
    cell: ({ capabilities }) => capabilities.join(", "),
    wideOnly: true,
  },
];

export default function AgentsPage() {
  const { capability } = useLocation().query;
  const agents = useAgents(capability);
  return (
    <>
      <h1>Agents</h1>
      <FilterBar>
        <TextFilter name="capability" label="Can do" />
      </FilterBar>
      {agents.error !== undefined && <ErrorState error={agents.error} retry={agents.reload} />}
      {agents.loading && <LoadingState what="agents" />}
      {agents.items.length > 0 && (
        <VirtualTable label="Agents" columns={columns} rows={agents.items} rowKey={({ id }) => id} onEnd={agents.more} />
      )}
      {!agents.loading && agents.error === undefined && agents.items.length === 0 && (
        <EmptyState title="No agent fits">
          Register one with <code>nerveflare agents add NAME</code>, or let its machine do so by <code>nerveflare enrol NAME</code>.
        </EmptyState>
      )}
    </>
  );
}
