/** Schedules, on the cluster in memory whose clock moves by hand: what starts when, once, whatever happens meanwhile. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { scheduleLimits } from "../../src/durable/workflow/schedules.ts";
import { createThreadCluster } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const minute = 60_000;
const hour = 60 * minute;

function write(reflexes: string, more = ""): string {
  return `name: digest
binding: cloud
description: Sums up.
${more}
reflexes:
${reflexes}
roles:
  worker:
    type: named
    agent: w
    description: Works.
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: worker, prompt: "Sum up {{ data.planned }}." } }
  worker: { done: { role: $END, prompt: "Done." } }
`;
}

const unscheduled = write("  - { kind: workflow, on: [digest.asked] }");
const at = (cron: string, more = ""): string => write(`  - { kind: workflow, schedule: "${cron}"${more} }`);

const started = (status: string | undefined): boolean => status !== undefined && status !== "dropped";

/** @param from what the clock says when the workflow is published */
async function open(workflow: string, from: string) {
  const agents = ["w"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow: unscheduled, agents, fate: () => "arrives" });
  const events: { id: string; time: string; data: unknown; verdict: string | undefined; thread: string | null }[] = [];
  cluster.told = (row) => {
    if (row.table !== "event" || row.event.type !== "nerve.schedule.due") return;
    const { id, time, data, source } = row.event;
    expect(source).toBe("/workflows/digest");
    events.push({ id, time, data, verdict: row.routing?.verdicts[0]?.verdict, thread: row.thread });
  };
  cluster.turnClock(Date.parse(from) - cluster.now());
  await cluster.publish(workflow);
  return {
    cluster,
    events,
    times: () => events.map(({ time }) => time),
    /** Until a moment, with everything that is due. */
    until: (time: string) => cluster.advance(Date.parse(time) - cluster.now()),
    show: () => cluster.workflow("digest").admission().schedules,
    /** Threads that began, in the order of their runs. */
    threads: () => [...new Set(events.map(({ thread }) => thread ?? ""))].filter((thread) => started(cluster.index.get(thread)?.status)),
  };
}

test("[SCHED1] a schedule starts a thread at each planned time, with the time as its data, and says when it is due next", async () => {
  const { until, events, show, threads } = await open(at("0 9 * * 1-5", ", timezone: Europe/Berlin"), "2026-11-26T12:00:00Z");
  const each = { schedule: "0 9 * * 1-5", timezone: "Europe/Berlin" };
  expect(show()).toEqual([{ ...each, next: "2026-11-27T08:00:00.000Z", last: null }]);
  await until("2026-11-27T07:59:59Z");
  expect(events).toEqual([]);
  // Friday, then Monday.
  await until("2026-11-30T08:00:01Z");
  const [first, second] = events;
  expect(first).toMatchObject({
    time: "2026-11-27T08:00:00.000Z",
    data: { planned: "2026-11-27T08:00:00.000Z", ...each },
    verdict: "fired",
  });
  expect(second?.time).toBe("2026-11-30T08:00:00.000Z");
  expect(threads()).toEqual([first?.thread, second?.thread]);
  expect(show()).toEqual([{ ...each, next: "2026-12-01T08:00:00.000Z", last: "2026-11-30T08:00:00.000Z" }]);
});

test("[SCHED2] nothing happens twice: over a restart at any moment, a publish of the same, and one of another input", async () => {
  const { cluster, until, times, events, threads } = await open(at("*/10 * * * *"), "2026-11-26T12:00:00Z");
  for (let count = 1; count <= 6; count++) {
    await until(`2026-11-26T12:${String(count * 10 - 5).padStart(2, "0")}:00Z`);
    cluster.end("workflow/digest");
    if (count % 2) await cluster.publish(at("*/10 * * * *", `, input: { planned: "${count}" }`));
    await cluster.workflow("digest").alarm();
  }
  await until("2026-11-26T13:00:30Z");
  expect(times()).toEqual([10, 20, 30, 40, 50].map((each) => `2026-11-26T12:${each}:00.000Z`).concat("2026-11-26T13:00:00.000Z"));
  expect(new Set(events.map(({ id }) => id)).size).toBe(6);
  expect(threads().length).toBe(6);
});

