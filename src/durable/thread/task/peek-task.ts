/** A task as its root and people see it: the open turn, the last output, and what it waits for. Reads only. */
import { taskContext } from "../../../../machines/task/context.ts";
import { hasBudget } from "../../../compile/has-budget.ts";
import { limits } from "../../../contract/limits.ts";
import { viewHeldBack } from "../../projector/held-back-row.ts";
import type { TaskPeek } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import { readMissing, viewBroadcasts } from "../broadcast/audience-documents.ts";
import { listAwaited, listChildThreads } from "../children/child-documents.ts";
import { threadLimits } from "../thread-schema.ts";
import { viewStored } from "../waits/machine-view.ts";
import { describeTaskWait } from "../waits/task-wait.ts";
import type { TaskPorts } from "./task-ports.ts";
import { makeTurnId } from "./task-start.ts";
import { readLastDecision, readLastStep } from "./turn-documents.ts";
import { readUsageByRole, viewBudgets } from "./usage-documents.ts";

/** @returns undefined before the task began */
export async function peekTask({ name, host, documents, definition }: TaskPorts): Promise<TaskPeek | undefined> {
  const actor = await host.read(name);
  if (!actor) return undefined;
  const context = trust(taskContext, actor.context);
  const { open, round, reason, audience, children } = context;
  const ir = actor.definition === null ? undefined : (await definition(actor.definition))?.ir;
  const turn = open ? makeTurnId(name, open.turn) : undefined;
  const wait =
    ir && actor.status === "active"
      ? describeTaskWait(ir, viewStored(actor, host), {
          turn,
          ...(audience && open && { missing: readMissing(documents, open.turn, threadLimits.namedAtMost) }),
          awaited: children ? listAwaited(documents, round, threadLimits.namedAtMost) : [],
        })
      : undefined;
  const last = readLastStep(documents)?.step;
  const decision = readLastDecision(documents)?.decision;
  const deadline = actor.timers[0]?.due;
  return {
    status: actor.status,
    round,
    reason,
    ...(open?.state === "given" &&
      open.agent !== null &&
      turn !== undefined && {
        turn: {
          turn,
          role: open.role,
          agent: open.agent,
          since: wait?.for === "answer" ? wait.since : new Date(actor.updatedAt).toISOString(),
          deadline: deadline === undefined ? "" : new Date(deadline).toISOString(),
        },
      }),
    ...(last && { last: { role: last.role, output: last.output } }),
    prompt: decision?.prompt ?? null,
    children: listChildThreads(documents, limits.pageMax),
    wait: wait ?? null,
    broadcasts: viewBroadcasts(documents),
    usage: readUsageByRole(documents),
    ...(ir && hasBudget(ir) && { budgets: viewBudgets(ir, context) }),
    unreachable: viewHeldBack(host.committer.outbox.heldBack()),
  };
}
