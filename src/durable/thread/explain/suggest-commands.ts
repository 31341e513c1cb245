/** The commands that move a thread on, or show what it waits for: where an explanation ends. Knows words, no rows. */
import type { ThreadExplanation } from "../../../contract/views/explanation.ts";
import type { WaitView } from "../../../contract/views/wait.ts";

type Explained = Pick<ThreadExplanation, "thread" | "workflow" | "status" | "waits" | "queue">;

/** Of one wait; none where nothing but waiting helps. */
function suggestFor(wait: WaitView, { thread, workflow, queue }: Explained): string[] {
  const { role, agent } = wait;
  switch (wait.for) {
    case "person":
      if (/^suspended: (dead letter|parked): /.test(wait.text)) return [`nerveflare dead-letters retry --all --thread ${thread}`];
      return wait.text.startsWith("suspended: ")
        ? [`nerveflare resume ${thread}`]
        : [`nerveflare threads role ${thread} ${role} --give <agent>`];
    case "claim":
    case "pause":
      return [`nerveflare threads role ${thread} ${role} --give <agent>`];
    case "holder":
    case "answer":
      return [
        ...(agent === undefined ? [] : [`nerveflare agents show ${agent}`]),
        `nerveflare threads role ${thread} ${role} --give <agent>`,
      ];
    case "answers": {
      const [first] = wait.agents ?? [];
      return [first === undefined ? `nerveflare agents` : `nerveflare agents show ${first}`];
    }
    case "children":
      return (wait.threads ?? []).slice(0, 3).map((child) => `nerveflare explain ${child}`);
    case "place": {
      if (wait.paused) return [`nerveflare unpause ${workflow}`];
      const [first] = queue?.ahead ?? [];
      return [first === undefined ? `nerveflare threads --workflow ${workflow} --status running` : `nerveflare explain ${first}`];
    }
    case "decision":
      return [`nerveflare dead-letters --thread ${thread}`];
    default:
      return wait.for satisfies never;
  }
}

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
      const commands = waits.flatMap((wait) => suggestFor(wait, explained));
      return commands.length ? [...new Set(commands)] : [`nerveflare dead-letters --thread ${thread}`];
    }
    default:
      return status satisfies never;
  }
}
