/** All workflows that are published. */
import { EmptyState } from "../parts/states.tsx";

export default function WorkflowsPage() {
  return <EmptyState title="Workflows">This page is not made yet.</EmptyState>;
}
