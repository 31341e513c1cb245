/** What became of each turn, for the agent that had it: written behind with the commit that ends the turn. Knows rows and reasons. */
import type { TaskToAgent } from "../../../../machines/messages.ts";
import { type EngineStatus, isEngineStatus } from "../../../contract/language.ts";
import type { TurnOutcome } from "../../../contract/statuses.ts";
import { makeTurnId, readTaskStart } from "../task/task-start.ts";
import type { ThreadScope } from "../thread-services.ts";

/** The engine's status by which a turn was taken back, as an outcome. */
const byStatus: Record<EngineStatus, TurnOutcome> = {
  $TIMEOUT: "timeout",
  $FAILED: "failed",
  $UNFILLED: "revoked",
  $OFFLINE: "lost",
  $MAX_ROUNDS: "revoked",
  $ACKED: "revoked",
  $PARTIAL: "revoked",
};

/** The machine's own reasons that are the agent's doing. Others, and what people give as theirs, are nobody's. */
const byReason = new Map<string, TurnOutcome>([
  ["turn_failed", "failed"],
  ["invalid_output", "failed"],
  ["turn_timeout", "timeout"],
  ["lost", "lost"],
  ["deleted", "lost"],
  ["undeliverable", "lost"],
]);

/** @param reason of `turn.revoked` */
export function readTurnOutcome(reason: string): TurnOutcome {
  return isEngineStatus(reason) ? byStatus[reason] : (byReason.get(reason) ?? "revoked");
}

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
