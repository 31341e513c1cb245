/** `nerveflare audit`: who decided what. */

import type { Command } from "commander";
import type { AuditEntry } from "../../contract/views/log.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { renderTable } from "../lib/terminal.ts";

type Filter = ApiOptions & { operator?: string; action?: string; limit: string; after?: string };

/** Defines `nerveflare audit`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("[target]", "only what was decided on this thread, agent, workflow or operator"))
    .description("Show operators' decisions, newest first, also those that were refused.")
    .option("--operator <name>", "only this operator's")
    .option("--action <action>", "only this, e.g. threads.cancel; threads.* for all of a kind")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async (target: string | undefined, { operator, action, limit, after, ...options }: Filter) => {
      const query = createQuery({ target, operator, action, limit, after });
      const page = (await createApi(options, context).call("GET", `v1/audit?${query}`)) as {
        decisions: AuditEntry[];
        next: number | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["WHEN", "WHO", "WHAT", "ON", "RESULT", "DETAIL"],
          page.decisions.map(({ at, operator: who, action: what, target: on, result, code, detail }) => [
            ...[at, who, what, on ?? "-", code ? `${result}: ${code}` : result],
            detail === null ? "" : shorten(JSON.stringify(detail)),
          ]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
