/** `nerveflare events`: reads the log of what was accepted. */
import type { Command } from "commander";
import type { CloudEvent } from "../wire/event.ts";
import { createQuery } from "./agents.ts";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import type { CommandContext } from "./command.ts";

/** Defines `nerveflare events`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  type Filter = ApiOptions & {
    type?: string;
    source?: string;
    thread?: string;
    causedBy?: string;
    after?: string;
    before?: string;
    limit: string;
  };
  addApiOptions(command)
    .option("--type <kind>", "only of this kind; review.* takes all that begin so")
    .option("--source <source>", "only from this source, e.g. /agents/alice")
    .option("--thread <id>", "only of this thread")
    .option("--caused-by <id>", "only what this event caused")
    .option("--after <position>", "only later than this position")
    .option("--before <position>", "only earlier than this position")
    .option("--limit <number>", "at most so many", "50")
    .action(async ({ type, source, thread, causedBy, after, before, limit, ...options }: Filter) => {
      const query = createQuery({ type, source, correlationid: thread, causationid: causedBy, after, before, limit });
      const page = (await createApi(options, context).call("GET", `v1/events?${query}`)) as {
        events: { event: CloudEvent; position: number }[];
        next: number | null;
      };
      terminal.result(page, () =>
        page.events
          .map(({ event, position }) => {
            const where = terminal.style("dim", `${position} ${event.time}`);
            const said = event.data === undefined ? "" : `\n  ${JSON.stringify(event.data)}`;
            return `${where} ${terminal.style("bold", event.type)} ${event.source}${event.correlationid ? ` ${event.correlationid}` : ""}${said}`;
          })
          .join("\n"),
      );
      if (page.next !== null) terminal.hint(`More with --${before === undefined ? "after" : "before"} ${page.next}`);
    });
}
