/** What waits for whoever is signed in. */
import { EmptyState } from "../parts/states.tsx";

export default function TurnsPage() {
  return <EmptyState title="My turns">This page is not made yet.</EmptyState>;
}
