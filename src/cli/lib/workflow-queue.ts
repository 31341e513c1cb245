/** A workflow's queue as the API shows it, and stopping and resuming its admission: what `workflows`, `pause` and `unpause` share. */
import type { Command } from "commander";
import { type Api, type ApiOptions, createApi } from "./api.ts";
import type { CommandContext } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export interface PauseView {
  by: string;
  reason: string | null;
  since: string;
}

export interface QueueView {
  running: number;
  queued: string[];
  paused: PauseView | null;
  concurrency: number | null;
  schedules?: { schedule: string; timezone: string; next: string | null; last: string | null }[];
}

/** Gives a command `--reason` and what `pause` does. */
export function definePause(command: Command, context: CommandContext): void {
  command
    .option("--reason <text>", "why; whoever waits is told")
    .action(async (name: string, options: ApiOptions & { reason?: string }) => {
      const { reason } = options;
      await order(createApi(options, context), context.terminal, name, "pause", reason === undefined ? {} : { reason });
    });
}

/** What `unpause` does. */
export function unpauseWorkflow(name: string, options: ApiOptions, context: CommandContext): Promise<void> {
  return order(createApi(options, context), context.terminal, name, "unpause", {});
}

async function order(api: Api, terminal: Terminal, name: string, what: "pause" | "unpause", body: object): Promise<void> {
  const view = (await api.order(`${createPath(name)}/${what}`, body)) as QueueView;
  terminal.result(view, () => [`${terminal.style("green", `${what}d`)} ${name}`, ...describeQueue(view, terminal)].join("\n"));
}

export function createPath(name: string): string {
  return `v1/workflows/${encodeURIComponent(name)}`;
}

export function describeQueue({ running, queued, paused, concurrency, schedules = [] }: QueueView, terminal: Terminal): string[] {
  const places = concurrency === null ? "" : ` of ${concurrency}`;
  return [
    ...(paused
      ? [`${terminal.style("yellow", "paused")} by ${paused.by} since ${paused.since}${paused.reason ? `: ${paused.reason}` : ""}`]
      : []),
    `${running}${places} running, ${queued.length} waiting`,
    ...queued.map((thread, index) => `  ${index + 1} ${thread}`),
    ...schedules.map(
      ({ schedule, timezone, next, last }) =>
        `starts at ${schedule} (${timezone}), next ${paused ? "when it is not paused any more" : (next ?? "never")}, last ${last ?? "never"}`,
    ),
  ];
}
