/** One thread: where it is, how it got there, and why; as it is now, and as it was at any moment. */
import { useRoute } from "preact-iso";
import { ThreadBody } from "./thread/thread-body.tsx";

export default function ThreadPage() {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  return <ThreadBody key={id} id={id} />;
}
