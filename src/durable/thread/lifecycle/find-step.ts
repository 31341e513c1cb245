/** Steps of a thread after which its turns can go on. */
import type { StateJson } from "../../../../machines/config.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import type { TaskPort } from "../task/task-port.ts";

export interface StepFinder {
  /** Whose step `at` is, if the turns can go on after it under that revision. */
  findStep(revision: string, at: number | undefined): Promise<Result<string | null>>;
  /** The thread's task, once there is one. */
  findOwnTask(): Promise<TaskPort | undefined>;
}

export function createStepFinder(ports: RecruitmentPorts): StepFinder {
  const { name, host, definition } = ports;

  async function findStep(revision: string, at: number | undefined): Promise<Result<string | null>> {
    if (at === undefined || at === 0) return succeed(null);
    const task = await findOwnTask();
    const [step] = (await task?.steps({ after: at - 1, through: at, limit: 1 }))?.messages ?? [];
    if (!step) return refuse("malformed", `The thread has no step ${at} that counts; see its messages for their rounds.`);
    const compiled = await definition(revision);
    if (!compiled || !canGoOn(compiled, step.role))
      return refuse(
        "not_allowed_now",
        `The revision ${revision} cannot go on after a step of ${step.role}; publish the workflow again and fork with that revision.`,
      );
    return succeed(step.role);
  }

  async function findOwnTask(): Promise<TaskPort | undefined> {
    const actor = await host.read(name);
    return actor && findTask(ports, actor);
  }

  return { findStep, findOwnTask };
}

/** Whether the machine has a way in after the role's step; those that were compiled before there was one have none. */
function canGoOn({ task }: CompiledWorkflow, node: string): boolean {
  const { always } = (task.states["created"] ?? {}) as StateJson;
  return Array.isArray(always) && always.some(({ guard }) => guard?.type === "beginsAt" && guard.params?.["node"] === node);
}
