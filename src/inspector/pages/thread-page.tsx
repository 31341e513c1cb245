/** One thread: where it is, how it got there, and why. */
import { EmptyState } from "../parts/states.tsx";

export default function ThreadPage() {
  return <EmptyState title="Thread">This page is not made yet.</EmptyState>;
}
