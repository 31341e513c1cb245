/**
 * The task as the host runs it: what its writes store, how its facts become the turns that agents get, and its moderator.
 * Knows the task's documents and its machine's vocabulary.
 */

import * as z from "zod";
import { moderateInput, taskEmitted, taskToAgent, toAudience, writes } from "../../../../machines/messages.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import { createModerator, type Moderator, summariseDecision } from "../../../compile/decide/create-moderator.ts";
import type { Decision, Step } from "../../../compile/decide/view.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { EngineData, EngineKind } from "../../../contract/kinds/engine-kinds.ts";
import { inOnePiece } from "../../../contract/one-piece.ts";
import { open } from "../../../contract/shape.ts";
import type { ActorEvent } from "../../host/effects.ts";
import type { LogicEntry, PendingWrite, PromiseLogic } from "../../host/logic.ts";
import { numberKey } from "../../host/store/collections.ts";
import { type AgentMessage, createMail } from "../../protocol/agent.ts";
import { readMessage } from "../../protocol/dispatch.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import { json } from "../../protocol/parts.ts";
import { trust } from "../../protocol/trust.ts";
import type { Append } from "../../protocol/typed-host.ts";
import { carryOn } from "../../routing/chain-depth.ts";
import {
  audiencePlan,
  closeBroadcast,
  describeBroadcast,
  isBroadcastStatus,
  memberAnswer,
  writeAnswer,
} from "../broadcast/audience-documents.ts";
import { resumeAudience, revokeAudience } from "../broadcast/mail-audience.ts";
import { addChild } from "../children/child-documents.ts";
import { loadStoredMachine } from "../lifecycle/load-stored-machine.ts";
import { makeEdgeEvent, makeThreadEvent, nameRoleInId } from "../log/make-event.ts";
import { forgetRevoked, noteRevoked, packHandover } from "../recruitment/hand-over.ts";
import type { ThreadScope, ThreadServices } from "../thread-services.ts";
import { makeLease } from "../turn/lease-terms.ts";
import { readTurnOutcome } from "../turn/turn-outcomes.ts";
import { describeTaskWait } from "../waits/task-wait.ts";
import { bindWrites, type WriteHandlers } from "./bind-writes.ts";
import { firstRound, readTaskStart, writeTaskStart } from "./counted-steps.ts";
import { noteTurnEnd, noteTurnGiven, noteTurnTaken } from "./given-turns.ts";
import { describeTurn, makeTurn } from "./make-turn.ts";
import type { TaskDocuments } from "./task-documents.ts";
import { makeTurnId, type TaskStart, taskStart } from "./task-start.ts";
import { type AppendedStep, readTaskView } from "./task-view.ts";
import { anyEdge, findDecisionAfter, readDecisionOf, readEnd, readTurn, writeDecision, writeStep } from "./turn-documents.ts";

/** What comes beside `turn.answered`. */
const answer = open({ output: z.record(z.string(), json), body: z.string().optional() });
type Answer = z.infer<typeof answer>;

/** What comes beside `turn.progress`. */
const progress = open({ note: z.string().optional(), details: json.optional() });

/** What the moderator decided, beside what its machine is told of it. */
const decided = z.custom<Decision>((value) => typeof value === "object" && value !== null && "because" in value);

type Recorded = z.infer<(typeof writes)["decision.record"]>;
type Effects = Pick<Decision, "emits" | "spawns">;

/** What the edge that was just recorded publishes: it leaves in the same step, and is not kept. */
const published = new WeakMap<TaskDocuments, Effects>();

const moderators = new WeakMap<object, Moderator>();

export function createTaskLogic(): { task: LogicEntry<ThreadServices>; moderate: PromiseLogic<ThreadServices> } {
  const handlers: WriteHandlers<typeof writes> = {
    "message.append": (params, { metadata }, scope) => {
      const { documents } = scope.services;
      const { turn, role, agent } = params;
      const { output, body } = readAnswer(params, metadata, documents);
      const isFirst = !readTurn(documents, turn)?.step;
      writeStep(documents, turn, { role, agent, output, ...(body !== undefined && { body }), at: scope.now });
      if (params.status === null && isFirst) noteTurnEnd(scope, turn, "answered");
    },
    "decision.record": (params, { metadata }, scope) => recordDecision(params, trust(decided, metadata), scope),
    "progress.note": ({ turn, role, agent }, { metadata }, { services, now }) => {
      const { note, details } = trust(progress, metadata);
      services.documents.progress.put(numberKey(turn), { role, agent, note: note ?? null, details: details ?? null, at: now });
    },
    "audience.note": (_params, { metadata }) => trust(audiencePlan, metadata).give(),
    "answer.note": ({ turn, agent, ok }, { metadata, event }, { services, now }) => {
      const said = trust(memberAnswer.optional(), metadata) ?? { error: String(event.reason ?? event.type) };
      writeAnswer(services.documents, turn, agent, { ...said, status: ok ? "acked" : "failed", at: now });
    },
  };

  return {
    task: {
      load: (definition) => loadStoredMachine((definition as CompiledWorkflow).task),
      options: {
        place: "task",
        notesContext: true,
        actors: { moderate: "moderate" },
        writes: bindWrites(writes, handlers),
        started: (metadata, { services, now }) => beginTask(services.documents, trust(taskStart, metadata), now),
        endMetadata: ({ services }) => readEnd(services.documents),
        expand: (event, to, scope) => (to === "audience" ? expandToAudience(event, scope) : expandTask(event, to, scope)),
        emitted: (event, scope, append) => publishEdge(event, scope, append),
        stepped(actor, scope) {
          const { ir } = scope.definition as CompiledWorkflow;
          scope.services.noteWait("task", actor.status === "active" ? describeTaskWait(ir, actor) : undefined);
        },
      },
    },
    moderate: { type: "promise", mode: "pure", run: moderate },
  };
}

