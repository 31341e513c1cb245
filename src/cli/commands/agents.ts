/** `nerveflare agents`: who may take part. */

import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Json } from "../../contract/event.ts";
import type { Answer } from "../../contract/http/answers.ts";
import { presenceStates } from "../../contract/statuses.ts";
import type { AgentRecord, PresenceFacts } from "../../contract/views/agent.ts";
import { type Api, type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { readSeconds } from "../lib/read-seconds.ts";
import { renderTable } from "../lib/terminal.ts";

/** A path of the API about one agent. */
const createPath = (id: string, rest = "") => `v1/agents/${encodeURIComponent(id)}${rest}`;

type Filter = ApiOptions & { capability?: string; presence?: string; limit: string; after?: string };

/** Defines `nerveflare agents add|list|show|card|rotate|revoke|remove`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("add <id>").description("Add an agent and show its token, once."))
    .option("--capability <name...>", "what it can do")
    .option("--role <workflow/role...>", "roles that it may hold (default: all)")
    .option("--kind <kind...>", "kinds of events that it may send (default: all)")
    .option("--person", "it is a person, who answers on the page")
    .action(async (id: string, options: ApiOptions & { capability?: string[]; role?: string[]; kind?: string[]; person?: true }) => {
      const { capability, role, kind, person, ...own } = options;
      const body = JSON.stringify({ id, capabilities: capability, roles: role, kinds: kind });
      const agent = (await createApi(options, context).call("POST", "v1/agents", { body })) as AgentRecord & { token: string };
      if (person) await labelPerson(createApi({ ...own, token: agent.token }, context));
      terminal.result(agent, () => agent.token);
      terminal.hint(terminal.style("dim", `This is ${agent.id}'s token. It is shown only now: keep it, e.g. as NERVEFLARE_TOKEN.`));
    });

  addApiOptions(command.command("list").description("List agents."))
    .option("--capability <name>", "only those with this capability")
    .option("--presence <state>", `only those that are ${presenceStates.slice(0, -1).join(", ")} or ${presenceStates.at(-1)}`)
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ capability, presence, limit, after, ...options }: Filter) => {
      const query = createQuery({ capability, presence, limit, after });
      const page = (await createApi(options, context).call("GET", `v1/agents?${query}`)) as Answer<"agents">;
      const list = (names: string[] | null) => (names === null ? "all" : names.join(" ") || "-");
      terminal.result(page, () =>
        renderTable(
          ["AGENT", "PRESENCE", "CAPABILITIES", "ROLES", "KINDS"],
          page.agents.map(({ id, presence, capabilities, roles, kinds }) => [
            ...[id, presence?.state ?? "-", list(capabilities), list(roles), list(kinds)],
          ]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("show <id>").description("Show an agent: what it is and may do.")).action(
    async (id: string, options: ApiOptions) => {
      const agent = (await createApi(options, context).call("GET", createPath(id))) as { [fact: string]: Json };
      terminal.result(agent, () =>
        renderTable(
          ["FACT", "VALUE"],
          Object.entries(agent).map(([fact, value]) => [fact, renderFact(fact, value)]),
          (text) => terminal.style("bold", text),
        ),
      );
    },
  );

  addApiOptions(command.command("subscribe <id> [kind...]").description("Say which kinds an agent is sent without being named."))
    .option("--none", "none at all")
    .action(async (id: string, kinds: string[], { none, ...options }: ApiOptions & { none?: true }) => {
      const api = createApi(options, context);
      const path = `v1/agents/${encodeURIComponent(id)}/subscriptions`;
      const body = JSON.stringify({ kinds });
      const shown = (await (kinds.length || none ? api.call("PUT", path, { body }) : api.call("GET", path))) as {
        granted: string[];
        kinds: string[];
      };
      terminal.result(shown, () => shown.kinds.join("\n") || "none");
    });

  addApiOptions(command.command("card <id>").description("Give an agent an A2A card, by which others send it messages."))
    .option("--description <text>", "what the card says of it (default: its capabilities)")
    .option("--none", "take its card away")
    .action(async (id: string, { description, none, ...options }: ApiOptions & { description?: string; none?: true }) => {
      const api = createApi(options, context);
      const path = createPath(id, "/card");
      if (none) await api.call("DELETE", path);
      else await api.call("PUT", path, { body: JSON.stringify({ description }) });
      const shown = (await api.call("GET", path)) as Answer<"agentExposure">;
      terminal.result(shown, () => (shown.exposed ? `/a2a/agents/${encodeURIComponent(id)}` : `${id} has no card.`));
    });

  addApiOptions(command.command("rotate <id>").description("Give an agent a new token and show it, once."))
    .option("--overlap <duration>", "how long the former token stays good, 0 for not at all (default: 1h)")
    .action(async (id: string, { overlap, ...options }: ApiOptions & { overlap?: string }) => {
      const body = JSON.stringify({ overlapSeconds: readSeconds(overlap) });
      const answer = (await createApi(options, context).call("POST", createPath(id, "/token"), { body })) as {
        token: string;
        formerUntil: string;
      };
      terminal.result(answer, () => answer.token);
      const former = readSeconds(overlap) === 0 ? "void" : `good until ${answer.formerUntil}`;
      terminal.hint(terminal.style("dim", `This is ${id}'s new token, shown only now. The former one is ${former}.`));
    });

  addApiOptions(
    command.command("revoke <id>").description("Make an agent's token void at once and close its connections; it stays registered."),
  ).action(async (id: string, options: ApiOptions) => {
    await createApi(options, context).call("POST", createPath(id, "/revoke"));
    terminal.result({ revoked: id }, () => `${terminal.style("green", "revoked")} ${id}`);
    terminal.hint(terminal.style("dim", `\`nerveflare agents rotate ${id}\` gives it a new token.`));
  });

  addApiOptions(command.command("remove <id>").description("Remove an agent: what it holds is given to others.")).action(
    async (id: string, options: ApiOptions) => {
      await createApi(options, context).call("DELETE", createPath(id));
      terminal.result({ removed: id }, () => `${terminal.style("green", "removed")} ${id}`);
    },
  );
}

/** Says by the account's own token that it is a person's. */
async function labelPerson(api: Api): Promise<void> {
  const event = { specversion: "1.0", id: randomUUID(), type: "nerve.agent.report", data: { labels: { person: true } } };
  await api.call("POST", "v1/events", { body: JSON.stringify(event) });
}

function renderFact(fact: string, value: Json): string {
  if (value === null) return fact === "roles" || fact === "kinds" ? "all" : "-";
  if (fact === "presence") return describePresence(value as Json & PresenceFacts);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) return value.join(" ") || "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function describePresence({ state, lastSignAt, seats = 0, slots, clients = 0 }: PresenceFacts): string {
  const parts = [state, `last sign of life ${lastSignAt ?? "never"}`, `${seats} roles held${slots === null ? "" : ` of ${slots}`}`];
  if (clients > 1) parts.push(`${clients} processes share its token`);
  return parts.join(", ");
}
