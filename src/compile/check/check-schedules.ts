/** Checks reflexes with a schedule: that it can be read, that it comes, and not too often. */
import { findNearestName } from "../../contract/nearest-name.ts";
import { defaults } from "../defaults.ts";
import type { Report } from "../diagnostics/diagnostic.ts";
import { compileLimits } from "../limits.ts";
import { readSchedule, type Schedule } from "../schedules/schedule.ts";
import { findEntry, findText, type MapNode } from "../source/node.ts";
import { headOf } from "./add-tagged.ts";
import type { Outline } from "./outline.ts";

/** Fields that only a reflex with a schedule has. */
const ofSchedules = ["timezone", "missed", "input"];

/** Reports schedules that say nothing, or too much. */
export function checkSchedules(outline: Outline, report: Report): void {
  for (const reflex of outline.reflexes) if (findText(reflex, "kind")?.value === "workflow") checkReflex(reflex, report);
}

function checkReflex(reflex: MapNode, report: Report): void {
  const [on, entry] = [findEntry(reflex, "on"), findEntry(reflex, "schedule")];
  if (!entry) {
    if (!on) report.add("missing-field", headOf(reflex), "A reflex needs the field `on`, or `schedule`.");
    for (const name of ofSchedules) {
      const stray = findEntry(reflex, name);
      if (stray) report.add("unknown-field", stray.keyNode.span, `\`${name}\` is of reflexes that have a \`schedule\`.`);
    }
    return;
  }
  if (on) {
    const related = [{ span: on.keyNode.span, message: "the kinds that it listens to" }];
    report.add("bad-schedule", entry.keyNode.span, "A reflex has a `schedule`, or it listens to kinds, not both.", {
      hint: "write two reflexes",
      related,
    });
    return;
  }
  const [cron, timezone] = [findText(reflex, "schedule"), findText(reflex, "timezone")];
  if (!cron || (!timezone && findEntry(reflex, "timezone"))) return;
  const read = readSchedule(cron.value, timezone?.value ?? defaults.timezone);
  if (read.ok) {
    checkRuns(read.schedule, cron.span, report);
    return;
  }
  if (read.part === "schedule") {
    report.add("bad-schedule", cron.span, read.error, { hint: "minute, hour, day, month, day of the week, as `0 9 * * 1-5`" });
    return;
  }
  if (!timezone) return;
  const nearest = findNearestName(timezone.value, listTimezones());
  report.add("unknown-timezone", timezone.span, read.error, {
    hint: nearest === undefined ? "a name such as `Europe/Berlin`, or `UTC`" : `did you mean \`${nearest}\`?`,
    ...(nearest !== undefined && { fix: { title: `Write \`${nearest}\``, span: timezone.span, text: nearest } }),
  });
}

/** A moment from which schedules are looked at: whatever day it is, a file is judged alike. */
const from = Date.UTC(2026, 0, 1) - 1;

/** Runs that are looked at: whoever comes too often does so within a few. */
const looked = 70;

function checkRuns(schedule: Schedule, span: { start: number; end: number }, report: Report): void {
  let run = schedule.next(from);
  if (run === undefined) {
    report.add("schedule-never-due", span, "No day has this date: the schedule never comes.", {
      hint: "`0 0 28 2 *` is the 28th of February",
    });
    return;
  }
  for (let count = 0; count < looked; count++) {
    const next = schedule.next(run);
    if (next === undefined) return;
    if (next - run < compileLimits.scheduleInterval) {
      const seconds = compileLimits.scheduleInterval / 1_000;
      report.add("schedule-too-frequent", span, `It comes each ${(next - run) / 1_000} s; ${seconds} s is the least.`, {
        hint: "leave the seconds out: five parts",
      });
      return;
    }
    run = next;
  }
}

function listTimezones(): string[] {
  const { supportedValuesOf } = Intl;
  return typeof supportedValuesOf === "function" ? ["UTC", ...supportedValuesOf("timeZone")] : ["UTC"];
}
