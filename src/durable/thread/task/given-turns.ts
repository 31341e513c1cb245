/** Who has the open turn since when, until what became of it goes to D1. Knows rows, no machine. */
import type { TaskToAgent } from "../../../../machines/messages.ts";
import type { TurnOutcome } from "../../../contract/statuses.ts";
import type { ThreadScope } from "../thread-services.ts";
import { makeTurnId, readTaskStart } from "./task-start.ts";

/** Remembers who was given the open turn, and when. */
export function noteTurnGiven(
  { storage, now }: ThreadScope,
  { turn, attempt, role, agent }: Extract<TaskToAgent, { type: "turn.assigned" }>,
): void {
  storage.exec("INSERT OR REPLACE INTO given VALUES (?, ?, ?, ?, ?)", turn, attempt, role, agent, now);
}

/** The turn is over for whoever has it. */
export function noteTurnEnd(scope: ThreadScope, turn: number, outcome: TurnOutcome): void {
  const [given] = scope.storage.exec<{ attempt: number; role: string; agent: string; at: number }>(
    "DELETE FROM given WHERE turn = ? RETURNING attempt, role, agent, at",
    turn,
  );
  if (!given) return;
  const { thread, workflow } = readTaskStart(scope);
  scope.services.project({
    table: "turn",
    turn: makeTurnId(scope.actor, turn),
    attempt: given.attempt,
    thread,
    workflow,
    role: given.role,
    agent: given.agent,
    outcome,
    givenAt: given.at,
    endedAt: scope.now,
  });
}
