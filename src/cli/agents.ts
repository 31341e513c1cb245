/** `nerveflare agents`: who may take part. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import type { CommandContext } from "./command.ts";
import { renderTable } from "./terminal.ts";

interface AgentView {
  id: string;
  capabilities: string[];
  roles: string[] | null;
  kinds: string[] | null;
}

/** Defines `nerveflare agents add|list`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("add <id>").description("Add an agent and show its token, once."))
    .option("--capability <name...>", "what it can do")
    .option("--role <workflow/role...>", "roles that it may hold (default: all)")
    .option("--kind <kind...>", "kinds of events that it may send (default: all)")
    .action(async (id: string, options: ApiOptions & { capability?: string[]; role?: string[]; kind?: string[] }) => {
      const { capability, role, kind } = options;
      const body = JSON.stringify({ id, capabilities: capability, roles: role, kinds: kind });
      const agent = (await createApi(options, context).call("POST", "v1/agents", { body })) as AgentView & { token: string };
      terminal.result(agent, () => agent.token);
      terminal.hint(terminal.style("dim", `This is ${agent.id}'s token. It is shown only now: keep it, e.g. as NERVEFLARE_TOKEN.`));
    });

  addApiOptions(command.command("list").description("List agents."))
    .option("--capability <name>", "only those with this capability")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ capability, limit, after, ...options }: ApiOptions & { capability?: string; limit: string; after?: string }) => {
      const query = createQuery({ capability, limit, after });
      const page = (await createApi(options, context).call("GET", `v1/agents?${query}`)) as { agents: AgentView[]; next: string | null };
      const list = (names: string[] | null) => (names === null ? "all" : names.join(" ") || "-");
      terminal.result(page, () =>
        renderTable(
          ["AGENT", "CAPABILITIES", "ROLES", "KINDS"],
          page.agents.map(({ id, capabilities, roles, kinds }) => [id, list(capabilities), list(roles), list(kinds)]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
}

/** A query of what is given. */
export function createQuery(values: { [name: string]: string | undefined }): string {
  return new URLSearchParams(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();
}
