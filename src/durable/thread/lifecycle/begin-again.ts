/**
 * What lets a thread go on after its end, from a step of it, or as a copy: each plans an epoch, or a new thread, and asks the
 * queue for a place. Knows rows and the actor host; what then begins is start-thread's.
 */
import type { StateJson } from "../../../../machines/config.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { Message } from "../../protocol/envelope.ts";
import type { ForkBody, RestartBody } from "../../protocol/recruitment.ts";
import type { Steps } from "../../protocol/task.ts";
import type { ForkStart } from "../../protocol/workflow.ts";
import { describeThread, makeAdmit } from "../recruitment/recruitment-logic.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import type { TaskPort } from "../task/task-port.ts";
import { threadLimits } from "../thread-schema.ts";
import { describeThreadWaits } from "../waits/thread-waits.ts";
import { findNextEpoch, numberNextEpoch, type Plan, planEpoch } from "./epochs.ts";
import { makeThreadId } from "./thread-id.ts";
import { changeThread, isEnded, readThread, type ThreadRow } from "./thread-rows.ts";

export interface BeginAgain {
  /** By `$START.resume`, with all that was said. `mark` is written with it. */
  resume(thread: ThreadRow, reason: string, supplement: Json, mark?: () => void): Promise<Result<null>>;
  restart(operator: string, body: RestartBody, remember: () => void): Promise<Result<ThreadView>>;
  /** A new thread with the steps up to one of this. */
  fork(operator: string, body: ForkBody, remember: (answer: Result<ThreadView>) => void): Promise<Result<ThreadView>>;
}

export function createBeginAgain(ports: RecruitmentPorts, show: (viewer: string | null) => Promise<Result<ThreadView>>): BeginAgain {
  const { name, host, storage, clock, definition, registry, project } = ports;

  async function resume(thread: ThreadRow, reason: string, supplement: Json, mark = (): void => {}): Promise<Result<null>> {
    const compiled = await definition(thread.revision);
    const start = compiled?.ir.nodes.find((node) => node.name === "$START");
    if (!start?.edges.some(({ guard }) => guard.type === "status" && guard.status === "resume"))
      return refuse(
        "not_allowed_now",
        `The thread is ${thread.status}, and its workflow has no $START.resume. \`restart\` begins it anew, \`fork\` copies it.`,
      );
    return askForPlace(thread, { start: "resume", at: null, node: null, reason, supplement }, mark);
  }

  async function restart(operator: string, { at, reason }: RestartBody, remember: () => void): Promise<Result<ThreadView>> {
    const thread = readThread(storage);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    if (thread.status === "queued" || thread.status === "dropped")
      return refuse("not_allowed_now", `A thread that is ${thread.status} takes no restart: it has not begun.`);
    const step = await findStep(thread.revision, at);
    if (!step.ok) return step;
    const why = `restarted by ${operator}${reason ? `: ${reason}` : ""}`;
    const plan: Plan = { start: "new", at: at ?? null, node: step.value, reason: why, supplement: null };
    const asked = isEnded(thread.status) ? askForPlace(thread, plan, remember) : await stopFor(plan, remember);
    return asked.ok ? show(null) : asked;
  }

  /** An ended thread waits for a place, from this commit on. */
  function askForPlace(thread: ThreadRow, plan: Plan, mark = (): void => {}): Result<null> {
    const number = numberNextEpoch(storage);
    const queued: ThreadRow = { ...thread, status: "queued", reason: plan.reason, changes: thread.changes + 1, updated_at: clock.now() };
    host.committer.commit(() => {
      mark();
      planEpoch(storage, number, plan);
      changeThread(storage, queued);
      project(describeThread(queued, [], plan.reason));
      host.committer.outbox.append([`workflow/${thread.workflow}`], makeAdmit(queued, number));
    });
    return succeed(null);
  }

  /** The present actors are cancelled; as they end, the plan turns that into a wait for a place. */
  async function stopFor(plan: Plan, remember: () => void): Promise<Result<null>> {
    if (findNextEpoch(storage)) return refuse("not_allowed_now", "The thread is being restarted already.");
    const before = (): void => {
      planEpoch(storage, numberNextEpoch(storage), plan);
      remember();
    };
    const answer = await host.send(name, { type: "thread.cancel", reason: plan.reason }, { before });
    return answer.ok
      ? succeed(null)
      : refuse("not_allowed_now", "The thread takes no restart now; it may have ended meanwhile. Try again.");
  }

  /** Whose step `at` is, if the turns can go on after it under that revision. */
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

  async function fork(
    operator: string,
    { at, roles = {}, revision, reason }: ForkBody,
    remember: (answer: Result<ThreadView>) => void,
  ): Promise<Result<ThreadView>> {
    const thread = readThread(storage);
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
    const node = await findStep(chosen, last);
    if (!node.ok) return node;
    const actor = await host.peek(name);
    const context = actor?.context as unknown as RecruitmentContext | undefined;
    const number = storage.exec<{ n: number }>("SELECT count(*) AS n FROM fork")[0]?.n ?? 0;
    const id = await makeThreadId(`/threads/${name}`, `fork.${number + 1}`, thread.workflow, 0);
    const start: ForkStart = { parent: name, at: last, node: node.value, roles, last: context?.last ?? {} };
    const event = JSON.parse(thread.event) as CloudEvent;
    const admit: Message = {
      type: "admit",
      thread: id,
      workflow: thread.workflow,
      revision: chosen,
      event: event as unknown as Json,
      initiator: thread.initiator,
      key: null,
      ...(thread.priority !== null && { priority: thread.priority }),
      fork: start as unknown as Json,
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
      storage.exec("INSERT INTO fork VALUES (?, ?)", id, last);
      // One outbox: the steps are there before the queue can start the thread.
      for (const steps of copied.value)
        outbox.append([`task/${id}`], { type: "thread.copy", ...(steps as unknown as { [key: string]: Json }) });
      outbox.append([`workflow/${thread.workflow}`], admit);
    });
    await outbox.flush();
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

  /** The steps in messages of the outbox, each within its bound. */
  async function readCopy(task: TaskPort, through: number): Promise<Result<Steps[]>> {
    const pages: Steps[] = [];
    let [steps, bytes, after, room] = [0, 0, 0, 0];
    for (;;) {
      const page = await task.steps({ after, through, limit: 1 });
      const [message] = page.messages;
      if (!message) return succeed(pages);
      const size = message.output.length + (message.body?.length ?? 0);
      const last = pages.at(-1);
      steps += 1;
      bytes += size;
      if (steps > threadLimits.copiedSteps || bytes > threadLimits.copiedBytes)
        return refuse("too_large", `A fork copies at most ${threadLimits.copiedSteps} steps and ${threadLimits.copiedBytes} bytes.`, {
          limit: threadLimits.copiedSteps,
        });
      if (last && size <= room) {
        last.messages.push(...page.messages);
        last.decisions.push(...page.decisions);
      } else {
        pages.push(page);
        room = threadLimits.copyBytes;
      }
      room -= size;
      after = message.turn;
    }
  }

  return { resume, restart, fork };
}

/** Whether the machine has a way in after the role's step; those that were compiled before there was one have none. */
function canGoOn({ task }: CompiledWorkflow, node: string): boolean {
  const { always } = (task.states["created"] ?? {}) as StateJson;
  return Array.isArray(always) && always.some(({ guard }) => guard?.type === "beginsAt" && guard.params?.["node"] === node);
}
