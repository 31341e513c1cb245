/** A thread as people and agents see it: its row, its machine's state and its task's open turn, put together. */
import type { Seat } from "../../../../machines/messages.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import { isPartialRouted } from "../../../compile/lower/policies.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Outcome } from "../../../contract/kinds/thread.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { BroadcastView, TaskPeek } from "../../protocol/rpc.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { findEpoch, readOrigin } from "./epochs.ts";
import { isEnded, readParent, readThread, type ThreadRow } from "./thread-rows.ts";

/** @returns shows the thread to a viewer: null is an operator, an agent sees only what it takes part in */
export function createThreadView(ports: RecruitmentPorts): (viewer: string | null) => Promise<Result<ThreadView>> {
  const { name, host, storage, definition } = ports;

  async function show(viewer: string | null): Promise<Result<ThreadView>> {
    const thread = readThread(storage);
    const unknown = refuse("not_found", `There is no thread ${name}.`);
    if (!thread) return unknown;
    const actor = await host.read(name);
    const context = actor?.context as unknown as RecruitmentContext | undefined;
    const compiled = await definition(thread.revision);
    const seats = context?.seats ?? {};
    const task = actor && findTask(ports, actor);
    const takesPart = async (agent: string): Promise<boolean> =>
      agent === thread.initiator || Object.values(seats).some((seat) => seat.agent === agent) || ((await task?.asked(agent)) ?? false);
    if (viewer !== null && !(await takesPart(viewer))) return unknown;
    const peek = await task?.peek();
    const value = (actor?.value as { open?: Record<string, Json> } | undefined)?.open;
    const roles = Object.fromEntries(
      (compiled?.ir.roles ?? []).map((role) => {
        const seat = seats[role.name];
        if (role.type === "broadcast") return [role.name, describeBroadcastRole(peek?.broadcasts[role.name])];
        return [
          role.name,
          {
            type: role.type,
            ...(seat?.agent && { agent: seat.agent }),
            ...(seat && { generation: seat.generation }),
            state: describeState(value?.[role.name], seat),
          },
        ];
      }),
    );
    const epoch = findEpoch(storage);
    const origin = readOrigin(storage);
    const outcome = isEnded(thread.status) && thread.outcome !== null ? (JSON.parse(thread.outcome) as Outcome) : undefined;
    const event = JSON.parse(thread.event) as CloudEvent;
    const parent = readParent(thread);
    const waiting = describeWaiting(thread, roles, peek, actor?.timers[0]?.due, compiled?.ir);
    return succeed({
      id: thread.id,
      workflow: thread.workflow,
      revision: thread.revision,
      status: thread.status as ThreadView["status"],
      createdAt: new Date(thread.created_at).toISOString(),
      updatedAt: new Date(Math.max(thread.updated_at, actor?.updatedAt ?? 0)).toISOString(),
      event,
      roles,
      ...(peek?.turn && { turn: peek.turn }),
      round: peek?.round ?? 0,
      ...(waiting && { waiting }),
      ...(outcome && {
        outcome: { ...outcome, output: outcome.output ?? peek?.last?.output ?? null, prompt: outcome.prompt ?? peek?.prompt ?? null },
      }),
      ...(thread.reason !== null && thread.status !== "queued" && { error: thread.reason }),
      ...(epoch > 1 && { epoch }),
      ...(parent && { parent: parent.thread }),
      ...(origin && { parent: origin.parent, fork: { at: origin.at } }),
      children: peek?.children ?? [],
    });
  }

  return show;
}

/** A role's state in one word, out of its region of the machine. */
function describeState(region: Json | undefined, seat: Seat | undefined): string {
  if (typeof region === "string") return region;
  if (region && typeof region === "object") return Object.keys(region)[0] ?? "unknown";
  return seat?.agent ? "held" : "open";
}

/** How far a broadcast role's last turn is; `open` before it had one. */
function describeBroadcastRole(seen: BroadcastView | undefined): ThreadView["roles"][string] {
  if (!seen) return { type: "broadcast", state: "open" };
  const { state, asked, acked, failed } = seen;
  return { type: "broadcast", state, asked, acked, failed };
}

/** What happens when the time for acknowledgements is up. */
function describePartial(ir: WorkflowIr | undefined, name: string): string {
  const role = ir?.roles.find((each) => each.name === name);
  const routed = ir && role && isPartialRouted(ir, role);
  return routed ? "$PARTIAL" : "the thread is suspended";
}

function describeWaiting(
  thread: ThreadRow,
  roles: ThreadView["roles"],
  peek: TaskPeek | undefined,
  due: number | undefined,
  ir: WorkflowIr | undefined,
): ThreadView["waiting"] | undefined {
  const until = due === undefined ? {} : { until: new Date(due).toISOString() };
  const since = new Date(thread.updated_at).toISOString();
  if (thread.status === "suspended") return { for: "operator", since, then: thread.reason ?? "resume or cancel" };
  if (isEnded(thread.status)) return undefined;
  if (thread.status === "queued") return { for: "place", since, then: thread.reason ?? "a place in the workflow's queue" };
  if (peek?.turn)
    return {
      for: "answer",
      role: peek.turn.role,
      agent: peek.turn.agent,
      since: peek.turn.since,
      ...(peek.turn.deadline && { until: peek.turn.deadline }),
    };
  const acks = Object.entries(peek?.broadcasts ?? {}).find(([, { state }]) => state === "collecting");
  if (acks) {
    const [role, { since: asked, until: deadline }] = acks;
    return { for: "acks", role, since: asked, until: deadline, then: describePartial(ir, role) };
  }
  const open = Object.entries(roles).find(([, { agent, type }]) => !agent && type === "open");
  return open ? { for: "claim", role: open[0], since, ...until } : undefined;
}
