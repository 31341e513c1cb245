/**
 * The task as the host runs it: what its writes store, how its facts become the turns that agents get, and its moderator.
 * Knows the task's rows and its machine's vocabulary.
 */
import { loadMachine } from "../../../machines/load-machine.ts";
import type { ModerateInput, ToAgent } from "../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { createModerator, type Moderator, summariseDecision } from "../../compile/decide/create-moderator.ts";
import type { Decision, Step } from "../../compile/decide/view.ts";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { TurnAssigned } from "../../wire/kinds.ts";
import type { ActorEvent } from "../host/effects.ts";
import type { ActorScope, LogicEntry, PendingWrite, PromiseLogic, Write } from "../host/logic.ts";
import { createMail } from "../mail.ts";
import { carryOn } from "../routing/chain-depth.ts";
import type { Message } from "../rpc.ts";
import { addChild } from "./child-rows.ts";
import { forgetRevoked, noteRevoked, packHandover } from "./hand-over.ts";
import { describeHeartbeat, makeThreadEvent } from "./make-event.ts";
import { makeLease } from "./patience.ts";
import { type DecisionRow, readLastDecision, readLastMessage, readSupplement } from "./task-rows.ts";
import { makeTurnId, readTaskStart, type TaskStart } from "./task-start.ts";
import { type AppendedStep, readTaskView } from "./task-view.ts";
import { findHooks } from "./thread-hooks.ts";
import { noteTurnEnd, noteTurnGiven, readTurnOutcome } from "./turn-outcomes.ts";

/** What comes along with `turn.answered`. */
export interface Answer {
  output: { [key: string]: Json };
  body?: string;
}

const moderators = new WeakMap<object, Moderator>();

export function createTaskLogic(): { task: LogicEntry; moderate: PromiseLogic } {
  const writes: Record<string, Write> = {
    "message.append": ({ params, sidecar }, scope) => {
      const { storage, now } = scope;
      const answer = params.status === null ? (sidecar as Answer) : { output: { $status: params.status ?? null } };
      storage.exec(
        "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)",
        Number(params.turn),
        String(params.role),
        params.agent === null ? null : String(params.agent),
        JSON.stringify(answer.output),
        "body" in answer ? (answer.body ?? null) : null,
        now,
      );
      if (params.status === null) noteTurnEnd(scope, Number(params.turn), "answered");
    },
    "decision.record": ({ params, sidecar }, { storage, now }) => {
      const decision = sidecar as Decision;
      storage.exec(
        "INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        Number(params.round),
        params.turn === null ? null : Number(params.turn),
        String(params.node),
        String(params.edge),
        String(params.to),
        decision.prompt,
        JSON.stringify(decision.because),
        decision.location ?? null,
        JSON.stringify({ emits: decision.emits, spawns: decision.spawns }),
        now,
      );
    },
    "progress.note": ({ params, sidecar }, { storage, now }) => {
      const { note, details } = sidecar as { note?: string; details?: Json };
      storage.exec(
        "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?, ?)",
        Number(params.turn),
        String(params.role),
        String(params.agent),
        note ?? null,
        JSON.stringify(details ?? null),
        now,
      );
    },
    "answer.note": () => {},
  };

  return {
    task: {
      load: (definition) => load((definition as CompiledWorkflow).task),
      options: {
        place: "task",
        actors: { moderate: "moderate" },
        writes,
        started: (along, { storage }) => {
          const start = along as unknown as TaskStart;
          storage.exec("INSERT INTO task VALUES (1, ?, ?, ?)", start.thread, start.workflow, JSON.stringify(start));
        },
        expand: (event, to, scope) => expandTask(event, to, scope),
        emitted: (event, scope, append) => publishEdge(event, scope, append),
      },
    },
    moderate: { type: "promise", mode: "pure", run: moderate },
  };
}

function load(config: Parameters<typeof loadMachine>[0]): ReturnType<typeof unwrap> {
  return unwrap(loadMachine(config));
}

