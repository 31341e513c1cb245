/** `nerveflare threads`: what is going on, and one thread from near by. */
import type { Command } from "commander";
import type { Json } from "../../contract/event.ts";
import type { Answer } from "../../contract/http/answers.ts";
import { describeUsage, type Usage, writeNumber } from "../../contract/usage.ts";
import type { Wait } from "../../contract/views/wait.ts";
import { describeWait, waitWords } from "../../contract/waits.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { describeBecause } from "../lib/describe-because.ts";
import { renderWaiting } from "../lib/describe-wait.ts";
import { renderTable, type Terminal } from "../lib/terminal.ts";
import { orderThread } from "../lib/thread-order.ts";

interface ThreadEntry {
  id: string;
  workflow: string;
  status: string;
  updatedAt: string;
  agents: string[];
  waiting: Wait | null;
  reason: string | null;
}

type ThreadView = Answer<"thread">;

interface MessageView {
  round: number;
  role: string;
  agent: string | null;
  output: Json;
  body?: string;
  at: string;
  decision?: { to: string; because: string };
  usage?: Usage;
  /** A later epoch does not count it. */
  until?: number;
}

/** Defines `nerveflare threads`, `threads show` and `threads role`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  type Filter = ApiOptions & {
    workflow?: string;
    status?: string;
    agent?: string;
    parent?: string;
    waiting?: string | true;
    on?: string;
    limit: string;
    after?: string;
  };
  addApiOptions(command.command("list", { isDefault: true }).description("List threads, newest first."))
    .option("--workflow <name>", "only of this workflow")
    .option("--status <status>", "queued, recruiting, running, suspended, completed, failed, cancelled or dropped")
    .option("--agent <id>", "only those that this agent takes part in")
    .option("--parent <thread>", "only what this thread spawned")
    .option("--waiting [kind]", `what waits, longest first: for anything, or one of ${waitWords.join(", ")}`)
    .option("--on <agent>", "only what waits for this agent")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ workflow, status, agent, parent, waiting, on, limit, after, ...options }: Filter) => {
      const query = createQuery({ workflow, status, agent, parent, waiting: waiting === true ? "any" : waiting, on, limit, after });
      const page = (await createApi(options, context).call("GET", `v1/threads?${query}`)) as {
        threads: ThreadEntry[];
        next: string | null;
      };
      const now = Date.now();
      terminal.result(page, () =>
        waiting !== undefined || on !== undefined
          ? page.threads.map((thread) => renderWaiting(terminal, thread, now)).join("\n") || "nothing waits"
          : renderTable(
              ["THREAD", "WORKFLOW", "STATUS", "UPDATED", "WAITING FOR", "AGENTS"],
              page.threads.map((thread) => [
                ...[thread.id, thread.workflow, thread.status, thread.updatedAt],
                ...[thread.waiting ? describeWait(thread.waiting) : (thread.reason ?? "-"), thread.agents.join(" ") || "-"],
              ]),
              (text) => terminal.style("bold", text),
            ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  type RoleOptions = ApiOptions & { give?: string; vacate?: boolean; reason?: string };
  addApiOptions(command.command("role <thread> <role>").description("Take a role from its holder."))
    .option("--give <agent>", "this agent holds it from now on, and gets the open turn")
    .option("--vacate", "somebody is recruited for it")
    .option("--reason <text>", "why; the holder is told")
    .action(async (id: string, role: string, { give, vacate, ...options }: RoleOptions) => {
      if ((give === undefined) === (vacate === undefined))
        throw new CliError("Say either --give <agent> or --vacate.", { exitCode: exitCodes.usage });
      await orderThread(context, options, id, `roles/${encodeURIComponent(role)}`, give === undefined ? {} : { agent: give });
    });

  addApiOptions(command.command("show <id>").description("Show a thread: its roles, what it waits for, what was said.")).action(
    async (id: string, options: ApiOptions) => {
      const api = createApi(options, context);
      const path = `v1/threads/${encodeURIComponent(id)}`;
      const thread = (await api.call("GET", path)) as ThreadView;
      // Of one whose task does not answer the messages are not to be had either.
      const { messages } = thread.unreachable
        ? { messages: [] }
        : ((await api.call("GET", `${path}/messages?limit=200`)) as { messages: MessageView[] });
      terminal.result({ ...thread, messages }, () => renderThread(terminal, thread, messages));
    },
  );
}

/** Where it comes from, if that is not an event. */
function describeOrigin({ epoch, parent, fork }: ThreadView): string[] {
  return [
    ...(parent === undefined ? [] : [fork ? `copy of ${parent}, up to step ${fork.at}` : `spawned by ${parent}`]),
    ...(epoch === undefined ? [] : [`begun anew: epoch ${epoch}`]),
  ];
}