/** Keeps how the task begins, and the step that its epoch begins with. */
function beginTask(documents: TaskDocuments, start: TaskStart, now: number): void {
  writeTaskStart(documents, start);
  const { again } = start;
  if (again?.step) writeStep(documents, firstRound(again), { ...again.step, at: now });
}

/** Keeps the decision, and what its edge publishes until the end of this transaction. */
function recordDecision({ node, edge, round, turn, to }: Recorded, decision: Decision, scope: ThreadScope): void {
  const { documents } = scope.services;
  const { because, prompt, location } = decision;
  const { of, ...effects } = chooseEffects(scope, { ...decision, node, edge }, round);
  const kept = { turn, node, edge, target: to, prompt, because, ...(location !== undefined && { location }) };
  writeDecision(documents, round, {
    ...kept,
    at: scope.now,
    ...(of !== undefined && { of }),
    ...(effects.spawns.length && { children: effects.spawns.length }),
  });
  published.set(documents, effects);
}

/**
 * What the edge publishes and starts. A step that was kept or copied is decided on anew: where it takes the same edge that was
 * done before, and only children that the next turn waits for start again, for the earlier ones ended with their epoch.
 * `of`: the step that is decided on, where that was not in this epoch.
 */
function chooseEffects(
  scope: ThreadScope,
  { node, edge, emits, spawns }: Effects & { node: string; edge: string },
  round: number,
): Effects & { of?: number } {
  const { documents } = scope.services;
  const { again } = readTaskStart(documents, scope);
  const step = again?.keep && !again.step && round === firstRound(again) ? again.keep : null;
  const before = findDecisionAfter(documents, step ?? round);
  const of = step !== null && { of: step };
  const isSame = before?.node === node && (before.edge === edge || before.edge === anyEdge);
  const isDone = isSame && (step !== null || before.copied === true);
  return isDone ? { emits: [], spawns: spawns.filter((each) => each.await !== undefined), ...of } : { emits, spawns, ...of };
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
async function moderate(input: Json | undefined, scope: ThreadScope, pending: readonly PendingWrite[]) {
  const moderator = findModerator(scope.definition as CompiledWorkflow);
  const { node, status } = trust(moderateInput, input);
  const start = readTaskStart(scope.services.documents, scope);
  const appended = [...readFirst(scope, start), ...readAppended(scope, pending)];
  const result = await moderator.decide(node, readTaskView(scope.services.documents, start, appended), status);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return { output: summariseDecision(result.decision), metadata: result.decision };
}

/** The step that the epoch begins with, while it is not written yet. */
function readFirst({ metadata }: ThreadScope, { again }: TaskStart): AppendedStep[] {
  if (metadata === undefined || !again?.step) return [];
  const { role, agent, output } = again.step;
  return [{ turn: firstRound(again), step: { role, agent, output } }];
}

/** What this very step appends, and is not written yet. */
function readAppended(scope: ThreadScope, pending: readonly PendingWrite[]): AppendedStep[] {
  return pending
    .filter((write) => write.name === "message.append")
    .map(({ params, metadata }) => {
      const appended = trust(writes["message.append"], params);
      const { output, body } = readAnswer(appended, metadata, scope.services.documents, pending);
      const step: Step = { role: appended.role, agent: appended.agent, output, ...(body !== undefined && { body }) };
      return { turn: appended.turn, step };
    });
}

/** The turn as its agent gets it: the machine's facts, with the prompt, the role and the last output from the rows. */
function expandTask(fact: ActorEvent, to: string, scope: ThreadScope): AgentMessage {
  const { services } = scope;
  const { documents } = services;
  const event = readMessage(taskToAgent, fact);
  const start = readTaskStart(documents, scope);
  const cause = services.cause() ?? start.event.id;
  const { ir } = scope.definition as CompiledWorkflow;
  const stamp = <K extends EngineKind>(name: string, type: K, cause: string, data: EngineData<K>): CloudEvent =>
    makeThreadEvent(start.thread, `${scope.actor}.${scope.revision}.${name}`, type, cause, scope.now, data);
  if (event.type === "turn.assigned") {
    const turn = makeTurnId(scope.actor, event.turn);
    const role = ir.roles.find(({ name }) => name === event.role);
    if (!role) throw new Error(`there is no role ${event.role}`);
    const { round, generation, attempt, handover: former } = event;
    const decision = readDecisionOf(documents, event.decision);
    // The first turn of a thread that was resumed after its end.
    const again = start.again?.start === "resume" && event.turn === start.again.round + 2 ? start.again : undefined;
    const resumed = event.resumed ?? again;
    const data = makeTurn(documents, role, start, {
      turn,
      attempt,
      lease: makeLease(ir, role, generation, scope.now),
      round,
      deadline: scope.now + event.timeout,
      decision,
      ...(resumed && { resumed }),
      ...(former && {
        handover: packHandover(documents, { ...{ ir, role, decision, former, turn: event.turn, id: turn }, attempts: attempt - 1 }),
      }),
    });
    if (attempt > 1) forgetRevoked(documents, event.turn, event.agent, generation);
    const assigned = stamp(`${nameRoleInId(ir.roles, event.role)}.${event.attempt}`, "nerve.turn.assigned", cause, data);
    assigned.to = inOnePiece(`agents/${event.agent}`);
    noteTurnGiven(scope, event);
    services.log({ ...assigned, data: describeTurn(documents, role, data, { agent: event.agent }) }, start.thread);
    return createMail({ channel: "my", event: assigned, turn, ...((attempt > 1 || event.resumed) && { again: true }) });
  }
  if (event.type === "turn.revoked") {
    const turn = makeTurnId(scope.actor, event.turn);
    const { role, generation, reason } = event;
    noteRevoked(documents, { turn: event.turn, agent: to.slice("agent/".length), generation, role, reason, at: scope.now });
    const revoked = stamp(`${nameRoleInId(ir.roles, role)}.revoked`, "nerve.turn.revoked", cause, { turn, reason: event.reason });
    services.log(revoked, start.thread);
    noteTurnTaken(scope, event.turn, readTurnOutcome(event.reason));
    return createMail({ channel: "my", event: revoked, ends: turn });
  }
  event satisfies never;
  throw new Error(`a task sends agents no ${fact.type}`);
}

/** What the machine says of an audience: the asking takes a registry and so a message; the rest is done at once. */
function expandToAudience(fact: ActorEvent, scope: ThreadScope): OwnMessage<"audience.ask"> | null {
  const said = readMessage(toAudience, fact);
  const { services } = scope;
  const cause = services.cause() ?? readTaskStart(services.documents, scope).event.id;
  switch (said.type) {
    case "audience.ask":
      return { ...said, cause };
    case "audience.resume":
      resumeAudience(scope, said, cause);
      return null;
    case "audience.close":
      if (said.status.startsWith("$")) closeBroadcast(services.documents, said.turn, said.status);
      else revokeAudience(scope, said.status, cause);
      return null;
    default:
      return said satisfies never;
  }
}

/** What an agent answered, or the engine says in its place; `pending` is what this very step adds to the rows. */
function readAnswer(
  { turn, status }: Pick<z.infer<(typeof writes)["message.append"]>, "turn" | "status">,
  metadata: unknown,
  documents: TaskDocuments,
  pending: readonly PendingWrite[] = [],
): Answer {
  if (status === null) return trust(answer, metadata);
  return { output: isBroadcastStatus(status) ? describeBroadcast(documents, turn, status, pending) : { $status: status } };
}

/** The edge's own events and children go out by way of the object, which asks the registry whom they concern. */
function publishEdge(event: ActorEvent, scope: ThreadScope, append: Append): void {
  const { round } = readMessage(taskEmitted, event);
  const { documents } = scope.services;
  const effects = published.get(documents);
  if (!effects) throw new Error(`nothing was decided on round ${round} in this transaction`);
  published.delete(documents);
  const { emits, spawns } = effects;
  const start = readTaskStart(documents, scope);
  const cause = scope.services.cause() ?? start.event.id;
  const name = (what: string): string => `${scope.actor}.${scope.revision}.${what}`;
  emits.forEach(({ kind, data, to }, index) => {
    const published = makeEdgeEvent(start.thread, name(`emit.${index}`), kind, cause, scope.now, data ?? null);
    append("events", {
      type: "publish",
      task: scope.actor,
      event: { ...published, ...carryOn(start.event), ...(to !== undefined && { to }) },
    });
  });
  spawns.forEach(({ workflow, input, await: timeout }, place) => {
    const asked = makeThreadEvent(start.thread, name(`spawn.${place}`), "nerve.thread.spawned", cause, scope.now, input ?? null);
    const spawned: CloudEvent = { ...asked, ...carryOn(start.event), agent: start.initiator };
    addChild(documents, { round, place, workflow, awaited: timeout !== undefined });
    append("events", { type: "spawn", task: scope.actor, round, place, event: spawned });
  });
}
