/** When a schedule is due: cron, in a time zone. Knows no workflow and no clock. */
import { Cron } from "croner";

export interface Schedule {
  /** The first run after a moment, in milliseconds since 1970; undefined: never again. */
  next(after: number): number | undefined;
  /** The last runs up to and with a moment, newest first; at most so many. */
  last(until: number, count: number): number[];
}

/** A schedule that cannot be one, and which of its two parts says so. */
export type ReadSchedule = { ok: true; schedule: Schedule } | { ok: false; part: "schedule" | "timezone"; error: string };

/** Five parts, or six with seconds first; or a name such as `@daily`. The library takes dates as well, which are no schedules. */
const shape = /^\s*(?:@[a-z]+|\S+(?:\s+\S+){4,5})\s*$/i;

/**
 * Reads a schedule. A time of day that a change of the clocks leaves out is due at the first moment after the gap; one that comes twice
 * is due once, the first time. Schedules by the minute or hour (`*`, `*\/n`) go on by elapsed time.
 */
export function readSchedule(cron: string, timezone: string): ReadSchedule {
  if (!isTimezone(timezone)) return { ok: false, part: "timezone", error: `There is no time zone \`${timezone}\`.` };
  if (!shape.test(cron))
    return { ok: false, part: "schedule", error: "A schedule has five parts: minute, hour, day, month, day of the week." };
  try {
    return { ok: true, schedule: createSchedule(new Cron(cron, { timezone, mode: "5-or-6-parts", paused: true })) };
  } catch (error) {
    return {
      ok: false,
      part: "schedule",
      error: `${(error as Error).message.replace(/^CronPattern: /, "").replace(/^./, (first) => first.toUpperCase())}.`,
    };
  }
}

function createSchedule(cron: Cron): Schedule {
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime(),
    // The library looks before a moment, in whole seconds.
    last: (until, count) =>
      cron
        .previousRuns(count, new Date(until + 1_000))
        .map((run) => run.getTime())
        .filter((run) => run <= until),
  };
}

/** Whether the platform knows a time zone. */
export function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}
