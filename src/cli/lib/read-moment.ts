/** Moments as people give them: a date, a time, or how long ago. */
import { parseDuration } from "../../compile/source/duration.ts";
import { CliError, exitCodes } from "./command.ts";

/**
 * @returns RFC 3339, as the API takes it; undefined for undefined
 * @throws CliError if it is no moment
 */
export function readMoment(text: string | undefined, now = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const at = ago === undefined ? Date.parse(text) : now - ago;
  if (Number.isNaN(at) || (ago === undefined && !/^\d{4}-\d{2}-\d{2}/.test(text))) {
    throw new CliError(`${JSON.stringify(text)} is no time.`, {
      hint: "Give a date (2026-11-20), a time (2026-11-20T12:00:00Z) or how long ago (30m, 24h, 7d).",
      exitCode: exitCodes.usage,
    });
  }
  return new Date(at).toISOString();
}
