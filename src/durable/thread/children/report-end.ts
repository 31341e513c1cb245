import type { ProjectionRow } from "../../protocol/projector.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import { describeReferences } from "../lifecycle/artifact-rows.ts";
import { readThread, type ThreadDocuments } from "../lifecycle/thread-rows.ts";
import type { TaskPort } from "../task/task-port.ts";
import { keepOutput } from "./child-documents.ts";
import type { ChildrenPorts } from "./children-ports.ts";

export interface ReportPorts extends Pick<ChildrenPorts, "host"> {
  project(row: ProjectionRow): void;
  lifecycle: ThreadDocuments;
  /** The thread's own task, for what its root does not keep. */
  ownTask(): Promise<TaskPort | undefined>;
}

/** @returns the writes of its commit */
export async function reportEnd({ lifecycle, host, project, ownTask }: ReportPorts): Promise<() => void> {
  const thread = readThread(lifecycle);
  const parent = thread?.parent;
  if (!thread || !parent) return () => {};
  const { outcome } = thread;
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
  return () => {
    for (const references of describeReferences(parent.thread, thread.id, end.output)) project(references);
    host.committer.outbox.append([parent.task], end);
  };
}
