/** The rounds of a task: what agents answered, what was decided on it, and who was given the next turn. Knows documents, not machines. */

import { isEngineOutput } from "../../../compile/decide/view.ts";
import { formatTime } from "../../../contract/format-time.ts";

import type { Step } from "../../../contract/kinds/turn.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { TaskEnd } from "../../protocol/task.ts";
import { findLastCounted, findUndone, isCounted, type Kept } from "./counted-steps.ts";
import type { DecisionDocument, StepDocument, Tally, TaskDocuments, TurnDocument } from "./task-documents.ts";

/** Documents that are read at a time where all are wanted. */
const pageOfTurns = 100;

export function readTurn({ turns }: TaskDocuments, round: number): TurnDocument | undefined {
  return round < 0 ? undefined : turns.read(numberKey(round));
}

/** Changes a part of a round; within a transaction. */
export function changeTurn(documents: TaskDocuments, round: number, part: Partial<TurnDocument>): void {
  documents.turns.put(numberKey(round), { ...readTurn(documents, round), ...part });
}

/** A step as it is shown. */
export function toStep(turn: number, { role, agent, output, body, at, by }: StepDocument): Step {
  return {
    ...{ round: turn, role, agent, output },
    ...(body !== undefined && { body }),
    at: formatTime(at),
    ...(by !== undefined && { by }),
  };
}

/** Adds a step, replacing what was said in that turn before; within a transaction. */
export function writeStep(documents: TaskDocuments, turn: number, step: StepDocument): void {
  const before = findLastCounted(documents, { before: turn })?.document.tally ?? { steps: 0, roles: {} };
  changeTurn(documents, turn, { step, tally: countStep(before, turn, step) });
}

/** The tally with one step more. */
export function countStep({ steps, roles }: Tally, turn: number, { role, agent, output }: StepDocument): Tally {
  const known = Object.hasOwn(roles, role) ? roles[role] : undefined;
  const isSaid = !isEngineOutput(output);
  return {
    steps: steps + 1,
    roles: {
      ...roles,
      [role]: { ...known, ...(isSaid && { first: known?.first ?? turn, last: turn }), ...(agent !== null && { agent }) },
    },
  };
}

/** What is known of a role's steps without reading them. */
export function readTally(documents: TaskDocuments, role: string, kept?: Kept): Tally["roles"][string] {
  const roles = findLastCounted(documents, kept && { kept })?.document.tally?.roles ?? {};
  return (Object.hasOwn(roles, role) ? roles[role] : undefined) ?? {};
}

export function readLastStep(documents: TaskDocuments, kept?: Kept): { turn: number; step: StepDocument } | undefined {
  const found = findLastCounted(documents, kept && { kept });
  return found && { turn: found.turn, step: found.document.step };
}

/** All steps that count, oldest first. */
export function readAllSteps(documents: TaskDocuments, kept?: Kept): StepDocument[] {
  const steps: StepDocument[] = [];
  for (const [turn, { step }] of walkTurns(documents, -1, pageOfTurns)) if (step && isCounted(documents, turn, kept)) steps.push(step);
  return steps;
}

/** Rounds after one, oldest first, read a page at a time. */
function* walkTurns({ turns }: TaskDocuments, after: number, page: number): Generator<[round: number, document: TurnDocument]> {
  for (let last = after < 0 ? "" : numberKey(after); ; ) {
    const found = turns.list({ after: last, limit: page });
    for (const [key, document] of found) yield [Number(key), document];
    if (found.length < page) return;
    last = found.at(-1)?.[0] ?? last;
  }
}

export function readLastDecision({ turns }: TaskDocuments): { round: number; decision: DecisionDocument } | undefined {
  for (let before: string | undefined; ; ) {
    const [found] = turns.list({ limit: 1, reverse: true, ...(before !== undefined && { before }) });
    if (!found) return undefined;
    const [key, { decision }] = found;
    if (decision) return { round: Number(key), decision };
    before = key;
  }
}

/** What the thread would end with now. */
export function readEnd(documents: TaskDocuments): TaskEnd {
  return { output: readLastStep(documents)?.step.output ?? null, prompt: readLastDecision(documents)?.decision.prompt ?? null };
}

/** Of a copied step that was not decided on: whatever edge it takes. */
export const anyEdge = "*";

/** The last decision on a step, in whichever epoch. */
export function findDecisionAfter(documents: TaskDocuments, step: number): DecisionDocument | undefined {
  const own = readTurn(documents, step);
  return (own?.decidedAt === undefined ? undefined : readTurn(documents, own.decidedAt)?.decision) ?? own?.decision;
}

/** Keeps a decision; within a transaction. */
export function writeDecision(documents: TaskDocuments, round: number, decision: DecisionDocument): void {
  changeTurn(documents, round, { decision });
  if (decision.of !== undefined && decision.of !== round) changeTurn(documents, decision.of, { decidedAt: round });
}

/** The decision that opened the turn. */
export function readDecisionOf(documents: TaskDocuments, turn: number): DecisionDocument | undefined {
  // It was made on the round before.
  const decision = readTurn(documents, turn - 1)?.decision;
  return decision?.turn === turn ? decision : undefined;
}

/** A page of the thread's steps, each with the decision that followed. */
export function readMessages(
  documents: TaskDocuments,
  page: { after?: number; limit: number },
): { messages: MessageView[]; next: number | null } {
  const messages: MessageView[] = [];
  for (const [turn, { step, decision, usage }] of walkTurns(documents, page.after ?? 0, page.limit + 1)) {
    if (!step) continue;
    if (messages.length === page.limit) return { messages, next: messages.at(-1)?.round ?? null };
    const until = findUndone(documents, turn);
    messages.push({
      ...toStep(turn, step),
      ...(decision && { decision: { to: decision.target, prompt: decision.prompt, because: writeBecause(decision) } }),
      ...(usage && { usage }),
      ...(until !== undefined && { until }),
    });
  }
  return { messages, next: null };
}

export function writeBecause({ because }: DecisionDocument): string {
  return because === undefined ? "" : JSON.stringify(because);
}
