/** A debater of workflows/debate.yaml: takes either side, says one argument a turn, and never concedes. */
import { setTimeout as delay } from "node:timers/promises";
import { connectAgent, type OfferDecision, type TurnAssigned, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const speeches: Record<string, string[]> = {
  against: [
    "A review by an agent hides who is responsible.",
    "Speed is no use when the reviewer shares the author's blind spots.",
    "A log of opinions is not an understanding of the code.",
  ],
  for: [
    "The log names who approved what, and why.",
    "Two models rarely share one blind spot, and nobody tires.",
    "People read the log, and decide with more time for it.",
  ],
};
/** How many arguments were said, by thread and side; an answer is sent again by the client, not thought of again. */
const said = new Map<string, number>();

const agent = connectAgent({
  ...readSettings(),
  async onOffer({ workflow, role, thread }): Promise<OfferDecision> {
    tell("offered", `${role} in ${workflow}`, { thread });
    await delay(200);
    return "claim";
  },
  onTurn: { "debate/against": speak, "debate/for": speak },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

async function speak(turn: TurnAssigned): Promise<TurnOutput> {
  const side = turn.role.name;
  const key = `${turn.thread} ${side}`;
  const count = said.get(key) ?? 0;
  const argument = speeches[side]?.[count] ?? "I have said what I had to say.";
  said.set(key, count + 1);
  await delay(300);
  tell("answers", argument, { thread: turn.thread });
  return { argument, conceded: false };
}
