/** Steps of a thread after which its turns can go on. */
import type { StateJson } from "../../../../machines/config.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { Json } from "../../../contract/event.ts";
import { checkOutput, tellMisfits } from "../../../contract/json-schema/check-output.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import type { TaskPort } from "../task/task-port.ts";

/** A step after which turns go on. */
export interface FoundStep {
  role: string;
  agent: string | null;
}

export interface StepFinder {
  /**
   * Whose step `at` is, if the turns can go on after it under that revision; null: they begin at `$START`.
   * @param output what is to stand in place of the step's own
   */
  findStep(revision: string, at: number | undefined, output?: { [key: string]: Json }): Promise<Result<FoundStep | null>>;
  /** The thread's task, once there is one. */
  findOwnTask(): Promise<TaskPort | undefined>;
}

export function createStepFinder(ports: RecruitmentPorts): StepFinder {
  const { name, host, definition } = ports;

  async function findStep(revision: string, at: number | undefined, output?: { [key: string]: Json }): Promise<Result<FoundStep | null>> {
    if (at === undefined || at === 0)
      return output ? refuse("malformed", "An output stands in place of a step's: say after which step, by `at`.") : succeed(null);
    const task = await findOwnTask();
    const [step] = (await task?.steps({ after: at - 1, through: at, limit: 1 }))?.messages ?? [];
    if (!step) return refuse("malformed", `The thread has no step ${at} that counts; see its messages for their rounds.`);
    const compiled = await definition(revision);
    if (!compiled || !canGoOn(compiled, step.role))
      return refuse(
        "not_allowed_now",
        `The revision ${revision} cannot go on after a step of ${step.role}; publish the workflow again and fork with that revision.`,
      );
    const misfit = output && judgeOutput(compiled, step.role, output);
    return misfit ?? succeed({ role: step.role, agent: step.agent });
  }

  async function findOwnTask(): Promise<TaskPort | undefined> {
    const actor = await host.read(name);
    return actor && findTask(ports, actor);
  }

  return { findStep, findOwnTask };
}

/** What is said in an agent's place is held to what the agent would have been. @returns the refusal */
function judgeOutput({ ir }: CompiledWorkflow, name: string, output: { [key: string]: Json }): ReturnType<typeof refuse> | undefined {
  const role = ir.roles.find((each) => each.name === name);
  if (role?.type === "broadcast")
    return refuse("malformed", `The step of ${name} holds the answers of many: no other output stands for it.`);
  const errors = checkOutput(role?.schema, output);
  if (errors.length === 0) return undefined;
  return refuse("output_invalid", `The output does not fit the schema of ${name}: ${tellMisfits(errors)}.`, { errors });
}

/** Whether the machine has a way in after the role's step; those that were compiled before there was one have none. */
function canGoOn({ task }: CompiledWorkflow, node: string): boolean {
  const { always } = (task.states["created"] ?? {}) as StateJson;
  return Array.isArray(always) && always.some(({ guard }) => guard?.type === "beginsAt" && guard.params?.["node"] === node);
}
