/** Reads what people are told of a thread out of its recruitment's snapshot. */
import type { AnyMachineSnapshot } from "xstate";

/** Where a thread stands, as far as its own machine knows: queueing comes before it. */
export type ThreadStatus = "recruiting" | "running" | "suspended" | "completed" | "failed" | "cancelled";

const statuses: ThreadStatus[] = ["completed", "failed", "cancelled", "suspended", "recruiting", "running"];

/** The thread's status, by the tags of recruitment's states. */
export function readThreadStatus(snapshot: AnyMachineSnapshot): ThreadStatus {
  return statuses.find((status) => snapshot.hasTag(status)) ?? "recruiting";
}
