/** Why a thread stands where it stands: what it waits for, and for each role that nobody holds why each agent does not. Puts its parts together. */
import { lookUp } from "../../../../machines/facts.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { TaskContext } from "../../../../machines/task/context.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadExplanation, UnreachableView } from "../../../contract/views/explanation.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { WaitView } from "../../../contract/views/wait.ts";
import type { HeldBack } from "../../host/held-back.ts";
import { viewHeldBack } from "../../projector/held-back-row.ts";
import type { TaskPeek } from "../../protocol/rpc.ts";
import { isEnded, readThread, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { readLastOffer, readOffered } from "../recruitment/offer-rows.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { describeWaits, isSought, readRegionPath } from "./describe-waits.ts";
import { explainRole } from "./explain-role.ts";
import { suggestCommands } from "./suggest-commands.ts";

export function createThreadExplanation(ports: RecruitmentPorts): () => Promise<Result<ThreadExplanation>> {
  const { name, host, storage, registry, definition, admission, standing } = ports;

  async function explain(): Promise<Result<ThreadExplanation>> {
    const thread = readThread(storage);
    if (!thread) return refuse("not_found", `There is no thread ${name}.`);
    const explained = await describe(thread);
    if (!explained.ok) return explained;
    // Where the registry cannot be asked now, the rest is said all the same.
    const published = await registry.reflexes().catch(() => undefined);
    const withdrawn = published !== undefined && !published.some(({ workflow }) => workflow === thread.workflow);
    return succeed({ ...explained.value, ...(withdrawn && { withdrawn }), run: suggestCommands(explained.value) });
  }

  async function describe(thread: ThreadRow): Promise<Result<Omit<ThreadExplanation, "run">>> {
    const base = {
      thread: name,
      workflow: thread.workflow,
      status: thread.status as ThreadView["status"],
      ...describeUnreachable(host.committer.outbox.heldBack(), []),
    };
    if (isEnded(thread.status)) return succeed({ ...base, waits: [], unfilled: [] });
    if (thread.status === "queued") {
      const { queued, running, paused } = await admission(thread.workflow);
      const place = queued.indexOf(name);
      return succeed({
        ...base,
        waits: [describeQueue(thread, paused !== null)],
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
    const context = actor.context as unknown as RecruitmentContext;
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
            storage,
            registry,
            standing,
          }),
        ),
    );
    const task = await findTask(ports, actor)?.peek();
    if (thread.status === "suspended") return succeed({ ...base, waits: [describeSuspension(thread, ir, task)], unfilled });
    const unreachable = describeUnreachable(host.committer.outbox.heldBack(), task?.unreachable ?? []);
    const waits = describeWaits({
      ir,
      recruitment: actor,
      task,
      offer(role) {
        const row = readLastOffer(storage, role);
        if (!row) return undefined;
        const offered = readOffered(storage, row.id);
        return { row, offered: offered.length, answered: offered.filter(({ reply }) => reply !== null).length };
      },
    });
    return succeed({ ...base, waits, unfilled, ...unreachable });
  }

  return explain;
}

/** Whether the thread was suspended because nobody may have the broadcast's turn. */
function isUnasked({ status, reason }: ThreadRow, { type, name }: RoleIr): boolean {
  return type === "broadcast" && status === "suspended" && reason === `unfilled:${name}`;
}

/** Whom the thread's objects cannot reach: of two that live in one object, each once. */
function describeUnreachable(own: HeldBack[], task: UnreachableView[]): Pick<ThreadExplanation, "unreachable"> {
  const all = new Map([...viewHeldBack(own), ...task].map((each) => [each.receiver, each]));
  return all.size ? { unreachable: [...all.values()] } : {};
}

function describeQueue(thread: ThreadRow, paused: boolean): WaitView {
  return {
    for: "place",
    ...(paused && { paused }),
    text: `waits for a place in the queue of ${thread.workflow}${thread.reason ? `: ${thread.reason}` : ""}`,
    since: new Date(thread.updated_at).toISOString(),
    then: paused
      ? "it starts in its turn, once an operator unpauses the workflow"
      : "it starts in its turn, when a thread before it ends or is suspended",
  };
}

/** Whose turn it was when the thread was suspended, and who has the role, or had it last. */
function findSuspended(ir: WorkflowIr, task: TaskPeek | undefined): { role?: string; agent?: string } {
  const { open, seats } = (task?.machine.context ?? { open: null, seats: {} }) as unknown as TaskContext;
  if (!open) return {};
  const seat = lookUp(seats, open.role);
  const broadcast = ir.roles.some(({ name, type }) => name === open.role && type === "broadcast");
  const agent = broadcast ? undefined : (open.agent ?? seat?.agent ?? seat?.was);
  return { role: open.role, ...(typeof agent === "string" && { agent }) };
}

function describeSuspension(thread: ThreadRow, ir: WorkflowIr, task: TaskPeek | undefined): WaitView {
  const turn = findSuspended(ir, task);
  const whose = turn.role === undefined ? "" : `, in the turn of ${turn.role}${turn.agent === undefined ? "" : ` (${turn.agent})`}`;
  return {
    for: "person",
    ...turn,
    text: `suspended: ${thread.reason ?? "no reason was given"}${whose}`,
    since: new Date(thread.updated_at).toISOString(),
    then: `an operator resumes it (POST /v1/threads/${thread.id}/resume, with a supplement if one is asked for) or a reflex of kind signal does; the thread's timers stand still`,
  };
}
