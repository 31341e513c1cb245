/** `nerveflare operators`: who may look, and who may decide. */

import type { Command } from "commander";
import type { OperatorRecord } from "../../contract/views/log.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { renderTable } from "../lib/terminal.ts";

/** Defines `nerveflare operators add|list|remove`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("add <name>").description("Add an operator and show its token, once. It may read, unless told more."))
    .option("--admin", "it may also change everything")
    .action(async (name: string, { admin, ...options }: ApiOptions & { admin?: boolean }) => {
      const body = JSON.stringify({ name, access: admin ? "admin" : "read" });
      const operator = (await createApi(options, context).call("POST", "v1/operators", { body })) as OperatorRecord & { token: string };
      terminal.result(operator, () => operator.token);
      terminal.hint(terminal.style("dim", `This is ${name}'s token. It is shown only now: keep it, e.g. as NERVEFLARE_ADMIN_TOKEN.`));
    });

  addApiOptions(command.command("list").description("List operators, beside the one whose token is the server's own."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ limit, after, ...options }: ApiOptions & { limit: string; after?: string }) => {
      const query = createQuery({ limit, after });
      const page = (await createApi(options, context).call("GET", `v1/operators?${query}`)) as {
        operators: OperatorRecord[];
        next: string | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["OPERATOR", "ACCESS", "MADE BY", "SINCE"],
          page.operators.map(({ name, access, createdBy, createdAt }) => [name, access, createdBy, createdAt]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("remove <name>").description("Remove an operator; its token is void at once.")).action(
    async (name: string, options: ApiOptions) => {
      await createApi(options, context).call("DELETE", `v1/operators/${encodeURIComponent(name)}`);
      terminal.result({ removed: name }, () => `${terminal.style("green", "removed")} ${name}`);
    },
  );
}
