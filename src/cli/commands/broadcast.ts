/** `nerveflare broadcast`: says something to many agents. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { readData } from "../lib/read-data.ts";

/** Defines `nerveflare broadcast`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<kind>", "the event's kind, e.g. fleet.notice"))
    .requiredOption("--to <addresses>", "to whom: *, agents/x, cap:x, by commas")
    .option("--data <json>", "its data; `-` reads them from stdin")
    .option("--id <id>", "idempotency key (default: a new one)")
    .action(async (kind: string, options: ApiOptions & { to: string; data?: string; id?: string }) => {
      const { to, data, id } = options;
      const body = JSON.stringify({ kind, to, id, ...(data === undefined ? {} : { data: await readData(data) }) });
      const sent = (await createApi(options, context).call("POST", "v1/broadcasts", { body })) as {
        id: string;
        recipients: number;
        notes: string[];
      };
      terminal.result(sent, () =>
        [
          `${terminal.style("green", "sent")} ${sent.id} to ${sent.recipients} agent${sent.recipients === 1 ? "" : "s"}`,
          ...sent.notes,
        ].join("\n"),
      );
      terminal.hint(terminal.style("dim", `Who has it: nerveflare broadcasts show ${sent.id}`));
    });
}
