/** `nerveflare webhooks`: what is posted to whose server, and how that goes. */

import type { Command } from "commander";
import type { WebhookDeadLetter, WebhookRecord, WebhookReplay, WebhookStanding } from "../../contract/views/webhook.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import { readSeconds } from "../lib/read-seconds.ts";
import { renderTable } from "../lib/terminal.ts";

type Paged = ApiOptions & { limit: string; after?: string };
type Filter = ApiOptions & { kind: string[]; workflow?: string; role?: string; agent?: string; links?: string; note?: string };

/** A path of the API about one webhook. */
const createPath = (id: string, rest = "") => `v1/webhooks/${encodeURIComponent(id)}${rest}`;

/** Defines `nerveflare webhooks add|list|show|rotate|resume|replay|dead-letters|remove`. */
export function defineCommand(command: Command, context: CommandContext): void {
  defineMaking(command, context);
  defineReading(command, context);
  defineSending(command, context);
}

function defineMaking(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("add <url>").description("Have events posted to an address, and show the secret that signs them, once."))
    .requiredOption("--kind <kind...>", "kinds of events, prefixes `x.*`, or `*` for all")
    .option("--workflow <name>", "only what threads of this workflow say")
    .option("--role <name>", "only what is about this role")
    .option("--agent <id>", "only what this agent sent, and what names it")
    .option("--links <url>", "where links lead (default: the address by which this command reaches the server)")
    .option("--note <text>", "what it is for")
    .action(async (url: string, { kind, workflow, role, agent, links, note, ...options }: Filter) => {
      const body = JSON.stringify({ url, kinds: kind, workflow, role, agent, links, note });
      const made = (await createApi(options, context).call("POST", "v1/webhooks", { body })) as WebhookRecord & { secret: string };
      terminal.result(made, () => made.secret);
      terminal.hint(
        terminal.style("dim", `This is the secret of ${made.id}, by which its receiver checks what comes. It is shown only now.`),
      );
    });

  addApiOptions(command.command("rotate <id>").description("Give a webhook a new secret and show it, once."))
    .option("--overlap <duration>", "how long the former secret signs as well, 0 for not at all (default: 24h)")
    .action(async (id: string, { overlap, ...options }: ApiOptions & { overlap?: string }) => {
      const body = JSON.stringify({ overlapSeconds: readSeconds(overlap) });
      const answer = (await createApi(options, context).call("POST", createPath(id, "/secret"), { body })) as {
        secret: string;
        formerUntil: string;
      };
      terminal.result(answer, () => answer.secret);
      const former = readSeconds(overlap) === 0 ? "signs no more" : `signs as well until ${answer.formerUntil}`;
      terminal.hint(terminal.style("dim", `This is the new secret, shown only now. The former one ${former}.`));
    });

  addApiOptions(command.command("remove <id>").description("Remove a webhook: nothing is sent any more.")).action(
    async (id: string, options: ApiOptions) => {
      await createApi(options, context).call("DELETE", createPath(id));
      terminal.result({ removed: id }, () => `${terminal.style("green", "removed")} ${id}`);
    },
  );
}

