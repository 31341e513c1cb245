/** Everything that a thread waits for, put together of its row and its two machines: what is shown, explained and listed is this. Knows no rows. */
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { isBudgetReason, isDeadLetterReason } from "../../../contract/waits.ts";
import type { ThreadRow } from "../lifecycle/thread-rows.ts";
import { type MachineView, toTime } from "./machine-view.ts";
import { type CountOffered, describeRecruitmentWaits } from "./recruitment-waits.ts";

export interface ThreadFacts {
  thread: Pick<ThreadRow, "id" | "workflow" | "status" | "reason" | "updated_at">;
  /** Absent before the thread has begun, or where its workflow is not to be had. */
  recruitment?: { ir: WorkflowIr; machine: MachineView } | undefined;
  /** What the task says of itself. */
  task?: Wait | null | undefined;
  /** The address of the task, where its object does not answer. */
  silent?: string | undefined;
  countOffered?: CountOffered;
  /** The workflow's queue is paused. */
  paused?: boolean;
}

/** What it waits for first comes first. Never empty for a thread that has not ended. */
export function describeThreadWaits(facts: ThreadFacts): Wait[] {
  return ways[facts.thread.status](facts);
}

const ways: Record<ThreadStatus, (facts: ThreadFacts) => Wait[]> = {
  queued: (facts) => [describePlace(facts)],
  recruiting: describeGoing,
  running: describeGoing,
  suspended: (facts) => [describeSuspension(facts)],
  completed: () => [],
  failed: () => [],
  cancelled: () => [],
  dropped: () => [],
};

function describeGoing({ thread, recruitment, task, silent, countOffered }: ThreadFacts): Wait[] {
  const roles = recruitment ? describeRecruitmentWaits(recruitment.ir, recruitment.machine, countOffered) : [];
  const [first] = roles;
  // No answer comes before the agent is back or lost.
  if (task?.for === "answer" && first?.for === "holder" && first.role === task.role) return [first, task, ...roles.slice(1)];
  const waits = [...(task ? [task] : []), ...roles];
  if (waits.length > 0) return waits;
  return [silent === undefined ? describeNothing(thread) : describeSilence(thread, silent)];
}

function describePlace({ thread: { workflow, reason, updated_at }, paused = false }: ThreadFacts): Wait {
  return {
    for: "place",
    ...(paused && { paused }),
    ...(reason !== null && { reason }),
    text: `waits for a place in the queue of ${workflow}${reason ? `: ${reason}` : ""}`,
    since: toTime(updated_at),
    then: paused
      ? "it starts in its turn, once an operator unpauses the workflow"
      : "it starts in its turn, when a thread before it ends or is suspended",
  };
}

function describeSuspension({ thread: { id, reason, updated_at }, task }: ThreadFacts): Wait {
  const turn =
    task?.for === "person"
      ? { ...(task.role !== undefined && { role: task.role }), ...(task.agent !== undefined && { agent: task.agent }) }
      : {};
  const whose = turn.role === undefined ? "" : `, in the turn of ${turn.role}${turn.agent === undefined ? "" : ` (${turn.agent})`}`;
  return {
    for: "person",
    ...turn,
    ...(reason !== null && { reason }),
    text: `suspended: ${reason ?? "no reason was given"}${whose}`,
    since: toTime(updated_at),
    then: isBudgetReason(reason)
      ? `an operator resumes it (POST /v1/threads/${id}/resume) or a reflex of kind signal does, which grants the same budget once more; the thread's timers stand still`
      : isDeadLetterReason(reason)
        ? `an operator retries or drops the dead letter (GET /v1/dead-letters?thread=${id}), and resumes it; the thread's timers stand still`
        : `an operator resumes it (POST /v1/threads/${id}/resume, with a supplement if one is asked for) or a reflex of kind signal does; the thread's timers stand still`,
  };
}

/** Nothing that waits is known: it is the engine's move. */
function describeNothing({ updated_at }: ThreadFacts["thread"]): Wait {
  return {
    for: "decision",
    text: "nobody is asked now: the engine is on its way to the next state",
    since: toTime(updated_at),
    then: "the thread goes on; if it does not, a dead letter may say why",
  };
}

/** Its task knows, and does not say. */
function describeSilence({ updated_at }: ThreadFacts["thread"], silent: string): Wait {
  return {
    for: "decision",
    text: `what its task waits for is not known: ${silent} cannot be reached`,
    since: toTime(updated_at),
    then: "the thread goes on once that object is back: what is for it waits, in order",
  };
}
