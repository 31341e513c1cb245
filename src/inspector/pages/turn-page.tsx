/** One turn of a person, by its link. */
import { EmptyState } from "../parts/states.tsx";

export default function TurnPage() {
  return <EmptyState title="Turn">This page is not made yet.</EmptyState>;
}
