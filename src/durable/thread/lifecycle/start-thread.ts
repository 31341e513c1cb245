/** How a thread begins, waits in its workflow's queue, or never begins: what the queue says to its root. Knows rows and the actor host. */
import type { Seat } from "../../../../machines/messages.ts";
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { evaluateExpression } from "../../../compile/decide/expression.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Outcome } from "../../../contract/kinds/thread.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { markReceived } from "../../host/rows.ts";
import { createMail } from "../../protocol/agent.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import type { QueueMessage } from "../../protocol/recruitment.ts";
import type { Admit } from "../../protocol/workflow.ts";
import { carryOn } from "../../routing/chain-depth.ts";
import { makeThreadEvent } from "../log/make-event.ts";
import { type Beginning, describeThread } from "../recruitment/recruitment-logic.ts";
import { findTask, type RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { writeSupplement } from "../task/task-rows.ts";
import { dropEpoch, findEpoch, findNextEpoch, nameActor, writeOrigin } from "./epochs.ts";
import { changeThread, isEnded, readThread, type ThreadRow } from "./thread-rows.ts";

export interface ThreadStart {
  /** Takes `thread.start`: the thread has a place. */
  start(message: QueueMessage<"thread.start">, envelope: Envelope): Promise<Delivery>;
  noteQueue(message: QueueMessage<"thread.queued" | "thread.dropped">, envelope: Envelope, status: "queued" | "dropped"): Delivery;
  /** @param holders who was kept for it, of one that was there before */
  endUnstarted(row: ThreadRow, status: "failed" | "cancelled", reason: string, mark: () => void, holders?: string[]): void;
}

export function createThreadStart(ports: RecruitmentPorts): ThreadStart {
  const { name, host, storage, clock, definition, registry, log, project } = ports;

  /** The queue said that the thread waits, or that it never starts. */
  function noteQueue(
    message: QueueMessage<"thread.queued" | "thread.dropped">,
    envelope: Envelope,
    status: "queued" | "dropped",
  ): Delivery {
    host.committer.commit(() => {
      markReceived(storage, envelope.from, envelope.id);
      const before = readThread(storage);
      if (before && before.status !== "queued") return;
      if (before && message.epoch !== undefined) {
        if (findNextEpoch(storage)?.number === message.epoch) noteAgain(before, status, message.reason);
        return;
      }
      const at = clock.now();
      if (message.fork) writeOrigin(storage, message.fork);
      changeThread(storage, { ...makeRow(message, status), reason: message.reason, created_at: before?.created_at ?? at, changes: 0 });
      const { outbox } = host.committer;
      const again = (message.epoch ?? 1) > 1 ? `-${message.epoch}` : "";
      // The queue logged it and told the initiator; who else waits for it is for the reflexes to say.
      const event = makeThreadEvent(name, `${name}${again}.${status}`, `nerve.thread.${status}`, message.event.id, at, {
        thread: name,
        workflow: message.workflow,
        reason: message.reason,
      });
      outbox.append(["events"], { type: "route", event: { ...event, ...carryOn(message.event) } as unknown as Json });
      if (status === "dropped" && message.parent) outbox.append(["events"], { type: "child.report" });
    });
    return { status: "stored" };
  }

  /** One that was there before waits, or stays as it had ended: another thread of its key is live. */
  function noteAgain(before: ThreadRow, status: "queued" | "dropped", reason: string): void {
    const outcome = before.outcome === null ? undefined : (JSON.parse(before.outcome) as Outcome);
    const row = { ...before, changes: before.changes + 1, updated_at: clock.now() };
    if (status === "dropped") dropEpoch(storage);
    const changed: ThreadRow =
      status === "queued"
        ? { ...row, reason }
        : { ...row, status: outcome?.status ?? "cancelled", reason: outcome ? (outcome.error ?? null) : reason };
    changeThread(storage, changed);
    project(describeThread(changed, [], changed.reason));
  }

  function makeRow(message: Admit, status: ThreadView["status"]): ThreadRow {
    const now = clock.now();
    return {
      id: name,
      workflow: message.workflow,
      revision: message.revision,
      event: JSON.stringify(message.event),
      initiator: message.initiator,
      key: message.key,
      status,
      changes: 1,
      task: null,
      outcome: null,
      reason: null,
      parent: message.parent ? JSON.stringify(message.parent) : null,
      priority: message.priority ?? null,
      created_at: now,
      updated_at: now,
    };
  }

  async function start(message: QueueMessage<"thread.start">, envelope: Envelope): Promise<Delivery> {
    const compiled = await definition(message.revision);
    if (!compiled) throw new Error(`the revision ${message.revision} is not to be found`);
    if (message.epoch !== undefined) return startAgain(envelope, compiled, message);
    const before = readThread(storage);
    if (before && isEnded(before.status)) {
      // Cancelled while it was on its way out of the queue.
      host.committer.commit(() => markReceived(storage, envelope.from, envelope.id));
      return { status: "stored" };
    }
    const row: ThreadRow = { ...makeRow(message, "recruiting"), created_at: before?.created_at ?? clock.now() };
    const { fork } = message;
    const mark = (): void => {
      markReceived(storage, envelope.from, envelope.id);
      if (fork) writeOrigin(storage, fork);
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
    const mark = (): void => markReceived(storage, envelope.from, envelope.id);
    const before = readThread(storage);
    const next = findNextEpoch(storage);
    if (before?.status !== "queued" || !next || next.number !== message.epoch) {
      // Cancelled while it was on its way out of the queue.
      host.committer.commit(mark);
      return { status: "stored" };
    }
    const actor = await host.read(name);
    const context = actor?.context as unknown as RecruitmentContext | undefined;
    const task = actor && findTask(ports, actor);
    const round = (await task?.peek())?.round ?? context?.round ?? 0;
    const row: ThreadRow = {
      ...before,
      status: "recruiting",
      reason: null,
      outcome: null,
      changes: before.changes + 1,
      updated_at: clock.now(),
    };
    const seats = await assignAgain(compiled, message, context?.seats ?? {});
    if (!seats.ok) {
      endUnstarted(row, "failed", seats.problem.detail, mark);
      return { status: "stored" };
    }
    const { start, node, supplement } = next.plan;
    if (task) await task.supplement(supplement);
    else if (ports.beside) host.committer.commit(() => writeSupplement(storage, supplement));
    await host.start(
      {
        actor: nameActor(name, next.number),
        logic: "recruitment",
        definition: message.revision,
        input: {
          start,
          seats: seats.value,
          // The decision that it begins with has a number of its own.
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

  /** Whoever held a role and is still there holds it again; pools are claimed anew anyhow. */
  async function assignAgain(
    compiled: CompiledWorkflow,
    message: Admit,
    former: Record<string, Seat>,
  ): Promise<Result<Record<string, Seat>>> {
    const asked = [...new Set(Object.values(former).flatMap(({ agent }) => (agent === null ? [] : [agent])))];
    const known = new Set((asked.length ? await registry.cards(asked) : []).map(({ id }) => id));
    const seats: Record<string, Seat> = {};
    const kept: Record<string, string> = {};
    for (const role of compiled.ir.roles) {
      const seat = former[role.name];
      if (seat && role.type === "open") seats[role.name] = { agent: null, generation: seat.generation };
      if (seat?.agent && role.bind === "thread" && (known.has(seat.agent) || isOwnAgent(message, seat.agent))) kept[role.name] = seat.agent;
    }
    const named = await assignNamed(compiled, message, kept);
    if (!named.ok) return named;
    for (const [role, { agent }] of Object.entries(named.value)) seats[role] = { agent, generation: (former[role]?.generation ?? 0) + 1 };
    return succeed(seats);
  }

  function isOwnAgent({ event, initiator }: Admit, agent: string): boolean {
    return agent === initiator && event.source === `/agents/${initiator}`;
  }

  /** Named roles are bound at once: to the agent that the author named, or that the event names. */
  async function assignNamed(
    { ir }: CompiledWorkflow,
    { event, initiator, workflow }: Admit,
    given: Record<string, string> = {},
  ): Promise<Result<Record<string, Seat>>> {
    const seats: Record<string, Seat> = {};
    const seen = { ...event, agent: initiator };
    for (const role of ir.roles) {
      const chosen = Object.hasOwn(given, role.name) ? given[role.name] : undefined;
      if (chosen !== undefined) seats[role.name] = { agent: chosen, generation: 1 };
      if (chosen !== undefined || !role.agent) continue;
      let agent = "id" in role.agent ? role.agent.id : "";
      if ("from" in role.agent) {
        const result = await evaluateExpression(role.agent.from, { event: seen, start: { workflow, event: seen } }, { event: seen });
        if (!result.ok) return refuse("not_allowed_now", `the agent of the role ${role.name}: ${result.error.message}`);
        if (typeof result.value !== "string" || result.value === "")
          return refuse(
            "not_allowed_now",
            `the agent of the role ${role.name} comes out empty: ${role.agent.from} names nobody in this event`,
          );
        agent = result.value;
      }
      seats[role.name] = { agent, generation: 1 };
    }
    // Whoever posted the event is known to be there.
    const sender = event.source === `/agents/${initiator}` ? initiator : undefined;
    const asked = [...new Set(Object.values(seats).flatMap(({ agent }) => (agent === null || agent === sender ? [] : [agent])))];
    const known = asked.length ? await registry.cards(asked) : [];
    for (const [role, { agent }] of Object.entries(seats))
      if (agent !== sender && !known.some(({ id }) => id === agent))
        return refuse("not_allowed_now", `the role ${role} names the agent ${agent}, and there is none`);
    return succeed(seats);
  }

  /** A thread that cannot begin has failed, one that is cancelled in the queue never does: its initiator is told, and its place is free. */
  function endUnstarted(row: ThreadRow, status: "failed" | "cancelled", reason: string, mark: () => void, holders: string[] = []): void {
    const { outbox } = host.committer;
    const epoch = findNextEpoch(storage)?.number ?? findEpoch(storage);
    const outcome: Outcome = { status, role: null, output: null, prompt: null, error: reason };
    const ended: ThreadRow = {
      ...row,
      status,
      reason,
      outcome: JSON.stringify(outcome),
      changes: epoch > 1 ? row.changes + 1 : 1,
      updated_at: clock.now(),
    };
    const source = (JSON.parse(row.event) as CloudEvent).source;
    host.committer.commit(() => {
      mark();
      dropEpoch(storage);
      changeThread(storage, ended);
      project(describeThread(ended, holders, reason));
      const event = makeThreadEvent(
        name,
        `${nameActor(name, epoch)}.1.${status}`,
        `nerve.thread.${status}`,
        JSON.parse(row.event).id,
        clock.now(),
        {
          thread: name,
          workflow: row.workflow,
          ...(epoch > 1 && { epoch }),
          reason,
          outcome,
        },
      );
      log(event, name);
      for (const agent of new Set([...(source.startsWith("/agents/") ? [row.initiator] : []), ...holders]))
        outbox.append([`agent/${agent}`], createMail({ channel: "my", event, endsThread: name }));
      outbox.append([`workflow/${row.workflow}`], { type: "thread.ended", thread: name, revision: row.revision, epoch });
      outbox.append(["events"], { type: "route", event: { ...event, ...carryOn(JSON.parse(row.event)) } as unknown as Json });
      if (row.parent !== null) outbox.append(["events"], { type: "child.report" });
    });
  }

  return { start, noteQueue, endUnstarted };
}
