/** `nerveflare parked`: events that could not be run. */
import type { Command } from "commander";
import { createQuery } from "./agents.ts";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import type { CommandContext } from "./command.ts";
import { renderTable } from "./terminal.ts";

interface ParkedEntry {
  id: string;
  type: string;
  code: string;
  error: string;
  at: string;
}

/** Defines `nerveflare parked list|retry|drop`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  type Filter = ApiOptions & { thread?: string; limit: string; after?: string };
  addApiOptions(command.command("list", { isDefault: true }).description("List what is parked, oldest first."))
    .option("--thread <id>", "only of this thread")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ thread, limit, after, ...options }: Filter) => {
      const page = (await createApi(options, context).call("GET", `v1/parked?${createQuery({ thread, limit, after })}`)) as {
        parked: ParkedEntry[];
        next: string | null;
      };
      terminal.result(page, () =>
        page.parked.length
          ? renderTable(
              ["PARKED", "SINCE", "EVENT", "CODE", "ERROR"],
              page.parked.map(({ id, at, type, code, error }) => [id, at, type, code, error]),
              (text) => terminal.style("bold", text),
            )
          : "Nothing is parked.",
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
  for (const [order, summary] of [
    ["retry", "Run it again; then resume its thread."],
    ["drop", "Give it up; then resume its thread."],
  ] as const) {
    addApiOptions(command.command(`${order} <id>`).description(summary)).action(async (id: string, options: ApiOptions) => {
      const answer = await createApi(options, context).call("POST", `v1/parked/${encodeURIComponent(id)}/${order}`, { body: "{}" });
      const [thread] = id.split(":");
      terminal.result(answer, () => `${terminal.style("green", order === "retry" ? "taken" : "dropped")} ${id}`);
      terminal.hint(`Its thread was suspended for it: nerveflare resume ${thread}`);
    });
  }
}
