/**
 * Reports an issue to workflows/triage-pool.yaml, and hears what label it gets.
 *
 *     npx node examples/agents/reporter.ts --repo nerve --issue 7 --title "Retries never stop"
 */
import { parseArgs } from "node:util";
import { connectAgent } from "./client.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({ options: { repo: { type: "string" }, issue: { type: "string" }, title: { type: "string" } } });
const agent = connectAgent({ ...readSettings(), onEvent: tellEvent, onNote: tellNote });
closeOnSignal(agent);

if (values.repo && values.issue) {
  const { repo, issue, title = "untitled" } = values;
  await agent.ready;
  tell("posts", `issue.opened ${repo}#${issue} "${title}"`);
  const { threads } = await agent.send({
    type: "issue.opened",
    id: `issue:${repo}:${issue}`,
    data: { repo, issue: Number(issue), title },
  });
  for (const thread of threads) tell("opened", `thread ${thread}`, { thread });
}
