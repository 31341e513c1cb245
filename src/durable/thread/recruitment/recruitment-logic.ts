/**
 * Recruitment as the host runs it: how its facts become the mail that agents get, the thread's index row, and the log.
 * Knows the root's rows and its machine's vocabulary.
 */

import * as z from "zod";
import { recruitmentEmitted, recruitmentToAgent, toOffers } from "../../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { EngineData, EngineKind } from "../../../contract/kinds/engine-kinds.ts";
import { inOnePiece } from "../../../contract/one-piece.ts";
import { open } from "../../../contract/shape.ts";
import { outcomeStatuses, type ThreadStatus } from "../../../contract/statuses.ts";
import type { ActorEvent } from "../../host/effects.ts";
import type { LogicEntry } from "../../host/logic.ts";
import { type AgentMessage, createMail } from "../../protocol/agent.ts";
import { readMessage } from "../../protocol/dispatch.ts";
import { isTaskAddress } from "../../protocol/parts.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";
import { type TaskEnd, taskEnd } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import type { Append } from "../../protocol/typed-host.ts";
import type { WorkflowMessage } from "../../protocol/workflow.ts";
import { carryOn } from "../../routing/chain-depth.ts";
import { origin, plan } from "../lifecycle/epoch-plan.ts";
import { beginEpoch, findNextEpoch, readEpoch, readPlan, writeOrigin } from "../lifecycle/epochs.ts";
import { loadStoredMachine } from "../lifecycle/load-stored-machine.ts";
import { changeThread, readThread, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { describeHeartbeat, makeThreadEvent } from "../log/make-event.ts";
import type { Again, TaskStart } from "../task/task-start.ts";
import type { ThreadScope, ThreadServices } from "../thread-services.ts";
import { makeLease, readLeaseTerms } from "../turn/lease-terms.ts";
import { describeRecruitmentWaits } from "../waits/recruitment-waits.ts";

/** What comes beside a recruitment actor's input. */
export const beginning = open({
  row: z.custom<ThreadRow>(),
  /** The epoch that begins, if the thread was there before. */
  next: open({ number: z.number(), plan }).optional(),
  /** Of a copy: written before the first row that shows it. */
  origin: origin.optional(),
});
export type Beginning = z.infer<typeof beginning>;

/** The full id of an offer: it names its thread and its role. */
export function makeOfferId(thread: string, role: number, offer: number): string {
  return inOnePiece(`${thread}:${role}:${offer}`);
}

export function createRecruitmentLogic(): LogicEntry<ThreadServices> {
  return {
    load: (definition) => loadStoredMachine((definition as CompiledWorkflow).recruitment),
    options: {
      place: "recruitment",
      notesContext: true,
      actors: { task: "task" },
      started: (metadata, scope) => {
        const { row, next, origin } = trust(beginning, metadata);
        if (origin) writeOrigin(scope.services.lifecycle, origin);
        changeThread(scope.services.lifecycle, row);
        if (next) beginEpoch(scope.services.lifecycle, next.number, next.plan);
        scope.services.project(describeThread(row, [], null));
      },
      childMetadata: (_src, scope) => {
        const { id: thread, workflow, event, initiator, supplement } = readThread(scope.services.lifecycle) as ThreadRow;
        const again = readAgain(scope);
        return {
          ...{ thread, workflow, event, initiator },
          ...(again && { again }),
          ...(supplement && { supplement: supplement.added }),
        } satisfies TaskStart;
      },
      expand(event, to, scope) {
        if (to === "offers") return takeOffer(event, scope);
        return to === "audience" ? undefined : expandRecruitment(event, to, scope);
      },
      emitted: (event, scope, append, metadata) => announce(event, scope, append, metadata),
      stepped(actor, scope) {
        const { ir } = scope.definition as CompiledWorkflow;
        const isActive = actor.status === "active";
        scope.services.noteWait("recruitment", isActive ? describeRecruitmentWaits(ir, actor)[0] : undefined);
      },
    },
  };
}

/** What a task of a later epoch does with what was there before. */
function readAgain(scope: ThreadScope): Again | undefined {
  const epoch = readEpoch(scope.actor);
  const plan = readPlan(scope.services.lifecycle, epoch);
  if (!plan) return undefined;
  const { start, at, step, reason, round = 0 } = plan;
  return { epoch, start, round, keep: start === "resume" ? null : (at ?? 0), ...(step && { step }), reason };
}

/** Asks the queue for a place to begin anew. */
export function makeAdmit(row: ThreadRow, epoch: number): WorkflowMessage<"admit"> {
  const { id: thread, workflow, revision, event, initiator, key, priority } = row;
  const known = priority === null ? {} : { priority };
  return { type: "admit", thread, workflow, revision, event, initiator, key, epoch, ...known };
}

/** The thread's row in the index. */
export function describeThread(row: ThreadRow, agents: string[], waiting: string | null): ProjectionRow {
  return {
    table: "thread",
    id: row.id,
    revisionNumber: row.changes,
    workflow: row.workflow,
    revision: row.revision,
    status: row.status,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
    initiator: row.initiator,
    key: row.key,
    agents: [...new Set(isAgent(row) ? [row.initiator, ...agents] : agents)],
    waiting,
    parent: row.parent?.thread ?? null,
  };
}

/** Whether an agent, and not an operator, started the thread. */
function isAgent(row: ThreadRow): boolean {
  return row.event.source.startsWith("/agents/");
}

/** What the machine says of an offer is written with its step. */
function takeOffer(fact: ActorEvent, { services, definition }: ThreadScope): null | undefined {
  const offers = services.offers();
  if (!offers) return undefined;
  offers.take(readMessage(toOffers, fact), (definition as CompiledWorkflow).ir);
  return null;
}

function expandRecruitment(fact: ActorEvent, to: string, scope: ThreadScope): AgentMessage | null {
  const { services } = scope;
  const event = readMessage(recruitmentToAgent, fact);
  const thread = readThread(scope.services.lifecycle) as ThreadRow;
  const { ir } = scope.definition as CompiledWorkflow;
  const place = "role" in event ? ir.roles.findIndex(({ name }) => name === event.role) : -1;
  const stamp = <K extends EngineKind>(type: K, data: EngineData<K>): CloudEvent => {
    const made = makeThreadEvent(
      thread.id,
      `${scope.actor}.${scope.revision}.${type.slice("nerve.".length)}.${place}`,
      type,
      services.cause() ?? thread.event.id,
      scope.now,
      data,
    );
    services.log(made, thread.id);
    return made;
  };
  const role = ir.roles[place];
  if (!role) throw new Error(`there is no role for ${event.type}`);
  const seat = (generation: number, held: boolean) => ({
    thread: thread.id,
    workflow: thread.workflow,
    role: role.name,
    type: role.type === "named" ? ("named" as const) : ("open" as const),
    generation,
    held,
    ...readLeaseTerms(ir, role),
  });
  switch (event.type) {
    case "claim.accepted": {
      const offer = makeOfferId(thread.id, place, event.offer);
      const lease = makeLease(ir, role, event.generation, scope.now);
      services.records().noteAwarded(offer, to.slice("agent/".length));
      return createMail({
        channel: "my",
        event: stamp("nerve.claim.accepted", {
          offer,
          thread: thread.id,
          role: event.role,
          lease,
          heartbeat: describeHeartbeat(role),
        }),
        ends: offer,
        seat: seat(event.generation, true),
      });
    }
    case "claim.rejected": {
      const offer = makeOfferId(thread.id, place, event.offer);
      services.records().noteRejected(offer, to.slice("agent/".length), event.reason);
      return createMail({ channel: "my", event: stamp("nerve.claim.rejected", { offer, reason: event.reason }), claim: offer });
    }
    case "role.assigned":
      return createMail({
        channel: "my",
        event: stamp("nerve.role.assigned", {
          thread: thread.id,
          workflow: thread.workflow,
          role: event.role,
          lease: makeLease(ir, role, event.generation, scope.now),
          heartbeat: describeHeartbeat(role),
        }),
        seat: seat(event.generation, true),
      });
    case "role.ended":
      // The thread's end is told to all holders and ends their roles: no mail of its own.
      if (outcomeStatuses.some((status) => status === event.reason)) return null;
      services.records().noteEnded(event.role, to.slice("agent/".length), {
        generation: event.generation,
        reason: event.reason,
        at: scope.now,
      });
      return createMail({
        channel: "my",
        event: stamp("nerve.role.ended", { thread: thread.id, role: event.role, reason: event.reason }),
        seat: { ...seat(event.generation, false), lost: event.reason === "lost" },
      });
    default:
      event satisfies never;
      throw new Error(`recruitment sends agents no ${fact.type}`);
  }
}

const statusOf: Record<keyof typeof recruitmentEmitted, ThreadStatus> = {
  "thread.started": "running",
  "thread.resumed": "running",
  "thread.suspended": "suspended",
  "thread.completed": "completed",
  "thread.failed": "failed",
  "thread.cancelled": "cancelled",
};

/** Of a thread that ends without its task's word. */
const noEnd: TaskEnd = { output: null, prompt: null };

/**
 * A change in the thread's life: the row, the index, the log, its queue, and all who take part.
 * @param metadata what came beside the event that it follows from: of the task's end, what the thread ends with
 */
function announce(fact: ActorEvent, scope: ThreadScope, append: Append, metadata: unknown): void {
  const { services } = scope;
  const event = readMessage(recruitmentEmitted, fact);
  const before = readThread(scope.services.lifecycle) as ThreadRow;
  const ended = "outcome" in event;
  const reason = event.type === "thread.suspended" ? event.reason : ended ? event.outcome.reason : null;
  const child = scope.findChild("task");
  const task = child ?? before.task;
  // A thread that was suspended while recruiting goes on recruiting.
  const status = event.type === "thread.resumed" && child === undefined ? "recruiting" : statusOf[event.type];
  const thread: ThreadRow = { ...before, status, reason, task, changes: before.changes + 1, updated_at: scope.now };
  const endChildren = (cause: CloudEvent): void => {
    if (ended && task !== null && isTaskAddress(task) && spawns(scope.definition as CompiledWorkflow))
      append(task, { type: "children.end", status: event.outcome.status, event: cause });
  };
  const next = ended ? findNextEpoch(scope.services.lifecycle) : undefined;
  if (next) {
    // It was stopped for a restart: nobody is told of an end.
    const queued: ThreadRow = { ...thread, status: "queued", reason: next.plan.reason };
    const holders = event.holders.map(({ agent }) => agent);
    changeThread(scope.services.lifecycle, queued);
    services.project(describeThread(queued, holders, next.plan.reason));
    endChildren(thread.event);
    append(`workflow/${thread.workflow}`, makeAdmit(queued, next.number));
    return;
  }
  const outcome = ended
    ? { status: event.outcome.status, role: event.outcome.role, ...readTaskEnd(metadata), ...(reason !== null && { error: reason }) }
    : null;
  if (outcome) thread.outcome = outcome;
  changeThread(scope.services.lifecycle, thread);
  const agents = event.holders.map(({ agent }) => agent);
  const row = describeThread(thread, agents, reason);
  services.project(row);
  const epoch = readEpoch(scope.actor);
  const told = makeThreadEvent(
    thread.id,
    `${scope.actor}.${scope.revision}.${event.type.slice("thread.".length)}`,
    `nerve.${event.type}`,
    services.cause() ?? thread.event.id,
    scope.now,
    {
      thread: thread.id,
      workflow: thread.workflow,
      roles: event.holders.map(({ role, agent, generation }) => ({ role, agent, generation })),
      ...(epoch > 1 && { epoch }),
      ...(reason !== null && { reason }),
      ...(outcome && { outcome }),
    },
  );
  services.log(told, thread.id);
  // Whoever is told something else by this step hears of both in one call.
  const mail = createMail({ channel: "my", event: told, ...(ended && { endsThread: thread.id }) });
  services.mail(row.table === "thread" ? row.agents : [], mail, `recruitment/${scope.actor}`, { next: true });
  if (ended) append(`workflow/${thread.workflow}`, { type: "thread.ended", thread: thread.id, revision: thread.revision, epoch });
  else if (event.type === "thread.suspended")
    append(`workflow/${thread.workflow}`, { type: "thread.paused", thread: thread.id, revision: thread.revision, epoch });
  else if (event.type === "thread.resumed")
    append(`workflow/${thread.workflow}`, { type: "thread.resumed", thread: thread.id, revision: thread.revision, epoch });
  endChildren(told);
  if (ended && thread.parent !== null) append("events", { type: "child.report" });
  // Last, so that no other message waits while the registry is asked who listens.
  append("events", {
    type: "route",
    event: { ...told, ...carryOn(thread.event) },
    sentTo: row.table === "thread" ? row.agents : [],
  });
}

const perhapsEnd = taskEnd.optional();

function readTaskEnd(metadata: unknown): TaskEnd {
  const { output, prompt } = trust(perhapsEnd, metadata) ?? noEnd;
  return { output, prompt };
}

/** Whether any edge starts children. */
function spawns({ ir }: CompiledWorkflow): boolean {
  return ir.nodes.some(({ edges }) => edges.some(({ spawn }) => spawn.length > 0));
}
