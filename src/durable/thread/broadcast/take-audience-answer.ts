/**
 * Judges what the agents of a broadcast say of their turn: the first answer of each counts while the broadcast is open; one
 * that comes late, within its time to live, is logged and changes nothing. Knows documents and the actor host.
 */
import type { TaskEvent } from "../../../../machines/messages.ts";
import { evaluateExpression, isTruthy } from "../../../compile/decide/expression.ts";
import type { WorkflowIr } from "../../../compile/ir.ts";
import type { Accepted } from "../../../contract/frames/server-frames.ts";
import { checkOutput, refuseOutput } from "../../../contract/json-schema/check-output.ts";
import type { AgentData, ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import { limits } from "../../../contract/limits.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { SaidUsage } from "../../../contract/usage.ts";
import type { Clock } from "../../host/ports.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import { type MemberDocument, nameAnswer, type TaskDocuments } from "../task/task-documents.ts";
import { noteUsage, spend, spendRefused } from "../task/usage-documents.ts";
import {
  type Broadcast,
  changeMember,
  isWaitedFor,
  type MemberAnswer,
  readBroadcast,
  readMember,
  writeAnswer,
} from "./audience-documents.ts";

export interface AudienceAnswer {
  /** The task actor's id. */
  name: string;
  host: ThreadHost;
  documents: TaskDocuments;
  clock: Clock;
  ir: WorkflowIr | undefined;
  agent: string;
  event: ThreadEventOf<TurnKind>;
  /** Of the event's body. */
  hash: string;
  /** Logs the event, first in its transaction. */
  before(): void;
}

/** What an agent is told whose answer changed nothing. */
export function describeLate(broadcast: Broadcast): string[] {
  return [`the broadcast is closed (${broadcast.closed ?? "ended"}): your answer is in the log and changes nothing`];
}

type Output = AgentData<"nerve.turn.respond">["output"];

/** @param broadcast the turn's */
export async function takeAudienceAnswer(broadcast: Broadcast, given: AudienceAnswer): Promise<Result<Accepted>> {
  const { name, host, documents, clock, ir, agent, event, hash, before } = given;
  const { data } = event;
  const role = ir?.roles.find((each) => each.name === broadcast.role);
  const { turn } = broadcast;
  const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: [] };
  const over = refuse("turn_over", `The turn ${data.turn} is over; drop the work.`, { turn: data.turn });
  const member = readMember(documents, broadcast, agent);
  if (!member || data.lease !== turn)
    return refuse("stale_lease", `The turn ${data.turn} is not yours under the lease ${data.lease} (any more); drop the work.`, {
      turn: data.turn,
    });
  if (member.status !== "asked") return over;
  const open = (): boolean => readBroadcast(documents, turn)?.closed === null;
  if (!open() && clock.now() >= broadcast.expires) return over;

  let answer: MemberAnswer & { ok: boolean };
  switch (event.type) {
    case "nerve.turn.progress":
      noteProgress(event.data);
      return succeed(accepted);
    case "nerve.turn.fail":
      answer = { ok: false, error: event.data.error.slice(0, 500) };
      break;
    case "nerve.turn.respond": {
      const { output, body } = event.data;
      const refused = await judgeOutput(output, event.data.usage);
      if (refused) return refused;
      answer = { ok: await acknowledges(output), output, ...(body !== undefined && { body }) };
      break;
    }
    default:
      return event satisfies never;
  }

  const { ok: _, ...said } = answer;
  const part = { turn, agent, generation: turn, ...spend(ir, event.data.usage) };
  const fact: TaskEvent =
    answer.output === undefined
      ? { type: "turn.failed", ...part, retryable: false, reason: answer.error ?? "failed" }
      : { type: "turn.answered", ...part, ok: answer.ok };
  const taken = await host.send(name, fact, { metadata: answer, before: keepAnswer, fits: () => isWaitedFor(documents, turn, agent) });
  if (taken.ok) return succeed(accepted);
  if (taken.code === "threw") return refuse("bug", "The turn was taken, but the thread cannot go on with it; an operator was told.");
  // Another event of the same agent may have been quicker.
  const closed = readBroadcast(documents, turn) ?? broadcast;
  if (readMember(documents, broadcast, agent)?.status !== "asked" || clock.now() >= closed.expires) return over;
  host.committer.commit(() => {
    keepAnswer();
    writeAnswer(documents, turn, agent, { ...said, status: "late", at: clock.now() });
  });
  return succeed({ ...accepted, notes: describeLate(closed) });

  /** The event's id stands with its agent's part: a repeat is known by it. */
  function keepAnswer(): void {
    before();
    writeAnswer(documents, turn, agent, { status: "asked", answer: { id: event.id, hash } });
    if (event.type !== "nerve.turn.progress") noteUsage(documents, turn, broadcast.role, event.data.usage);
  }

  /** It moves nothing: who is slow in an audience holds up nobody but those who wait for all. */
  function noteProgress({ note, details }: AgentData<"nerve.turn.progress">): void {
    host.committer.commit(() => {
      before();
      documents.answered.put(nameAnswer(agent, event.id), { hash, turn }, clock.now());
      documents.progress.put(numberKey(turn), {
        role: broadcast.role,
        agent,
        note: note ?? null,
        details: details ?? null,
        at: clock.now(),
      });
    });
  }

  /** Counts a refused output; the third ends the agent's part. */
  async function judgeOutput(output: Output, usage: SaidUsage | undefined): Promise<Result<Accepted> | undefined> {
    const misfits = checkOutput(role?.schema, output);
    if (!misfits.length) return undefined;
    const took = spendRefused(documents, { turn, role: broadcast.role, ir, agent, id: event.id }, usage);
    const counted = host.committer.commit(() => {
      const part: MemberDocument = readMember(documents, broadcast, agent) ?? { status: "asked", invalid: 0 };
      changeMember(documents, broadcast, agent, { ...part, invalid: part.invalid + 1 });
      took.note();
      return part.invalid + 1;
    });
    const left = Math.max(0, limits.invalidAnswers - counted);
    if (took.spent.usage) await host.send(name, { type: "turn.invalid", turn, agent, generation: turn, ...took.spent });
    if (!left)
      await host.send(
        name,
        { type: "turn.failed", turn, agent, generation: turn, retryable: false, reason: "invalid_output" },
        { fits: () => isWaitedFor(documents, turn, agent) },
      );
    return refuseOutput(misfits, left, data.turn);
  }

  /** Whether the answer is an acknowledgement. One that asks to suspend is none: it speaks for one of many. */
  async function acknowledges(output: Output): Promise<boolean> {
    if (output.$status === "$SUSPEND") return false;
    const ok = role?.broadcast?.ok;
    if (ok === undefined) return true;
    const { event: started, initiator } = readTaskStart(documents);
    const judged = await evaluateExpression(ok, output, { event: { ...started, agent: initiator } });
    return judged.ok && isTruthy(judged.value);
  }
}
