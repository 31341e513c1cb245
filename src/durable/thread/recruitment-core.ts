/**
 * The root of a thread without the platform: starts the recruitment actor, judges claims, shows the thread. Knows ports,
 * rows and the machine's facts.
 */

import type { Seat } from "../../../machines/messages.ts";
import type { RecruitmentContext } from "../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { evaluateExpression, isTruthy } from "../../compile/decide/expression.ts";
import type { RoleIr } from "../../compile/ir.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Accepted } from "../../wire/frames.ts";
import type { AgentData, Outcome } from "../../wire/kinds.ts";
import { type Result, refuse, succeed } from "../../wire/problem.ts";
import type { ActorHost } from "../host/actor-host.ts";
import type { Clock, Storage } from "../host/ports.ts";
import { isRepeat, markReceived } from "../host/rows.ts";
import { createMail } from "../mail.ts";
import type { Registry } from "../registry.ts";
import type { ClaimCard, Delivery, Envelope, MessageView, ProjectionRow, TaskRpc, ThreadView } from "../rpc.ts";
import { makeThreadEvent } from "./make-event.ts";
import { describeThread } from "./recruitment-logic.ts";
import { takeInTurn } from "./take-in-turn.ts";
import { writeSupplement } from "./task-rows.ts";
import { findHooks } from "./thread-hooks.ts";
import { changeThread, readThread, type ThreadRow } from "./thread-rows.ts";

export interface RecruitmentPorts {
  /** The thread's id, which is its root actor's too. */
  name: string;
  host: ActorHost;
  storage: Storage;
  clock: Clock;
  definition(revision: string): Promise<CompiledWorkflow | undefined>;
  registry: Pick<Registry, "cards">;
  /** From 0 to 1. */
  random(): number;
  /** Whether the task lives in this object. */
  beside: boolean;
  task(address: string): TaskRpc;
  log(event: CloudEvent, thread: string): void;
  project(row: ProjectionRow): void;
}

