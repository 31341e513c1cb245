/** A thread, and the whole server, as a terminal shows them live. Every text of theirs is untrusted. */

import type { Answer } from "../../../contract/http/answers.ts";
import type { PresenceState, ThreadStatus } from "../../../contract/statuses.ts";
import type { AgentEntry } from "../../../contract/views/agent.ts";
import type { ThreadEntry } from "../../../contract/views/thread.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { describeWait } from "../../../contract/waits.ts";
import { showText } from "../check/show-text.ts";
import { writeSpan } from "../describe-wait.ts";
import { renderTable, type Style, type Terminal } from "../terminal.ts";
import type { Happening } from "./tell-event.ts";

const statusStyles: Record<ThreadStatus, Style> = {
  queued: "dim",
  recruiting: "yellow",
  running: "cyan",
  suspended: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "red",
  dropped: "red",
};

const presenceStyles: Record<PresenceState, Style> = { online: "green", away: "yellow", lost: "red" };

/** One line: when, counted from the thread's beginning, who, what. */
export function renderHappening(terminal: Terminal, { at, who, what, text, style }: Happening, began: number): string {
  const since = `+${writeOffset(Date.parse(at) - began)}`.padStart(9);
  const verb = what.padEnd(10);
  return `${terminal.style("dim", since)}  ${terminal.style("bold", showText(who).padEnd(12))}  ${style ? terminal.style(style, verb) : verb}  ${showText(text)}`.trimEnd();
}

/** `3.25s` in the first minute, then as people say it. */
function writeOffset(milliseconds: number): string {
  return milliseconds < 60_000 ? `${(Math.max(0, milliseconds) / 1_000).toFixed(2)}s` : writeSpan(milliseconds).replace(" ", "");
}

/** The panel below a thread's happenings: how it is, who holds what, what it waits for. */
export function renderThreadPanel(terminal: Terminal, thread: Answer<"thread">, now: number): string[] {
  const { id, workflow, status, round, roles, waiting, outcome, error, unreachable } = thread;
  const spent = (outcome ? Date.parse(thread.updatedAt) : now) - Date.parse(thread.createdAt);
  const held = Object.entries(roles).map(([name, { agent, state, asked, acked }]) => {
    const who = agent ?? (asked === undefined ? state : `${acked ?? 0} of ${asked}`);
    return `${showText(name)} ${terminal.style(agent === undefined ? "dim" : "bold", showText(who))}`;
  });
  return [
    "",
    `${terminal.style("bold", id)}  ${workflow}  ${terminal.style(statusStyles[status], status)}  round ${round}  ${writeSpan(spent)}`,
    `roles  ${held.join("   ")}`,
    ...(waiting ? [`waits  for ${renderWait(waiting, now)}`] : []),
    ...(waiting?.then ? [terminal.style("dim", `then   ${showText(waiting.then)}`)] : []),
    ...(unreachable ?? []).map(({ receiver, error: why }) => terminal.style("red", showText(`${receiver} cannot be reached: ${why}`))),
    ...(error === undefined ? [] : [terminal.style("red", showText(error))]),
  ];
}

function renderWait(wait: Wait, now: number): string {
  const left = wait.until === undefined ? undefined : Date.parse(wait.until) - now;
  const until = left === undefined ? "" : left < 0 ? ", overdue" : `, ${writeSpan(left)} left`;
  return `${showText(describeWait(wait))}, for ${writeSpan(now - Date.parse(wait.since))}${until}`;
}

/** What `top` shows at once. */
export interface TopFrame {
  now: string;
  status: Answer<"status">;
  /** Threads that live, those that wait longest first. */
  threads: ThreadEntry[];
  agents: AgentEntry[];
  /** Whether there are more than are listed. */
  more: { threads: boolean; agents: boolean };
}

