/** A copy of a thread, up to a step of it: a new thread that asks the queue for a place. Knows rows and the actor host. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { ForkBody } from "../../protocol/recruitment.ts";
import type { Steps } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import type { ForkStart, WorkflowMessage } from "../../protocol/workflow.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { describeThreadWaits } from "../waits/thread-waits.ts";
import { readCopy } from "./copy-steps.ts";
import type { StepFinder } from "./find-step.ts";
import { makeThreadId } from "./thread-id.ts";
import { readThread } from "./thread-rows.ts";

export type ForkThread = (operator: string, body: ForkBody, remember: (answer: Result<ThreadView>) => void) => Promise<Result<ThreadView>>;

export function createForkThread(ports: RecruitmentPorts, { findStep, findOwnTask }: StepFinder): ForkThread {
  const { name, host, lifecycle, clock, definition, registry } = ports;

  async function fork(
    operator: string,
    { at, output, roles = {}, revision, reason }: ForkBody,
    remember: (answer: Result<ThreadView>) => void,
  ): Promise<Result<ThreadView>> {
    const thread = readThread(lifecycle);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const chosen = revision ?? thread.revision;
    const compiled = await definition(chosen);
    if (compiled?.ir.name !== thread.workflow) return refuse("malformed", `${thread.workflow} has no revision ${chosen}.`);
    const misfit = await checkRoles(compiled, roles);
    if (misfit) return misfit;
    const task = await findOwnTask();
    const copied = task ? await readCopy(task, at ?? Number.MAX_SAFE_INTEGER) : succeed<Steps[]>([]);
    if (!copied.ok) return copied;
    const last = copied.value.at(-1)?.messages.at(-1)?.turn ?? 0;
    if (at !== undefined && at !== last)
      return refuse("malformed", `The thread has no step ${at} that counts; see its messages for their rounds.`);
    const step = await findStep(chosen, last, output);
    if (!step.ok) return step;
    const pages = output
      ? copied.value.map((page, at, { length }) => (at === length - 1 ? changeOutput(page, output, operator) : page))
      : copied.value;
    const actor = await host.peek(name);
    const context = actor && trust(recruitmentContext, actor.context);
    const number = lifecycle.forks.get("") ?? 0;
    const id = await makeThreadId(`/threads/${name}`, `fork.${number + 1}`, thread.workflow, 0);
    const start: ForkStart = { parent: name, at: last, node: step.value?.role ?? null, roles, last: context?.last ?? {} };
    const event = thread.event;
    const admit: WorkflowMessage<"admit"> = {
      type: "admit",
      thread: id,
      workflow: thread.workflow,
      revision: chosen,
      event,
      initiator: thread.initiator,
      key: null,
      ...(thread.priority !== null && { priority: thread.priority }),
      fork: start,
    };
    const now = new Date(clock.now()).toISOString();
    const { workflow } = thread;
    const queued = {
      id,
      workflow,
      status: "queued" as const,
      reason: `forked by ${operator}${reason ? `: ${reason}` : ""}`,
      updated_at: clock.now(),
    };
    const answer: Result<ThreadView> = succeed({
      id,
      workflow,
      revision: chosen,
      status: "queued",
      createdAt: now,
      updatedAt: now,
      event,
      roles: {},
      round: last,
      waiting: describeThreadWaits({ thread: queued })[0],
      parent: name,
      fork: { at: last },
      children: [],
    });
    const { outbox } = host.committer;
    host.committer.commit(() => {
      remember(answer);
      lifecycle.forks.put("", number + 1);
      // One outbox: the steps are there before the queue can start the thread.
      for (const steps of pages) outbox.append([`task/${id}`], { type: "thread.copy", ...steps });
      outbox.append([`workflow/${thread.workflow}`], admit);
    });
    return answer;
  }

  async function checkRoles({ ir }: CompiledWorkflow, roles: Record<string, string>): Promise<ReturnType<typeof refuse> | undefined> {
    const names = Object.keys(roles);
    const unknown = names.find(
      (role) => !ir.roles.some((each) => each.name === role && each.type !== "broadcast" && each.bind === "thread"),
    );
    if (unknown !== undefined) return refuse("malformed", `${ir.name} has no role ${unknown} that one agent holds for a thread.`);
    const agents = [...new Set(Object.values(roles))];
    const known = agents.length ? await registry.cards(agents) : [];
    const nobody = agents.find((agent) => !known.some(({ id }) => id === agent));
    return nobody === undefined ? undefined : refuse("malformed", `There is no agent ${nobody}.`);
  }

  return fork;
}

/** Puts another output in place of the last step's; what was decided on that one is no part of the copy. */
function changeOutput(page: Steps, output: NonNullable<ForkBody["output"]>, operator: string): Steps {
  const [last] = page.messages.slice(-1);
  if (!last) return page;
  return {
    messages: [...page.messages.slice(0, -1), { ...last, output: JSON.stringify(output), body: null, by: operator, changed: true }],
    decisions: page.decisions.filter(({ round }) => round !== last.turn),
  };
}
