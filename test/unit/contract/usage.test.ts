/** What agents say that a turn took: which of it is taken, and how it is added up. */
import { describe, expect, test } from "vitest";
import { agentKinds } from "../../../src/contract/kinds/agent-kinds.ts";
import { limits } from "../../../src/contract/limits.ts";
import { addUsage, describeUsage, findUsageFault, readUsage, type SaidUsage, toSaid, type Usage } from "../../../src/contract/usage.ts";

const respond = agentKinds["nerve.turn.respond"].data;
const say = (usage: unknown) => respond.safeParse({ turn: "t:1", lease: 1, output: {}, usage });
const sum = (...said: SaidUsage[]): Usage | undefined =>
  said.flatMap((each) => readUsage(each) ?? []).reduce<Usage | undefined>(addUsage, undefined);

describe("usage", () => {
  test.each<[string, object, Usage | undefined]>([
    ["a number of tokens", { tokens: 12 }, { tokens: 12 }],
    ["what was read and written", { tokens: { input: 10, output: 2 } }, { tokens: 12, input: 10, output: 2 }],
    ["only what was written", { tokens: { output: 2 } }, { tokens: 2, input: 0, output: 2 }],
    ["what came from a cache", { tokens: { input: 10, output: 2, cached: 7 } }, { tokens: 12, input: 10, output: 2, cached: 7 }],
    ["more from a cache than was read", { tokens: { input: 10, output: 2, cached: 11 } }, { tokens: 12, input: 10, output: 2, cached: 10 }],
    ["a cost alone", { cost: 0.25 }, { tokens: 0, cost: 0.25 }],
    ["nothing, said twice", { tokens: 0, cost: 0 }, { tokens: 0, cost: 0 }],
    ["a cost of many places", { cost: 0.12345678949 }, { tokens: 0, cost: 0.123456789 }],
    ["what a later version says", { tokens: 1, model: "m", energy: 3 }, { tokens: 1 }],
    ["nothing at all", {}, undefined],
    ["the most", { tokens: limits.usageTokens, cost: limits.usageCost }, { tokens: limits.usageTokens, cost: limits.usageCost }],
  ])("[USAGE1] is taken: %s", (_, said, kept) => {
    const { data } = say(said);
    expect(data?.usage && readUsage(data.usage)).toEqual(kept);
  });

  test.each<[string, unknown]>([
    ["less than no tokens", { tokens: -1 }],
    ["less than no cost", { cost: -0.01 }],
    ["a number that is none", { tokens: Number.NaN }],
    ["a cost that is none", { cost: Number.NaN }],
    ["a cost without end", { cost: Number.POSITIVE_INFINITY }],
    ["a part of a token", { tokens: 1.5 }],
    ["tokens as text", { tokens: "12" }],
    ["a cost as text", { cost: "0.25" }],
    ["too many tokens", { tokens: limits.usageTokens + 1 }],
    ["too many written", { tokens: { input: 1, output: limits.usageTokens + 1 } }],
    ["less than nothing from a cache", { tokens: { input: 1, output: 1, cached: -1 } }],
    ["too great a cost", { cost: limits.usageCost + 1 }],
    ["null", null],
    ["a text", "much"],
    ["a number", 12],
    ["a list", [12]],
  ])("[USAGE2] is refused, by name: %s", (_, said) => {
    const parsed = say(said);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.path[0]).toBe("usage");
    // The client tells before it sends.
    if (typeof said === "object" && said !== null && !Array.isArray(said)) expect(findUsageFault(said)).toEqual(expect.any(String));
  });

  test("[USAGE3] is added up without what floating point loses, in any order", () => {
    const tenths = Array.from({ length: 1_000 }, (): SaidUsage => ({ tokens: 3, cost: 0.1 }));
    expect(sum(...tenths)).toEqual({ tokens: 3_000, cost: 100 });
    expect(sum({ cost: 0.1 }, { cost: 0.2 })).toEqual({ tokens: 0, cost: 0.3 });
    const mixed: SaidUsage[] = [{ tokens: 5 }, { tokens: { input: 10, output: 2, cached: 1 }, cost: 0.000000001 }, { cost: 123456.789 }];
    expect(sum(...mixed)).toEqual({ tokens: 17, input: 10, output: 2, cached: 1, cost: 123456.789000001 });
    expect(sum(...mixed.toReversed())).toEqual(sum(...mixed));
  });

  test("[USAGE3] stays at the most that a double counts", () => {
    const most = { tokens: Number.MAX_SAFE_INTEGER, cost: 9_007_199 };
    expect(addUsage(most, { tokens: 5, cost: 5 })).toEqual({ tokens: Number.MAX_SAFE_INTEGER, cost: Number.MAX_SAFE_INTEGER / 1e9 });
  });

  test("[USAGE1] a sum may be said again", () => {
    for (const said of [{ tokens: { input: 3, output: 4, cached: 1 }, cost: 2 }, { tokens: 9 }])
      expect(toSaid(readUsage(said) as Usage)).toEqual(said);
    expect(toSaid({ tokens: 9, input: 3, output: 4 })).toEqual({ tokens: 9 });
  });

  test("[USAGE1] is said to people with thousands apart, and a cost with its places", () => {
    expect(describeUsage({ tokens: 1_234_567, input: 1_234_000, output: 567, cached: 1_000, cost: 1234.5 })).toBe(
      "1,234,567 tokens (1,234,000 in, 567 out, 1,000 from a cache), cost 1,234.5",
    );
    expect(describeUsage({ tokens: 1, cost: 0.0000001 })).toBe("1 token, cost 0.0000001");
  });
});
