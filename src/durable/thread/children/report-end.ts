/** A child's root tells its parent how it ended. */
import type { Json } from "../../../contract/event.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import { readParent, readThread } from "../lifecycle/thread-rows.ts";
import type { TaskPort } from "../task/task-port.ts";
import { keepOutput } from "./child-documents.ts";
import type { ChildrenPorts } from "./children-ports.ts";

export interface ReportPorts extends Pick<ChildrenPorts, "storage" | "host"> {
  /** The thread's own task, for what its root does not keep. */
  ownTask(): Promise<TaskPort | undefined>;
}

/** @returns the writes of its commit */
export async function reportEnd({ storage, host, ownTask }: ReportPorts): Promise<() => void> {
  const thread = readThread(storage);
  const parent = thread && readParent(thread);
  if (!thread || !parent) return () => {};
  const outcome = thread.outcome === null ? null : (JSON.parse(thread.outcome) as { output: Json });
  const output = outcome?.output ?? (thread.status === "completed" ? (await (await ownTask())?.peek())?.last?.output : undefined) ?? null;
  const end: TaskMessage<"child.ended"> = {
    type: "child.ended",
    thread: thread.id,
    round: parent.round,
    place: parent.place,
    status: thread.status as TaskMessage<"child.ended">["status"],
    output: keepOutput(output),
    error: thread.status === "completed" ? null : thread.reason,
  };
  return () => host.committer.outbox.append([parent.task], end);
}
