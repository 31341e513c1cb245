import { describe, expect, it } from "vitest";
import { evaluateExpression } from "../../../../src/compile/decide/expression.ts";
import { evaluateReflex, matchesKind, type ReflexEvent } from "../../../../src/compile/decide/reflex.ts";
import type { ReflexIr } from "../../../../src/compile/ir.ts";

const event: ReflexEvent = { type: "pr.ready_for_review", agent: "abe", data: { repo: "nerve", pr: 115, urgent: 2 } };

async function judge(reflex: ReflexIr, over: ReflexEvent = event) {
  const result = await evaluateReflex(reflex, over);
  if (!result.ok) throw new Error(result.error.message);
  return result.verdict;
}

describe("reflexes", () => {
  it("[ROUTE1] listen to exact kinds and to prefixes; to nerve's own only by exact kind", () => {
    expect(matchesKind(["pr.opened", "review.*"], "review.approved")).toBe(true);
    expect(matchesKind(["review.*"], "review")).toBe(false);
    expect(matchesKind(["review.*"], "reviews.approved")).toBe(false);
    expect(matchesKind(["nerve.*", "*"], "nerve.thread.suspended")).toBe(false);
    expect(matchesKind(["nerve.thread.suspended"], "nerve.thread.suspended")).toBe(true);
  });

  it("[ROUTE2] start under a key, with a priority", async () => {
    const reflex: ReflexIr = {
      kind: "workflow",
      on: ["pr.*"],
      when: "$not(data.draft = true)",
      key: ["data.repo & '#' & $string(data.pr)"],
      priority: "data.urgent",
    };
    expect(await judge(reflex)).toEqual({ fires: true, key: "nerve#115", priority: 2, emits: [] });
    expect(await judge(reflex, { ...event, data: { draft: true } })).toEqual({ fires: false, why: "when" });
    expect(await judge(reflex, { ...event, type: "issue.opened" })).toEqual({ fires: false, why: "kind" });
  });

  it("[ROUTE2] start nothing where a part of the key is missing or empty, and say so", async () => {
    const reflex: ReflexIr = { kind: "signal", on: ["pr.*"], key: ["data.repo", "data.number"], signal: "cancel" };
    expect(await judge(reflex)).toMatchObject({ fires: false, why: "key" });
    expect(await judge(reflex, { ...event, data: { repo: "", number: 1 } })).toMatchObject({ fires: false, why: "key" });
    expect(await judge(reflex, { ...event, data: { repo: "a", number: 1 } })).toMatchObject({ fires: true, key: '["a","1"]' });
  });

  it("[ROUTE3] publish events", async () => {
    const reflex: ReflexIr = {
      kind: "emit",
      on: ["pr.*"],
      emit: [{ kind: "fleet.notify", data: { kind: "expression", source: "data" }, to: { kind: "literal", text: "cap:ops" } }],
    };
    expect(await judge(reflex)).toMatchObject({ emits: [{ kind: "fleet.notify", data: event.data, to: "cap:ops" }] });
  });

  it("[LANG19] have strings that see the event, also by the name that prompts know it by", async () => {
    const value = { who: "{{ agent }}", repo: "{{ _event.data.repo }}{{ data.repo }}" };
    const emit = [{ kind: "a.b", data: { kind: "literal" as const, value, liquid: true } }];
    expect(await judge({ kind: "emit", on: ["pr.*"], emit })).toMatchObject({ emits: [{ data: { who: "abe", repo: "nervenerve" } }] });
  });

  it("[ROUTE4] give an author's mistake as data", async () => {
    expect(await evaluateReflex({ kind: "workflow", on: ["pr.*"], when: "$error('no')" }, event)).toMatchObject({
      ok: false,
      error: { code: "expression_failed" },
    });
  });
});

describe("expressions", () => {
  it("[DECIDE13] give plain JSON, and undefined for nothing", async () => {
    expect(await evaluateExpression("items[n > 1]", { items: [{ n: 1 }, { n: 2 }, { n: 3 }] })).toEqual({
      ok: true,
      value: [{ n: 2 }, { n: 3 }],
    });
    expect(await evaluateExpression("nothing", {})).toEqual({ ok: true, value: undefined });
    expect(await evaluateExpression("1/3 > 0.3", {})).toEqual({ ok: true, value: true });
  });

  it("[DECIDE13] are bounded in input, sequence and result", async () => {
    expect(await evaluateExpression("1", { text: "x".repeat(17 * 1024 * 1024) })).toMatchObject({
      ok: false,
      error: { code: "input_too_large" },
    });
    expect(await evaluateExpression("$count([1..1000000])", {})).toMatchObject({ ok: false, error: { code: "expression_failed" } });
    expect(await evaluateExpression("text & text & text", { text: "x".repeat(400_000) })).toMatchObject({
      ok: false,
      error: { code: "result_too_large" },
    });
  });

  it("[DECIDE13] do not touch the prototype", async () => {
    for (const source of ["constructor", "__proto__", "data.constructor.name"])
      expect(await evaluateExpression(source, { data: {} })).toEqual({ ok: true, value: undefined });
  });
});
