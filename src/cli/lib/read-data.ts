/** An event's data as they are given on the command line. */
import { text } from "node:stream/consumers";
import { CliError, exitCodes } from "./command.ts";

/**
 * Reads `--data`: JSON, or `-` for stdin.
 * @throws CliError if it is none
 */
export async function readData(given: string): Promise<unknown> {
  const source = given === "-" ? await text(process.stdin) : given;
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new CliError(`--data is no JSON: ${(cause as Error).message}`, {
      hint: `Quote it for the shell: --data '{"pr": 115}'`,
      exitCode: exitCodes.usage,
    });
  }
}
