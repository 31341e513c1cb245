/** Open offers, and who has seen, claimed or declined them. */
import { EmptyState } from "../parts/states.tsx";

export default function BoardPage() {
  return <EmptyState title="Board">This page is not made yet.</EmptyState>;
}
