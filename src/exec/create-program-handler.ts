/** Makes any program the handler of turns: the turn as JSON on stdin, its output as JSON on stdout, its exit code the verdict. */
import { constants } from "node:os";
import type { InvalidAnswer, TurnContext, TurnHandler, TurnOutput } from "../client/handlers.ts";
import { TurnFailure } from "../client/handlers.ts";
import type { TakeNote } from "../client/note.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { limits } from "../contract/limits.ts";
import { type ArtifactFolder, openArtifactFolder } from "./artifact-folder.ts";
import { execLimits } from "./limits.ts";
import { makePrompt } from "./presets/make-prompt.ts";
import type { Said } from "./presets/preset.ts";
import { isBusy } from "./presets/presets.ts";
import { pickProgramEnv } from "./program-env.ts";
import { findUsage, readOutput } from "./read-output.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";

/** sysexits' EX_TEMPFAIL: the program says that another attempt may go better. */
const tryAgain = 75;

/** What to run for each turn. */
export interface ProgramOptions {
  command: string;
  /** The machine's; the program gets a part of it. */
  env: Record<string, string | undefined>;
  /** What of it the program gets besides what all programs need: names, or `NAME=value`. */
  passed?: readonly string[];
  timeoutMs?: number | undefined;
  /** How it is told its turn: as a line of JSON, or as a text for a language model. */
  prompt?: PromptForm | undefined;
  /** Reads a model's own words out of what its program printed; absent: all of it is. */
  read?: ((end: ProgramEnd) => Said) | undefined;
  note?: TakeNote;
}

export type PromptForm = "json" | "text";

/** Why the program runs again: what the server did not take, or what could not be read. */
type Invalid = InvalidAnswer & { printed?: string };

/**
 * Makes the handler. What a program printed and nobody can read is handed back to it like an output that the server refused; both
 * count, so that a turn has three answers in all.
 */
export function createProgramHandler({
  command,
  env,
  passed,
  timeoutMs,
  prompt = "json",
  read: readSaid,
  note,
}: ProgramOptions): TurnHandler {
  const inherited = pickProgramEnv(env, passed);
  /** Answers to the newest turns that could not be read. */
  const unread = new Map<string, number>();
  const noteUnread = (turn: string) => {
    const count = (unread.get(turn) ?? 0) + 1;
    unread.delete(turn);
    unread.set(turn, count);
    const [oldest] = unread.keys();
    if (unread.size > execLimits.turns && oldest !== undefined) unread.delete(oldest);
  };

  return async (turn, context): Promise<TurnOutput> => {
    const folder = await openArtifactFolder(turn, context.artifacts, context.signal);
    try {
      return await folder.upload(await perform(turn, context, folder), context.signal);
    } finally {
      await folder.remove();
    }
  };

  async function perform(
    turn: TurnAssigned,
    { signal, invalid: refused, usage }: TurnContext,
    { path, files }: ArtifactFolder,
  ): Promise<TurnOutput> {
    if (!refused) unread.delete(turn.turn);
    let invalid: Invalid | undefined = refused && { ...refused, left: refused.left - (unread.get(turn.turn) ?? 0) };
    if (invalid && invalid.left <= 0) throw new TurnFailure(describeRefused(invalid));
    for (;;) {
      const end = await runProgram({
        command,
        input: prompt === "text" ? makePrompt(turn, invalid) : `${JSON.stringify(invalid ? { ...turn, invalid } : turn)}\n`,
        env: {
          ...inherited,
          NERVEFLARE_TURN: turn.turn,
          NERVEFLARE_ROLE: turn.role.name,
          NERVEFLARE_WORKFLOW: turn.workflow,
          NERVEFLARE_THREAD: turn.thread,
          NERVEFLARE_ARTIFACTS: path,
          NERVEFLARE_ARTIFACTS_IN: JSON.stringify(files),
        },
        signal,
        timeoutMs,
      });
      const said = readSaid?.(end) ?? { text: end.stdout };
      for (const took of [said.usage, ...findUsage(said.text)]) if (took) usage(took);
      if (said.failure !== undefined) throw describeRefusal(said.failure, turn);
      if (end.code !== 0 || end.timedOut) throw describeFailure(end, turn, timeoutMs, readSaid !== undefined && isBusy(end.stderr));
      const read = readOutput(said.text, { schema: turn.role.schema as JsonSchema, cut: said.text === end.stdout && end.cut });
      if (read.ok) return read.output;
      noteUnread(turn.turn);
      const left: number = (invalid?.left ?? limits.invalidAnswers) - 1;
      // What is answered now goes nowhere.
      if (left <= 0 || signal.aborted)
        throw new TurnFailure(`${read.mend}${end.stderr.trim() === "" ? "" : ` On stderr: ${quote(end.stderr)}`}`);
      note?.({ level: "warn", what: "turn.unreadable", message: `${read.mend} (${left} left)`, turn: turn.turn, thread: turn.thread });
      const printed = said.text.slice(-execLimits.printedLength);
      invalid = { errors: [{ path: "", message: read.mend }], left, output: {}, printed };
    }
  }
}

function describeRefused({ errors }: Invalid): string {
  const said = errors.map(({ path, message }) => `${path || "output"}: ${message}`).join("; ");
  return `No output could be taken in ${limits.invalidAnswers} answers; the last was refused: ${said}`;
}

/** A model that gives no answer, as its program says. */
function describeRefusal(said: string, { role, retries }: TurnAssigned): TurnFailure {
  const retryable = isBusy(said);
  const hint =
    retryable && retries === 0 ? ` Give the role ${role.name} \`turn: {retries: 3}\` in its workflow to have it tried again.` : "";
  return new TurnFailure(`The model gave no answer: ${quote(said)}.${hint}`, { retryable });
}

/** Says first what people must do: the server keeps the first half of a long reason. */
function describeFailure(end: ProgramEnd, turn: TurnAssigned, timeoutMs: number | undefined, busy: boolean): TurnFailure {
  const retryable = (end.code === tryAgain || busy) && !end.timedOut;
  const said = end.stderr.trim() === "" ? ", and said nothing on stderr." : `: ${quote(end.stderr)}`;
  const hint = end.timedOut ? "" : describeCode(end.code, turn);
  return new TurnFailure(`${describeEnd(end, timeoutMs)}${hint}${said}`, { retryable });
}

function describeEnd({ code, signal, timedOut }: ProgramEnd, timeoutMs: number | undefined): string {
  if (timedOut) return `The program took longer than ${timeoutMs} ms and was ended`;
  return code === null ? `The program was ended by ${signal}` : `The program ended with code ${code}`;
}

/** What the codes mean that shells and sysexits give a meaning to. */
function describeCode(code: number | null, { role, retries }: TurnAssigned): string {
  if (code === tryAgain && retries === 0)
    return ` (try again), but the role ${role.name} allows no retries, so the turn fails. Give the role \`turn: {retries: 3}\` in its workflow`;
  if (code === 126) return " (the shell found a file that it may not run; `chmod +x` it)";
  if (code === 127) return " (the shell found no such program)";
  const [name] = Object.entries(constants.signals).find(([, number]) => number + 128 === code) ?? [];
  return name === undefined ? "" : ` (128 + ${name})`;
}

function quote(stderr: string): string {
  return stderr.trim().slice(-execLimits.quoteLength);
}
