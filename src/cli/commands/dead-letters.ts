/** `nerveflare dead-letters`: events that could not be run. */

import type { Command } from "commander";
import type { DeadLetterEntry, RetriedDeadLetters } from "../../contract/views/log.ts";
import { type Api, type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { renderTable, type Terminal } from "../lib/terminal.ts";

/** Defines `nerveflare dead-letters list|retry|drop`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  type Filter = ApiOptions & { thread?: string; limit: string; after?: string };
  addApiOptions(command.command("list", { isDefault: true }).description("List dead letters, oldest first."))
    .option("--thread <id>", "only of this thread")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ thread, limit, after, ...options }: Filter) => {
      const page = (await createApi(options, context).call("GET", `v1/dead-letters?${createQuery({ thread, limit, after })}`)) as {
        deadLetters: DeadLetterEntry[];
        next: string | null;
      };
      terminal.result(page, () =>
        page.deadLetters.length
          ? renderTable(
              ["DEAD LETTER", "SINCE", "EVENT", "CODE", "ERROR"],
              page.deadLetters.map(({ id, at, type, code, error }) => [id, at, type, code, error]),
              (text) => terminal.style("bold", text),
            )
          : "There are no dead letters.",
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
  type RetryOptions = ApiOptions & { all?: true; thread?: string };
  addApiOptions(command.command("retry [id]").description("Run it again; then resume its thread."))
    .option("--all", "all dead letters, oldest first; threads that were suspended for it go on")
    .option("--thread <id>", "with --all: only of this thread")
    .action(async (id: string | undefined, { all, thread, ...options }: RetryOptions) => {
      if ((id === undefined) === (all === undefined))
        throw new CliError("Name one dead letter, or give --all.", {
          hint: "`nerveflare dead-letters` lists their ids.",
          exitCode: exitCodes.usage,
        });
      const api = createApi(options, context);
      if (id !== undefined) return settle(api, "retry", id);
      const done = await retryAll(api, thread);
      terminal.result(done, () => renderRetried(terminal, done));
      if (done.left.length)
        throw new CliError(`${done.left.length} events stay dead letters.`, {
          hint: "Mend what their errors say and retry, or give them up with `nerveflare dead-letters drop ID`.",
        });
    });
  addApiOptions(command.command("drop <id>").description("Give it up; then resume its thread.")).action((id: string, options: ApiOptions) =>
    settle(createApi(options, context), "drop", id),
  );

  async function settle(api: Api, order: "retry" | "drop", id: string): Promise<void> {
    const answer = await api.order(`v1/dead-letters/${encodeURIComponent(id)}/${order}`, {});
    const [thread] = id.split(":");
    terminal.result(answer, () => `${terminal.style("green", order === "retry" ? "taken" : "dropped")} ${id}`);
    terminal.hint(`Its thread was suspended for it: nerveflare resume ${thread}`);
  }
}

/** Page after page, until none is left that was not tried. */
async function retryAll(api: Api, thread: string | undefined): Promise<RetriedDeadLetters> {
  const done: RetriedDeadLetters = { taken: [], left: [], resumed: [] };
  for (let after: string | null | undefined; after !== null; ) {
    const body = { ...(thread !== undefined && { thread }), ...(after !== undefined && { after }) };
    const page = (await api.order("v1/dead-letters/retry", body)) as RetriedDeadLetters & { next: string | null };
    done.taken.push(...page.taken);
    done.left.push(...page.left);
    done.resumed.push(...page.resumed);
    after = page.next;
  }
  return done;
}

function renderRetried(terminal: Terminal, { taken, left, resumed }: RetriedDeadLetters): string {
  if (!taken.length && !left.length) return "There are no dead letters.";
  const lines = [`${taken.length} taken, ${left.length} still dead letters, ${resumed.length} threads resumed`];
  for (const thread of resumed) lines.push(`${terminal.style("green", "resumed")} ${thread}`);
  for (const { id, detail } of left) lines.push(`${terminal.style("red", "left")}    ${id}  ${detail}`);
  return lines.join("\n");
}
