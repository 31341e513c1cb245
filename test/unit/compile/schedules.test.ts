/** Schedules in the language: what is refused with a caret, what becomes of one, and what tools say of it. */
import { expect, test } from "vitest";
import { compareWorkflows } from "../../../src/compile/compare/compare-workflows.ts";
import { compileWorkflow, parseWorkflow } from "../../../src/compile/index.ts";
import { readSchedule } from "../../../src/compile/schedules/schedule.ts";
import { makeEvent } from "../../../src/simulate/make-event.ts";

const write = (reflex: string): string => `name: digest
description: Sums up.
binding: cloud
reflexes:
  - ${reflex}
roles:
  worker:
    goal: Do the work.
    frontmatter: { properties: { $status: { const: done } } }
graph:
  $START:
    new: { role: worker, prompt: Work. }
  worker:
    done: { role: $END, prompt: Done. }
`;

const judge = (reflex: string) => {
  const text = write(reflex);
  return parseWorkflow(text).diagnostics.map(({ name, span, hint }) => [name, text.slice(span.start, span.end), hint]);
};

test("[CHECK48] a schedule that says nothing, never comes or comes too often is refused, and a zone by the nearest name", () => {
  expect(judge("{ kind: workflow, schedule: 0 9 * * 1-5, timezone: Europe/Berlin, missed: all, input: { a: 1 } }")).toEqual([]);
  for (const right of ["'@daily'", "0 0 29 2 *", "'*/1 * * * *'", "30 0 9 * * MON", "0 0 L * *"])
    expect(judge(`{ kind: workflow, schedule: ${right} }`), right).toEqual([]);
  for (const wrong of ["61 * * * *", "9 o'clock", "'* * * *'", "0 9 * * 8", "'2026-01-01T00:00:00'", "'*/0 * * * *'"])
    expect(judge(`{ kind: workflow, schedule: ${wrong} }`), wrong).toMatchObject([
      ["bad-schedule", wrong, expect.stringContaining("minute, hour")],
    ]);
  expect(judge("{ kind: workflow, schedule: 0 9 * * *, timezone: Europe/Berln }")).toEqual([
    ["unknown-timezone", "Europe/Berln", "did you mean `Europe/Berlin`?"],
  ]);
  expect(judge("{ kind: workflow, schedule: 0 9 31 4 * }")).toMatchObject([["schedule-never-due", "0 9 31 4 *", expect.anything()]]);
  expect(judge("{ kind: workflow, schedule: '0,30 0 9 * * *' }")).toMatchObject([
    ["schedule-too-frequent", "'0,30 0 9 * * *'", expect.anything()],
  ]);
  expect(judge("{ kind: workflow, on: [a.b], schedule: 0 9 * * * }")).toMatchObject([["bad-schedule", "schedule", "write two reflexes"]]);
  expect(judge("{ kind: workflow, on: [a.b], missed: all }")).toMatchObject([["unknown-field", "missed", undefined]]);
  expect(judge("{ kind: workflow }")).toMatchObject([["missing-field", expect.anything(), undefined]]);
  expect(judge("{ kind: signal, schedule: 0 9 * * *, on: [a.b], key: data.a, signal: cancel }").map(([name]) => name)).toContain(
    "unknown-field",
  );
  expect(judge("{ kind: workflow, schedule: 0 9 * * *, missed: allways }").map(([name]) => name)).toEqual(["wrong-value"]);
  expect(judge("{ kind: workflow, schedule: 0 9 * * *, input: 'plannd' }")).toMatchObject([
    ["unknown-name", "plannd", expect.stringContaining("planned")],
  ]);
});

test("[CHECK48] what is left out is filled in, a revision's changes are told, and a simulation begins as a run does", async () => {
  const [before, after] = await Promise.all(
    ["{ kind: workflow, schedule: 0 9 * * * }", "{ kind: workflow, schedule: 0 10 * * *, missed: skip }"].map(
      async (reflex) => (await compileWorkflow(write(reflex))).compiled,
    ),
  );
  if (!before || !after) throw new Error("does not compile");
  expect(before.ir.reflexes).toEqual([{ kind: "workflow", on: [], schedule: { cron: "0 9 * * *", timezone: "UTC", missed: "once" } }]);
  expect(compareWorkflows(before.ir, after.ir)).toMatchObject([
    { part: "reflex", what: "changed", at: "workflow at 0 10 * * *, schedule", breaks: ["senders"] },
  ]);
  expect(makeEvent(before, undefined, 1).event).toMatchObject({
    type: "nerve.schedule.due",
    data: { schedule: "0 9 * * *", timezone: "UTC" },
  });
});

test("[SCHED6] the last runs are those that were to come, also over a change of the clocks", () => {
  for (const cron of ["30 2 * * *", "*/30 * * * *", "0 9 * * 1-5"])
    for (const from of ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"]) {
      const read = readSchedule(cron, "Europe/Berlin");
      if (!read.ok) throw new Error(read.error);
      const coming: number[] = [];
      for (let run = read.schedule.next(Date.parse(from)); run !== undefined && coming.length < 60; run = read.schedule.next(run))
        coming.push(run);
      expect(read.schedule.last(coming.at(-1) ?? 0, 60), `${cron} ${from}`).toEqual(coming.toReversed());
    }
});
