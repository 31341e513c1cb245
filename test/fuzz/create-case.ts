/** Makes the fuzzer's inputs: the same seed and number give the same input, so that a number names it. */
import { allowedFunctions } from "../../src/compile/expressions/views.ts";
import { compileLimits } from "../../src/compile/limits.ts";
import { allowedFilters } from "../../src/compile/templates/create-template-engine.ts";
import { hostileFiles } from "./hostile-files.ts";
import { createRandom, mutateText } from "./mutate-text.ts";

/** One input: a file, and where it compiles, what agents answer to it. */
export interface FuzzCase {
  kind: string;
  text: string;
  /** Decided over, as the last output; undefined where only the compiler is asked. */
  output?: { [key: string]: unknown };
}

type Random = () => number;

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)] as T;
const upTo = (limit: number, random: Random): number => Math.floor(random() * limit);
const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");

/** Makes input number `index` of a seed. */
export function createCase(seed: number, index: number, seeds: readonly string[]): FuzzCase {
  const random = createRandom((seed * 1_000_003 + index * 7_919) >>> 0);
  for (let warm = 0; warm < 4; warm++) random();
  const [kind, make] = pick(makers, random);
  return { kind, ...make(random, seeds) };
}

const makers: [string, (random: Random, seeds: readonly string[]) => Omit<FuzzCase, "kind">][] = [
  ["mutated file", (random, seeds) => ({ text: mutateText(pick(seeds, random), random) })],
  ["mutated file", (random, seeds) => ({ text: mutateText(mutateText(pick(seeds, random), random), random) })],
  ["spliced files", (random, seeds) => ({ text: splice(pick(seeds, random), pick(seeds, random), random) })],
  ["mutated hostile file", (random) => ({ text: mutateText(pick(Object.values(hostileFiles), random), random) })],
  ["random bytes", (random) => ({ text: makeBytes(random) })],
  ["nesting", (random) => ({ text: makeNesting(random) })],
  ["aliases", (random) => ({ text: makeAliases(random) })],
  ["huge scalar", (random, seeds) => ({ text: makeHuge(pick(seeds, random), random) })],
  ["schema", (random) => ({ text: makeSchemaFile(random) })],
  ["JSONata", (random) => ({ text: wrapExpression(makeExpression(random, 4 + upTo(4, random))), output: makeOutput(random) })],
  ["JSONata", (random) => ({ text: wrapExpression(makeExpression(random, 3)), output: makeOutput(random) })],
  ["Liquid", (random) => ({ text: wrapTemplate(makeTemplate(random, 3)), output: makeOutput(random) })],
  ["Liquid", (random) => ({ text: wrapTemplate(mutateText(makeTemplate(random, 2), random)), output: makeOutput(random) })],
];

function splice(a: string, b: string, random: Random): string {
  const [left, right] = [a.split("\n"), b.split("\n")];
  return [...left.slice(0, upTo(left.length, random)), ...right.slice(upTo(right.length, random))].join("\n");
}

function makeBytes(random: Random): string {
  const length = random() < 0.1 ? 200_000 : 1 + upTo(3_000, random);
  const codes = Array.from({ length }, () => (random() < 0.8 ? 10 + upTo(118, random) : upTo(0x10_000, random)));
  return codes.map((code) => String.fromCharCode(code)).join("");
}

function makeNesting(random: Random): string {
  const depth = pick([30, 60, 64, 65, 70, 500, 20_000], random);
  const open = pick(["[", "{a: ", "- ", "? ", "!x [", "&a [", "'", "{? "], random);
  const close = random() < 0.5 ? repeat(Math.min(depth, 5_000), () => (open.includes("{") ? "}" : "]")) : "";
  const head = pick(["", "name: x\nroles: ", "roles:\n  a:\n    frontmatter: ", "graph: ", "x-y: "], random);
  return `${head}${repeat(depth, () => open)}${close}`;
}

function makeAliases(random: Random): string {
  const width = 2 + upTo(12, random);
  const levels = 2 + upTo(20, random);
  const merge = random() < 0.5;
  const line = (index: number): string =>
    merge
      ? `a${index + 1}: &a${index + 1} { <<: [${repeat(width, () => `*a${index}, `)}], k${index}: *a${index} }\n`
      : `a${index + 1}: &a${index + 1} [${repeat(width, () => `*a${index}, `)}]\n`;
  const start = merge ? "a0: &a0 { x: 1 }\n" : `a0: &a0 "${"x".repeat(upTo(10_000, random))}"\n`;
  return `${start}${repeat(levels, line)}roles: *a${levels}\ngraph: *a${levels}\n`;
}