export interface RecruitmentCore {
  /** Takes `thread.start` and `thread.signal` of the workflow's queue. */
  deliver(envelope: Envelope): Promise<Delivery>;
  take(agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>>;
  show(viewer: string | null): Promise<Result<ThreadView>>;
  messages(
    viewer: string | null,
    page: { after?: number; limit: number },
  ): Promise<Result<{ messages: MessageView[]; next: number | null }>>;
  control(
    signal: "cancel" | "suspend" | "resume",
    operator: string,
    body: { reason?: string; supplement?: Json },
  ): Promise<Result<ThreadView>>;
  history(page: { after?: number; limit: number }): Promise<Result<Json>>;
}

interface StartMessage {
  thread: string;
  workflow: string;
  revision: string;
  event: CloudEvent;
  initiator: string;
  key: string | null;
}

export function createRecruitmentCore(ports: RecruitmentPorts): RecruitmentCore {
  const { name, host, storage, clock, definition, registry, log, project, random } = ports;

  /** The queue said that the thread waits, or that it never starts. */
  function noteQueue(envelope: Envelope, status: "queued" | "dropped"): Delivery {
    const message = envelope.message as unknown as StartMessage & { reason: string };
    host.committer.commit(() => {
      markReceived(storage, envelope.from, envelope.id);
      const before = readThread(storage);
      if (before && before.status !== "queued") return;
      const at = clock.now();
      changeThread(storage, { ...makeRow(message, status), reason: message.reason, created_at: before?.created_at ?? at, changes: 0 });
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
    });
  }

  async function signal(envelope: Envelope): Promise<Delivery> {
    const { message } = envelope;
    const mark = (): void => markReceived(storage, envelope.from, envelope.id);
    const event = message.event as unknown as CloudEvent | null;
    if (message.signal === "resume" && readThread(storage)?.status === "suspended") await addSupplement(null);
    const answer = await host.send(
      name,
      { type: `thread.${String(message.signal)}`, reason: `${event?.type ?? "signal"} by ${event?.source ?? "its workflow"}` },
      { also: mark },
    );
    // One that the thread does not take now is known and without effect: it may have ended meanwhile.
    if (!answer.ok) host.committer.commit(mark);
    return { status: "stored" };
  }

  async function judgeClaim(role: RoleIr, agent: ClaimCard, workflow: string): Promise<string | undefined> {
    const { all, agents, notAgents, where } = role.eligibility;
    if (agent.roles !== null && !agent.roles.includes(`${workflow}/${role.name}`)) return `not granted the role ${workflow}/${role.name}`;
    const missing = all.filter((capability) => !agent.capabilities.includes(capability));
    if (missing.length) return `lacks ${missing.join(", ")}`;
    if (agents && !agents.includes(agent.id)) return "not among the agents that the role names";
    if (notAgents.includes(agent.id)) return "excluded by the role";
    if (where === undefined) return undefined;
    const result = await evaluateExpression(where, agent, {});
    if (!result.ok) return `where fails: ${result.error.message}`;
    return isTruthy(result.value) ? undefined : `where is not met: ${where}`;
  }

  /** What the claim is ranked by, where the role collects claims. */
  async function scoreClaim({ recruitment: { pick, score } }: RoleIr, agent: ClaimCard): Promise<number | undefined> {
    if (pick === "random") return random();
    if (pick !== "best" || score === undefined) return undefined;
    const result = await evaluateExpression(score, agent, {});
    return result.ok && typeof result.value === "number" && Number.isFinite(result.value) ? result.value : undefined;
  }

  async function take(agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>> {
    const thread = readThread(storage);
    const actor = thread && (await host.peek(name));
    if (!thread || !actor) return refuse("not_found", "There is no such offer or thread.");
    const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: [] };
    const known = storage.exec<{ hash: string }>("SELECT hash FROM claimed WHERE agent = ? AND id = ?", agent.id, event.id)[0];
    if (known)
      return known.hash === hash ? succeed(accepted) : refuse("id_conflict", `The id ${event.id} was sent before with another body.`);
    const before = (remembered = true): void => {
      if (remembered) storage.exec("INSERT INTO claimed VALUES (?, ?, ?)", agent.id, event.id, hash);
      findHooks(storage).logCause({ ...event, correlationid: name, causationid: event.causationid ?? JSON.parse(thread.event).id }, name);
    };
    if (event.type === "nerve.role.release") {
      const { role, lease, reason } = event.data as AgentData<"nerve.role.release">;
      const answer = await host.send(
        name,
        { type: "role.release", role, agent: agent.id, generation: lease, reason },
        { before: () => before() },
      );
      return answer.ok ? succeed(accepted) : refuse("stale_lease", `The role ${role} is not yours under the lease ${lease} (any more).`);
    }
    const { offer } = event.data as AgentData<"nerve.offer.claim">;
    const row = storage.exec<{ role: string; closed: string | null; reply: string | null; offered: string | null }>(
      "SELECT offer.role, offer.closed, offered.reply, offered.agent AS offered FROM offer LEFT JOIN offered ON offered.offer = offer.id AND offered.agent = ? WHERE offer.id = ?",
      agent.id,
      offer,
    )[0];
    const closed = refuse("offer_closed", `The offer ${offer} is closed; drop it.`, { offer });
    if (!row) return refuse("not_found", "There is no such offer.");
    const reply =
      (text: string, remembered = true) =>
      (): void => {
        before(remembered);
        storage.exec("INSERT INTO offered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reply = excluded.reply", offer, agent.id, text);
      };
    if (event.type === "nerve.offer.decline") {
      if (row.closed !== null) return closed;
      host.committer.commit(reply(`declined: ${(event.data as AgentData<"nerve.offer.decline">).reason}`));
      return succeed(accepted);
    }
    const workflow = await definition(thread.revision);
    const role = workflow?.ir.roles.find((each) => each.name === row.role);
    if (!role) return closed;
    const why = await judgeClaim(role, agent, thread.workflow);
    const number = Number(offer.slice(offer.lastIndexOf(":") + 1));
    const score = why === undefined ? await scoreClaim(role, agent) : undefined;
    const fact = {
      type: "role.claim",
      role: role.name,
      agent: agent.id,
      offer: number,
      eligible: why === undefined,
      ...(why !== undefined && { why }),
      ...(score !== undefined && { score }),
    };
    // One that was refused leaves its id free: offered again, the agent may claim again.
    const answer = await host.send(name, fact, { before: reply(why === undefined ? "claimed" : `refused: ${why}`, why === undefined) });
    return answer.ok ? succeed(accepted) : closed;
  }

  /** Stored before the resume that it came with, so that whoever gets a turn by it finds it. */
  async function addSupplement(supplement: Json): Promise<void> {
    const actor = await host.read(name);
    const task = actor && taskOf(actor);
    if (task) await task.supplement(supplement);
    // Before the task: its rows are here already if it will be.
    else if (ports.beside) host.committer.commit(() => writeSupplement(storage, supplement));
  }

  function taskOf(actor: { children: { id: string; address: string }[] }): TaskRpc | undefined {
    const address = actor.children.find(({ id }) => id === "task")?.address ?? readThread(storage)?.task ?? undefined;
    return address === undefined ? undefined : ports.task(address);
  }

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
    const peek = actor && (await taskOf(actor)?.peek());
    const outcome = isEnded(thread.status) && thread.outcome !== null ? (JSON.parse(thread.outcome) as Outcome) : undefined;
    const event = JSON.parse(thread.event) as CloudEvent;
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
      children: [],
    });
  }

  return {
    deliver(envelope) {
      if (isRepeat(storage, envelope.from, envelope.id)) return Promise.resolve({ status: "stored" });
      switch (envelope.message.type) {
        case "thread.start":
          return start(envelope);
        case "thread.queued":
          return Promise.resolve(noteQueue(envelope, "queued"));
        case "thread.dropped":
          return Promise.resolve(noteQueue(envelope, "dropped"));
        default:
          return signal(envelope);
      }
    },
    take: takeInTurn(take),
    show,
    async messages(viewer, page) {
      const shown = await show(viewer);
      if (!shown.ok) return shown;
      const actor = await host.read(name);
      return succeed((actor && (await taskOf(actor)?.messages(page))) ?? { messages: [], next: null });
    },
    async control(order, operator, { reason, supplement }) {
      const thread = readThread(storage);
      if (!thread) return refuse("not_found", `There is no thread ${name}.`);
      const refused = refuse("not_allowed_now", `A thread that is ${thread.status} takes no ${order}.`);
      const why = reason ?? `${order} by ${operator}`;
      if (thread.status === "queued") {
        if (order !== "cancel") return refused;
        endUnstarted(thread, "cancelled", why, () => {});
        return show(null);
      }
      if (order === "resume") {
        if (thread.status !== "suspended") return refused;
        await addSupplement(supplement ?? null);
      }
      const answer = await host.send(name, { type: `thread.${order}`, reason: why });
      return answer.ok ? show(null) : refused;
    },
    async history(page) {
      const actor = await host.read(name);
      if (!actor) return refuse("not_found", `There is no thread ${name}.`);
      const task = await taskOf(actor)?.history(page);
      return succeed({ recruitment: host.history(name, page) as unknown as Json, task: task ?? null });
    },
  };
}

function isEnded(status: string): boolean {
  return status === "completed" || status === "failed" || status === "cancelled" || status === "dropped";
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
