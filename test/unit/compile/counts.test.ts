/** How much work a check is, by counts: times tell little on a machine that does something else beside. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { generateWorkflow } from "../../../bench/compile/generate-workflow.ts";

const counted = ["check/meaning.ts", "expressions/parse-expression.ts", "meaning/infer.ts", "source/read-yaml.ts"];

/** The compiler and the language server, loaded anew with counters: this process may have them already. */
async function load() {
  vi.resetModules();
  for (const place of counted) vi.doMock(`../../../src/compile/${place}`, { spy: true });
  const yaml = await import("../../../src/compile/source/read-yaml.ts");
  const { createMeaning } = await import("../../../src/compile/check/meaning.ts");
  const { parseExpression } = await import("../../../src/compile/expressions/parse-expression.ts");
  const { infer } = await import("../../../src/compile/meaning/infer.ts");
  const { parseWorkflow } = await import("../../../src/compile/parse-workflow.ts");
  const { analyse } = await import("../../../src/lsp/analysis.ts");
  const { suggestAt } = await import("../../../src/lsp/completion.ts");
  const calls = (spied: unknown): number => vi.mocked(spied as () => void).mock.calls.length;
  return {
    ...{ parseWorkflow, analyse, suggestAt },
    count: () => ({
      read: calls(yaml.readYaml) + calls(yaml.readBrokenYaml),
      typed: calls(createMeaning),
      parsed: calls(parseExpression),
      inferred: calls(infer),
    }),
  };
}

let loaded: Awaited<ReturnType<typeof load>>;
beforeAll(async () => {
  loaded = await load();
});
beforeEach(() => vi.clearAllMocks());
afterAll(() => {
  for (const place of counted) vi.doUnmock(`../../../src/compile/${place}`);
  vi.resetModules();
});

describe.each(["status", "list"] as const)("a file of 250 KB whose graph is in %s form", (form) => {
  const text = generateWorkflow(form, 250 * 1024);
  const expressionsOf = new Set([...text.matchAll(/(?:expression|where): "([^"]*)"/g)].map(([, source]) => source));
  const places = [...text.matchAll(/(?:expression|where): "/g)].length;
  const most = { read: 1, typed: 1, parsed: expressionsOf.size, inferred: places };

  test("[CHECK45] is read once and typed once, each expression is parsed once, and judged once where it stands", () => {
    const { parseWorkflow, count } = loaded;
    expect(parseWorkflow(text).ir).toBeDefined();
    expect(count()).toEqual(most);
  });

  test("[LSP27] each change in the editor takes that once, and completion reads the text once and judges nothing", () => {
    const { analyse, suggestAt, count } = loaded;
    const analysis = analyse("a.yaml", text, undefined, undefined);
    expect(count()).toEqual(most);
    vi.clearAllMocks();
    expect(suggestAt(text, text.lastIndexOf("role: role-") + 9, undefined, analysis.outline).items.length).toBeGreaterThan(60);
    expect(count()).toEqual({ read: 1, typed: 0, parsed: 0, inferred: 0 });
  });
});
