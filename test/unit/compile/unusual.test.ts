/** Sound workflows that are written in unusual ways, of which nothing is said. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { type SoundWorkflow, soundWorkflows } from "./sound-workflows.ts";

function say(of: SoundWorkflow, from: string, to: string): string[] {
  const text = soundWorkflows[of];
  expect(text.split(from)).toHaveLength(2);
  return parseWorkflow(text.replace(from, () => to)).diagnostics.map(({ code, message }) => `${code} ${message}`);
}

describe("unusual ways to say it", () => {
  test.each([
    "(steps[-1].output ~> |$|{'note': 1}|).verdict = 'left'",
    "(steps[-1].output ~> |other|{'note': name}|).verdict = 'left'",
    "steps[-1].output.list^(>$)[0] = 'x'",
    "steps#$place[$place = 2].role = 'side'",
    "$exists(steps@$step.$step[role = 'side'])",
    "steps.output.other.(name = %.verdict)",
    "($said := steps[-1].output; $points := $said.points; $points > 3 and $said.verdict = 'left')",
    "steps{role: $count(output)}.judge > 2",
    "$map(steps.output.points, $string)[0] = '3'",
    "$reduce(steps.output.points, $max) > 3",
    "$sift(steps[-1].output, $boolean).verdict = 'left'",
    "$merge([steps[-1].output, { 'more': 1 }]).more = 1",
    "$reverse(steps)[0].output.verdict = 'left'",
    "steps[role = 'side']",
    "steps[role = 'side' and output.length > 2]",
    "$exists(steps[-1].output.list) and $not($count(steps[-1].output.list) > 2)",
    "$exists($last('side').length) and $not($last('side').length > 2)",
    "$uppercase($last('judge').verdict) = 'LEFT'",
  ])("[MEAN15] %s", (expression) => {
    expect(say("listed", "steps[-1].output.verdict = 'left'", expression)).toEqual([]);
  });

  test.each([
    "{% for skill in skills reversed %}{{ skill }}{% endfor %}",
    "{% for skill in skills limit:2 offset:1 reversed %}{{ forloop.index }}{{ skill }}{% else %}none{% endfor %}",
    "{% if _status == '$TIMEOUT' %}late{% endif %}",
    "{% # costs $five %}",
    "{{ '$status' | append: grade }}",
    "{% assign rest = skills | join: '$x' %}{{ rest }}",
    "{%- unless grade == 'b' -%}x{%- endunless -%}",
  ])("[MEAN15] %s", (template) => {
    const allowed = template.includes("$TIMEOUT") ? '$FAILED: { role: $END, prompt: "' : "Grade {{ grade | upcase }} ";
    expect(say("hiring", allowed, `${allowed}${template.replace("$TIMEOUT", () => "$FAILED")}`)).toEqual([]);
  });

  test.each([
    "age: { type: [integer, 'null'], minimum: 3 }",
    "age: { minLength: 3 }",
    "age: { type: integer, minimum: 1.5, maximum: 2.5 }",
  ])("[MEAN15] %s", (schema) => {
    const said = say("hiring", "age: { type: integer }", schema).filter((finding) => !finding.startsWith("NRV4021"));
    expect(said).toEqual([]);
  });
});

describe("a workflow that spawns itself", () => {
  const spawning = (edge: string): string => `name: again
description: x
max_rounds: 9
roles:
  planner: { goal: x, turn: { on_fail: forfeit }, frontmatter: { properties: { $status: { enum: [split, whole] }, parts: { type: array } }, required: [$status, parts] } }
graph:
  $START: { new: { role: planner, prompt: Plan. } }
  planner:
    split: { role: $END, prompt: Done., spawn: [{ workflow: again, input: "steps[-1].output" }] }
    whole: { role: $END, prompt: Done.${edge} }
    $FAILED: { role: $END, prompt: Failed. }
`;

  test("[MEAN16] on every way but those where something failed is told; where one way needs no child it is not", () => {
    const told = parseWorkflow(spawning(", spawn: [{ workflow: again, input: { part: x } }]")).diagnostics;
    expect(told.map(({ name, severity }) => [name, severity])).toEqual([
      ["endless-spawn", "warning"],
      ["endless-spawn", "warning"],
    ]);
    expect(parseWorkflow(spawning("")).diagnostics).toEqual([]);
  });
});

describe("keys", () => {
  const keys = (start: string, signal: string): string[] =>
    parseWorkflow(`name: a
description: b
binding: cloud
reflexes:
  - { kind: workflow, on: [a.b], key: ${start} }
  - { kind: signal, on: [a.c], key: ${signal}, signal: cancel }
roles: { w: { goal: x, frontmatter: { properties: { $status: { const: done } } } } }
graph:
  $START: { new: { role: w, prompt: Work. } }
  w: { done: { role: $END, prompt: Done. } }
`).diagnostics.map(({ name }) => name);
  const both = `"data.repo & '#' & $string(data.pr)"`;

  test.each([
    [both, "data.repo"],
    [both, "data.pr"],
    [both, `"data.repo & $string(data.pr)"`],
    [both, `"$string(data.pr) & '#' & data.repo"`],
    [both, `"$join([data.repo, $string(data.pr)], '/')"`],
    ["data.repo", `"'x-' & data.repo"`],
    ["[data.repo, data.pr]", "[data.pr, data.repo]"],
  ])("[MEAN18] %s and %s are never the same", (start, signal) => {
    expect(keys(start, signal)).toEqual(["key-never-matches"]);
  });

  test.each([
    [both, `"data.repo & '#' & data.pr"`],
    [both, `"$join([data.repo, data.pr], '#')"`],
    [both, `"(data.repo) & ('#' & $string(data.pr))"`],
    [both, "data.key"],
    [both, `"data.repository & '#' & data.number"`],
    ["data.repo", `"$substringBefore(data.repo, '#')"`],
    ["data.id", "subject"],
  ])("[MEAN18] %s and %s may be the same", (start, signal) => {
    expect(keys(start, signal)).toEqual([]);
  });
});

test("[MEAN19] a field under a name that prompts have themselves is told", () => {
  const text = soundWorkflows.hiring.replace("pages: { type: integer }", "pages: { type: integer }, _body: { type: string }");
  expect(parseWorkflow(text).diagnostics.map(({ name, span }) => [name, text.slice(span.start, span.end)])).toEqual([
    ["without-effect", "_body"],
  ]);
});

test("[MEAN17] a field inside of a field of `input` is told at its name, with the nearest one", () => {
  const text = `name: a
description: b
input: { type: object, properties: { author: { type: object, properties: { name: { type: string } } } } }
roles: { w: { goal: x, frontmatter: { properties: { $status: { const: done } } } } }
graph:
  $START: { new: { role: w, prompt: "By {{ data.author.nmae }}." } }
  w: { done: { role: $END, prompt: Done. } }
`;
  const [told, ...others] = parseWorkflow(text).diagnostics;
  expect([told?.name, told?.fix && text.slice(told.fix.span.start, told.fix.span.end), told?.fix?.text, others]).toEqual([
    "unknown-input-field",
    "nmae",
    "name",
    [],
  ]);
});
