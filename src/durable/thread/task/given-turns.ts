/** Who has the open turn since when, until what became of it goes to D1. Knows documents, no machine. */
import type { TaskToAgent } from "../../../../machines/messages.ts";
import type { TurnOutcome } from "../../../contract/statuses.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { ThreadScope } from "../thread-services.ts";
import { readTaskStart } from "./counted-steps.ts";
import { makeTurnId } from "./task-start.ts";
import { changeTurn, readTurn } from "./turn-documents.ts";

/** Remembers who was given the open turn, and when. */
export function noteTurnGiven(
  { services, now }: ThreadScope,
  { turn, attempt, role, agent }: Extract<TaskToAgent, { type: "turn.assigned" }>,
): void {
  changeTurn(services.documents, turn - 1, { given: { attempt, role, agent, at: now } });
}

/** Whoever had the turn has it no more. */
export function noteTurnTaken(scope: ThreadScope, turn: number, outcome: TurnOutcome): void {
  const { documents } = scope.services;
  const round = readTurn(documents, turn - 1);
  if (!round?.given) return;
  noteTurnEnd(scope, turn, outcome);
  const { given: _, ...rest } = round;
  documents.turns.put(numberKey(turn - 1), rest);
}

/** The turn is over for whoever has it. */
export function noteTurnEnd(scope: ThreadScope, turn: number, outcome: TurnOutcome): void {
  const { documents, project } = scope.services;
  const given = readTurn(documents, turn - 1)?.given;
  if (!given) return;
  const { thread, workflow } = readTaskStart(documents, scope);
  project({
    table: "turn",
    turn: makeTurnId(scope.actor, turn),
    attempt: given.attempt,
    thread,
    workflow,
    role: given.role,
    agent: given.agent,
    outcome,
    ...(given.usage && { tokens: given.usage.tokens, ...(given.usage.cost !== undefined && { cost: given.usage.cost }) }),
    givenAt: given.at,
    endedAt: scope.now,
  });
}
