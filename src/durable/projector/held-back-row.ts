/** What an object says of receivers it cannot reach: to the projection, and to who asks. */

import type { UnreachableView } from "../../contract/views/unreachable.ts";
import type { HeldBack } from "../host/held-back.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import { countHeldBack } from "./metrics.ts";

/**
 * The row for the index, and one more for the metrics.
 * @param from `sender`: address of the object that sends; `now`: milliseconds since the epoch; `begins`: the queue is new
 */
export function noteHeldBack(
  { receiver, since, messages, error }: HeldBack,
  from: { sender: string; now: number; begins: boolean },
): ProjectionRow {
  const { sender, now, begins } = from;
  if (begins) countHeldBack();
  const [kind, name = ""] = sender.split("/");
  const thread = kind === "recruitment" || kind === "task" ? name.split(".")[0] : undefined;
  return { table: "unreachable", sender, receiver, order: now, since, messages, error, thread: thread ?? null };
}

export function viewHeldBack(queues: HeldBack[]): UnreachableView[] {
  return queues.map(({ since, ...rest }) => ({ ...rest, since: new Date(since).toISOString() }));
}