describe("[SCHED3] what was missed while the server was down happens as `missed` says", () => {
  test.each([
    ["once", ["2026-11-26T16:30:00.000Z"]],
    ["all", ["13", "14", "15", "16"].flatMap((at) => [`2026-11-26T${at}:00:00.000Z`, `2026-11-26T${at}:30:00.000Z`])],
    ["skip", []],
  ])("%s", async (missed, expected) => {
    const { cluster, until, times, threads } = await open(at("*/30 13-17 * * *", `, missed: ${missed}`), "2026-11-26T12:50:00Z");
    cluster.turnClock(4 * hour);
    await cluster.advance(0);
    expect(times()).toEqual(expected);
    await until("2026-11-26T17:00:01Z");
    expect(times()).toEqual([...expected, "2026-11-26T17:00:00.000Z"]);
    expect(threads().length).toBe(expected.length + 1);
  });

  test("a run that is late by little is not missed, and of very many the last hundred happen", async () => {
    const skipping = await open(at("0 13 * * *", ", missed: skip"), "2026-11-26T12:59:00Z");
    skipping.cluster.turnClock(minute + scheduleLimits.late);
    await skipping.cluster.advance(0);
    expect(skipping.times()).toEqual(["2026-11-26T13:00:00.000Z"]);
    const all = await open(at("* * * * *", ", missed: all"), "2026-11-26T00:00:30Z");
    all.cluster.turnClock(24 * hour);
    await all.cluster.advance(0);
    expect(all.times()).toHaveLength(scheduleLimits.missed);
    expect([all.times()[0], all.times().at(-1)]).toEqual(["2026-11-26T22:21:00.000Z", "2026-11-27T00:00:00.000Z"]);
  });
});

test("[SCHED4] a pause stops it, and what was due meanwhile was missed; a withdrawal ends it, and published again it begins anew", async () => {
  const { cluster, until, times, show } = await open(at("0 * * * *"), "2026-11-26T12:30:00Z");
  const queue = () => cluster.workflow("digest");
  await queue().pause({ by: "carol", reason: null, since: "2026-11-26T12:30:00Z" });
  await until("2026-11-26T15:30:00Z");
  expect(times()).toEqual([]);
  await queue().pause(null);
  await cluster.advance(0);
  expect(times()).toEqual(["2026-11-26T15:00:00.000Z"]);
  cluster.withdraw("digest");
  // Nobody told it: it finds out when it is due.
  await until("2026-11-26T16:30:00Z");
  expect([times().length, show()]).toEqual([1, undefined]);
  await cluster.publish(at("0 * * * *"));
  await until("2026-11-26T17:00:01Z");
  expect(times().slice(1)).toEqual(["2026-11-26T17:00:00.000Z"]);
});

test("[SCHED5] a revision's schedules hold in place of those before; a new one has missed nothing, and two that are alike run both", async () => {
  const { cluster, until, times, events } = await open(at("0 13 * * *"), "2026-11-26T12:30:00Z");
  await cluster.publish(at("0 12 * * *"));
  await until("2026-11-27T11:59:00Z");
  expect(times()).toEqual([]);
  const twice = `  - { kind: workflow, schedule: "0 12 * * *", input: { n: 1 } }\n  - { kind: workflow, schedule: "0 12 * * *", input: { n: 2 } }`;
  await cluster.publish(write(twice));
  await until("2026-11-27T12:00:01Z");
  expect(events.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }]);
  await cluster.publish(unscheduled);
  await until("2026-11-29T12:00:01Z");
  expect(times()).toHaveLength(2);
});

