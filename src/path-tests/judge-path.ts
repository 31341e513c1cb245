/** Compares what a host did with what a path says. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Json } from "../contract/event.ts";
import type { Path, PathState } from "../explore/paths/find-paths.ts";
import type { PathEvent, PathOrder, PathReport } from "./path-host.ts";

/** A step at which the host went another way. */
export interface PathFailure {
  machine: Path["machine"];
  title: string;
  /** Keys of the steps up to and with the one that failed. */
  steps: string[];
  expected: PathState;
  actual: PathReport;
}

/** The orders of a path, its beginning first. */
export function listOrders(path: Path): PathOrder[] {
  const { machine } = path;
  const toEvents = (keyed: { event: object }[]): PathEvent[] => keyed.map(({ event }) => event as PathEvent);
  return [
    { machine, input: path.input as Json, decisions: toEvents(path.decisions) },
    ...path.steps.map(({ event, decisions }) => ({ machine, event: event as PathEvent, decisions: toEvents(decisions) })),
  ];
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** The first step that went another way, if any. */
export function judgePath(path: Path, reports: PathReport[]): PathFailure | undefined {
  const expected = [path.expect, ...path.steps.map(({ expect }) => expect)];
  for (const [index, expect] of expected.entries()) {
    const report = reports[index] ?? { value: null, status: "absent", context: null, marks: [], refused: "the run ended early" };
    const same =
      report.refused === undefined &&
      report.status === expect.status &&
      isDeepStrictEqual(report.value, plain(expect.value)) &&
      isDeepStrictEqual(report.context, plain(expect.context));
    if (same) continue;
    const steps = path.steps.slice(0, index).map(({ key }) => key);
    return { machine: path.machine, title: path.title, steps, expected: expect, actual: report };
  }
  return undefined;
}