/** @param rows lines that there are for it; threads get what the rest leaves */
export function renderTop(terminal: Terminal, frame: TopFrame, { rows, columns }: { rows: number; columns: number }): string[] {
  const { status, agents, more } = frame;
  const now = Date.parse(frame.now);
  const bold = (text: string) => terminal.style("bold", text);
  const cut = (line: string) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);
  const head = [bold(cut(`nerveflare  ${frame.now}`)), cut(describeCounts(status)), ""];
  const busy = countHolds(frame.threads);
  const agentRows = Math.max(3, Math.floor((rows - head.length) / 3));
  const shownAgents = orderAgents(agents, busy).slice(0, agentRows - 2);
  const agentTable = renderRows(
    ["AGENT", "PRESENCE", "TURNS", "CAPABILITIES"],
    shownAgents.map(({ id, presence, capabilities }) => [
      ...[id, presence ? (presence.ignores > 0 ? "ignores" : presence.state) : "-"],
      ...[String(busy.get(id) ?? 0), capabilities.join(" ") || "-"],
    ]),
    shownAgents.map(({ presence }) => (presence ? (presence.ignores > 0 ? "yellow" : presenceStyles[presence.state]) : "dim")),
    { terminal, columns },
  );
  const threadRows = Math.max(1, rows - head.length - agentTable.length - 4);
  const threads = frame.threads.slice(0, threadRows);
  const threadTable = renderRows(
    ["THREAD", "WORKFLOW", "STATUS", "FOR", "WAITING FOR"],
    threads.map(({ id, workflow, status: state, waiting, reason }) => [
      ...[id, workflow, state, waiting ? writeSpan(now - Date.parse(waiting.since)) : "-"],
      waiting ? describeWait(waiting) : (reason ?? "-"),
    ]),
    threads.map(({ status: state }) => statusStyles[state]),
    { terminal, columns },
  );
  const left = (shown: number, all: number, on: boolean, what: string) =>
    all > shown || on ? [terminal.style("dim", `and ${on ? "" : `${all - shown} `}more ${what}`)] : [];
  return [
    ...head,
    ...(threads.length ? threadTable : ["No thread lives."]),
    ...left(threads.length, frame.threads.length, more.threads, "threads"),
    "",
    ...(agents.length ? agentTable : ["No agent is registered."]),
    ...left(shownAgents.length, agents.length, more.agents, "agents"),
  ];
}

function describeCounts({ threads, agents, deadLetters, log }: Answer<"status">): string {
  const counts = Object.entries(threads ?? {}).filter(([, count]) => Number(count) > 0);
  return [
    counts.map(([name, count]) => `${count} ${name}`).join(", ") || "no threads",
    ...(agents ? [`${agents.online} of ${agents.registered} agents online`] : []),
    ...(deadLetters ? [`${deadLetters} dead letters`] : []),
    ...(log?.lagMs ? [`log ${log.lagMs} ms behind`] : []),
  ].join("  ·  ");
}

/** Turns that are waited for, by agent. */
function countHolds(threads: ThreadEntry[]): Map<string, number> {
  const turns = new Map<string, number>();
  for (const { waiting } of threads)
    if (waiting?.for === "answer" && waiting.agent !== undefined) turns.set(waiting.agent, (turns.get(waiting.agent) ?? 0) + 1);
  return turns;
}

const presenceOrder: PresenceState[] = ["online", "away", "lost"];

/** Those that are waited for first, then those that are there. */
function orderAgents(agents: AgentEntry[], busy: Map<string, number>): AgentEntry[] {
  const rank = ({ presence }: AgentEntry) => (presence ? presenceOrder.indexOf(presence.state) : presenceOrder.length);
  return agents.toSorted((a, b) => (busy.get(b.id) ?? 0) - (busy.get(a.id) ?? 0) || rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** A table whose lines are cut at the terminal's width and coloured each by its own. */
function renderRows(header: string[], rows: string[][], styles: Style[], on: { terminal: Terminal; columns: number }): string[] {
  const [title = "", ...lines] = renderTable(
    header,
    rows.map((row) => row.map(showText)),
  ).split("\n");
  const cut = (line: string) => (line.length > on.columns ? `${line.slice(0, on.columns - 1)}…` : line);
  return [on.terminal.style("bold", cut(title)), ...lines.map((line, index) => on.terminal.style(styles[index] ?? "dim", cut(line)))];
}
