/**
 * One of the pool of workflows/triage-pool.yaml: bids with the minutes until it could begin, labels what nobody has looked at,
 * and agrees with a label that makes sense.
 *
 *     npx node examples/agents/triager.ts --minutes 3
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectAgent, type OfferDecision, type TurnAssigned, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "5" } } });
const minutes = Number(values.minutes);
const agent = connectAgent({
  ...readSettings(),
  onOffer({ workflow, role, thread }): OfferDecision {
    tell("offered", `${role} in ${workflow}, could begin in ${minutes} min`, { thread });
    return { bid: { minutes } };
  },
  onTurn: { "triage-pool/triager": triage },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

async function triage(turn: TurnAssigned): Promise<TurnOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  await delay(400);
  const last = turn.last?.output as { label?: string } | undefined;
  const output: TurnOutput = last?.label
    ? { $status: "agreed", label: last.label }
    : { $status: "labelled", label: "bug", why: "It did work in the release before." };
  tell("answers", `${output.$status}: ${output.label}`, { thread: turn.thread });
  return output;
}
