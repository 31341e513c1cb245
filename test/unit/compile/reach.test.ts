/** Edges of a graph of conditions that can never be taken: by the values, the types and the engine's policies that their conditions are about. */
import { describe, expect, test } from "vitest";
import { createModerator } from "../../../src/compile/decide/create-moderator.ts";
import { compileWorkflow } from "../../../src/compile/index.ts";
import { createRandom, sampleSchema } from "../../../src/explore/index.ts";

const typed = `properties: { ok: { type: boolean }, level: { enum: [low, mid, high] }, tag: { type: string }, sure: { type: boolean } }, required: [ok, level, tag]`;

/** A role whose node tries conditions in their order; the last edge has none, unless `rest` is false. */
function listed(conditions: readonly string[], { role = `frontmatter: { ${typed} }`, rest = true, more = "max_rounds: 9" } = {}): string {
  const named = conditions.map((expression, place) => `  c${place}: { description: d, expression: ${JSON.stringify(expression)} }`);
  const edges = conditions.map(
    (_, place) => `    - { role: ${place === conditions.length - 1 && !rest ? "$END" : "w"}, condition: c${place}, prompt: p }`,
  );
  const graph = [...edges, ...(rest ? ["    - { role: $END, prompt: e }"] : [])].join("\n");
  return `name: a\ndescription: b\n${more}\nroles:\n  w: { goal: x, ${role} }\nconditions:\n${named.join("\n")}\ngraph:\n  $START: [{ role: w, prompt: g }]\n  w:\n${graph}\n`;
}

/** Where the types of values tell it already, at the value itself. */
const byMeaning = ["impossible-comparison", "wrong-result", "unknown-field-of-type"];

/** Places of the edges that are never taken, each told once, and what else is told. */
function find(text: string): (number | string)[] {
  const { diagnostics, never = [] } = compileWorkflow(text);
  const told = diagnostics.filter(({ name }) => name === "edge-never-taken").length;
  const meant = diagnostics.filter(({ name }) => byMeaning.includes(name)).length;
  expect(told).toBeLessThanOrEqual(never.length);
  expect(told + meant).toBeGreaterThanOrEqual(never.length);
  const others = diagnostics.flatMap(({ name }) => (name === "edge-never-taken" || byMeaning.includes(name) ? [] : [name]));
  return [...never.map(({ edge }) => Number(edge)), ...others];
}

const at = (path: string): string => `steps[-1].output.${path}`;

describe("by value", () => {
  test.each([
    "true",
    "1",
    "'x'",
    "[]",
    "$not(false)",
    "1 = 1",
    `${at("ok")} or $not(${at("ok")})`,
    `$exists(${at("ok")})`,
    "$count(steps) >= 1",
  ])("[REACH1] behind `%s` nothing is left", (expression) => {
    expect(find(listed([expression]))).toEqual([1]);
  });

  test.each([
    ...[
      "false",
      "0",
      "''",
      "1 = 2",
      "$not(true)",
      `${at("ok")} and $not(${at("ok")})`,
      `${at("level")} = 'low' and ${at("level")} = 'mid'`,
    ],
    ...["$count(steps) = 0", "$count(steps) > 9", "$count(steps[role = 'w']) > 9", `${at("ok")} = true and $last('w').ok = false`],
  ])("[REACH1] `%s` never holds", (expression) => {
    expect(find(listed([expression]))).toEqual([0]);
  });

  test.each([
    ...[at("ok"), at("tag"), `${at("level")} = 'low'`, "$count(steps) > 8", `${at("sure")} or $not(${at("sure")})`],
    ...[
      `$lowercase(${at("tag")}) = 'a' and ${at("tag")} = 'A'`,
      `${at("tag")} > 'a' and ${at("tag")} < 'b'`,
      "steps[-2].output.ok = true",
      at("agreed"),
    ],
  ])("[REACH2] `%s` may hold or not", (expression) => {
    expect(find(listed([expression])).filter((told) => typeof told === "number")).toEqual([]);
  });
});

describe("by type", () => {
  test("[REACH3] what earlier conditions leave nothing of is never tried, and then the last may have a condition", () => {
    const levels = ["low", "mid", "high"].map((level) => `${at("level")} = '${level}'`);
    expect(find(listed(levels))).toEqual([3]);
    expect(find(listed(levels, { rest: false }))).toEqual([]);
    expect(find(listed(levels.slice(0, 2)))).toEqual([]);
    expect(find(listed(levels.slice(0, 2), { rest: false }))).toEqual(["last-transition-conditional"]);
    expect(find(listed([`${at("level")} in ['low', 'mid']`, `${at("level")} = 'low'`]))).toEqual([1]);
    expect(find(listed([`${at("ok")} = true`, `${at("ok")} = false`, `${at("tag")} = 'x'`]))).toEqual([2, 3]);
    expect(find(listed([`${at("ok")} = true`, `true = ( ${at("ok")} )`]))).toEqual([1]);
    expect(find(listed([`${at("ok")} = true`, `$last('w').ok = true`]))).toEqual([1]);
  });

  test("[REACH3] a field that may be absent is one more way", () => {
    const role = "frontmatter: { properties: { ok: { type: boolean } } }";
    expect(find(listed([`${at("ok")} = true`, `${at("ok")} = false`], { role }))).toEqual([]);
    expect(find(listed([`${at("sure")} = true`, `${at("sure")} = false`]))).toEqual([]);
    expect(find(listed([`${at("ok")} = true`, `${at("ok")} = false`], { role: "output: Whatever." }))).toEqual([]);
  });

  test("[REACH3] branches of `oneOf` are ways of their own", () => {
    const role =
      "frontmatter: { oneOf: [{ properties: { kind: { const: a }, ok: { const: true } }, required: [kind, ok] }, { properties: { kind: { const: b }, ok: { const: false } }, required: [kind, ok] }] }";
    expect(find(listed([`${at("kind")} = 'a' and ${at("ok")} = false`], { role }))).toEqual([0]);
    expect(find(listed([`${at("kind")} = 'a'`, `${at("ok")} = false`], { role }))).toEqual([2]);
  });
});

