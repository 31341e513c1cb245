/**
 * Prepares releases for workflows/release-approval.yaml: sums up what changed, and what it mends when a person sends it back.
 *
 *     npx node examples/agents/preparer.ts
 */
import { setTimeout as delay } from "node:timers/promises";
import { connectAgent, type OfferDecision, type TurnAssigned, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const agent = connectAgent({
  ...readSettings(),
  onOffer({ workflow, role, thread }): OfferDecision {
    tell("offered", `${role} in ${workflow}`, { thread });
    return "claim";
  },
  onTurn: { "release-approval/preparer": prepare },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

async function prepare(turn: TurnAssigned): Promise<TurnOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  await delay(400);
  const { changes = [] } = turn.event.data as { changes?: string[] };
  const summary = `${changes.length} changes: ${changes.join("; ")}.`;
  tell("answers", `prepared: ${summary}`, { thread: turn.thread });
  return { $status: "prepared", summary, checks: ["unit tests: passed", "end to end: passed"], risk: "low" };
}
