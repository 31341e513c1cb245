/** Hands an answer in: keeps it, and sends it until it counts or is refused for good. */
import type { PostedEvent } from "../contract/event.ts";
import { cutToBytes } from "../contract/limits.ts";
import { createAnswer, underLease } from "./answer-event.ts";
import type { Answers } from "./answers.ts";
import { ClientError } from "./client-error.ts";
import type { InvalidAnswer } from "./handlers.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";
import type { Outbox } from "./outbox.ts";
import { noteDropped, type TurnRun } from "./turn-run.ts";

export interface HandInOptions {
  outbox: Pick<Outbox, "send">;
  answers: Pick<Answers, "keep" | "forget">;
  note: TakeNote;
}

/**
 * @returns why another answer is wanted, if one is
 * @throws ClientError `closed` and `unauthenticated`: then nothing is known of the answer
 */
export async function handIn(run: TurnRun, event: PostedEvent, options: HandInOptions): Promise<InvalidAnswer | undefined> {
  const { outbox, answers, note } = options;
  const { turn } = run;
  const about = { turn: turn.turn, thread: turn.thread };
  const generation = turn.lease.generation;
  await answers.keep({ turn: turn.turn, generation, ...(turn.attempt === undefined ? {} : { attempt: turn.attempt }), event });
  try {
    const { notes } = await outbox.send(event, "own");
    // For example that the answer came late and changes nothing.
    note({ level: "info", what: "turn.answered", message: [event.type, ...notes].join("; "), ...about });
    return undefined;
  } catch (error) {
    if (!(error instanceof ClientError) || error.code === "closed" || error.code === "unauthenticated") throw error;
    // Only an accepted event holds its id: an earlier run of this program has answered.
    if (error.code === "id_conflict") return noteDropped(note, run, "it was answered before");
    const { generation: newest } = run.turn.lease;
    if (newest > generation) return handIn(run, underLease({ turn: turn.turn, generation, event }, newest), options);
    await answers.forget(turn.turn);
    if (error.code === "output_invalid") return readInvalid(run, error, event, note);
    const refusal = error.code === "too_large" || error.code === "malformed";
    if (!refusal || event.type !== "nerve.turn.respond") return noteDropped(note, run, error.message, error.code);
    note({ level: "warn", what: "turn.failed", message: error.message, code: error.code, ...about });
    const why = cutToBytes(`the answer was refused: ${error.message}`, clientLimits.errorBytes);
    return handIn(run, createAnswer(run, { error: why, retryable: false }, 0), options);
  }
}

function readInvalid(run: TurnRun, error: ClientError, event: PostedEvent, note: TakeNote): InvalidAnswer | undefined {
  const left = Number(error.problem?.["left"] ?? 0);
  const errors = (error.problem?.["errors"] ?? []) as InvalidAnswer["errors"];
  const said = [...new Set(errors.map(({ path, message }) => `${path || "output"}: ${message.replace(/\.$/, "")}`))].join("; ");
  const { turn, thread } = run.turn;
  note({ level: "warn", what: "turn.invalid", message: `${said || error.message} (${left} left)`, turn, thread });
  const { output } = event.data as { output?: InvalidAnswer["output"] };
  return left > 0 ? { errors, left, output: output ?? {} } : noteDropped(note, run, "no answer is left", "output_invalid");
}
