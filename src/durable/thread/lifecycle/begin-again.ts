/**
 * What lets a thread go on after its end, from a step of it, or as a copy: each plans an epoch, or a new thread, and asks the
 * queue for a place. Knows rows and the actor host; what then begins is start-thread's.
 */
import type { Json } from "../../../contract/event.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { RestartBody } from "../../protocol/recruitment.ts";
import { describeThread, makeAdmit } from "../recruitment/recruitment-logic.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import type { Plan } from "./epoch-plan.ts";
import { findNextEpoch, numberNextEpoch, planEpoch } from "./epochs.ts";
import { createStepFinder } from "./find-step.ts";
import { createForkThread, type ForkThread } from "./fork-thread.ts";
import { changeThread, isEnded, readThread, type ThreadRow } from "./thread-rows.ts";

export interface BeginAgain {
  /** By `$START.resume`, with all that was said. `mark` is written with it. */
  resume(thread: ThreadRow, reason: string, supplement: Json, mark?: () => void): Promise<Result<null>>;
  restart(operator: string, body: RestartBody, remember: () => void): Promise<Result<ThreadView>>;
  /** A new thread with the steps up to one of this. */
  fork: ForkThread;
}

export function createBeginAgain(ports: RecruitmentPorts, show: (viewer: string | null) => Promise<Result<ThreadView>>): BeginAgain {
  const { name, host, lifecycle, clock, definition, project } = ports;
  const steps = createStepFinder(ports);
  const fork = createForkThread(ports, steps);

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

  async function restart(operator: string, { at, output, reason }: RestartBody, remember: () => void): Promise<Result<ThreadView>> {
    const thread = readThread(lifecycle);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    if (thread.status === "queued" || thread.status === "dropped")
      return refuse("not_allowed_now", `A thread that is ${thread.status} takes no restart: it has not begun.`);
    const step = await steps.findStep(thread.revision, at, output);
    if (!step.ok) return step;
    const node = step.value?.role ?? null;
    const why = `restarted by ${operator}${reason ? `: ${reason}` : ""}`;
    const plan: Plan = {
      ...{ start: "new", at: at ?? null, node, reason: why, supplement: null },
      ...(output && step.value && { step: { ...step.value, output, by: operator } }),
    };
    const asked = isEnded(thread.status) ? askForPlace(thread, plan, remember) : await stopFor(plan, remember);
    return asked.ok ? show(null) : asked;
  }

  /** An ended thread waits for a place, from this commit on. */
  function askForPlace(thread: ThreadRow, plan: Plan, mark = (): void => {}): Result<null> {
    const number = numberNextEpoch(lifecycle);
    const queued: ThreadRow = { ...thread, status: "queued", reason: plan.reason, changes: thread.changes + 1, updated_at: clock.now() };
    host.committer.commit(() => {
      mark();
      planEpoch(lifecycle, number, plan);
      changeThread(lifecycle, queued);
      project(describeThread(queued, [], plan.reason));
      host.committer.outbox.append([`workflow/${thread.workflow}`], makeAdmit(queued, number));
    });
    return succeed(null);
  }

  /** The present actors are cancelled; as they end, the plan turns that into a wait for a place. */
  async function stopFor(plan: Plan, remember: () => void): Promise<Result<null>> {
    if (findNextEpoch(lifecycle)) return refuse("not_allowed_now", "The thread is being restarted already.");
    const before = (): void => {
      planEpoch(lifecycle, numberNextEpoch(lifecycle), plan);
      remember();
    };
    const answer = await host.send(name, { type: "thread.cancel", reason: plan.reason }, { before });
    return answer.ok
      ? succeed(null)
      : refuse("not_allowed_now", "The thread takes no restart now; it may have ended meanwhile. Try again.");
  }

  return { resume, restart, fork };
}
