/** Makes any program the handler of turns: the turn as JSON on stdin, its output as JSON on stdout, its exit code the verdict. */
import type { TurnHandler, TurnOutput } from "../../client/handlers.ts";
import { TurnFailure } from "../../client/handlers.ts";
import { readOutput } from "./read-output.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";

/** sysexits' EX_TEMPFAIL: the program says that another attempt may go better. */
const tryAgain = 75;
/** Characters of stderr that an error quotes. */
const quoteLength = 800;

/** What to run for each turn. */
export interface ProgramOptions {
  command: string;
  env: Record<string, string | undefined>;
  timeoutMs?: number | undefined;
}

/** Makes the handler. */
export function createProgramHandler({ command, env, timeoutMs }: ProgramOptions): TurnHandler {
  // The operator's secret is not the program's.
  const { NERVEFLARE_ADMIN_TOKEN: _, ...inherited } = env;
  return async (turn, { signal, invalid }): Promise<TurnOutput> => {
    const end = await runProgram({
      command,
      input: `${JSON.stringify(invalid ? { ...turn, invalid } : turn)}\n`,
      env: {
        ...inherited,
        NERVEFLARE_TURN: turn.turn,
        NERVEFLARE_ROLE: turn.role.name,
        NERVEFLARE_WORKFLOW: turn.workflow,
        NERVEFLARE_THREAD: turn.thread,
      },
      signal,
      timeoutMs,
    });
    if (end.code === 0 && !end.timedOut) return readOutput(end.stdout);
    throw new TurnFailure(`${describeEnd(end, timeoutMs)}${quote(end.stderr)}`, { retryable: end.code === tryAgain });
  };
}

function describeEnd({ code, signal, timedOut }: ProgramEnd, timeoutMs: number | undefined): string {
  if (timedOut) return `The program took longer than ${timeoutMs} ms and was ended`;
  return code === null ? `The program was ended by ${signal}` : `The program ended with code ${code}`;
}

function quote(stderr: string): string {
  const text = stderr.trim();
  return text === "" ? ", and said nothing on stderr." : `: ${text.slice(-quoteLength)}`;
}
