/** One agent: presence, roles held, recent turns. */
import { EmptyState } from "../parts/states.tsx";

export default function AgentPage() {
  return <EmptyState title="Agent">This page is not made yet.</EmptyState>;
}
