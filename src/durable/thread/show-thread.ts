/** A thread as people and agents see it: its row, its machine's state and its task's open turn, put together. */
import type { Seat } from "../../../machines/messages.ts";
import type { RecruitmentContext } from "../../../machines/recruitment/context.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Outcome } from "../../wire/kinds.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import type { ThreadView } from "../rpc.ts";
import { findTask, type RecruitmentPorts } from "./recruitment-ports.ts";
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
    if (viewer !== null && viewer !== thread.initiator && !Object.values(seats).some((seat) => seat.agent === viewer)) return unknown;
    const value = (actor?.value as { open?: Record<string, Json> } | undefined)?.open;
    const roles = Object.fromEntries(
      (compiled?.ir.roles ?? []).map((role) => {
        const seat = seats[role.name];
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
    const peek = actor && (await findTask(ports, actor)?.peek());
    const outcome = isEnded(thread.status) && thread.outcome !== null ? (JSON.parse(thread.outcome) as Outcome) : undefined;
    const event = JSON.parse(thread.event) as CloudEvent;
    const parent = readParent(thread);
    const waiting = describeWaiting(thread, roles, peek, actor?.timers[0]?.due);
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
      ...(parent && { parent: parent.thread }),
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

function describeWaiting(
  thread: ThreadRow,
  roles: ThreadView["roles"],
  peek: { turn?: { role: string; agent: string; since: string; deadline: string } | undefined } | undefined,
  due: number | undefined,
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
  const open = Object.entries(roles).find(([, { agent, type }]) => !agent && type === "open");
  return open ? { for: "claim", role: open[0], since, ...until } : undefined;
}
