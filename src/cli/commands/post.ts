/** `nerveflare post`: sends one event. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { describeVerdict } from "../lib/events/render-routing.ts";
import { readData } from "../lib/read-data.ts";
import type { Terminal } from "../lib/terminal.ts";

/** Defines `nerveflare post`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<kind>", "the event's kind, e.g. pr.ready_for_review"))
    .option("--data <json>", "its data; `-` reads them from stdin")
    .option("--to <addresses>", "to whom: *, agents/x, cap:x, workflows/x, by commas")
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
        [`${terminal.style("green", "accepted")} ${answer.id}`, ...describeAnswer(answer, terminal)].join("\n"),
      );
    });
}

/** What became of the event, a line each. */
function describeAnswer({ reflexes = [], threads, notes, unheard, recipients }: Accepted, terminal: Terminal): string[] {
  const told = reflexes.map((verdict) => describeVerdict(terminal, verdict));
  // Threads of reflexes that an event of this one's fired are in no verdict of its own.
  const more = threads.filter((thread) => !reflexes.some((verdict) => verdict.thread === thread)).map((thread) => `thread ${thread}`);
  const said = reflexes.flatMap(({ workflow, detail, outcome }) => [detail, outcome?.detail].map((each) => `${workflow}: ${each}`));
  const nobody = unheard && [
    `${terminal.style("yellow", "nobody listens")} to this kind: no workflow has a reflex on it, and nobody is subscribed.${unheard.nearest ? ` Did you mean ${unheard.nearest}?` : ""}`,
  ];
  const sent = recipients ? [`sent to ${recipients} ${recipients === 1 ? "agent" : "agents"}`] : [];
  return [...told, ...more, ...sent, ...notes.filter((note) => !said.includes(note)), ...(nobody ?? [])];
}
