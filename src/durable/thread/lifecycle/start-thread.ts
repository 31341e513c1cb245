/** How a thread begins, waits in its workflow's queue, or never begins: what the queue says to its root. Knows rows and the actor host. */
import { recruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { QueueMessage } from "../../protocol/recruitment.ts";
import { trust } from "../../protocol/trust.ts";
import type { Admit } from "../../protocol/workflow.ts";
import type { Beginning } from "../recruitment/recruitment-logic.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { describeReferences, readSourceThread } from "./artifact-rows.ts";
import { createEndUnstarted, type EndUnstarted } from "./end-unstarted.ts";
import { findNextEpoch, nameActor, writeOrigin } from "./epochs.ts";
import { createFirstHolders } from "./first-holders.ts";
import { createNoteQueue, makeThreadRow, type NoteQueue } from "./note-queue.ts";
import { isEnded, readThread, type ThreadRow } from "./thread-rows.ts";

export interface ThreadStart {
  /** Takes `thread.start`: the thread has a place. */
  start(message: QueueMessage<"thread.start">, envelope: Envelope): Promise<Delivery>;
  noteQueue: NoteQueue;
  endUnstarted: EndUnstarted;
}

export function createThreadStart(ports: RecruitmentPorts): ThreadStart {
  const { name, host, lifecycle, clock, definition, registry, project } = ports;
  const { assignNamed, assignAgain } = createFirstHolders(registry);
  const endUnstarted = createEndUnstarted(ports);
  const noteQueue = createNoteQueue(ports);

  async function start(message: QueueMessage<"thread.start">, envelope: Envelope): Promise<Delivery> {
    const compiled = await definition(message.revision);
    if (!compiled) throw new Error(`the revision ${message.revision} is not to be found`);
    if (message.epoch !== undefined) return startAgain(envelope, compiled, message);
    const before = readThread(lifecycle);
    if (before && isEnded(before.status)) {
      // The thread was cancelled while this message was on its way from the queue.
      host.committer.commit(() => host.committer.inbox.mark(envelope));
      return { status: "stored" };
    }
    const row: ThreadRow = { ...makeThreadRow(name, message, "recruiting", clock.now()), created_at: before?.created_at ?? clock.now() };
    const { fork } = message;
    const source = readSourceThread(message.event.source);
    const mark = (): void => {
      host.committer.inbox.mark(envelope);
      if (fork) writeOrigin(lifecycle, fork);
      if (fork) project({ table: "artifact", thread: name, from: fork.parent, hashes: null });
      else if (source !== undefined) for (const references of describeReferences(name, source, message.event.data)) project(references);
    };
    const seats = await assignNamed(compiled, message, fork?.roles);
    if (!seats.ok) {
      endUnstarted(row, "failed", seats.problem.detail, mark);
      return { status: "stored" };
    }
    await host.start(
      {
        actor: name,
        logic: "recruitment",
        definition: message.revision,
        input: {
          start: "new",
          seats: seats.value,
          ...(fork && { round: fork.at, last: fork.last, ...(fork.node !== null && { from: { node: fork.node } }) }),
        },
        metadata: { row, ...(fork && { origin: { parent: fork.parent, at: fork.at } }) } satisfies Beginning,
      },
      mark,
    );
    return { status: "stored" };
  }

  /** A new pair of actors in the same thread: with those who held its roles, under the next generation, and all that was said. */
  async function startAgain(envelope: Envelope, compiled: CompiledWorkflow, message: Admit): Promise<Delivery> {
    const mark = (): void => host.committer.inbox.mark(envelope);
    const before = readThread(lifecycle);
    const next = findNextEpoch(lifecycle);
    if (before?.status !== "queued" || !next || next.number !== message.epoch) {
      // The thread was cancelled while this message was on its way from the queue.
      host.committer.commit(mark);
      return { status: "stored" };
    }
    const actor = await host.read(name);
    const context = actor && trust(recruitmentContext, actor.context);
    const task = actor && findTask(ports, actor);
    const round = (await task?.peek())?.round ?? context?.round ?? 0;
    const row: ThreadRow = {
      ...before,
      status: "recruiting",
      reason: null,
      outcome: null,
      // Also where it adds nothing: what an earlier resume added goes.
      supplement: { added: next.plan.supplement },
      changes: before.changes + 1,
      updated_at: clock.now(),
    };
    const seats = await assignAgain(compiled, message, context?.seats ?? {});
    if (!seats.ok) {
      endUnstarted(row, "failed", seats.problem.detail, mark);
      return { status: "stored" };
    }
    const { start, node } = next.plan;
    await host.start(
      {
        actor: nameActor(name, next.number),
        logic: "recruitment",
        definition: message.revision,
        input: {
          start,
          seats: seats.value,
          // The decision that begins the epoch takes a number of its own.
          round: round + 1,
          last: context?.last ?? {},
          offers: context?.offers ?? {},
          ...(node !== null && { from: { node } }),
        },
        metadata: { row, next: { number: next.number, plan: { ...next.plan, round } } } satisfies Beginning,
      },
      mark,
    );
    return { status: "stored" };
  }

  return { start, noteQueue, endUnstarted };
}