/** Which roles took it, where there are several. */
function describeSpenders({ roles }: ThreadView): string {
  const spenders = Object.entries(roles).flatMap(([role, { usage }]) => (usage ? [{ role, ...usage }] : []));
  if (spenders.length < 2) return "";
  const said = spenders.map(
    ({ role, tokens, cost }) => `${role} ${writeNumber(tokens)}${cost === undefined ? "" : ` (${writeNumber(cost)})`}`,
  );
  return `; by ${said.join(", ")}`;
}

function describeArchived({ archivedAt, keptUntil }: ThreadView, messages: MessageView[]): string {
  const first = messages[0]?.round ?? 1;
  const kept = first > 1 ? `; of what was said the newest is kept, from round ${first} on` : "";
  return `archived ${archivedAt}, shown until ${keptUntil ?? "it is pruned"}: it cannot be changed any more${kept}`;
}

/** A thread from near by, as prose. */
export function renderThread(terminal: Terminal, thread: ThreadView, messages: MessageView[]): string {
  const { waiting, turn, outcome, error } = thread;
  const bold = (text: string) => terminal.style("bold", text);
  const lines = [
    `${bold(thread.id)}  ${thread.workflow}  ${bold(thread.status)}  round ${thread.round}`,
    terminal.style("dim", `revision ${thread.revision}, created ${thread.createdAt}, updated ${thread.updatedAt}`),
    ...describeOrigin(thread),
    ...(thread.archivedAt === undefined ? [] : [describeArchived(thread, messages)]),
    "",
    renderTable(
      ["ROLE", "STATE", "AGENT"],
      Object.entries(thread.roles).map(([name, { state, agent, asked, acked, failed }]) => [
        name,
        state,
        agent ?? (asked === undefined ? "-" : `${acked} of ${asked} acknowledged${failed ? `, ${failed} failed` : ""}`),
      ]),
      bold,
    ),
  ];
  for (const { receiver, since, error } of thread.unreachable ?? [])
    lines.push(
      "",
      `${bold(receiver)} cannot be reached: ${error}, since ${since}`,
      "The turn, the children and what was said are not shown; the thread goes on once it can. Ask again.",
    );
  if (turn) lines.push("", `turn ${turn.turn}: ${turn.role} (${turn.agent}), until ${turn.deadline}`);
  if (waiting) {
    const until = waiting.until ? `, until ${waiting.until}` : "";
    lines.push("", `waits for ${describeWait(waiting)}, since ${waiting.since}${until}; then ${waiting.then}`);
    if (waiting.reason && !error) lines.push(`because ${waiting.reason}`);
  }
  if (thread.usage) lines.push("", `took ${describeUsage(thread.usage)}${describeSpenders(thread)}`);
  for (const { round, role, agent, output, body, decision, usage, until } of messages) {
    const took = usage ? terminal.style("dim", `  ${describeUsage(usage)}`) : "";
    const left = until === undefined ? "" : terminal.style("dim", ` left behind by epoch ${until}`);
    lines.push("", `${bold(`${round} ${role}`)} ${agent ?? ""}${took}${left}`, `  ${JSON.stringify(output)}`);
    if (body) lines.push(`  ${body.replaceAll("\n", "\n  ")}`);
    if (decision) lines.push(terminal.style("dim", `  → ${decision.to}: ${describeBecause(decision.because)}`));
  }
  if (error) lines.push("", `${terminal.style("red", "error")} ${error}`);
  if (outcome) lines.push("", `${bold(outcome.status)} ${outcome.prompt ?? ""}`, `  ${JSON.stringify(outcome.output)}`);
  return lines.join("\n");
}
