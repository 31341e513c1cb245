/** What is known of values behind tests and in arguments. */
import jsonata from "jsonata";
import { describe, expect, test } from "vitest";
import { allowedFunctions } from "../../../src/compile/expressions/views.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { listSignatures } from "../../../src/compile/meaning/check-call.ts";
import { filterSignatures } from "../../../src/compile/meaning/filter-signatures.ts";
import { allowedFilters } from "../../../src/compile/templates/create-template-engine.ts";
import { absent, answer, condition, find, judged, never } from "./judged-workflow.ts";

/** The expression as the data of an event behind `judge`. */
const effect = (expression: string): string =>
  condition("steps[-1].output.strong").replace(
    "judge: [{ role: crowd, condition: c }",
    () => `judge: [{ role: crowd, condition: c, emit: [{ kind: a.b, data: ${JSON.stringify(expression)} }] }`,
  );

describe("what tests tell", () => {
  test.each<[expression: string, at: string]>([
    ["$last('judge').vote = 'hire' and $last('judge').vote = 'pass'", "'pass'"],
    ["$last('judge').vote in ['hire'] and $last('judge').vote = 'pass'", "'pass'"],
    ["$last('judge').vote != 'hire' and $last('judge').vote = 'hire'", "'hire'"],
    ["$last('judge').vote = 'hire' ? $last('judge').vote = 'pass' : true", "'pass'"],
    ["$last('judge').vote = 'hire' ? true : $last('judge').vote = 'hire'", "'hire'"],
    ["$not($last('judge').vote = 'hire') and $last('judge').vote = 'hire'", "'hire'"],
    ["$last('judge').vote != 'hire' or $last('judge').vote != 'pass'", "'pass'"],
    ["($x := $last('judge'); $x.vote = 'hire' and $x.vote = 'pass')", "'pass'"],
    ["$last('judge').parts[title = 'a' and title = 'b'].title = 'a'", "'b'"],
    ["steps[role = 'crowd'].output.vote = 'hire'", "vote"],
    ["$event.data.action = 'a' and $event.data.action = 'b'", "'b'"],
    ["$type($last('judge').score) = 'number' and $last('judge').score = 'x'", "'x'"],
    ["$last('judge').strong and $last('judge').strong = false", "false"],
  ])("[MEAN12] %s", (expression, at) => {
    expect(find(effect(expression)).map(([, place]) => place)).toEqual([at]);
  });

  test.each([
    "$last('judge').vote = 'hire' or $last('judge').vote = 'pass'",
    "$last('judge').vote = 'hire' or $last('judge').vote in ['hire', 'pass']",
    "$last('judge').vote = 'hire' and $last('judge').vote != 'pass'",
    "$last('judge').why and $last('judge').why != 'x'",
    "$exists($last('judge').why) ? $last('judge').why != 'x' : true",
    "($x := $last('judge'); $x.vote = 'hire' and ($x := $first('judge'); $x.vote = 'pass'))",
    "$last('judge').parts[title = 'a'] and $last('judge').parts[title = 'b']",
    "$last('judge').vote = 'hire' and $first('judge').vote = 'pass'",
    "steps[-1].output.vote = 'hire' and steps[-2].output.vote = 'pass'",
    "$event.data.action = 'a' or $event.data.action = 'b'",
    "$event.data.action = 'a' and $event.data.other = 'b'",
  ])("[MEAN12] %s is let be", (expression) => {
    expect(find(effect(expression)).filter(([name]) => name !== absent)).toEqual([]);
  });

  const chain = (...expressions: string[]): string => `name: a
description: b
max_rounds: 9
roles:
  judge: { goal: Judge., frontmatter: { ${answer} } }
  late: { goal: Judge., frontmatter: { ${answer} } }
conditions: { ${expressions.map((each, place) => `c${place}: { expression: ${JSON.stringify(each)} }`).join(", ")} }
graph:
  $START: [{ role: judge }]
  judge: [${expressions.map((_, place) => `{ role: late, condition: c${place} }`).join(", ")}, { role: $END }]
  late: [{ role: $END }]
`;

  test("[MEAN12] one slip is one finding: of an edge that is never taken for it, that is told", () => {
    const text = chain("steps[-1].output.vote = 'hire'", "steps[-1].output.vote = 'hire' and steps[-1].output.score > 3");
    expect(parseWorkflow(text).diagnostics.map(({ name }) => name)).toEqual(["edge-never-taken"]);
  });

  test.each<[expressions: string[], found: [string, string][]]>([
    [["steps[-1].output.vote = 'hire'", "steps[-1].output.vote = 'hire' ? true : steps[-1].output.score > 3"], []],
    [["steps[-1].output.score > 3", "$not(steps[-1].output.vote = 'hire' and steps[-1].output.vote = 'pass')"], [[never, "'pass'"]]],
    [["steps[-1].output.vote in ['hire', 'pass']", "$last('judge').vote = 'hire'"], []],
    [["steps[-1].output.vote = 'hire' and steps[-1].output.score > 3", "steps[-1].output.vote = 'hire'"], []],
    [["steps[-1].output.vote = 'hire'", "steps[-1].output.vote = 'hire' or steps[-1].output.score > 3"], []],
    [["steps[-1].output.vote = 'hire'", "steps[-1].output.vote != 'hire' and steps[-1].output.score > 3"], []],
    [["steps[-1].output.strong", "$not(steps[-1].output.strong = true)"], []],
  ])("[MEAN12] conditions %j", (expressions, found) => {
    expect(find(chain(...expressions)).map(([name, at]) => [name, at])).toEqual(found);
  });

  test("[MEAN12] a role that has not spoken has no output, and one that may not have, may have none", () => {
    const names = (text: string) => parseWorkflow(text).diagnostics.map(({ name }) => name);
    expect(names(chain("$last('late').vote = 'hire'"))).toEqual(["role-never-before"]);
    expect(names(condition("$last('crowd').`$status` != '$ACKED'"))).toContain("absence-decides");
    expect(names(condition("$last('judge').vote != 'hire'"))).toEqual([]);
  });
});

