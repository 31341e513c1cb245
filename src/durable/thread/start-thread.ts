/** How a thread begins, waits in its workflow's queue, or never begins: what the queue says to its root. Knows rows and the actor host. */
import type { Seat } from "../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { evaluateExpression } from "../../compile/decide/expression.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Outcome } from "../../wire/kinds.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import { markReceived } from "../host/rows.ts";
import { createMail } from "../mail.ts";
import { carryOn } from "../routing/chain-depth.ts";
import type { Delivery, Envelope, ThreadView } from "../rpc.ts";
import { makeThreadEvent } from "./make-event.ts";
import { describeThread } from "./recruitment-logic.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";
import { changeThread, isEnded, type ParentLink, readThread, type ThreadRow } from "./thread-rows.ts";

interface StartMessage {
  thread: string;
  workflow: string;
  revision: string;
  event: CloudEvent;
  initiator: string;
  key: string | null;
  parent?: ParentLink;
  /** From 2 on, the thread begins anew. */
  epoch?: number;
}

export interface ThreadStart {
  /** Takes `thread.start`: the thread has a place. */
  start(envelope: Envelope): Promise<Delivery>;
  noteQueue(envelope: Envelope, status: "queued" | "dropped"): Delivery;
  endUnstarted(row: ThreadRow, status: "failed" | "cancelled", reason: string, mark: () => void): void;
}

export function createThreadStart(ports: RecruitmentPorts): ThreadStart {
  const { name, host, storage, clock, definition, registry, log, project } = ports;

  /** The queue said that the thread waits, or that it never starts. */
  function noteQueue(envelope: Envelope, status: "queued" | "dropped"): Delivery {
    const message = envelope.message as unknown as StartMessage & { reason: string };
    host.committer.commit(() => {
      markReceived(storage, envelope.from, envelope.id);
      const before = readThread(storage);
      if (before && before.status !== "queued") return;
      const at = clock.now();
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

  function makeRow(message: StartMessage, status: ThreadView["status"]): ThreadRow {
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
      created_at: now,
      updated_at: now,
    };
  }

  async function start(envelope: Envelope): Promise<Delivery> {
    const message = envelope.message as unknown as StartMessage;
    const compiled = await definition(message.revision);
    if (!compiled) throw new Error(`the revision ${message.revision} is not to be found`);
    const before = readThread(storage);
    if (before && isEnded(before.status)) {
      // Cancelled while it was on its way out of the queue.
      host.committer.commit(() => markReceived(storage, envelope.from, envelope.id));
      return { status: "stored" };
    }
    const row: ThreadRow = { ...makeRow(message, "recruiting"), created_at: before?.created_at ?? clock.now() };
    const mark = (): void => markReceived(storage, envelope.from, envelope.id);
    const seats = await seatNamed(compiled, message);
    if (!seats.ok) {
      endUnstarted(row, "failed", seats.problem.detail, mark);
      return { status: "stored" };
    }
    await host.start(
      {
        actor: name,
        logic: "recruitment",
        definition: message.revision,
        input: { start: "new", seats: seats.value as unknown as Json },
        along: row as unknown as Json,
      },
      mark,
    );
    return { status: "stored" };
  }

  /** Named roles are bound at once: to the agent that the author named, or that the event names. */
  async function seatNamed({ ir }: CompiledWorkflow, { event, initiator, workflow }: StartMessage): Promise<Result<Record<string, Seat>>> {
    const seats: Record<string, Seat> = {};
    const seen = { ...event, agent: initiator };
    for (const role of ir.roles) {
      if (!role.agent) continue;
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
  function endUnstarted(row: ThreadRow, status: "failed" | "cancelled", reason: string, mark: () => void): void {
    const { outbox } = host.committer;
    const outcome: Outcome = { status, role: null, output: null, prompt: null, error: reason };
    const ended: ThreadRow = { ...row, status, reason, outcome: JSON.stringify(outcome), changes: 1, updated_at: clock.now() };
    const source = (JSON.parse(row.event) as CloudEvent).source;
    host.committer.commit(() => {
      mark();
      changeThread(storage, ended);
      project(describeThread(ended, [], reason));
      const event = makeThreadEvent(name, `${name}.1.${status}`, `nerve.thread.${status}`, JSON.parse(row.event).id, clock.now(), {
        thread: name,
        workflow: row.workflow,
        reason,
        outcome: outcome as unknown as Json,
      });
      log(event, name);
      if (source.startsWith("/agents/")) outbox.append([`agent/${row.initiator}`], createMail({ channel: "my", event }));
      outbox.append([`workflow/${row.workflow}`], { type: "thread.ended", thread: name, revision: row.revision });
      outbox.append(["events"], { type: "route", event: { ...event, ...carryOn(JSON.parse(row.event)) } as unknown as Json });
      if (row.parent !== null) outbox.append(["events"], { type: "child.report" });
    });
  }

  return { start, noteQueue, endUnstarted };
}