function defineReading(command: Command, context: CommandContext): void {
  const { terminal } = context;
  const bold = (text: string): string => terminal.style("bold", text);

  addApiOptions(command.command("list").description("List webhooks."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ limit, after, ...options }: Paged) => {
      const page = (await createApi(options, context).call("GET", `v1/webhooks?${createQuery({ limit, after })}`)) as {
        webhooks: WebhookRecord[];
        next: string | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["WEBHOOK", "URL", "EVENTS", "NOTE"],
          page.webhooks.map((webhook) => [webhook.id, describeUrl(webhook), describeFilter(webhook), webhook.note || "-"]),
          bold,
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("show <id>").description("Show a webhook, and how its deliveries go.")).action(
    async (id: string, options: ApiOptions) => {
      const { standing, ...webhook } = (await createApi(options, context).call("GET", createPath(id))) as WebhookRecord & {
        standing: WebhookStanding | null;
      };
      terminal.result({ ...webhook, standing }, () =>
        renderTable(
          ["FACT", "VALUE"],
          listFacts(webhook, standing).map(([fact, value]) => [fact, value]),
          bold,
        ),
      );
    },
  );

  addApiOptions(command.command("dead-letters <id>").description("List events that were given up."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async (id: string, { limit, after, ...options }: Paged) => {
      const path = `${createPath(id, "/dead-letters")}?${createQuery({ limit, after })}`;
      const page = (await createApi(options, context).call("GET", path)) as { deadLetters: WebhookDeadLetter[]; next: number | null };
      terminal.result(page, () =>
        renderTable(
          ["POSITION", "WHEN", "KIND", "EVENT", "ATTEMPTS", "ERROR"],
          page.deadLetters.map(({ position, at, type, id: event, attempts, error }) => [
            ...[String(position), at, type || "-", event || "-", String(attempts), error],
          ]),
          bold,
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
}

function defineSending(command: Command, context: CommandContext): void {
  const { terminal } = context;

  addApiOptions(command.command("resume <id>").description("Send again what was stopped, from where it was.")).action(
    async (id: string, options: ApiOptions) => {
      const answer = await createApi(options, context).call("POST", createPath(id, "/resume"));
      terminal.result(answer, () => `${terminal.style("green", "resumed")} ${id}`);
    },
  );

  addApiOptions(command.command("replay <id>").description("Send events again, under the ids that they had."))
    .option("--after <position>", "what comes after this position in the log")
    .option("--since <time>", "what was recorded then or later, e.g. 2026-11-26T08:00:00Z")
    .option("--dead-letters [position...]", "what was given up: these positions, or all")
    .action(
      async (
        id: string,
        { after, since, deadLetters, ...options }: ApiOptions & { after?: string; since?: string; deadLetters?: true | string[] },
      ) => {
        const orders = [after, since, deadLetters].filter((each) => each !== undefined);
        if (orders.length !== 1)
          throw new CliError("Say what is to be sent again.", { hint: "Give one of --after, --since and --dead-letters.", exitCode: 2 });
        const body = JSON.stringify({
          ...(after !== undefined && { after: Number(after) }),
          since,
          ...(deadLetters !== undefined && { deadLetters: deadLetters === true ? "all" : deadLetters.map(Number) }),
        });
        const done = (await createApi(options, context).call("POST", createPath(id, "/replay"), { body })) as WebhookReplay;
        terminal.result(done, () =>
          done.from === null ? `${done.deadLetters} dead letters are tried again` : `what comes after position ${done.from} is sent again`,
        );
      },
    );
}

/** Whoever may only read is shown the origin alone. */
const describeUrl = ({ url, urlIsOrigin }: WebhookRecord): string => (urlIsOrigin ? `${url} (origin only)` : url);

function describeFilter({ kinds, workflow, role, agent }: WebhookRecord): string {
  const parts = [workflow && `workflow ${workflow}`, role && `role ${role}`, agent && `agent ${agent}`].filter((part) => part);
  return [kinds.join(" "), ...parts].join(", ");
}

function listFacts(webhook: WebhookRecord, standing: WebhookStanding | null): [string, string][] {
  const facts: [string, string][] = [
    ["id", webhook.id],
    ["url", describeUrl(webhook)],
    ["events", describeFilter(webhook)],
    ["links", webhook.links],
    ["note", webhook.note || "-"],
    ["created", `${webhook.createdAt} by ${webhook.createdBy}`],
  ];
  if (!standing) return facts;
  const { state, reason, position, pending, deadLetters, delivered, lastDeliveredAt, failures, lastError, nextAttemptAt } = standing;
  return [
    ...facts,
    ["state", reason === null ? state : `${state}: ${reason}`],
    ["delivered", `${delivered}, the last ${lastDeliveredAt ?? "never"}; looked at up to position ${position}`],
    ["pending", nextAttemptAt === null ? String(pending) : `${pending}, the next attempt ${nextAttemptAt}`],
    ["dead letters", String(deadLetters)],
    ["failures", failures === 0 ? "0" : `${failures} in a row, the last: ${lastError}`],
  ];
}
