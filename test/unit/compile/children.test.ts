/** What a parent gives its children and reads of them, held against their workflows. */
import { describe, expect, test } from "vitest";
import { check, list, workflow } from "./several-files.ts";

describe("what a child is given", () => {
  const story = workflow("story", {
    top: "input: { properties: { topic: { type: string }, length: { enum: [short, long] }, pages: { type: integer } }, required: [topic] }",
  });
  const answer =
    "text: { type: string }, pages: { type: integer }, parts: { type: array, items: { properties: { heading: { type: string } } } }, whole: { properties: { topic: { type: string } } }";
  const paper = (edge: string) => workflow("paper", { edge }).replace("enum: [done, more] }", `enum: [done, more] }, ${answer}`);
  const given = (input: string) => list(check({ "a.yaml": paper(`, spawn: [{ workflow: story${input} }]`), "b.yaml": story }));

  test.each([
    ["a map", ", input: { topic: rain, length: long, pages: 3 }"],
    ["templates", ', input: { topic: "{{ _event.id }}", length: "{{ _event.id }}" }'],
    ["an object of JSONata", `, input: "{ 'topic': start.event.data.x }"`],
    ["what can't be told", ", input: start.event.data"],
    ["a list", ", input: [{ topic: rain }, { topic: snow }]"],
    ["a field more", ", input: { topic: rain, colour: grey }"],
  ])("[MANY3] %s that fits is let be", (_, input) => expect(given(input)).toEqual([]));

  test.each([
    ["nothing", "", ["a.yaml NRV6008 story"]],
    ["a map without what is required", ", input: { length: long }", ["a.yaml NRV6008 { length: long }"]],
    ["a slip", ", input: { topik: rain }", ["a.yaml NRV6008 topik"]],
    ["a constant of another type", ", input: { topic: rain, pages: many }", ["a.yaml NRV6008 pages"]],
    ["a constant that is none of the enum", ", input: { topic: rain, length: lnog }", ["a.yaml NRV6008 length"]],
    ["an object of JSONata", `, input: "{ 'topik': 1 }"`, ["a.yaml NRV6008 'topik'"]],
    ["an item of a list", ", input: [{ topic: rain }, { length: long }]", ["a.yaml NRV6008 { length: long }"]],
    ["a template, which gives text, for a number", ', input: { topic: rain, pages: "{{ _event.id }}" }', ["a.yaml NRV6008 pages"]],
    ["a number of JSONata for text", `, input: "{ 'topic': $count(steps) }"`, ["a.yaml NRV6008 'topic'"]],
    ["a field of an answer for one of another type", `, input: "{ 'topic': steps[-1].output.pages }"`, ["a.yaml NRV6008 'topic'"]],
    ["an answer that lacks a field", ", input: 'steps[-1].output'", ["a.yaml NRV6008 'steps[-1].output'"]],
    ["text for a map", ", input: 'steps[-1].output.text'", ["a.yaml NRV6008 'steps[-1].output.text'"]],
    ["items of a list that lack a field", ", input: 'steps[-1].output.parts'", ["a.yaml NRV6008 'steps[-1].output.parts'"]],
  ])("[MANY3] %s is told", (_, input, wanted) => expect(given(input)).toEqual(wanted));

  test("[MANY3] of a value both types are named, with the place of the schema", () => {
    const found = check({
      "a.yaml": paper(`, spawn: [{ workflow: story, input: "{ 'topic': steps[-1].output.pages }" }]`),
      "b.yaml": story,
    });
    expect(found["a.yaml"]?.[0]?.message).toBe("`topic` of `story` is text in b.yaml:4, and this gives a whole number.");
  });

  test.each([
    ["an answer of the same shape", "steps[-1].output.whole"],
    ["a choice of which one fits", "$count(steps) > 1 ? { 'topic': 'rain' } : steps[-1].output.whole"],
    ["what a function gives that nobody knows", "$merge([steps[-1].output, { 'topic': 'rain' }])"],
  ])("[MANY3] %s is let be", (_, input) => expect(given(`, input: ${JSON.stringify(input)}`)).toEqual([]));
});

