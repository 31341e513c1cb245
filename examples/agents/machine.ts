/** A machine of workflows/announce-setup.yaml: carries out each announced step and says that it worked. */
import { setTimeout as delay } from "node:timers/promises";
import { connectAgent, type TurnAssigned, type TurnOutput } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const agent = connectAgent({
  ...readSettings(),
  onTurn: { "announce-setup/fleet": carryOut },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

/** A real one runs the step, which must be safe to run twice. */
async function carryOut(turn: TurnAssigned): Promise<TurnOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  await delay(400);
  tell("answers", "done here", { thread: turn.thread });
  return { ok: true, note: "done here" };
}
