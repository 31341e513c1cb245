/** Steps of a thread as they travel to a fork of it, and as the fork keeps them. Knows documents, not machines. */
import type { Json } from "../../../contract/event.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { StepRange, Steps } from "../../protocol/task.ts";
import { isCounted } from "./counted-steps.ts";
import type { DecisionDocument, StepDocument, TaskDocuments } from "./task-documents.ts";
import { anyEdge, changeTurn, findDecisionAfter, readTurn, writeBecause, writeStep } from "./turn-documents.ts";

/** Rounds that are read at a time: a copy asks for one step after the other. */
const pageOfTurns = 2;

/** Steps that count, with the decisions that follow them, but for what these published and started: that is not done again. */
export function readSteps(documents: TaskDocuments, { after, through, limit }: StepRange): Steps {
  const steps: Steps = { messages: [], decisions: [] };
  for (let last = after - 1; ; ) {
    const found = documents.turns.list({
      ...(last >= 0 && { after: numberKey(last) }),
      before: numberKey(through + 1),
      limit: pageOfTurns,
    });
    for (const [key, { step, decision }] of found) {
      const round = Number(key);
      const isOf = decision?.of !== undefined && decision.of !== round;
      if (step && round > after && isCounted(documents, round)) {
        if (steps.messages.length === limit) return steps;
        steps.messages.push(toMessage(round, step));
      }
      // A decision that was made again on an earlier step belongs to that step, whatever its own number.
      const made = isOf || !isCounted(documents, round) ? undefined : findDecisionAfter(documents, round);
      if (made) steps.decisions.push(toRow(round, made));
      last = round;
    }
    if (found.length < pageOfTurns) return steps;
  }
}

function toMessage(turn: number, { role, agent, output, body, at, by }: StepDocument): Steps["messages"][number] {
  return { turn, role, agent, output: JSON.stringify(output), body: body ?? null, at, ...(by !== undefined && { by }) };
}

function toRow(round: number, decision: DecisionDocument): Steps["decisions"][number] {
  const { turn, node, edge, target, prompt, location, at } = decision;
  return { round, turn, node, edge, target, prompt, because: writeBecause(decision), location: location ?? null, at };
}

/** A row as it travels, or as it was stored once. */
export function fromRow(row: Steps["decisions"][number]): DecisionDocument {
  const text = (name: string): string => String(row[name] ?? "");
  const because = text("because");
  return {
    turn: row["turn"] === null || row["turn"] === undefined ? null : Number(row["turn"]),
    node: text("node"),
    edge: text("edge"),
    target: text("target"),
    prompt: row["prompt"] === null || row["prompt"] === undefined ? null : text("prompt"),
    ...(because !== "" && { because: JSON.parse(because) as Json }),
    ...(row["location"] && { location: text("location") }),
    at: Number(row["at"] ?? 0),
  };
}

/** Keeps copied steps, once; within a transaction. */
export function writeSteps(documents: TaskDocuments, { messages, decisions }: Steps): void {
  for (const { turn, role, agent, output, body, at, by } of messages) {
    if (readTurn(documents, turn)?.step) continue;
    const step: StepDocument = {
      ...{ role, agent, output: JSON.parse(output) as StepDocument["output"], at },
      ...(body !== null && { body }),
      ...(by !== undefined && { by }),
    };
    writeStep(documents, turn, step);
    if (isCopiedBroadcast(step)) documents.copied.put(role, [...(documents.copied.get(role) ?? []), turn]);
  }
  for (const row of decisions) writeCopied(documents, Number(row["round"]), fromRow(row));
  // A step that was answered and not decided on is left to the other thread to publish, too.
  for (const { turn, role, at } of messages.filter(({ changed }) => !changed))
    writeCopied(documents, turn, { turn: null, node: role, edge: anyEdge, target: "", prompt: null, at });
}

function writeCopied(documents: TaskDocuments, round: number, decision: DecisionDocument): void {
  if (!readTurn(documents, round)?.decision) changeTurn(documents, round, { decision: { ...decision, copied: true } });
}

/** Who acknowledged a copied broadcast is known by its step alone. */
export function isCopiedBroadcast({ output }: Pick<StepDocument, "output">): boolean {
  return Array.isArray(output["acked"]);
}
