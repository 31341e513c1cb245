/** `nerveflare events`: reads the log of what was accepted, and follows it. */
import { type Command, InvalidArgumentError } from "commander";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { archiveLog } from "../lib/events/archive-log.ts";
import { type LogEntry, renderEvent } from "../lib/events/render-event.ts";
import { renderRouting, type ShownRouting } from "../lib/events/render-routing.ts";
import { tailLog } from "../lib/events/tail-log.ts";
import { readMoment } from "../lib/read-moment.ts";

type Filter = ApiOptions & {
  kind?: string;
  type?: string;
  source?: string;
  thread?: string;
  causedBy?: string;
  since?: string;
  until?: string;
  after?: string;
};

interface LogAnswer {
  events: LogEntry[];
  next: number | null;
  bound?: { detail: string };
}

/** Defines `nerveflare events list|show|tail`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addFilter(command.command("list", { isDefault: true }).description("Read the log, oldest first."))
    .option("--until <time>", "only what was recorded before")
    .option("--before <position>", "only earlier than this position")
    .option("--limit <number>", "at most so many", "50")
    .action(async ({ before, limit, ...options }: Filter & { before?: string; limit: string }) => {
      const query = createQuery({ ...readFilter(options), before, limit });
      const page = (await createApi(options, context).call("GET", `v1/events?${query}`)) as LogAnswer;
      terminal.result(page, () => page.events.map((entry) => renderEvent(terminal, entry)).join("\n"));
      if (page.bound) terminal.hint(page.bound.detail);
      if (page.next !== null) terminal.hint(`More with --${before === undefined ? "after" : "before"} ${page.next}`);
    });

  addApiOptions(command.command("show <id>").description("Show an event: what each reflex said to it, and who has it."))
    .option("--source <source>", "whose, where several senders used the id")
    .action(async (id: string, { source, ...options }: ApiOptions & { source?: string }) => {
      const path = `v1/events/${encodeURIComponent(id)}?${createQuery({ source })}`;
      const shown = (await createApi(options, context).call("GET", path)) as LogEntry & ShownRouting;
      terminal.result(shown, () => [renderEvent(terminal, shown), renderRouting(terminal, shown)].join("\n"));
    });
  defineArchive(command, context);

  addFilter(command.command("tail").description("Follow the log as it grows; comes back by itself when the connection ends."))
    .option("--count <number>", "end after so many", readCount)
    .action(async ({ count = Number.POSITIVE_INFINITY, ...options }: Filter & { count?: number }) => {
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      const query = createQuery({ ...readFilter(options), follow: "1" });
      const lost = (milliseconds: number) => terminal.hint(terminal.style("dim", `connection lost, again in ${milliseconds / 1_000} s`));
      let seen = 0;
      for await (const entry of tailLog(createApi(options, context), query, { signal: stop.signal, lost })) {
        terminal.result(entry, () => renderEvent(terminal, entry));
        seen += 1;
        if (seen >= count) break;
      }
      stop.abort();
    });
}

/** Adds `events archive`. */
function defineArchive(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("archive").description("Append the log to a file, a line of JSON an event; goes on where the file ends."))
    .requiredOption("--out <file>", "the file")
    .option("--before <time>", "only what was recorded before: a date, a time, or 30d for what is older (default: now)")
    .option("--prune", "then delete from the log what the file has of it, but for threads that still run")
    .action(async ({ out, before, prune, ...options }: ApiOptions & { out: string; before?: string; prune?: true }) => {
      const api = createApi(options, context);
      const until = readMoment(before) ?? new Date().toISOString();
      const archived = await archiveLog(api, out, until);
      let deleted = 0;
      if (prune && archived.through > 0) {
        const query = createQuery({ through: String(archived.through), until });
        for (let last = -1; last !== 0; deleted += last)
          last = ((await api.call("DELETE", `v1/events/archive?${query}`)) as { deleted: number }).deleted;
      }
      terminal.result({ ...archived, ...(prune && { deleted }) }, () =>
        [
          `${archived.events} events added to ${out}, through position ${archived.through}`,
          ...(prune ? [`${deleted} deleted from the log`] : []),
        ].join("\n"),
      );
    });
}

function addFilter(command: Command): Command {
  return addApiOptions(command)
    .option("--kind <kind>", "only of this kind; review.* takes all that begin so")
    .option("--type <kind>", "the same as --kind")
    .option("--source <source>", "only from this source, e.g. /agents/alice")
    .option("--thread <id>", "only of this thread")
    .option("--caused-by <id>", "only what this event caused")
    .option("--since <time>", "only what was recorded since: 2026-11-20, 2026-11-20T12:00:00Z, or 30m for the last half hour")
    .option("--after <position>", "only later than this position");
}

function readFilter({ kind, type, source, thread, causedBy, since, until, after }: Filter): Record<string, string | undefined> {
  return {
    ...{ type: kind ?? type, source, correlationid: thread, causationid: causedBy, after },
    ...{ since: readMoment(since), until: readMoment(until) },
  };
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("a whole number, at least 1");
  return count;
}
