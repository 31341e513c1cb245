/**
 * Proposes a release to workflows/release-approval.yaml, and hears what became of it.
 *
 *     npx node examples/agents/proposer.ts --repo nerve --version 2.1.0 --change "Retry with back-off"
 */
import { parseArgs } from "node:util";
import { connectAgent } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({
  options: { repo: { type: "string" }, version: { type: "string" }, change: { type: "string", multiple: true, default: [] } },
});
const agent = connectAgent({ ...readSettings(), onEvent: tellEvent, onNote: tellNote });
closeOnSignal(agent);

if (values.repo && values.version) {
  const { repo, version, change: changes } = values;
  await agent.ready;
  tell("posts", `release.proposed ${repo} ${version}`);
  const { threads } = await agent.send({ type: "release.proposed", id: `release:${repo}:${version}`, data: { repo, version, changes } });
  for (const thread of threads) tell("opened", `thread ${thread}`, { thread });
}
