/** Why a thread stands where it stands: what it waits for, and for each role that nobody holds why each agent does not. Puts its parts together. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadExplanation } from "../../../contract/views/explanation.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { UnreachableView } from "../../../contract/views/unreachable.ts";
import { viewHeldBack } from "../../projector/held-back-row.ts";
import { trust } from "../../protocol/trust.ts";
import { isEnded, readThread, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { listUnreachable, tryTask } from "../task/task-port.ts";
import { readRegionPath, viewStored } from "../waits/machine-view.ts";
import { isSought } from "../waits/recruitment-waits.ts";
import { describeThreadWaits } from "../waits/thread-waits.ts";
import { explainRole } from "./explain-role.ts";
import { suggestCommands } from "./suggest-commands.ts";

export function createThreadExplanation(ports: RecruitmentPorts): () => Promise<Result<ThreadExplanation>> {
  const { name, host, lifecycle, registry, definition, admission, standing, records } = ports;

  async function explain(): Promise<Result<ThreadExplanation>> {
    const thread = readThread(lifecycle);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const explained = await describe(thread);
    if (!explained.ok) return explained;
    // If the registry can't be asked, explain the rest without it.
    const published = await registry.reflexes().catch(() => undefined);
    const withdrawn = published !== undefined && !published.some(({ workflow }) => workflow === thread.workflow);
    return succeed({ ...explained.value, ...(withdrawn && { withdrawn }), run: suggestCommands(explained.value) });
  }

  async function describe(thread: ThreadRow): Promise<Result<Omit<ThreadExplanation, "run">>> {
    const base = { thread: name, workflow: thread.workflow, status: thread.status as ThreadView["status"] };
    const heldBack = describeUnreachable(viewHeldBack(host.committer.outbox.heldBack()));
    if (isEnded(thread.status)) return succeed({ ...base, ...heldBack, waits: [], unfilled: [] });
    if (thread.status === "queued") {
      const { queued, running, paused } = await admission(thread.workflow);
      const place = queued.indexOf(name);
      return succeed({
        ...base,
        ...heldBack,
        waits: describeThreadWaits({ thread, paused: paused !== null }),
        unfilled: [],
        queue: {
          place: place < 0 ? null : place + 1,
          queued: queued.length,
          running,
          ahead: queued.slice(0, Math.max(0, place)).slice(0, 20),
        },
      });
    }
    const actor = await host.read(name);
    const compiled = await definition(thread.revision);
    if (!actor || !compiled) return refuse("unavailable", `The thread ${name} has not begun; ask again.`, { retryAfter: 1 });
    const { ir } = compiled;
    const context = trust(recruitmentContext, actor.context);
    const unfilled = await Promise.all(
      ir.roles
        .filter((role) => isSought(actor, role) || isUnasked(thread, role))
        .map((role) =>
          explainRole({
            ir,
            role,
            now: ports.clock.now(),
            state: isUnasked(thread, role) ? "nobody may have its turn" : (readRegionPath(actor, role.name)[0] ?? ""),
            thread,
            context,
            records,
            registry,
            standing,
          }),
        ),
    );
    const { answer: task, silent } = await tryTask(() => findTask(ports, actor)?.peek());
    const waits = describeThreadWaits({
      thread,
      task: task?.wait,
      silent: silent?.receiver,
      recruitment: { ir, machine: viewStored(actor, host) },
      countOffered: records.count,
    });
    const own = listUnreachable(silent, host.committer.outbox.heldBack(), ports.clock.now());
    return succeed({
      ...base,
      waits,
      unfilled,
      ...(task?.budgets && { budgets: task.budgets }),
      ...describeUnreachable([...own, ...(task?.unreachable ?? [])]),
    });
  }

  return explain;
}

/** Whether the thread was suspended because nobody may have the broadcast's turn. */
function isUnasked({ status, reason }: ThreadRow, { type, name }: RoleIr): boolean {
  return type === "broadcast" && status === "suspended" && reason === `unfilled:${name}`;
}

/** Whom the thread's two objects cannot reach, each once. */
function describeUnreachable(views: UnreachableView[]): Pick<ThreadExplanation, "unreachable"> {
  const all = new Map(views.map((each) => [each.receiver, each]));
  return all.size ? { unreachable: [...all.values()] } : {};
}
