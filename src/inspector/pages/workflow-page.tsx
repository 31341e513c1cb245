/** One workflow: its source, machines, revisions and threads. */
import { EmptyState } from "../parts/states.tsx";

export default function WorkflowPage() {
  return <EmptyState title="Workflow">This page is not made yet.</EmptyState>;
}
