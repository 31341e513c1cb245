/** `nerveflare status`: how the whole is, at a glance. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import type { CommandContext } from "./command.ts";
import { renderWaiting, type WaitView, writeSpan } from "./describe-wait.ts";
import type { Terminal } from "./terminal.ts";

interface StatusView {
  now: string;
  threads: { [status: string]: number };
  waiting: {
    oldest: ({ thread: string; workflow: string; status: string } & WaitView) | null;
    on: { agent: string; threads: number; since: string }[];
  };
  parked: number;
  unreachable?: { receiver: string; senders: number; messages: number; since: string; error: string }[];
  agents: { registered: number; online: number; away: number; lost: number };
  workflows: { published: number; paused?: { workflow: string; by: string; reason: string | null; since: string }[] };
  log: {
    lagMs: number | null;
    maxMs: number | null;
    meanMs: number | null;
    rows: number;
    waiting: number;
    oldestWaiting: string | null;
    failing: { since: string; error: string } | null;
  };
}

/** Defines `nerveflare status`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command).action(async (options: ApiOptions) => {
    const status = (await createApi(options, context).call("GET", "v1/status")) as StatusView;
    terminal.result(status, () => renderStatus(terminal, status));
  });
}

function renderStatus(terminal: Terminal, { now, threads, waiting, parked, unreachable, agents, workflows, log }: StatusView): string {
  const title = (text: string) => terminal.style("bold", text.padEnd(10));
  const list = (counts: [string, number][]) =>
    counts
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ");
  const at = Date.parse(now);
  const lines = [
    `${title("threads")}${list(Object.entries(threads)) || "none"}`,
    `${title("agents")}${agents.registered} registered${list([
      ["online", agents.online],
      ["away", agents.away],
      ["lost", agents.lost],
    ]).replace(/^(?=.)/, ", ")}`,
    `${title("workflows")}${workflows.published} published`,
    ...(workflows.paused ?? []).map(
      ({ workflow, by, reason, since }) =>
        `${title("")}${terminal.style("yellow", `${workflow} is paused`)} by ${by} since ${since}${reason ? `: ${reason}` : ""}`,
    ),
    `${title("parked")}${parked === 0 ? "nothing" : terminal.style("red", `${parked} events that could not be run`)}`,
    ...(unreachable ?? []).map(
      ({ receiver, messages, since, error }) =>
        `${title("")}${terminal.style("red", `${receiver} cannot be reached`)} for ${writeSpan(at - Date.parse(since))}: ${messages} messages wait for it (${error})`,
    ),
    `${title("log")}${describeLag(terminal, log, at)}`,
  ];
  if (waiting.oldest) {
    const { thread, workflow, status, ...wait } = waiting.oldest;
    lines.push("", "longest waiting", renderWaiting(terminal, { id: thread, workflow, status, waiting: wait }, at));
  }
  if (waiting.on.length) lines.push("", "waited for");
  for (const { agent, threads: count, since } of waiting.on)
    lines.push(
      `  ${terminal.style("bold", agent)}  ${count} ${count === 1 ? "turn" : "turns"}, the oldest ${writeSpan(at - Date.parse(since))} old`,
    );
  return lines.join("\n");
}

function describeLag(terminal: Terminal, log: StatusView["log"], now: number): string {
  if (log.failing) {
    const since = writeSpan(now - Date.parse(log.failing.since));
    return terminal.style("red", `behind: no write succeeds for ${since}: ${log.failing.error}`);
  }
  const held = log.oldestWaiting === null ? 0 : now - Date.parse(log.oldestWaiting);
  if (held > 5_000) return terminal.style("yellow", `behind: ${log.waiting} rows wait, the oldest for ${writeSpan(held)}`);
  if (log.lagMs === null) return "quiet: nothing was written in the last minute";
  return `up to date: ${log.lagMs} ms behind, at most ${log.maxMs} ms in the last minute (${log.rows} rows)`;
}