describe("[SCHED6] over a change of the clocks", () => {
  test.each<[string, string, string, string[]]>([
    [
      "a time that is not there is at the end of the gap",
      "30 2 * * *",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"],
    ],
    [
      "a time that comes twice is once, the first",
      "30 2 * * *",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
    ],
  ])("%s", async (_, cron, from, expected) => {
    for (const missed of ["once", "all"]) {
      const { cluster, times } = await open(at(cron, `, timezone: Europe/Berlin, missed: ${missed}`), from);
      await cluster.advance(40 * hour);
      expect(times(), missed).toEqual(expected);
    }
  });

  test("a schedule by the half hour goes on by elapsed time", async () => {
    for (const [from, to] of [
      ["2026-03-29T00:10:00Z", "2026-03-29T02:10:00Z"],
      ["2026-10-25T00:10:00Z", "2026-10-25T02:10:00Z"],
    ] as const) {
      const { until, times } = await open(at("*/30 * * * *", ", timezone: Europe/Berlin"), from);
      await until(to);
      const steps = times().map((time, index, all) => Date.parse(time) - Date.parse(all[index - 1] ?? time));
      expect(steps).toEqual([0, 30 * minute, 30 * minute, 30 * minute]);
    }
  });
});

test("[SCHED7] a clock that is set back makes nothing happen twice, and one that was far ahead does not stop it for long", async () => {
  const { cluster, until, times, threads, events } = await open(at("0 * * * *"), "2026-11-26T12:30:00Z");
  await until("2026-11-26T14:30:00Z");
  cluster.turnClock(-2 * hour);
  await until("2026-11-26T15:00:01Z");
  const right = ["13", "14", "15"].map((at) => `2026-11-26T${at}:00:00.000Z`);
  expect(times()).toEqual(right);
  // A year ahead for a moment, and back.
  cluster.turnClock(365 * 24 * hour);
  await cluster.advance(minute);
  cluster.turnClock(-365 * 24 * hour - minute);
  cluster.end("workflow/digest");
  await cluster.publish(at("0 * * * *"));
  await until("2026-11-26T16:00:01Z");
  // What happened a little before is known by its id.
  expect([...new Set(times())]).toEqual([...right, "2027-11-26T15:00:00.000Z", "2026-11-26T16:00:00.000Z"]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(5);
  expect(threads().length).toBe(5);
});

test("[SCHED8] `when`, `key` and the workflow's `input` are judged as for any event, and the log says why nothing started", async () => {
  const due = (more: string, input = "") =>
    open(write(`  - { kind: workflow, schedule: "0 13 * * *"${more} }`, input), "2026-11-26T12:59:00Z");
  const verdictOf = async (more: string, input?: string) => {
    const { cluster, events, threads } = await due(more, input);
    await cluster.advance(2 * minute);
    return [events[0]?.verdict, threads().length];
  };
  expect(await verdictOf(`, when: "data.planned = '2026-11-26T13:00:00.000Z'"`)).toEqual(["fired", 1]);
  expect(await verdictOf(`, when: "data.planned = 'never'"`)).toEqual(["when", 0]);
  expect(await verdictOf(`, key: data.absent`)).toEqual(["key", 0]);
  expect(await verdictOf(`, input: "{ 'day': $substring(planned, 0, 10) }"`, "input: { required: [day] }")).toEqual(["fired", 1]);
  expect(await verdictOf("", "input: { required: [day] }")).toEqual(["input", 0]);
  expect(await verdictOf(`, input: "$error('no')"`)).toEqual(["error", 0]);
  const held = await open(write(`  - { kind: workflow, schedule: "0 * * * *", key: "'one'" }`), "2026-11-26T12:59:00Z");
  await held.cluster.advance(3 * hour);
  // The first has the key, and lives.
  expect([held.events.length, held.threads().length]).toEqual([3, 1]);
});
