/** What the compiler finds amiss in a file: all of it in one run, once each, with a fix where there is one. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { graph, head, listGraph, role } from "./small-workflow.ts";

/** Names of all findings, in order. */
function find(text: string): string[] {
  return parseWorkflow(text).diagnostics.map((diagnostic) => diagnostic.name);
}

describe("findings", () => {
  test("[CHECK3] all errors of a file come in one run, in its order, one for each slip", () => {
    const found = find(`name: Two Words
descripton: x
max_rounds: "20"
roles:
  writer:
    capabilites: [x]
    turn: { timeout: 5 minutes }
    frontmater: { properties: { $status: { const: written }, text: { type: strng } } }
graph:
  $START:
    new: { role: wirter, prompt: "Write {{ data.topic }}." }
  writer:
    writen: { role: $EDN, prompt: "{{ txt | upcas }}" }
reflexes:
  - { kind: workflow, on: [a.b], when: "data.x ==" }
`);
    expect(found).toEqual([
      "bad-name",
      "unknown-field",
      "wrong-type",
      "unknown-field",
      "bad-duration",
      "unknown-field",
      "bad-schema",
      "unknown-target",
      "edge-without-status",
      "unknown-target",
      "unknown-template-variable",
      "unknown-filter",
      "bad-expression",
    ]);
  });

  test.each<[string, string, string[]]>([
    ["no input", "", []],
    ["an object", "input: { type: object, properties: { a: { type: string } } }", []],
    ["an object among others", "input: { type: [object, 'null'] }", []],
    ["alternatives without a type", "input: { oneOf: [{ required: [a] }, { required: [b] }] }", []],
    ["a text", "input: { type: string }", ["exposed-input"]],
    ["a list of types without an object", "input: { type: [string, 'null'] }", ["exposed-input"]],
  ])("[CHECK47] an exposed workflow takes an object: %s", (_, input, wanted) => {
    const file = (expose: string) => `binding: cloud\n${expose}\n${input}\n${head}${role("")}${graph}`;
    expect(find(file("expose: true"))).toEqual(wanted);
    expect(find(file("expose: false"))).toEqual([]);
  });

  test("[CHECK47] a local workflow is exposed to nobody, and `expose` is true or false", () => {
    expect(find(`expose: true\n${head}${role("")}${graph}`)).toEqual(["without-effect"]);
    expect(find(`binding: cloud\nexpose: yes\n${head}${role("")}${graph}`)).toEqual(["wrong-type"]);
    expect(find(`binding: cloud\nexposed: true\n${head}${role("")}${graph}`)).toEqual(["unknown-field"]);
    const { ir } = parseWorkflow(`binding: cloud\nexpose: true\n${head}${role("")}${graph}`);
    expect(ir).toMatchObject({ expose: true });
  });

  test("[CHECK5] no fix names a field that a template cannot name", () => {
    const offer = (field: string) =>
      parseWorkflow(`name: w
roles:
  writer: { frontmatter: { properties: { $status: { const: done }, "${field}": {} } } }
graph:
  $START: { new: { role: writer, prompt: "." } }
  writer: { done: { role: $END, prompt: "{{ repopat }}" } }
`).diagnostics.find(({ name }) => name === "unknown-template-variable");
    expect(offer("repoPath")).toMatchObject({ fix: { text: "repoPath" } });
    expect(offer("repo-path")).toMatchObject({ fix: { text: "repo-path" } });
    expect(offer("repo path")).toMatchObject({ message: expect.stringContaining("has no `repopat`") });
    expect(offer("repo path")).not.toHaveProperty("fix");
  });

  test("[CHECK5] all fixes of a file can be applied together, and leave what only a person can mend", () => {
    const text = `name: Two Words
descripton: x
max_rounds: "20"
roles:
  writer:
    capabilites: [x]
    turn: { timeout: 5 minutes, on_timout: retry }
    frontmater: { properties: { $status: { const: written }, text: { type: strng } } }
graph:
  $STRAT:
    new: { role: wirter, prompt: "Write {{ data.topic | upcas }}." }
  writer:
    writen: { role: $EDN, prompt: "{{ txet }}" }
reflexes:
  - { kind: worfklow, on: a.b, when: "$nto(data.x)", key: [1] }
`;
    const fixes = parseWorkflow(text).diagnostics.flatMap((diagnostic) => diagnostic.fix ?? []);
    expect(fixes.length).toBeGreaterThan(12);
    const mended = fixes
      .sort((a, b) => b.span.start - a.span.start)
      .reduce((last, fix) => last.slice(0, fix.span.start) + fix.text + last.slice(fix.span.end), text);
    expect(parseWorkflow(mended).diagnostics).toEqual([]);
  });

  test("[CHECK6] what has no effect is reported", () => {
    expect(
      find(
        head +
          role("agent: x\nturn: { on_timeout: rerecruit }\noffline: { then: rerecruit }\neligibility: { any: true }\nbroadcast: {}") +
          graph,
      ),
    ).toEqual(Array(4).fill("without-effect"));
    expect(find(`%YAML 1.1\n---\n${head}${role("")}${graph}`)).toEqual(["bad-yaml"]);
    const listed = `${head}roles: { w: { goal: x } }\ngraph:\n  $START: [{ role: w }]\n  w: [{ role: $END, emit: [{ kind: a.b, to: "agents/{{ x }}" }] }]\n`;
    expect(find(listed)).toEqual(["bad-recipient"]);
  });

  test("[LANG13] an old slip is a warning in a local file and an error in a cloud file", () => {
    const text = head + role("") + graph.replace("Work.", '"{{ repo }}"').replace("Done.", '"{{ nothing }}"');
    const severities = (file: string): string[] => parseWorkflow(file).diagnostics.map((diagnostic) => diagnostic.severity);
    expect(severities(text)).toEqual(["warning", "warning"]);
    expect(severities(`binding: cloud\n${text}`)).toEqual(["error", "error"]);
  });

  test("[LANG13] publishing asks for `binding: cloud`", () => {
    expect(parseWorkflow(head + role("") + graph, { publish: true }).diagnostics.map((diagnostic) => diagnostic.name)).toEqual([
      "not-cloud",
    ]);
    expect(parseWorkflow(`binding: cloud\n${head}${role("")}${graph}`, { publish: true }).diagnostics).toEqual([]);
  });

  test.each([
    ["$now()", "forbidden-function"],
    ["$millis()", "forbidden-function"],
    ["$random()", "forbidden-function"],
    ["$shuffle(steps)", "forbidden-function"],
    ["$eval('1')", "forbidden-function"],
    ["$pad('x', 5)", "forbidden-function"],
    ["steps ~> $shuffle", "forbidden-function"],
    ["$map(steps, $random)", "forbidden-function"],
    ["/x/", "forbidden-construct"],
    ["$split('a', /x/)", "forbidden-construct"],
    ["function($x){$x}", "forbidden-construct"],
    ["$map(steps, λ($x){$x})", "forbidden-construct"],
    ["$last(1)", "bad-role-argument"],
    ["$first()", "bad-role-argument"],
    ["$last('x')", "unknown-role"],
    ["$unknown", "unknown-variable"],
    ["steps[$foo = 1]", "unknown-variable"],
    ["a.b", "unknown-name"],
    ["1 +", "bad-expression"],
    ["", "blank-text"],
  ])("[LANG12] the expression %s is reported as %s", (expression, name) => {
    const text = `${head}roles: { w: { goal: x } }\nconditions: { c: { expression: ${JSON.stringify(expression)} } }\n${listGraph.replace("{ role: $END }", "{ role: $END, condition: c }, { role: $END }")}`;
    expect(find(text)).toEqual([name]);
  });

  test.each([
    "$last('w').x",
    "$first(steps[0].role)",
    "($a := 1; $a + 1)",
    "steps[role = 'w'].output",
    "steps@$s.$s.role",
    "steps#$i[$i > 1]",
    "$event.type",
    "$map(steps, $string)",
    "steps^(>round)",
    "steps{role: $count(output)}",
    "steps.{ 'a': output }",
    "start.event.data.x ? 1 : 2",
    "$$.steps",
    "steps[-1].output.`$status` = '$TIMEOUT'",
    "$exists(steps) and $not($count(steps) = 1)",
  ])("[LANG12] the expression %s is fine", (expression) => {
    const text = `${head}roles: { w: { goal: x, turn: { on_timeout: forfeit } } }\nconditions: { c: { expression: ${JSON.stringify(expression)} } }\n${listGraph.replace("{ role: $END }", "{ role: $END, condition: c }, { role: $END }")}`;
    expect(find(text)).toEqual([]);
  });

  test.each([
    "{{ note }}",
    "{{ note | default: 'x' | upcase }}",
    "{% if note %}{{ note.size }}{% else %}x{% endif %}",
    "{% for i in (1..3) %}{{ i }}{{ forloop.index }}{% endfor %}",
    "{% assign x = note %}{{ x }}",
    "{{ _event.data.a }}{{ _last.w.note }}{{ _body }}{{ _status }}{{ _supplement }}{{ _children | size }}",
    "{% case note %}{% when 'a' %}x{% endcase %}",
    "{%- comment -%}{{ anything }}{%- endcomment -%} x",
  ])("[LANG12] the prompt %s is fine", (prompt) => {
    expect(find(`binding: cloud\n${head}${role("")}${graph.replace("Done.", JSON.stringify(prompt))}`)).toEqual([]);
  });
});
