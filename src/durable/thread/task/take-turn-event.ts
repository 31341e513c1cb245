/** What agents say of a task's turns: progress, failures and answers, judged against the lease and the role's schema, and given to the machine. */
import type { TaskEvent } from "../../../../machines/messages.ts";
import { type TaskContext, taskContext } from "../../../../machines/task/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { Json } from "../../../contract/event.ts";
import type { Accepted } from "../../../contract/frames/server-frames.ts";
import { checkOutput, refuseOutput } from "../../../contract/json-schema/check-output.ts";
import type { ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import { limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import { type Broadcast, readBroadcast, readMember } from "../broadcast/audience-documents.ts";
import { describeLate, takeAudienceAnswer } from "../broadcast/take-audience-answer.ts";
import { readRevoked } from "../recruitment/hand-over.ts";
import { describeLoss } from "../turn/lease-terms.ts";
import { type Take, takeInTurn } from "../turn/take-in-turn.ts";
import { readTurnNumber } from "../turn/turn-data.ts";
import { readTaskStart } from "./counted-steps.ts";
import { nameAnswer, type TaskDocuments } from "./task-documents.ts";
import type { TaskPorts } from "./task-ports.ts";
import { makeTurnId } from "./task-start.ts";
import { changeTurn, readTurn } from "./turn-documents.ts";
import { noteUsage, spend, spendRefused } from "./usage-documents.ts";

/** Turns that are in memory anyhow: an id that is used again for another turn is refused among them. */
const turnsLookedAt = 4;

/** What its holder says of the open turn, with what its handler needs to answer. */
interface OpenTurn<K extends TurnKind> {
  event: ThreadEventOf<K>;
  /** Writes that the event was taken, first in its transaction. */
  before(): void;
  accepted: Accepted;
  /** The answer once the turn is over. */
  over: ReturnType<typeof refuse>;
  fence: { turn: number; agent: string; generation: number };
  role: string;
  /** Outputs of the turn that were refused. */
  invalid: number;
  workflow: CompiledWorkflow | undefined;
}

/** Takes what the turn's holder, or one of a broadcast's audience, says of it. */
export function createTurnEvents({ name, host, documents, clock, definition, logCause }: TaskPorts): Take<ThreadEventOf<TurnKind>> {
  /** Each kind reads its own members only. */
  const handlers: { [K in TurnKind]: (open: OpenTurn<K>) => Promise<Result<Accepted>> } = {
    "nerve.turn.progress": progress,
    "nerve.turn.fail": fail,
    "nerve.turn.respond": respond,
  };

  async function take(agent: ClaimCard, event: ThreadEventOf<TurnKind>, hash: string): Promise<Result<Accepted>> {
    const actor = await host.peek(name);
    if (!actor) return refuse("turn_over", "There is no such turn (any more).");
    const { data } = event;
    const turn = readTurnNumber(data.turn);
    const broadcast = readBroadcast(documents, turn);
    const answered = findAnswer(documents, broadcast, turn, agent.id, event.id);
    const late = answered && broadcast && readMember(documents, broadcast, agent.id)?.status === "late";
    const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: late ? describeLate(broadcast) : [] };
    if (answered)
      return answered.hash === hash ? succeed(accepted) : refuse("id_conflict", `The id ${event.id} was sent before with another body.`);

    const { open, invalid } = trust(taskContext, actor.context);
    const start = readTaskStart(documents);
    const log = (): void =>
      logCause({ ...event, correlationid: start.thread, causationid: event.causationid ?? start.event.id }, start.thread);
    const workflow = actor.definition === null ? undefined : await definition(actor.definition);
    if (broadcast)
      return takeAudienceAnswer(broadcast, { name, host, documents, clock, ir: workflow?.ir, agent: agent.id, event, hash, before: log });

    const over = refuse("turn_over", `The turn ${data.turn} is over; drop the work.`, { turn: data.turn });
    const ended = actor.status !== "active" || open?.turn !== turn || open.state === "answered";
    const isHolders = !ended && open.agent === agent.id && open.generation === data.lease;
    const stale = isHolders
      ? undefined
      : describeStale({ name, documents }, trust(taskContext, actor.context), workflow?.ir, turn, agent.id, data.lease);
    if (ended) return stale ? refuse("stale_lease", stale.detail, { turn: data.turn, ...stale.facts }) : over;
    if (!isHolders)
      return refuse(
        "stale_lease",
        stale?.detail ?? `The turn ${data.turn} is not yours under the lease ${data.lease} (any more); drop the work.`,
        { turn: data.turn, ...stale?.facts },
      );

    return dispatch({
      event,
      before() {
        log();
        // An answer's id stands with its step.
        if (event.type === "nerve.turn.respond") changeTurn(documents, turn, { answer: { agent: agent.id, id: event.id, hash } });
        else documents.answered.put(nameAnswer(agent.id, event.id), { hash, turn }, clock.now());
        if (event.type !== "nerve.turn.progress") noteUsage(documents, turn, open.role, event.data.usage);
      },
      accepted,
      over,
      fence: { turn, agent: agent.id, generation: data.lease },
      role: open.role,
      invalid,
      workflow,
    });
  }

  function dispatch<K extends TurnKind>(open: OpenTurn<K>): Promise<Result<Accepted>> {
    const handler: (open: OpenTurn<K>) => Promise<Result<Accepted>> = handlers[open.event.type as K];
    return handler(open);
  }

  async function progress({ event, fence, before, ...open }: OpenTurn<"nerve.turn.progress">): Promise<Result<Accepted>> {
    const { note, details } = event.data;
    return settle(open, await host.send(name, { type: "turn.progress", ...fence }, { metadata: { note, details }, before }));
  }

  async function fail({ event, fence, before, ...open }: OpenTurn<"nerve.turn.fail">): Promise<Result<Accepted>> {
    const { error, retryable, usage } = event.data;
    const fact: TaskEvent = { type: "turn.failed", ...fence, retryable, reason: error.slice(0, 500), ...spend(open.workflow?.ir, usage) };
    return settle(open, await host.send(name, fact, { before }));
  }

  async function respond({ event, fence, before, ...open }: OpenTurn<"nerve.turn.respond">): Promise<Result<Accepted>> {
    const { turn, output, body, usage } = event.data;
    const schema = open.workflow?.ir.roles.find((role) => role.name === open.role)?.schema;
    const misfits = checkOutput(schema, output);
    if (misfits.length) {
      const refused = spendRefused(
        documents,
        { turn: fence.turn, role: open.role, ir: open.workflow?.ir, agent: fence.agent, id: event.id },
        usage,
      );
      const told = await host.send(name, { type: "turn.invalid", ...fence, ...refused.spent }, { before: refused.note });
      if (!told.ok) return open.over;
      const left = Math.max(0, limits.invalidAnswers - 1 - open.invalid);
      return refuseOutput(misfits, left, turn);
    }
    const metadata = { output, ...(body !== undefined && { body }) };
    return settle(
      open,
      await host.send(name, { type: "turn.answered", ...fence, ...spend(open.workflow?.ir, usage) }, { metadata, before }),
    );
  }

  return takeInTurn(take);
}

function settle(
  { accepted, over }: Pick<OpenTurn<TurnKind>, "accepted" | "over">,
  answer: Awaited<ReturnType<ThreadHost["send"]>>,
): Result<Accepted> {
  if (answer.ok) return succeed(accepted);
  if (answer.code === "threw") return refuse("bug", "The turn was taken, but the thread cannot go on with it; an operator was told.");
  return over;
}

/**
 * The event under that id which was taken before: an answer is found with the turn that it names, or among the last turns; what ended
 * no turn is found whenever it was.
 */
function findAnswer(
  documents: TaskDocuments,
  broadcast: Broadcast | undefined,
  turn: number,
  agent: string,
  id: string,
): { hash: string } | undefined {
  const part = broadcast && readMember(documents, broadcast, agent)?.answer;
  if (part?.id === id) return part;
  const own = readTurn(documents, turn)?.answer;
  if (own?.id === id && own.agent === agent) return own;
  for (const [, { answer }] of documents.turns.list({ limit: turnsLookedAt, reverse: true }))
    if (answer?.id === id && answer.agent === agent) return answer;
  return documents.answered.read(nameAnswer(agent, id));
}

/** What became of a lease under which the agent had the turn once, where another holds the role by now, or nobody. */
function describeStale(
  { name, documents }: Pick<TaskPorts, "name" | "documents">,
  { seats, open }: TaskContext,
  ir: WorkflowIr | undefined,
  turn: number,
  agent: string,
  generation: number,
): { detail: string; facts: { [fact: string]: Json } } | undefined {
  const revoked = readRevoked(documents, turn, agent, generation);
  const role = ir?.roles.find((each) => each.name === revoked?.role);
  if (!ir || !revoked || !role) return undefined;
  const seat = seats[revoked.role];
  if (seat?.agent === agent && seat.generation === generation) return undefined;
  const reason = describeLoss(ir, role, revoked.reason);
  const at = new Date(revoked.at).toISOString();
  const holder = open?.turn === turn && open.agent !== null ? open : seat;
  const now = holder?.agent ? { agent: holder.agent, generation: holder.generation } : null;
  return {
    detail: `You had the turn ${makeTurnId(name, turn)} until ${at} (${reason})${now ? `; ${now.agent} has the role now` : ""}; drop the work.`,
    facts: { reason, at, now },
  };
}
