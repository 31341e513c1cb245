/** Reads what people are told of a thread off its recruitment's states, which are tagged by it. */
import { outcomeStatuses, type ThreadStatus } from "../src/contract/statuses.ts";

/** Where a thread stands, as far as its own machine knows: queueing comes before it. */
export type MachineStatus = Exclude<ThreadStatus, "queued" | "dropped">;

// A thread that is suspended while it is assembled has both tags.
const byWeight: readonly MachineStatus[] = [...outcomeStatuses, "suspended", "recruiting", "running"];

/** The thread's status, by the tags of recruitment's states. */
export function readThreadStatus(snapshot: { hasTag(tag: MachineStatus): boolean }): MachineStatus {
  return byWeight.find((status) => snapshot.hasTag(status)) ?? "recruiting";
}
