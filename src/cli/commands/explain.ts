/** `nerveflare explain`: what a thread waits for, what happens then, and why each agent does not hold a role that nobody holds. */
import type { Command } from "commander";
import type { Answer } from "../../contract/http/answers.ts";
import { writeNumber } from "../../contract/usage.ts";
import type { BudgetView, ThreadExplanation } from "../../contract/views/explanation.ts";
import { describeWait } from "../../contract/waits.ts";
import { type Api, type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { renderTable, type Terminal } from "../lib/terminal.ts";

type Explanation = Omit<Answer<"explanation">, "queue"> &
  Pick<ThreadExplanation, "queue"> & {
    /** `runs` is the server's to add: a thread's own object does not know it. */
    queue?: { runs?: string[] | undefined } | undefined;
    /** What an agent said last of a turn that it could not perform, where that is why nothing goes on. */
    failure?: { agent: string; turn: string; error: string; at: string };
  };

/** Defines `nerveflare explain`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<thread>", "its id, as `nerveflare threads` lists it")).action(
    async (id: string, options: ApiOptions) => {
      const api = createApi(options, context);
      const explained = (await api.call("GET", `v1/threads/${encodeURIComponent(id)}/explain`)) as Explanation;
      const failure = hasFailed(explained) ? await findFailure(api, id) : undefined;
      const explanation = { ...explained, ...(failure && { failure }) };
      terminal.result(explanation, () => renderExplanation(terminal, explanation));
    },
  );
}

function hasFailed({ status, waits }: Explanation): boolean {
  return status === "failed" || (status === "suspended" && waits.some(({ reason }) => reason?.includes("turn_failed")));
}

/** The log may lag: then nothing is found, and the rest is said all the same. */
async function findFailure(api: Api, thread: string): Promise<Explanation["failure"]> {
  const query = new URLSearchParams({ correlationid: thread, type: "nerve.turn.fail", limit: "200" });
  const { events } = (await api.call("GET", `v1/events?${query}`)) as { events: { event: FailEvent }[] };
  const last = events.at(-1)?.event;
  return last && { agent: last.source.replace(/^\/agents\//, ""), turn: last.data.turn, error: last.data.error, at: last.time };
}

interface FailEvent {
  source: string;
  time: string;
  data: { turn: string; error: string };
}

function describeHeld(messages: number): string {
  if (messages === 0) return "what only it knows is told once it can";
  return `${messages === 1 ? "the message for it is" : `the ${messages} messages for it are`} sent in order once it can`;
}

/** The same as prose; `now` in milliseconds since 1970. */
export function renderExplanation(
  terminal: Terminal,
  { thread, workflow, status, waits, unfilled, queue, unreachable, failure, archivedAt, keptUntil, withdrawn, budgets, run }: Explanation,
  now = Date.now(),
): string {
  const bold = (text: string) => terminal.style("bold", text);
  const lines = [`${bold(thread)}  ${workflow}  ${bold(status)}`];
  if (waits.length === 0)
    lines.push("", status in ended ? "It has ended and waits for nothing." : "What it waits for is not known: there may be a dead letter.");
  if (archivedAt !== undefined)
    lines.push(
      `It was archived ${describeTime(archivedAt, now)}: \`nerveflare threads show ${thread}\` shows what is kept${keptUntil ? `, until ${describeTime(keptUntil, now)}` : ""}.`,
    );
  if (withdrawn)
    lines.push(
      "",
      `${bold("withdrawn")}  the workflow ${workflow} is not published any more: this thread keeps its revision, and no other begins`,
    );
  for (const wait of waits) {
    const { text, since, until, then } = wait;
    lines.push("", `${bold("waits")}  for ${describeWait(wait)}: ${text}`, `since  ${describeTime(since, now)}`);
    if (until) lines.push(`until  ${describeTime(until, now)}`);
    lines.push(`then   ${then}`);
  }
  if (failure) lines.push("", `${bold("failed")} ${failure.agent}: ${failure.error}`, `at     ${describeTime(failure.at, now)}`);
  for (const { receiver, since, messages, error } of unreachable ?? [])
    lines.push(
      "",
      `${bold(receiver)} cannot be reached: ${error}`,
      `since  ${describeTime(since, now)}`,
      `then   ${describeHeld(messages)}; the rest of the thread goes on`,
    );
  for (const budget of budgets ?? []) lines.push("", `${bold("budget")} of ${budget.role ?? "the workflow"}: ${describeBudget(budget)}`);
  if (queue) {
    lines.push(
      "",
      `${queue.place === null ? "Not in the queue any more" : `Place ${queue.place} of ${queue.queued}`}; ${queue.running} run.`,
    );
    if (queue.ahead.length) lines.push(`before it  ${queue.ahead.join(" ")}`);
    if (queue.runs?.length) lines.push(`running    ${queue.runs.join(" ")}`);
  }
  for (const { role, state, offer, agents, others } of unfilled) {
    lines.push("", `${bold(role)} is held by nobody (${state}).`);
    if (offer) {
      lines.push(
        `offer ${offer.id}: ${offer.closed ?? "open"}, ${offer.offered} asked, ${offer.answered} answered${offer.nextLook ? `; who is there is looked at again ${describeTime(offer.nextLook, now)}` : ""}`,
      );
    }
    if (agents.length === 0) lines.push("No agent is registered.");
    else
      lines.push(
        renderTable(
          ["AGENT", "WHY NOT", ""],
          agents.map(({ agent, code, why }) => [agent, code.replaceAll("_", " "), why]),
          bold,
        ),
      );
    if (others) {
      const counts = Object.entries(others.reasons).map(([code, count]) => `${count} ${code.replaceAll("_", " ")}`);
      lines.push(`and ${others.count}${others.more ? " and more" : ""}: ${counts.join(", ")}`);
    }
  }
  if (run?.length) lines.push("", ...run.map((command, index) => `${index === 0 ? bold("run") : "   "}    ${command}`));
  return lines.join("\n");
}

/** What is left, and of how much. */
function describeBudget({ tokens, cost }: BudgetView): string {
  const parts = [
    ...(tokens ? [`${writeNumber(tokens.left)} of ${writeNumber(tokens.of)} tokens left`] : []),
    ...(cost ? [`${writeNumber(cost.left)} of a cost of ${writeNumber(cost.of)} left`] : []),
  ];
  return parts.join(", ");
}

const ended = { completed: 1, failed: 1, cancelled: 1, dropped: 1 };

/** A time with how far it is: `2026-11-25T02:03:04.000Z (in 3 m)`. */
function describeTime(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  const [size, unit] = ([86_400, 3_600, 60] as const).reduce<[number, string]>(
    (found, each, index) => (found[0] === 1 && Math.abs(seconds) >= each * 2 ? [each, ["d", "h", "min"][index] as string] : found),
    [1, "s"],
  );
  const much = `${Math.round(Math.abs(seconds) / size)} ${unit}`;
  return `${at} (${seconds < 0 ? `${much} ago` : `in ${much}`})`;
}
