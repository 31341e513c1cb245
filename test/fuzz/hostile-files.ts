/** Whole files that ask for too much: of nesting, of aliases, of expressions, of templates. Runs anywhere. */
import { compileLimits } from "../../src/compile/limits.ts";

const full = compileLimits.fileBytes - 1024;

function fill(unit: string): string {
  return unit.repeat(Math.floor(full / unit.length));
}

const head = "name: hostile\ndescription: Wants too much.\n";
const worker = "roles:\n  a: { goal: Work. }\n";
const graph = "graph:\n  $START:\n    _: { role: a, prompt: Work. }\n  a:\n    _: { role: $END, prompt: Done. }\n";
const listGraph = (condition: string) =>
  `${head}${worker}conditions:\n  c: { expression: ${JSON.stringify(condition)} }\ngraph:\n  $START: [{ role: a }]\n  a: [{ role: $END, condition: c }, { role: $END }]\n`;
const prompted = (prompt: string) =>
  `${head}${worker}graph:\n  $START:\n    _: { role: a, prompt: ${JSON.stringify(prompt)} }\n  a:\n    _: { role: $END, prompt: Done. }\n`;

/** Files made to hurt, by what they do. */
export const hostileFiles: Record<string, string> = {
  nothing: "",
  "one bracket after another": fill("["),
  "braces with keys": fill("{a: "),
  "compact lists": fill("- "),
  "explicit keys": fill("? "),
  commas: `[${fill(",")}`,
  colons: fill(":"),
  "quote that never ends": `"${fill("\n")}`,
  "documents without end": fill("---\n"),
  "keys without end": Array.from({ length: 20_000 }, (_, index) => `k${index}: v\n`).join(""),
  "anchors without end": Array.from({ length: 12_000 }, (_, index) => `a${index}: &b${index} x\n`).join(""),
  "stairs of indentation": Array.from({ length: 700 }, (_, index) => `${" ".repeat(index)}a:\n`).join(""),
  "alias of itself": "a: &a [*a]\n",
  "alias of itself in a merge": "a: &a\n  <<: *a\n",
  "billion laughs": `a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 20 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(", ")}]\n`).join("")}`,
  "billion laughs by merge": `a0: &a0 { x: 1 }\n${Array.from({ length: 20 }, (_, index) => `a${index + 1}: &a${index + 1} { ${["p", "q", "r", "s"].map((key) => `${key}: *a${index}`).join(", ")} }\n`).join("")}`,
  "long text under many aliases": `x-a: &a "${"y".repeat(100_000)}"\nx-b: [${Array(500).fill("*a").join(", ")}]\n`,
  "prototype keys": "__proto__: { name: x }\nconstructor: 1\ntoString: 2\nhasOwnProperty: 3\n",
  "roles called as object's own": `${head}roles:\n  constructor: { goal: x }\n  toString: { goal: x }\n${graph}`,
  "roles without end": `${head}roles:\n${Array.from({ length: 5000 }, (_, index) => `  r${index}: { goal: x }\n`).join("")}${graph}`,
  "edges without end": `${head}${worker}graph:\n  $START:\n${Array.from({ length: 6000 }, (_, index) => `    s${index}: { role: a, prompt: "{{ x }}" }\n`).join("")}`,
  "misspelt fields without end": `${head}${worker}${graph}${Array.from({ length: 12_000 }, (_, index) => `desc${index}: x\n`).join("")}`,
  "deep schema": `${head}roles:\n  a:\n    goal: x\n    frontmatter: ${"{ not: ".repeat(58)}{}${" }".repeat(58)}\n${graph}`,
  "wide schema": `${head}roles:\n  a:\n    goal: x\n    frontmatter: { allOf: [${Array(20).fill("{ oneOf: [{}, {}, {}, {}, {}, {}] }").join(", ")}] }\n${graph}`,
  "schema that refers to itself": `${head}roles:\n  a:\n    goal: x\n    frontmatter: { $ref: "#" }\n${graph}`,
  "schemas that refer to one another": `${head}roles:\n  a:\n    goal: x\n    frontmatter: { oneOf: [{ $ref: "#" }, { $ref: "#" }, { $ref: "#" }] }\n${graph}`,
  "parentheses in JSONata": listGraph(`${"(".repeat(2000)}1${")".repeat(2000)}`),
  "negations in JSONata": listGraph(`${"-".repeat(4000)}1`),
  "a path of JSONata": listGraph(Array(2000).fill("a").join(".")),
  "an expression that is too long": listGraph("a & ".repeat(50_000)),
  "doubling text in JSONata": listGraph(`($a := 'x'; ${"$a := $a & $a; ".repeat(200)} $a)`),
  "ranges of ranges in JSONata": listGraph("[1..1000].([1..1000].([1..1000]))"),
  "text put into text in JSONata": listGraph("$replace(start.prompt, 'a', start.prompt)"),
  "descendants of descendants in JSONata": listGraph("**.**.**"),
  "joins of joins in JSONata": listGraph("steps@$a.steps@$b.steps@$c.$a"),
  "a regular expression in JSONata": listGraph("$match(start.prompt, /(a+)+$/)"),
  "recursion in JSONata": listGraph("($f := function($x) { $f($x) }; $f(1))"),
  "many expressions": `${head}${worker}conditions:\n${Array.from({ length: 5000 }, (_, index) => `  c${index}: { expression: "a${index} = 1" }\n`).join("")}graph: { $START: [{ role: a }], a: [{ role: $END }] }\n`,
  "braces in Liquid": prompted("{{".repeat(30_000)),
  "tags in Liquid": prompted("{% if a %}".repeat(5000)),
  "loops in Liquid": prompted(`${"{% for i in (1..1000) %}".repeat(5)}x${"{% endfor %}".repeat(5)}`),
  "filters in Liquid": prompted(`{{ x ${"| append: 'x' ".repeat(4000)} }}`),
  "unknown filters in Liquid": prompted(Array.from({ length: 400 }, (_, index) => `{{ x | nope${index} }}`).join("")),
  "mustache braces": prompted("{{{".repeat(20_000)),
  "many templates": `${head}${worker}graph:\n  $START:\n    _:\n      role: a\n      prompt: Work.\n      emit: [{ kind: a, data: [${Array(6000).fill('"{{ x }}"').join(", ")}] }]\n  a:\n    _: { role: $END, prompt: Done. }\n`,
  "an include without a reader": `${head}roles: !include roles.yaml\n${graph}`,
  "a directive": `%YAML 1.1\n---\n${head}${worker}${graph}`,
  "unusual tags": `${head}x-a: !!binary aGk=\nx-b: !!timestamp 2001-12-14\nx-c: !!set { a, b }\nx-d: !!omap [a: 1]\n${worker}${graph}`,
  "half a surrogate": `${head}x-a: "\ud800"\n${worker}${graph}`,
  "a byte order mark": `\ufeff${head}${worker}${graph}`,
  "line ends of Windows": `${head}${worker}${graph}`.replaceAll("\n", "\r\n"),
};
