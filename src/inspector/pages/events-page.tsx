/** The log: asked and followed. */
import { EmptyState } from "../parts/states.tsx";

export default function EventsPage() {
  return <EmptyState title="Events">This page is not made yet.</EmptyState>;
}
