/** Durations on the command line, as the API takes them. */
import { readDuration } from "../../client/heartbeat.ts";
import { CliError, exitCodes } from "./command.ts";

/** Whole seconds of a duration; undefined for none. @throws CliError */
export function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = text === "0" ? 0 : readDuration(text);
  if (milliseconds === undefined)
    throw new CliError(`${JSON.stringify(text)} is no duration.`, { hint: "Give one such as 30s, 10m or 2h.", exitCode: exitCodes.usage });
  return Math.round(milliseconds / 1000);
}