describe("by policy", () => {
  const gone = `$count(${at("missing")}) > 0`;

  test("[REACH4] who is missing in a broadcast that waits for all is never seen by the graph, unless its policy hands it on", () => {
    expect(find(listed([gone], { role: "type: broadcast" }))).toEqual([0]);
    expect(find(listed([`$count(${at("failed")}) > 0`], { role: "type: broadcast" }))).toEqual([0]);
    expect(find(listed([`${at("`$status`")} != '$ACKED'`], { role: "type: broadcast" }))).toEqual([0]);
    expect(find(listed([`${at("`$status`")} = '$ACKED'`], { role: "type: broadcast" }))).toEqual([1]);
    expect(find(listed([gone], { role: "type: broadcast, turn: { on_timeout: forfeit }" }))).toEqual([]);
    expect(find(listed([gone], { role: "type: broadcast, broadcast: { ack: { need: 2 } }" }))).toEqual([]);
    expect(find(listed([gone], { role: "type: broadcast, broadcast: { ack: { need: any } }" }))).toEqual([]);
  });

  test("[REACH4] a forfeited turn is one more way", () => {
    const both = [`${at("ok")} = true`, `${at("ok")} = false`];
    expect(find(listed(both, { role: `turn: { on_timeout: forfeit }, frontmatter: { ${typed} }` }))).toEqual([]);
    expect(
      find(listed([...both, `${at("`$status`")} = '$TIMEOUT'`], { role: `turn: { on_timeout: forfeit }, frontmatter: { ${typed} }` })),
    ).toEqual([3]);
  });

  test("[REACH5] in a graph of statuses a status that no answer can have as a whole is told", () => {
    const text = `name: a\ndescription: b\nroles:\n  w: { goal: x, frontmatter: { properties: { $status: { enum: [a, b, c] } }, required: [$status], oneOf: [{ properties: { $status: { const: a } } }, { properties: { $status: { const: b } } }] } }\ngraph:\n  $START: { new: { role: w, prompt: g } }\n  w:\n    a: { role: $END, prompt: e }\n    b: { role: $END, prompt: e }\n    c: { role: $END, prompt: e }\n`;
    expect(compileWorkflow(text).never).toMatchObject([{ node: "w", edge: "c" }]);
  });
});

test("[REACH6] no edge that is told is ever taken: of conditions at random, with answers at random, by the moderator that runs", async () => {
  const random = createRandom(15);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const values = ["'low'", "'mid'", "'high'", "'x'", "true", "false", "''", "null", "0", "[]"];
  const paths = ["level", "ok", "tag", "sure"].flatMap((name) => [at(name), `$last('w').${name}`]);
  const make = (depth: number): string => {
    const kind = random();
    if (depth === 0 || kind < 0.4) return `${pick(paths)} ${pick(["=", "=", "!="])} ${pick(values)}`;
    if (kind < 0.5) return `${pick(paths)} in [${pick(values)}, ${pick(values)}]`;
    if (kind < 0.6) return pick([pick(paths), `$exists(${pick(paths)})`, `$boolean(${pick(paths)})`, `$count(steps) > ${pick([0, 1, 2])}`]);
    if (kind < 0.75) return `$not(${make(depth - 1)})`;
    if (kind < 0.8) return `(${make(depth - 1)} ? ${make(depth - 1)} : ${make(depth - 1)})`;
    return `(${make(depth - 1)} ${pick(["and", "or"])} ${make(depth - 1)})`;
  };
  let told = 0;
  for (let round = 0; round < 120; round++) {
    const { compiled, never = [] } = compileWorkflow(listed(Array.from({ length: 4 }, () => make(2))));
    if (!compiled) throw new Error("the text is broken");
    const dead = new Set(never.map(({ edge }) => edge));
    told += dead.size;
    if (dead.size === 0) continue;
    const moderator = createModerator(compiled.ir);
    const schema = compiled.ir.roles[0]?.schema ?? true;
    for (let sample = 0; sample < 12; sample++) {
      const { value } = sampleSchema(schema, random);
      const last = { role: "w", agent: "a", output: value as { [key: string]: never } };
      const result = await moderator.decide("w", {
        start: { workflow: "a", event: { type: "x" }, which: "new" },
        last,
        steps: () => [last],
      });
      if (result.ok) expect([...dead], JSON.stringify([compiled.ir.nodes[1], value])).not.toContain(result.decision.edge);
    }
  }
  expect(told).toBeGreaterThan(50);
});