function makeHuge(text: string, random: Random): string {
  const scalars = ["{{ x }} ", "$a & ", "x", "é", "\\n", "''", "a.b.", "(", "{% if x %}", "`", "[0]", "1..", "\t"];
  const scalar = pick(scalars, random);
  const room = compileLimits.fileBytes - text.length - 200;
  const huge = scalar.repeat(Math.max(1, Math.floor((room * random()) / scalar.length / 2)));
  const lines = text.split("\n");
  const at = upTo(lines.length, random);
  lines[at] = (lines[at] ?? "").replace(/:.*$/, `: ${pick(["", '"', "'", "|\n      "], random)}${huge}${pick(["", '"', "'"], random)}`);
  return lines.join("\n");
}

function makeSchemaFile(random: Random): string {
  const make = (depth: number): string => {
    if (depth === 0) return pick(["{}", "true", "{ type: string }", '{ $ref: "#" }', '{ $ref: "#/$defs/a" }', "{ const: 1 }"], random);
    const inner = (): string => make(depth - 1 - upTo(2, random) < 0 ? 0 : depth - 1);
    const list = (): string => `[${repeat(1 + upTo(5, random), () => `${inner()}, `)}]`;
    return pick(
      [
        () => `{ oneOf: ${list()} }`,
        () => `{ allOf: ${list()}, anyOf: ${list()} }`,
        () => `{ $defs: { a: ${inner()}, b: ${inner()} }, $ref: "#/$defs/${pick(["a", "b", "c"], random)}" }`,
        () => `{ type: object, properties: { $status: { enum: [x, y, ${pick(["z", "$END", "1"], random)}] }, p: ${inner()} } }`,
        () => `{ if: ${inner()}, then: ${inner()}, pattern: "${pick(["(a+)+$", "[", "^x"], random)}" }`,
        () => `{ not: ${inner()}, items: ${inner()}, $dynamicRef: "#a", additionalProperties: ${inner()} }`,
      ],
      random,
    )();
  };
  const graph =
    "graph:\n  $START:\n    _: { role: a, prompt: Work. }\n  a:\n    x: { role: $END, prompt: '{{ p.q.r }}' }\n    y: { role: a, prompt: y }\n";
  return `name: s\ndescription: d\nroles:\n  a:\n    frontmatter: ${make(2 + upTo(4, random))}\n${graph}`;
}

const functions = [...allowedFunctions, "pad", "eval", "now", "clone", "first", "last", "match", "unknown"];
const leaves = [
  ...["$", "$$", "steps", "steps[-1].output", "steps.output", "start.prompt", "start.event", "$event", "**", "*", "%", "$a", "$b", "$v"],
  ...[
    "''",
    "'x'",
    '"aaaa"',
    "0",
    "1",
    "-1",
    "1e308",
    "1e9",
    "true",
    "null",
    "[1..9]",
    "[1..1000]",
    "[]",
    "{}",
    "/(a+)+$/",
    "/a/i",
    "`$status`",
  ],
  ...["steps.output.list", "steps.output.words", "steps.output.text", "steps.output.objects", "steps[-1].output.deep", "'[Y]-[M01]'"],
];

function makeExpression(random: Random, depth: number): string {
  if (depth <= 0) return pick(leaves, random);
  const inner = (): string => makeExpression(random, depth - 1 - upTo(2, random));
  return pick(
    [
      () => `$${pick(functions, random)}(${Array.from({ length: upTo(4, random) }, inner).join(", ")})`,
      () => `$${pick(functions, random)}(${inner()}, $${pick(functions, random)})`,
      () =>
        `${inner()} ${pick(["&", "+", "-", "*", "/", "%", "=", "!=", "<", ">=", "in", "and", "or", "~>", "?:", "??", ".."], random)} ${inner()}`,
      () => `${inner()}.${inner()}`,
      () => `${inner()}[${inner()}]`,
      () => `(${inner()})`,
      () => `(${inner()}; $a := ${inner()}; $b := $a & $a; ${inner()})`,
      () => `${inner()} ? ${inner()} : ${inner()}`,
      () => `[${inner()}, ${inner()}]`,
      () => `[${inner()}..${inner()}]`,
      () => `{ 'k': ${inner()}, $string(${inner()}): ${inner()} }`,
      () => `${inner()}^(>${inner()}, ${inner()})`,
      () => `${inner()}@$v#$i[${inner()}]`,
      () => `${inner()}{ $string($): ${inner()} }`,
      () => `function($x) { ${inner()} }`,
      () => `($f := function($x) { $f($f($x)) }; $f(${inner()}))`,
      () => `$${pick(functions, random)}(?, ${inner()})`,
      () => `${inner()} ~> | ${inner()} | ${inner()} |`,
      () => `-${inner()}`,
    ],
    random,
  )();
}

