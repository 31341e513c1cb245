/**
 * Announces a setup step to the fleet of workflows/announce-setup.yaml, and hears when all have done it.
 *
 *     npx node examples/agents/announcer.ts --step "Install the new linter"
 */
import { parseArgs } from "node:util";
import { connectAgent } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({ options: { step: { type: "string" } } });
const agent = connectAgent({ ...readSettings(), onEvent: tellEvent, onNote: tellNote });
closeOnSignal(agent);

if (values.step) {
  await agent.ready;
  tell("posts", `fleet.setup.requested "${values.step}"`);
  const { threads } = await agent.send({ type: "fleet.setup.requested", data: { step: values.step } });
  for (const thread of threads) tell("opened", `thread ${thread}`, { thread });
}
