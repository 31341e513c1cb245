/** All agents: whether they are there, and what they hold. */
import { EmptyState } from "../parts/states.tsx";

export default function AgentsPage() {
  return <EmptyState title="Agents">This page is not made yet.</EmptyState>;
}