describe("what a child gives", () => {
  const outputs = "$status: { const: done }, verdict: { enum: [good, bad] }, pages: { type: integer }";
  const story = `name: story
binding: cloud
roles:
  writer: { goal: Write., frontmatter: { properties: { $status: { const: written }, draft: { type: string } } } }
  judge: { goal: Judge., frontmatter: { oneOf: [{ properties: { ${outputs} } }, { properties: { $status: { const: again }, why: { type: string } } }] } }
graph:
  $START: { new: { role: writer, prompt: Write. } }
  writer: { written: { role: judge, prompt: Judge. } }
  judge: { done: { role: $END, prompt: Done. }, again: { role: writer, prompt: Again. } }
`;
  const byStatus = (prompt: string) => `name: paper
binding: cloud
roles:
  splitter: { goal: Split., frontmatter: { properties: { $status: { const: split } } } }
  editor: { goal: Join., frontmatter: { properties: { $status: { const: joined } } } }
graph:
  $START: { new: { role: splitter, prompt: Split. } }
  splitter:
    split: { role: editor, prompt: ${JSON.stringify(prompt)}, spawn: [{ workflow: story, await: { timeout: 1h } }] }
    $FAILED: { role: $END, prompt: Nothing. }
  editor: { joined: { role: $END, prompt: Done. } }
`;
  const byCondition = (expression: string) => `name: paper
binding: cloud
roles:
  splitter: { goal: Split., frontmatter: { properties: { $status: { const: split } } } }
  editor: { goal: Join., frontmatter: { properties: { $status: { const: joined } } } }
conditions:
  fine: { expression: ${JSON.stringify(expression)} }
graph:
  $START: [{ role: splitter, prompt: Split. }]
  splitter: [{ role: editor, prompt: Join., spawn: [{ workflow: story, await: { timeout: 1h } }] }]
  editor: [{ role: $END, condition: fine, prompt: Done. }, { role: splitter, prompt: Again. }]
`;
  const told = (parent: string, more: Record<string, string> = {}) => list(check({ "a.yaml": parent, "b.yaml": story, ...more }));

  test.each([
    ["its verdict", "{% for child in _children %}{{ child.output.verdict }}{% endfor %}"],
    ["the first one's", "{{ _children[0].output.pages }} {{ _children.size }}"],
    ["what went wrong", "{{ _children[0].error }} {{ _children[0].status }}"],
    ["a value that it may have", "{% if _children[0].output.verdict == 'good' %}Well.{% endif %}"],
  ])("[MANY17] %s in a prompt is let be", (_, prompt) => expect(told(byStatus(prompt))).toEqual([]));

  test.each([
    ["a field that it has not", "{{ _children[0].output.verdcit }}", "verdcit"],
    ["a field of a step before its last", "{{ _children[0].output.draft }}", "draft"],
    ["a field of an answer that does not end it", "{{ _children[0].output.why }}", "why"],
    ["a value that it never has", "{% if _children[0].output.verdict == 'god' %}Well.{% endif %}", "'god'"],
  ])("[MANY17] %s is told in the parent's prompt", (_, prompt, at) => expect(told(byStatus(prompt))).toEqual([`a.yaml NRV6012 ${at}`]));

  test.each([
    "steps[-1].children[0].output.verdict = 'good'",
    "steps[-1].children.output.pages > 3",
    "$count(steps[-1].children[output.verdict = 'bad']) = 0",
    "$exists(steps[-1].children[0].error)",
  ])("[MANY17] %s is let be as a condition", (expression) => expect(told(byCondition(expression))).toEqual([]));

  test.each([
    ["steps[-1].children[0].output.verdcit = 'good'", "verdcit"],
    ["steps[-1].children[0].output.verdict = 'god'", "'god'"],
    ["steps[-1].children.output.pages = 'three'", "'three'"],
    ["$count(steps[-1].children[output.vote = 'bad']) = 0", "vote"],
  ])("[MANY17] %s is told as a condition", (expression, at) => expect(told(byCondition(expression))).toEqual([`a.yaml NRV6012 ${at}`]));

  test("[MANY17] it says which file gives what, and a fix writes the nearest name", () => {
    const found = check({ "a.yaml": byStatus("{{ _children[0].output.verdcit }}"), "b.yaml": story });
    expect(found["a.yaml"]).toMatchObject([
      {
        severity: "warning",
        message: expect.stringContaining("The output of `story` (b.yaml:1) has no `verdcit`"),
        hint: "did you mean `verdict`?",
        fix: { text: "verdict" },
      },
    ]);
  });

  test("[MANY17] a child that is not known, that is there twice, or whose output is open says nothing", () => {
    const parent = byStatus("{{ _children[0].output.anything }}");
    expect(
      list(check({ "a.yaml": parent, "b.yaml": story.replace("name: story", "name: tale") })).filter((line) => line.includes("NRV6012")),
    ).toEqual([]);
    expect(told(parent, { "c.yaml": story }).filter((line) => line.includes("NRV6012"))).toEqual([]);
    expect(
      list(check({ "a.yaml": parent, "b.yaml": workflow("story").replace("properties:", "additionalProperties: true, properties:") })),
    ).toEqual([]);
  });

  test("[MANY17] of two children each prompt sees those that its own edge started", () => {
    const two = byStatus("{{ _children[0].output.verdict }}").replace(
      "editor: { joined: { role: $END, prompt: Done. } }",
      "editor: { joined: { role: $END, prompt: '{{ _children[0].output.verdict }}', spawn: [{ workflow: other }] } }",
    );
    expect(told(two, { "c.yaml": workflow("other") })).toEqual([]);
    expect(
      told(two.replace("role: $END, prompt: '{{ _children[0].output.verdict", "role: $END, prompt: '{{ _children[0].output.draft"), {
        "c.yaml": workflow("other"),
      }),
    ).toEqual(["a.yaml NRV6012 draft"]);
  });

  test("[MANY17] a child that a server has is known as well", () => {
    const found = check({ "a.yaml": byStatus("{{ _children[0].output.verdcit }}"), story }, undefined, ["story"]);
    expect(list(found)).toEqual(["a.yaml NRV6012 verdcit"]);
  });
});
