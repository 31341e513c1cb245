/** The commands that move a thread on, or show what it waits for: where an explanation ends. Knows words, no rows. */
import type { ThreadExplanation } from "../../../contract/views/explanation.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { isDeadLetterReason, type WaitFor } from "../../../contract/waits.ts";

type Explained = Pick<ThreadExplanation, "thread" | "workflow" | "status" | "waits" | "queue">;

/** Of one wait; none where nothing but waiting helps. */
type Suggest = (wait: Wait, explained: Explained) => string[];

const giveRole: Suggest = ({ role }, { thread }) => [`nerveflare threads role ${thread} ${role} --give <agent>`];

const lookAtAgent: Suggest = (wait, explained) => [
  ...(wait.agent === undefined ? [] : [`nerveflare agents show ${wait.agent}`]),
  ...giveRole(wait, explained),
];

const suggestions: Record<WaitFor, Suggest> = {
  person(wait, explained) {
    const { thread, status } = explained;
    if (isDeadLetterReason(wait.reason)) return [`nerveflare dead-letters retry --all --thread ${thread}`];
    return status === "suspended" ? [`nerveflare resume ${thread}`] : giveRole(wait, explained);
  },
  claim: giveRole,
  pause: giveRole,
  holder: lookAtAgent,
  answer: lookAtAgent,
  answered({ agents }) {
    const [first] = agents ?? [];
    return [first === undefined ? "nerveflare agents" : `nerveflare agents show ${first}`];
  },
  children: ({ threads }) => (threads ?? []).slice(0, 3).map((child) => `nerveflare explain ${child}`),
  place({ paused }, { workflow, queue }) {
    if (paused) return [`nerveflare unpause ${workflow}`];
    const [first] = queue?.ahead ?? [];
    return [first === undefined ? `nerveflare threads --workflow ${workflow} --status running` : `nerveflare explain ${first}`];
  },
  decision: (_, { thread }) => [`nerveflare dead-letters --thread ${thread}`],
};

/** In the order of what it waits for, each once. */
export function suggestCommands(explained: Explained): string[] {
  const { thread, status, waits } = explained;
  switch (status) {
    case "completed":
    case "dropped":
      return [`nerveflare threads show ${thread}`];
    case "failed":
    case "cancelled":
      return [`nerveflare threads show ${thread}`, `nerveflare restart ${thread}`];
    case "queued":
    case "recruiting":
    case "running":
    case "suspended": {
      const commands = waits.flatMap((wait) => suggestions[wait.for](wait, explained));
      return commands.length ? [...new Set(commands)] : [`nerveflare dead-letters --thread ${thread}`];
    }
    default:
      return status satisfies never;
  }
}