describe("bounds", () => {
  const long = (write: (place: number) => string, between: string, most = 4_000): string => {
    let text = write(0);
    for (let place = 1; text.length + between.length + write(place).length < most; place++) text += between + write(place);
    return text;
  };
  test.each<[what: string, expression: string]>([
    ["alternatives", long((place) => `$event.data.x = ${place}`, " or ")],
    ["tests that all hold", long((place) => `$event.data.x != ${place}`, " and ")],
    ["choices", long((place) => `$event.data.x${place} ? 1`, " : ") + " : 2"],
    ["filters", long((place) => `$event.data.x[a = ${place} and b = 1]`, " & ", 3_000)],
    ["tests inside tests", `${"$not(".repeat(150)}$event.data.x = 1${")".repeat(150)}`],
  ])("[MEAN8] a long expression of %s, in every condition of a node, is answered in time", (_, expression) => {
    const names = Array.from({ length: 20 }, (__, place) => `c${place}`);
    const text = `name: a
description: b
max_rounds: 9
roles: { judge: { goal: Judge., frontmatter: { ${answer} } } }
conditions: { ${names.map((name, place) => `${name}: { expression: "${expression} = ${place}" }`).join(", ")} }
graph:
  $START: [{ role: judge }]
  judge: [${names.map((name) => `{ role: judge, condition: ${name} }`).join(", ")}, { role: $END }]
`;
    const before = performance.now();
    expect(parseWorkflow(text).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe("arguments", () => {
  test.each<[expression: string, found: string[]]>([
    ["$substringBefore($last('judge').why, '-') = 'x'", []],
    ["$last('judge').why.$substringBefore('-') = 'x'", []],
    ["$last('judge').score.$substringBefore('-') = 'x'", ["$substringBefore"]],
    ["$last('judge').why ~> $uppercase = 'X'", []],
    ["$last('judge').score ~> $uppercase = 'X'", ["score"]],
    ["$map($last('judge').parts.title, $uppercase)[0] = 'X'", []],
    ["$sum(steps.output.score) + $sum(3) > 3", []],
    ["$join($last('judge').parts.title, ', ') = 'x'", []],
    ["$join($last('judge').parts, ', ') = 'x'", ["parts"]],
    ["$merge($last('judge').parts).title = 'x'", []],
    ["$merge($last('judge').tags).title = 'x'", ["tags"]],
    ["$exists()", ["$exists"]],
    ["$sort($last('judge').tags)[0] = 'a'", []],
    ["$zip($last('judge').tags, $last('judge').parts, [1])[0]", []],
    ["$abs($event.data.any) + $length($event.data.any) > 1", []],
    ["$number($last('judge').why) > 3 and $string($last('judge').parts) = 'x'", []],
    ["$lookup($last('judge').parts, 'titel') = 'x'", ["titel"]],
    ["-$last('judge').why = 3", ["why"]],
    ["$count([1..$last('judge').why]) = 3", ["why"]],
  ])("[MEAN13] %s", (expression, found) => {
    const text = condition(expression);
    const { diagnostics } = parseWorkflow(text);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const judgedToo = [...judged, "wrong-argument"];
    expect(diagnostics.filter(({ name }) => judgedToo.includes(name)).map(({ span }) => text.slice(span.start, span.end))).toEqual(found);
  });

  test("[MEAN13] what JSONata's own functions take is what the library says", async () => {
    for (const [name, signature] of listSignatures()) {
      const native = (await jsonata(`$${name}`).evaluate({})) as { signature?: { definition?: string } };
      const theirs = native.signature?.definition;
      expect(theirs, name).toBeDefined();
      const takes = theirs
        ?.replaceAll(/f<[^>]*>/g, "f")
        .replaceAll("j", "x")
        .slice(1, -1)
        .replace(/:.*$/, "");
      expect(signature.replace(/:.*$/, ""), name).toBe(takes);
    }
  });

  test("[MEAN13] every function and every filter that is allowed has its signature", () => {
    expect(
      listSignatures()
        .map(([name]) => name)
        .sort(),
    ).toEqual([...allowedFunctions].sort());
    expect([...filterSignatures.keys()].sort()).toEqual([...allowedFilters].sort());
  });
});
