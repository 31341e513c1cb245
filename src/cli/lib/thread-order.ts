/** What the commands share that say something to one thread. */
import type { Command } from "commander";
import type { Wait } from "../../contract/views/wait.ts";
import { type ApiOptions, addApiOptions, createApi } from "./api.ts";
import { CliError, type CommandContext, exitCodes } from "./command.ts";

/** Options of every order to a thread. */
export type ThreadOrder = ApiOptions & { reason?: string; idempotencyKey?: string };

interface ThreadView {
  id: string;
  workflow: string;
  status: string;
  round: number;
  waiting?: Pick<Wait, "reason">;
}

/** What an order leads to: a thread whose task has to stop first gets there a moment after it has taken the order. */
const settledStatus: { [path: string]: string | undefined } = { suspend: "suspended", cancel: "cancelled" };

/** Gives a command the thread that it is about, and why. */
export function addThreadOrder(command: Command): Command {
  return addApiOptions(command.argument("<thread>", "the thread's id"))
    .option("--reason <text>", "why; it is told to all who take part")
    .option(
      "--idempotency-key <key>",
      "of this order, so that it can be sent again and is followed once (default: a new one, under which the command itself sends it again)",
    );
}

/** Sends the order and shows the thread as it is after it. */
export async function orderThread(
  context: CommandContext,
  { reason, idempotencyKey, ...options }: ThreadOrder,
  id: string,
  path: string,
  body: { [field: string]: unknown },
): Promise<void> {
  const { terminal } = context;
  const sent = { ...body, ...(reason !== undefined && { reason }) };
  const thread = (await createApi(options, context).order(
    `v1/threads/${encodeURIComponent(id)}/${path}`,
    sent,
    idempotencyKey,
  )) as ThreadView;
  const { status, workflow, round, waiting } = thread;
  const why = waiting?.reason ? `, ${waiting.reason}` : "";
  const settled = settledStatus[path];
  const pending = settled === undefined || settled === status ? "" : `, the ${path} is under way`;
  terminal.result(
    thread,
    () => `${terminal.style("bold", thread.id)}  ${workflow}  ${terminal.style("bold", status)}  round ${round}${why}${pending}`,
  );
}

/**
 * The number of a step, as it was typed.
 * @throws CliError if it is none
 */
export function readStep(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new CliError(`${JSON.stringify(text)} is no step.`, {
    hint: "`nerveflare threads show` has them, by their numbers.",
    exitCode: exitCodes.usage,
  });
}

/**
 * JSON, as it was typed.
 * @throws CliError if it is none
 */
export function readJsonOption(text: string, option: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CliError(`${option} is not JSON: ${(error as Error).message}`, {
      hint: `Quote it, e.g. ${option} '{"approved": true}'.`,
      exitCode: exitCodes.usage,
    });
  }
}
