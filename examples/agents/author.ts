/**
 * An author for workflows/code-review.yaml: says that a pull request is ready, and addresses what the reviewer asks for.
 *
 *     npx node examples/agents/author.ts --repo nerve --pr 115 --title "Retry with back-off"
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectAgent } from "./client.ts";
import { type AuthorOutput, type AuthorTurn, codeReview } from "./code-review.types.ts";
import { closeOnSignal, readSettings } from "./settings.ts";
import { tell, tellEvent, tellNote } from "./tell.ts";

const { values } = parseArgs({ options: { repo: { type: "string" }, pr: { type: "string" }, title: { type: "string" } } });
const agent = connectAgent({
  ...readSettings(),
  workflows: [codeReview],
  onTurn: { "code-review/author": address },
  onEvent: tellEvent,
  onNote: tellNote,
});
closeOnSignal(agent);

if (values.repo && values.pr) {
  const { repo, pr, title = "untitled" } = values;
  await agent.ready;
  tell("posts", `pr.ready_for_review ${repo}#${pr} "${title}"`);
  // The id makes it safe to run this again: the same pull request is announced once.
  const { threads, notes } = await agent.send({
    type: "pr.ready_for_review",
    id: `ready:${repo}:${pr}`,
    data: { repo, pr: Number(pr), title },
  });
  for (const thread of threads) tell("opened", `thread ${thread}`, { thread });
  for (const note of notes) tell("note", note);
}

async function address(turn: AuthorTurn): Promise<AuthorOutput> {
  tell("turn", turn.prompt, { thread: turn.thread });
  await delay(600);
  const note = "2 commits: the limit is a named constant, the last retry has a test";
  tell("answers", `updated: ${note}`, { thread: turn.thread });
  return { $status: "updated", note };
}
