/** Paths take every state and transition that can be taken; what is left comes with a reason; the real host goes the same way. */
import { describe, expect, test } from "vitest";
import type { CompiledWorkflow } from "../../../src/compile/index.ts";
import { explainUncovered, findPaths, followKeys, listKeys, type MachinePaths } from "../../../src/explore/paths/find-paths.ts";
import { judgePath } from "../../../src/path-tests/judge-path.ts";
import { runPathInNode } from "../../../src/path-tests/run-paths-in-node.ts";
import { compileExample, compileText, fleet, writePair, writePanel } from "../../unit/explore/compile-text.ts";

/** What no workflow of any kind here leads to. */
const never =
  "dormant|deciding thread.suspend|seating always|seeking always|child.ended|delivery.refused|role.(bound|unfilled|lost|offline|online)";

/** The workflows, and what moreover is out of reach in each. */
const workflows: [title: string, make: () => CompiledWorkflow, unreachable: string][] = [
  ["code-review", () => compileExample("code-review"), never],
  ["debate", () => compileExample("debate"), never],
  // Nobody is waited for before the thread runs.
  [
    "a pool with the best claim",
    () => compileText(writePair("bind: turn\n    recruitment: { pick: best, score: load, retries: 3 }")),
    `${never}|assembling`,
  ],
  // Its turn is nobody's in particular.
  ["a broadcast", () => compileText(fleet), `${never}|assembling|suspended turn`],
  ["a broadcast after a role and after itself, list form", () => compileText(writePanel()), never],
  [
    "a broadcast after a role and after itself, status form",
    () => compileText(writePanel(undefined, "status")),
    `${never}|assembling|beginning always 1`,
  ],
  ["a panel of many, of whom some are needed", () => compileText(writePanel("{ ack: { need: 9, ok: vote }, of: 12 }")), never],
  ["a panel of one", () => compileText(writePanel("{ ack: { need: any }, of: 1 }")), never],
];

describe.each(workflows)("the paths of %s", (_title, make, unreachable) => {
  const compiled = make();
  const found = new Map<string, MachinePaths>();
  function find(which: MachinePaths["machine"]): MachinePaths {
    const paths = found.get(which) ?? findPaths(compiled, which);
    found.set(which, paths);
    return paths;
  }

  test.each(["recruitment", "task"] as const)("[PATH1] take all of the %s that can be taken, on the real host", async (which) => {
    const { paths, marked, bounded } = find(which);
    expect(bounded).toBe(false);
    const covered = new Set<string>();
    for (const path of paths) {
      const run = await runPathInNode(path, { ...compiled, [which]: marked.config });
      expect(run.failure).toBeUndefined();
      for (const mark of run.marks) covered.add(mark);
    }
    expect([...covered].sort()).toEqual([...new Set(paths.flatMap((path) => path.covers))].sort());
    const missing = marked.places.filter(({ id }) => !covered.has(id));
    expect(missing.map(({ id }) => id).filter((id) => !new RegExp(unreachable).test(id))).toEqual([]);
    for (const place of missing) expect(explainUncovered(place, covered, false)).toMatch(/^unreachable: /);
  });

  test("[PATH2] can be followed again by their keys", () => {
    for (const path of find("task").paths) {
      const { marked: _, ...followed } = followKeys(compiled, "task", path.title, listKeys(path));
      expect(followed).toEqual(path);
    }
  });
});

describe("a path", () => {
  const compiled = compileExample("code-review");

  test("[PATH2] whose key is not taken is refused, with the state it came in", () => {
    expect(() => followKeys(compiled, "task", "new, reviewer", ["moderate new", "turn.answered"])).toThrow(
      /"vacant".*does not take "turn.answered" as step 2/,
    );
    expect(() => followKeys(compiled, "task", "old", [])).toThrow(/begins by new, reviewer/);
  });

  test("[PATH3] fails where the host is elsewhere, has another context, or refused an event", async () => {
    const path = followKeys(compiled, "task", "new, reviewer", ["moderate new", "role.bound reviewer"]);
    const steps = [path.expect, ...path.steps.map(({ expect: state }) => state)];
    const reports = steps.map(({ value, status, context }) => JSON.parse(JSON.stringify({ value, status, context, marks: [] })));
    expect(judgePath(path, reports)).toBeUndefined();
    expect(judgePath(path, [reports[0]])).toMatchObject({ steps: ["role.bound reviewer"], actual: { status: "absent" } });
    expect(judgePath(path, [reports[0], { ...reports[1], value: "suspended" }])).toMatchObject({ steps: ["role.bound reviewer"] });
    expect(judgePath(path, [{ ...reports[0], context: {} }, reports[1]])).toMatchObject({ steps: [] });
    expect(judgePath(path, [reports[0], { ...reports[1], refused: "not_taken" }])).toMatchObject({ actual: { refused: "not_taken" } });
  });
});