function unwrap(result: ReturnType<typeof loadMachine>) {
  if (!result.ok) throw new Error(result.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
  return result.machine;
}

/** The workflow's moderator, made once: it keeps expressions and templates compiled. */
export function findModerator({ ir }: CompiledWorkflow): Moderator {
  let moderator = moderators.get(ir);
  if (!moderator) {
    moderator = createModerator(ir);
    moderators.set(ir, moderator);
  }
  return moderator;
}

/** The moderator: reads the rows, with what this very step appends, and gives the machine facts and the writes the rest. */
async function moderate(input: Json | undefined, scope: ActorScope, pending: readonly PendingWrite[]) {
  const moderator = findModerator(scope.definition as CompiledWorkflow);
  const { node, status } = input as unknown as ModerateInput;
  const result = await moderator.decide(node, readTaskView(scope.storage, readTaskStart(scope), readAppended(pending)), status);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return { output: summariseDecision(result.decision) as unknown as Json, sidecar: result.decision };
}

/** What this very step appends, and is not written yet. */
function readAppended(pending: readonly PendingWrite[]): AppendedStep[] {
  return pending
    .filter((write) => write.name === "message.append")
    .map(({ params, sidecar }) => {
      const { output, body } = params.status === null ? (sidecar as Answer) : ({ output: { $status: params.status ?? null } } as Answer);
      const step: Step = { role: String(params.role), agent: params.agent as string | null, output, ...(body !== undefined && { body }) };
      return { turn: Number(params.turn), step };
    });
}

/** The turn as its agent gets it: the machine's facts, with the prompt, the role and the last output from the rows. */
function expandTask(fact: ActorEvent, to: string, scope: ActorScope): Message {
  const hooks = findHooks(scope.storage);
  const event = fact as unknown as ToAgent;
  const start = readTaskStart(scope);
  const cause = hooks.cause ?? start.event.id;
  const { ir } = scope.definition as CompiledWorkflow;
  const stamp = (name: string, type: string, cause: string, data: Json): CloudEvent =>
    makeThreadEvent(start.thread, `${scope.actor}.${scope.revision}.${name}`, type, cause, scope.now, data);
  if (event.type === "turn.assigned") {
    const role = ir.roles.find(({ name }) => name === event.role);
    if (!role) throw new Error(`there is no role ${event.role}`);
    const decision = scope.storage.exec<DecisionRow>("SELECT * FROM decision WHERE turn = ?", event.decision)[0];
    const last = readLastMessage(scope.storage);
    const turn = makeTurnId(scope.actor, event.turn);
    const deadline = scope.now + event.timeout;
    const data: TurnAssigned = {
      turn,
      lease: makeLease(ir, role, event.generation, scope.now),
      thread: start.thread,
      workflow: start.workflow,
      role: { ...role.fields, name: role.name, schema: (role.schema ?? true) as Json },
      prompt: decision?.prompt ?? "",
      ...(decision?.location && { location: decision.location }),
      round: event.round,
      deadline: new Date(deadline).toISOString(),
      heartbeat: describeHeartbeat(role),
      event: start.event,
      last: last
        ? { role: last.role, agent: last.agent, output: JSON.parse(last.output) as Json, ...(last.body !== null && { body: last.body }) }
        : null,
      ...(event.resumed && { resumed: { reason: event.resumed.reason, supplement: readSupplement(scope.storage) } }),
      ...(event.handover && {
        handover: packHandover(scope.storage, {
          ...{ ir, role, decision, former: event.handover, turn: event.turn, id: turn },
          attempts: event.attempt - 1,
        }),
      }),
      history: `/v1/threads/${start.thread}/messages`,
    };
    if (event.attempt > 1) forgetRevoked(scope.storage, event.turn, event.agent, event.generation);
    const assigned = stamp(`${event.role}.${event.attempt}`, "nerve.turn.assigned", cause, data as unknown as Json);
    assigned.to = `agents/${event.agent}`;
    noteTurnGiven(scope, event);
    hooks.log(
      {
        ...assigned,
        data: {
          turn,
          role: role.name,
          agent: event.agent,
          lease: { ...data.lease },
          round: event.round,
          prompt: data.prompt,
          deadline: data.deadline,
        },
      },
      start.thread,
    );
    return createMail({ channel: "my", event: assigned, turn });
  }
  if (event.type === "turn.revoked") {
    const turn = makeTurnId(scope.actor, event.turn);
    const { role, generation, reason } = event;
    noteRevoked(scope.storage, { turn: event.turn, agent: to.slice("agent/".length), generation, role, reason, at: scope.now });
    const revoked = stamp(`${event.role}.revoked`, "nerve.turn.revoked", cause, { turn, reason: event.reason });
    hooks.log(revoked, start.thread);
    noteTurnEnd(scope, event.turn, readTurnOutcome(event.reason));
    return createMail({ channel: "my", event: revoked, ends: turn });
  }
  throw new Error(`a task sends agents no ${event.type}`);
}

/** The edge's own events and children go out by way of the object, which asks the registry whom they concern. */
function publishEdge(event: ActorEvent, scope: ActorScope, append: (to: string, message: Message) => void): void {
  if (event.type !== "edge.published") return;
  const decision = readLastDecision(scope.storage);
  if (!decision) return;
  const start = readTaskStart(scope);
  const { emits, spawns } = JSON.parse(decision.effects) as Pick<Decision, "emits" | "spawns">;
  const cause = findHooks(scope.storage).cause ?? start.event.id;
  const stamp = (name: string, type: string, data: Json): CloudEvent => ({
    ...makeThreadEvent(start.thread, `${scope.actor}.${scope.revision}.${name}`, type, cause, scope.now, data),
    ...carryOn(start.event),
  });
  emits.forEach(({ kind, data, to }, index) => {
    const published = stamp(`emit.${index}`, kind, data ?? null);
    append("events", { type: "publish", event: { ...published, ...(to !== undefined && { to }) } as unknown as Json });
  });
  spawns.forEach(({ workflow, input, await: patience }, place) => {
    const spawned: CloudEvent = { ...stamp(`spawn.${place}`, "nerve.thread.spawned", input ?? null), agent: start.initiator };
    addChild(scope.storage, { round: decision.round, place, workflow, awaited: patience === undefined ? 0 : 1 });
    append("events", { type: "spawn", task: scope.actor, round: decision.round, place, event: spawned as unknown as Json });
  });
}
