import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StateJson, TransitionJson } from "../../../../machines/config.ts";
import { compileWorkflow, lowerWorkflow, writeCanonicalJson } from "../../../../src/compile/compile-workflow.ts";
import { listParty, listSetApart } from "../../../../src/compile/lower/party.ts";
import { lowerRecruitment } from "../../../../src/compile/lower/recruitment.ts";
import { lowerTask } from "../../../../src/compile/lower/task.ts";
import { codeReview, debate, makeNode, makeRole, makeWorkflow } from "../../machines/workflows.ts";

const examples = ["code-review.yaml", "debate.yaml"].map((file) =>
  readFileSync(join(import.meta.dirname, "../../../../workflows", file), "utf8"),
);

function listTransitions(state: StateJson | undefined): TransitionJson[] {
  const onDone = state?.invoke?.onDone ?? [];
  return Array.isArray(onDone) ? onDone : [onDone];
}

describe("compileWorkflow", () => {
  it("[LOWER1] gives plain JSON: it survives the way through text", () => {
    for (const text of examples) {
      const { compiled } = compileWorkflow(text);
      expect(compiled).toBeDefined();
      expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled);
    }
  });

  it("[LOWER2] gives the same revision for the same workflow, and another for another", () => {
    const revisions = examples.map((text) => compileWorkflow(text).compiled?.revision ?? "");
    expect(revisions).toEqual(examples.map((text) => compileWorkflow(`${text}\n# a comment\n`).compiled?.revision));
    expect(new Set(revisions).size).toBe(2);
    expect(revisions[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(lowerWorkflow({ ...codeReview, maxRounds: 21 }).revision).not.toBe(lowerWorkflow(codeReview).revision);
  });

  it("[LOWER1] gives diagnostics and nothing else where there are errors", () => {
    const { compiled, diagnostics } = compileWorkflow("name: x\n");
    expect(compiled).toBeUndefined();
    expect(diagnostics.length).toBeGreaterThan(0);
  });
});

describe("canonical JSON", () => {
  it("[LOWER2] does not depend on the order of keys", () => {
    expect(writeCanonicalJson({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  });
});

describe("the task's picture", () => {
  it("[LOWER3] has a state per role and an edge per transition, labelled as the author wrote it", () => {
    const { active } = lowerTask(codeReview).states;
    expect(Object.keys(active?.states ?? {})).toEqual(["$START", "reviewer", "author", "$resume"]);
    const labels = listTransitions(active?.states?.["reviewer"]?.states?.["deciding"]).map(({ description }) => description);
    expect(labels).toEqual(["approved", "$MAX_ROUNDS", "$SUSPEND", "changes_requested", "no edge"]);
    const conditions = listTransitions(lowerTask(debate).states["active"]?.states?.["for"]?.states?.["deciding"]).map(
      ({ description }) => description,
    );
    expect(conditions).toContain("otherwise");
  });

  it("[LOWER4] ends every invoke with an unguarded transition, and has one timer per state", () => {
    const walk = (state: StateJson): void => {
      if (state.invoke) expect(listTransitions(state).at(-1)?.guard).toBeUndefined();
      expect(Object.keys(state.after ?? {}).length).toBeLessThanOrEqual(1);
      for (const child of Object.values(state.states ?? {})) walk(child);
    };
    for (const ir of [codeReview, debate]) for (const config of [lowerTask(ir), lowerRecruitment(ir)]) walk(config);
  });
});

describe("the party", () => {
  const ir = makeWorkflow({
    roles: [
      makeRole({ name: "a", recruitment: { group: "one" } }),
      makeRole({ name: "b", recruitment: { group: "one" }, eligibility: { notRoles: ["a"] } }),
      makeRole({ name: "c", recruitment: { group: "two" }, eligibility: { notRoles: ["a"] } }),
      makeRole({ name: "d", bind: "turn", recruitment: { group: "one" } }),
      makeRole({ name: "e", type: "named", agent: { id: "x" } }),
      makeRole({ name: "f", type: "broadcast" }),
    ],
    nodes: [
      makeNode("$START", { new: "a", resume: "c" }),
      ...["a", "b", "c", "d", "e", "f"].map((name) => makeNode(name, { done: "$END" })),
    ],
  });

  it("[RECR28] is the named and the group of $START's target; pools and broadcasts are not waited for", () => {
    expect(listParty(ir, "new")).toEqual(["a", "b", "e"]);
    expect(listParty(ir, "resume")).toEqual(["c", "e"]);
  });

  it("[RECR14] honours `not` within a group in both directions, across groups in one", () => {
    const find = (name: string) => ir.roles.find((role) => role.name === name) as (typeof ir.roles)[0];
    expect(listSetApart(ir, find("a"))).toEqual(["b"]);
    expect(listSetApart(ir, find("b"))).toEqual(["a"]);
    expect(listSetApart(ir, find("c"))).toEqual(["a"]);
  });

  it("[LOWER5] has a region for every role but broadcasts, and $thread's can be no role's", () => {
    expect(Object.keys(lowerRecruitment(ir).states["open"]?.states ?? {})).toEqual(["$thread", "a", "b", "c", "d", "e"]);
  });
});
