/** `nerveflare post`: sends one event. */
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import type { Accepted } from "../wire/frames.ts";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import { CliError, type CommandContext, exitCodes } from "./command.ts";

/** Defines `nerveflare post`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<kind>", "the event's kind, e.g. pr.ready_for_review"))
    .option("--data <json>", "its data; `-` reads them from stdin")
    .option("--to <addresses>", "to whom: *, agents/x, cap:x, by commas")
    .option("--id <id>", "idempotency key (default: a new one)")
    .action(async (kind: string, options: ApiOptions & { data?: string; to?: string; id?: string }) => {
      const { data, to, id = randomUUID() } = options;
      const api = createApi(options, context);
      const event = { specversion: "1.0", id, type: kind, to, ...(data === undefined ? {} : { data: await readData(data) }) };
      const answer = (await api.call("POST", "v1/events", {
        body: JSON.stringify(event),
        contentType: "application/cloudevents+json",
      })) as Accepted;
      terminal.result(answer, () =>
        [
          `${terminal.style("green", "accepted")} ${answer.id}`,
          ...answer.threads.map((thread) => `thread ${thread}`),
          ...answer.notes,
        ].join("\n"),
      );
    });
}

/**
 * Reads `--data`: JSON, or `-` for stdin.
 * @throws CliError if it is none
 */
export async function readData(given: string): Promise<unknown> {
  const source = given === "-" ? await text(process.stdin) : given;
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new CliError(`--data is no JSON: ${(cause as Error).message}`, {
      hint: `Quote it for the shell: --data '{"pr": 115}'`,
      exitCode: exitCodes.usage,
    });
  }
}
