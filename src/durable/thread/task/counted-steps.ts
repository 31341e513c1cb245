/** How the present epoch of a task began, and which steps of earlier ones count. Knows documents, no machine. */
import type { StepScope } from "../../host/logic.ts";
import { numberKey } from "../../host/store/collections.ts";
import { trust } from "../../protocol/trust.ts";
import { type TaskDocuments, type TurnDocument, type UndoneSteps, writeSupplement } from "./task-documents.ts";
import { type Again, type TaskStart, taskStart } from "./task-start.ts";

/** Keeps what came beside a task's start, and leaves out of the count what its epoch does not keep; within a transaction. */
export function writeTaskStart(documents: TaskDocuments, { supplement, ...start }: TaskStart): void {
  documents.start.put("", start);
  if (supplement !== undefined) writeSupplement(documents, supplement);
  const { again } = start;
  const undone = again && findUndoneBy(again);
  if (again && undone) documents.undone.put(numberKey(again.epoch), undone);
}

/** The round that an epoch begins with; it holds a step where the epoch begins with another output. */
export function firstRound({ round }: Pick<Again, "round">): number {
  return round + 1;
}

function findUndoneBy({ keep, round, step }: Kept): UndoneSteps | undefined {
  return keep === null ? undefined : { after: step ? keep - 1 : keep, through: round };
}

/** @throws before the task began */
export function readTaskStart(documents: TaskDocuments, scope: Pick<StepScope, "metadata"> = {}): TaskStart {
  if (scope.metadata !== undefined) return trust(taskStart, scope.metadata);
  const stored = documents.start.get("");
  if (!stored) throw new Error("the task has not been started");
  return stored;
}

/** What of earlier epochs counts: in an epoch's first step its own word on that is not written yet. */
export type Kept = Pick<Again, "keep" | "round" | "step">;

/** The first epoch that does not count the step. */
export function findUndone({ undone }: TaskDocuments, turn: number): number | undefined {
  const found = undone.entries().find(([, { after, through }]) => turn > after && turn <= through);
  return found && Number(found[0]);
}

function listUndone({ undone }: TaskDocuments, kept: Kept | undefined): UndoneSteps[] {
  const ranges = undone.size() ? undone.entries().map(([, range]) => range) : [];
  const own = kept && findUndoneBy(kept);
  return own ? [...ranges, own] : ranges;
}

/** Whether a step counts. */
export function isCounted(documents: TaskDocuments, turn: number, kept?: Kept): boolean {
  return !listUndone(documents, kept).some(({ after, through }) => turn > after && turn <= through);
}

export interface CountedStep {
  turn: number;
  document: TurnDocument & Required<Pick<TurnDocument, "step">>;
}

/** The last step that counts. @param before only earlier ones */
export function findLastCounted(
  documents: TaskDocuments,
  { before, kept }: { before?: number; kept?: Kept } = {},
): CountedStep | undefined {
  const ranges = listUndone(documents, kept);
  const previous = before === undefined || ranges.length ? undefined : documents.turns.read(numberKey(before - 1));
  if (before !== undefined && previous?.step) return { turn: before - 1, document: { ...previous, step: previous.step } };
  let end = before;
  for (;;) {
    const [found] = documents.turns.list({ limit: 1, reverse: true, ...(end !== undefined && { before: numberKey(end) }) });
    if (!found) return undefined;
    const turn = Number(found[0]);
    const undone = ranges.find(({ after, through }) => turn > after && turn <= through);
    const { step } = found[1];
    if (step && !undone) return { turn, document: { ...found[1], step } };
    // What one epoch does not count is passed over at once.
    end = undone ? undone.after + 1 : turn;
  }
}