function makeTemplate(random: Random, depth: number): string {
  const path = (): string =>
    pick(
      ["text", "list", "words", "objects", "deep", "_event", "_last.a", "_body", "x", "'s'", "words[0]", "(1..1000)", "list.size"],
      random,
    );
  const filters = (): string =>
    repeat(
      upTo(5, random),
      () => ` | ${pick(allowedFilters, random)}${random() < 0.6 ? `: ${pick([path(), "','", "1", "1000000", "''", "-1"], random)}` : ""}`,
    );
  if (depth <= 0) return pick(["x", "{{ text }}", "{{{ text }}}", "{{ $status }}", `{{ ${path()}${filters()} }}`], random);
  const inner = (): string => repeat(1 + upTo(3, random), () => makeTemplate(random, depth - 1));
  return pick(
    [
      () => `{{ ${path()}${filters()} }}`,
      () => `{% for i in ${pick(["list", "words", "text", "(1..1000)", "(1..text.size)", "objects"], random)} %}${inner()}{% endfor %}`,
      () => `{% assign text = ${path()}${filters()} %}${inner()}`,
      () => `{% capture text %}${inner()}{{ text }}{{ text }}{% endcapture %}${inner()}`,
      () => `{% if ${path()} contains ${path()} and x == ${path()} %}${inner()}{% else %}${inner()}{% endif %}`,
      () => `{% assign words = text | split: '' %}{% for a in words %}{% for b in words %}{{ a }}{% endfor %}{% endfor %}`,
      () => `{% case ${path()} %}{% when 1 %}${inner()}{% endcase %}`,
      () => `{% cycle ${path()}, 'b' %}{% increment x %}${inner()}`,
      () => `{% include 'x' %}${inner()}`,
      () => `{% raw %}${inner()}`,
    ],
    random,
  )();
}

const head = "name: hostile\ndescription: Wants too much.\nmax_rounds: 5\nroles:\n  a: { goal: Work. }\n";

function wrapExpression(expression: string): string {
  return `${head}conditions:\n  c: { expression: ${JSON.stringify(expression)} }\ngraph:\n  $START: [{ role: a }]\n  a: [{ role: $END, condition: c }, { role: $END, emit: [{ kind: x.y, data: ${JSON.stringify(expression)} }] }]\n`;
}

function wrapTemplate(template: string): string {
  return `${head}graph:\n  $START:\n    _: { role: a, prompt: Work. }\n  a:\n    _: { role: $END, prompt: ${JSON.stringify(template)}, emit: [{ kind: x.y, data: { t: ${JSON.stringify(template)} } }] }\n`;
}

/** An answer about as large, deep or odd as an event may be. */
function makeOutput(random: Random): { [key: string]: unknown } {
  const scale = pick([1, 30, 1_000, 1_000], random);
  let deep: unknown = "bottom";
  for (let level = 0; level < 55; level++) deep = level % 2 === 0 ? [deep] : { k: deep };
  return {
    _: "x",
    text: pick(["a", "ab ", "1", "é", " ", "😀", "<&>", "\\", "'"], random).repeat(scale * 60),
    list: Array.from({ length: scale * 30 }, (_, index) => (index * 7_919) % 1_009),
    words: Array.from({ length: scale * 5 }, (_, index) => `w${index % 997}`),
    objects: Array.from({ length: scale * 2 }, (_, index) => ({ a: index % 7, b: { c: `${index}` } })),
    deep,
    constructor: "own",
    ["__proto__x"]: 1,
    "": 0,
    $status: pick(["_", "x", "$SUSPEND", "constructor"], random),
  };
}
