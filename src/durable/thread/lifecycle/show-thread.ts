/** A thread as people and agents see it: its row, its machine's state and its task's open turn, put together. */
import { lookUp } from "../../../../machines/facts.ts";
import type { Seat } from "../../../../machines/messages.ts";
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { Json } from "../../../contract/event.ts";
import { readWord } from "../../../contract/language.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import { type RoleState, roleStates } from "../../../contract/statuses.ts";
import { addUsage, type Usage } from "../../../contract/usage.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { BroadcastView } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { listUnreachable, refuseUnreachable, tryTask } from "../task/task-port.ts";
import { readPath, viewStored } from "../waits/machine-view.ts";
import { describeThreadWaits } from "../waits/thread-waits.ts";
import { findEpoch, readOrigin } from "./epochs.ts";
import { isEnded, readThread } from "./thread-rows.ts";

/** @returns shows the thread to a viewer: null is an operator, an agent sees only what it takes part in */
export function createThreadView(ports: RecruitmentPorts): (viewer: string | null) => Promise<Result<ThreadView>> {
  const { name, host, lifecycle, clock, definition } = ports;

  async function show(viewer: string | null): Promise<Result<ThreadView>> {
    const thread = readThread(lifecycle);
    const unknown = refuse("not_found", `There is no thread ${name}.`);
    if (!thread) return unknown;
    const actor = await host.read(name);
    const context = actor && trust(recruitmentContext, actor.context);
    const compiled = await definition(thread.revision);
    const seats = context?.seats ?? {};
    const task = actor && findTask(ports, actor);
    const holds = viewer === null || viewer === thread.initiator || Object.values(seats).some(({ agent }) => agent === viewer);
    if (!holds) {
      // Whom a broadcast has asked, only the task knows.
      const asks = compiled?.ir.roles.some(({ type }) => type === "broadcast");
      const { answer: asked, silent } = asks ? await tryTask(() => task?.asked(viewer)) : {};
      if (silent) return refuseUnreachable(silent);
      if (!asked) return unknown;
    }
    const { answer: peek, silent } = await tryTask(() => task?.peek());
    const unreachable = silent ? listUnreachable(silent, host.committer.outbox.heldBack(), clock.now()) : [];
    const value = (actor?.value as { open?: Record<string, Json> } | undefined)?.open;
    const roles = Object.fromEntries(
      (compiled?.ir.roles ?? []).map((role) => {
        const seat = seats[role.name];
        const usage = peek && lookUp(peek.usage, role.name);
        if (role.type === "broadcast")
          return [role.name, { ...describeBroadcastRole(peek?.broadcasts[role.name]), ...(usage && { usage }) }];
        return [
          role.name,
          {
            type: role.type,
            ...(seat?.agent && { agent: seat.agent }),
            ...(seat && { generation: seat.generation }),
            state: readState(value?.[role.name], seat),
            ...(usage && { usage }),
          },
        ];
      }),
    );
    const epoch = findEpoch(lifecycle);
    const origin = readOrigin(lifecycle);
    const outcome = isEnded(thread.status) ? (thread.outcome ?? undefined) : undefined;
    const event = thread.event;
    const { parent } = thread;
    const [waiting] = describeThreadWaits({
      thread,
      task: peek?.wait,
      silent: silent?.receiver,
      recruitment: actor && compiled && { ir: compiled.ir, machine: viewStored(actor, host) },
      countOffered: ports.records.count,
    });
    const total = Object.values(peek?.usage ?? {}).reduce<Usage | undefined>(addUsage, undefined);
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
      round: peek?.round ?? context?.outcome?.round ?? context?.round ?? 0,
      ...(waiting && { waiting }),
      ...(outcome && {
        outcome: { ...outcome, output: outcome.output ?? peek?.last?.output ?? null, prompt: outcome.prompt ?? peek?.prompt ?? null },
      }),
      ...(thread.reason !== null && thread.status !== "queued" && { error: thread.reason }),
      ...(epoch > 1 && { epoch }),
      ...(parent && { parent: parent.thread }),
      ...(origin && { parent: origin.parent, fork: { at: origin.at } }),
      children: peek?.children ?? [],
      ...(total && { usage: total }),
      ...(unreachable.length > 0 && { unreachable }),
    });
  }

  return show;
}

/** A role's state, out of its region of the machine; without one, or in a state of another version, out of its assignment. */
function readState(region: Json | undefined, seat: Seat | undefined): RoleState {
  return readWord(readPath(region)[0], roleStates) ?? (seat?.agent ? "held" : "open");
}

/** How far a broadcast role's last turn is; `open` before it had one. */
function describeBroadcastRole(seen: BroadcastView | undefined): ThreadView["roles"][string] {
  if (!seen) return { type: "broadcast", state: "open" };
  const { state, asked, acked, failed } = seen;
  return { type: "broadcast", state, asked, acked, failed };
}
