/**
 * The host of workflows/debate.yaml: asks for a debate, and sums it up when it is told to.
 *
 *     npx node examples/agents/host.ts --motion "Agents should review each other's code"
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectAgent, type TurnAssigned, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({ options: { motion: { type: "string" } } });
const agent = connectAgent({
  ...readSettings(),
  onTurn: { "debate/host": sumUp },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

if (values.motion) {
  await agent.ready;
  tell("posts", `debate.requested "${values.motion}"`);
  const { threads } = await agent.send({ type: "debate.requested", data: { motion: values.motion } });
  for (const thread of threads) tell("opened", `thread ${thread}`, { thread });
}

async function sumUp(turn: TurnAssigned): Promise<TurnOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  await delay(300);
  const summary = "Against: who answers for it? For: the log does. Open: who reads the log?";
  tell("answers", summary, { thread: turn.thread });
  return { summary };
}
