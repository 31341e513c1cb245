/** `nerveflare status`: how the whole is, at a glance. */
import type { Command } from "commander";
import type { Wait } from "../../contract/views/wait.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import { renderWaiting, writeSpan } from "../lib/describe-wait.ts";
import type { Terminal } from "../lib/terminal.ts";

interface ReadyView {
  status: "ready" | "starting" | "paused" | "unavailable";
  checks: { part: string; ok: boolean; detail?: string }[];
}

/** What D1 knows; a server whose D1 cannot be read says null. */
interface IndexView {
  threads: { [status: string]: number };
  waiting: {
    oldest: ({ thread: string; workflow: string; status: string } & Wait) | null;
    on: { agent: string; threads: number; since: string }[];
  };
  /** Absent from a server of before, which says `parked`. */
  deadLetters?: number;
  parked?: number;
  unreachable?: { receiver: string; senders: number; messages: number; since: string; error: string }[];
  agents: { registered: number; online: number; away: number; lost: number; ignoring?: number };
  workflows: { published: number; paused?: { workflow: string; by: string; reason: string | null; since: string }[] };
}

interface StatusView extends Nullable<IndexView> {
  now: string;
  /** Absent from a server of before. */
  ready?: ReadyView;
  log: LogView | null;
}

type Nullable<T> = { [Name in keyof T]: T[Name] | null };

interface LogView {
  lagMs: number | null;
  maxMs: number | null;
  meanMs: number | null;
  rows: number;
  waiting: number;
  oldestWaiting: string | null;
  failing: { since: string; error: string } | null;
}

/** Defines `nerveflare status`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command).action(async (options: ApiOptions) => {
    const api = createApi(options, context);
    const status = (await api.call("GET", "v1/status").catch((error: unknown) => explainUnready(api.url, error))) as StatusView;
    terminal.result(status, () => renderStatus(terminal, status));
  });
}

/** The server refused: why, it tells anybody. @throws {CliError} */
async function explainUnready(url: string, error: unknown): Promise<never> {
  const ready = await fetch(new URL("/readyz", url))
    .then(async (answer) => (await answer.json()) as ReadyView)
    .catch(() => null);
  const failing = ready?.checks?.filter(({ ok, detail }) => !ok && detail !== undefined) ?? [];
  if (!ready || failing.length === 0) throw error;
  throw new CliError(`The server is ${ready.status}.`, {
    hint: failing.map(({ part, detail }) => `${part}: ${detail}`).join("\n"),
    cause: error,
  });
}

type Title = (text: string) => string;

function renderStatus(terminal: Terminal, status: StatusView): string {
  const { ready, log, now } = status;
  const title: Title = (text) => terminal.style("bold", text.padEnd(13));
  const at = Date.parse(now);
  return [
    ...(ready ? describeReady(terminal, title, ready) : []),
    ...(isKnown(status)
      ? describeIndex(terminal, title, status, at)
      : [`${title("index")}${terminal.style("red", "cannot be read: how many threads and agents there are is not known")}`]),
    `${title("log")}${log === null ? terminal.style("red", "not known") : describeLag(terminal, log, at)}`,
    ...(isKnown(status) ? describeWaits(terminal, status, at) : []),
  ].join("\n");
}

function isKnown(status: StatusView): status is StatusView & IndexView {
  return status.threads !== null;
}

function describeReady(terminal: Terminal, title: Title, { status, checks }: ReadyView): string[] {
  const colour = { ready: "green", starting: "yellow", paused: "yellow", unavailable: "red" } as const;
  const failing = checks.filter(({ ok }) => !ok);
  return [
    `${title("server")}${terminal.style(colour[status], status)}`,
    ...failing.map(({ part, detail }) => `${title("")}${part}: ${detail ?? "fails"}`),
  ];
}

function listCounts(counts: [string, number][]): string {
  return counts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

function describeIndex(
  terminal: Terminal,
  title: Title,
  { threads, agents, workflows, parked = 0, deadLetters = parked, unreachable }: IndexView,
  at: number,
): string[] {
  const present = listCounts([
    ["online", agents.online],
    ["away", agents.away],
    ["lost", agents.lost],
  ]);
  const ignoring = agents.ignoring ?? 0;
  return [
    `${title("threads")}${listCounts(Object.entries(threads)) || "none"}`,
    `${title("agents")}${agents.registered} registered${present && `, ${present}`}`,
    ...(ignoring > 0
      ? [
          `${title("")}${terminal.style("yellow", `${ignoring} ${ignoring === 1 ? "ignores" : "ignore"} offers`)}: there, with slots free, and no answer for a minute; \`nerveflare explain <thread>\` names them`,
        ]
      : []),
    `${title("workflows")}${workflows.published} published`,
    ...(workflows.paused ?? []).map(
      ({ workflow, by, reason, since }) =>
        `${title("")}${terminal.style("yellow", `${workflow} is paused`)} by ${by} since ${since}${reason ? `: ${reason}` : ""}`,
    ),
    `${title("dead letters")}${deadLetters === 0 ? "none" : terminal.style("red", `${deadLetters} events that could not be run`)}`,
    ...(unreachable ?? []).map(
      ({ receiver, messages, since, error }) =>
        `${title("")}${terminal.style("red", `${receiver} cannot be reached`)} for ${writeSpan(at - Date.parse(since))}: ${messages} messages wait for it (${error})`,
    ),
  ];
}

function describeWaits(terminal: Terminal, { waiting }: IndexView, at: number): string[] {
  const lines: string[] = [];
  if (waiting.oldest) {
    const { thread, workflow, status, ...wait } = waiting.oldest;
    lines.push("", "longest waiting", renderWaiting(terminal, { id: thread, workflow, status, waiting: wait }, at));
  }
  if (waiting.on.length) lines.push("", "waited for");
  for (const { agent, threads: count, since } of waiting.on)
    lines.push(
      `  ${terminal.style("bold", agent)}  ${count} ${count === 1 ? "turn" : "turns"}, the oldest ${writeSpan(at - Date.parse(since))} old`,
    );
  return lines;
}

function describeLag(terminal: Terminal, log: LogView, now: number): string {
  if (log.failing) {
    const since = writeSpan(now - Date.parse(log.failing.since));
    return terminal.style("red", `behind: no write succeeds for ${since}: ${log.failing.error}`);
  }
  const held = log.oldestWaiting === null ? 0 : now - Date.parse(log.oldestWaiting);
  if (held > 5_000) return terminal.style("yellow", `behind: ${log.waiting} rows wait, the oldest for ${writeSpan(held)}`);
  if (log.lagMs === null) return "quiet: nothing was written in the last minute";
  return `up to date: ${log.lagMs} ms behind, at most ${log.maxMs} ms in the last minute (${log.rows} rows)`;
}
