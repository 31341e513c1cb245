/** `nerveflare enrol`: codes by which other machines register their agents themselves. */

import type { Command } from "commander";
import type { EnrolmentRecord } from "../../contract/views/agent.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { readSeconds } from "../lib/read-seconds.ts";
import { renderTable } from "../lib/terminal.ts";

type AddOptions = ApiOptions & { capability?: string[]; role?: string[]; kind?: string[]; expires?: string };

/** Defines `nerveflare enrol`, `enrol list` and `enrol remove`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("add <agent>", { isDefault: true }).description("Make a code that registers one agent, once."))
    .option("--capability <name...>", "what it can do")
    .option("--role <workflow/role...>", "roles that it may hold (default: all)")
    .option("--kind <kind...>", "kinds of events that it may send (default: all)")
    .option("--expires <duration>", "how long the code is good, e.g. 30m (default: 24h)")
    .action(async (agent: string, { capability, role, kind, expires, ...options }: AddOptions) => {
      const api = createApi(options, context);
      const body = JSON.stringify({ agent, capabilities: capability, roles: role, kinds: kind, expiresInSeconds: readSeconds(expires) });
      const made = (await api.call("POST", "v1/enrolments", { body })) as { code: string; expires: string };
      // By npx, which fetches what that machine does not have.
      const line = `npx nerveflare init --url ${api.url} --code ${made.code}`;
      terminal.result({ ...made, url: api.url, command: line }, () => line);
      terminal.hint(terminal.style("dim", `Run this on ${agent}'s machine, once, before ${made.expires}. It is shown only now.`));
    });

  addApiOptions(command.command("list").description("List codes: open, used and run out."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ limit, after, ...options }: ApiOptions & { limit: string; after?: string }) => {
      const query = createQuery({ limit, after });
      const page = (await createApi(options, context).call("GET", `v1/enrolments?${query}`)) as {
        enrolments: EnrolmentRecord[];
        next: string | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["ENROLMENT", "AGENT", "STATE", "MADE BY", "EXPIRES"],
          page.enrolments.map(({ id, agent, state, createdBy, expires }) => [id, agent, state, createdBy, expires]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("remove <enrolment>").description("Take a code back.")).action(async (id: string, options: ApiOptions) => {
    await createApi(options, context).call("DELETE", `v1/enrolments/${encodeURIComponent(id)}`);
    terminal.result({ removed: id }, () => `${terminal.style("green", "removed")} ${id}`);
  });
}
