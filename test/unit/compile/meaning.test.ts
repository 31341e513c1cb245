/** What the compiler says of values that schemas rule out, and that it is silent where they say nothing. */
import { describe, expect, test } from "vitest";
import { applyFixes } from "../../../src/compile/diagnostics/apply-fixes.ts";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { absent, answer, condition, field, find, never } from "./judged-workflow.ts";

describe("fields", () => {
  test.each<[expression: string, at: string, fix?: string]>([
    ["$last('judge').voet = 'hire'", "voet", "vote"],
    ["$first('judge').nobody", "nobody"],
    ["steps[role = 'judge'].output.scor > 3", "scor", "score"],
    ["steps[role = 'judge'][-1].output.answers", "answers"],
    ["$last('crowd').answers[output.vot = 'hire'].agent", "vot", "vote"],
    ["$last('crowd').answers.agnet", "agnet", "agent"],
    ["$last('judge').parts[titel = 'x'].title", "titel", "title"],
    ["$last('judge').parts.(titel & 'x')", "titel", "title"],
    ["$last('judge').parts^(>titel).title", "titel", "title"],
    ["($x := $last('judge'); $x.voet)", "voet", "vote"],
    ["$count($last('judge').parts.titel) > 2 ? true : false", "titel", "title"],
    ["$last('judge').why.length", "length"],
    ["$event.datta", "datta", "data"],
    ["start.event.agnet", "agnet", "agent"],
    ["steps[-1].outptu.vote", "outptu", "output"],
    ["steps[-1].children.statsu = 'x'", "statsu", "status"],
    ["$last('judge').`voet`", "`voet`", "vote"],
  ])("[MEAN1] %s", (expression, at, fix) => {
    expect(find(condition(expression))).toEqual([[field, at, ...(fix === undefined ? [] : [fix])]]);
  });

  test.each([
    "steps[-1].output.answers",
    "steps[-1].output.reason = 'x'",
    "steps[-1].output.`$status` = '$TIMEOUT'",
    "steps[-1].output.`$status` = 'done'",
    "steps[-1].anything",
    "$last('judge').parts[0].title",
    "$last('judge').*.x",
    "$last('judge').**.x",
    "$last('judge').parts.%.vote",
    "$last('judge')@$j.parts.($j.vote)",
    "$event.data.anything.at.all",
    "$last($event.data.role).anything",
    "$lookup($last('judge'), $event.data.any).thing",
    "$keys($last('judge'))[0] = 'x'",
    "$merge([$last('judge'), { 'x': 1 }]).y",
  ])("[MEAN2] %s is let be", (expression) => {
    expect(find(condition(expression))).toEqual([]);
  });

  test.each<[what: string, schema: string, found: number]>([
    ["listed", "properties: { owner: {} }", 1],
    ["closed", "additionalProperties: false, properties: { x: {} }", 1],
    ["near a listed one of a schema that is open", "additionalProperties: true, properties: { owner: {} }", 1],
    ["not listed of a schema that is open", "additionalProperties: true, properties: { x: {} }", 0],
    ["taken by a pattern", "properties: { x: {} }, patternProperties: { '^o': {} }", 0],
    ["of another branch", "oneOf: [{ properties: { x: {} } }, { properties: { ownr: {} } }]", 0],
    ["of a part", "properties: { x: {} }, allOf: [{ properties: { ownr: {} } }]", 0],
    ["of a reference", "$ref: '#/$defs/x', $defs: { x: { properties: { ownr: {} } } }", 0],
    ["of a reference in itself", "properties: { ownr: { $ref: '#' } }", 0],
    ["of any answer", "description: Anything.", 0],
    ["of a condition", "properties: { x: {} }, if: { required: [x] }, then: { properties: { ownr: {} } }", 0],
  ])("[MEAN2] a name that is %s", (_, schema, found) => {
    expect(find(condition("$last('judge').ownr", schema))).toHaveLength(found);
  });
});

describe("comparisons", () => {
  test.each<[expression: string, at: string, fix?: string]>([
    ["$last('judge').vote = 'yes'", "'yes'"],
    ["'hirre' = $last('judge').vote", "'hirre'", "hire"],
    ["$last('judge').vote in ['hire', 'passs']", "'passs'", "pass"],
    ["'c' in $last('judge').tags", "'c'"],
    ["$last('judge').tags = 'a'", "'a'"],
    ["$last('judge').strong = 'true'", "'true'", "true"],
    ["$last('judge').strong = 1", "1"],
    ["$last('judge').score = '3'", "'3'", "3"],
    ["$last('judge').score > '3'", "'3'", "3"],
    ["$last('judge').why > 3", "3"],
    ["$last('judge').why + 1 = 2", "why"],
    ["$last('judge').vote = true", "true"],
    ["$count(steps[role = 'judge' and output.vote = 'hirre']) >= 2", "'hirre'", "hire"],
    ["steps[-1].output.`$status` = '$TIMEOT'", "'$TIMEOT'", "$TIMEOUT"],
    ["$count(steps) = '2'", "'2'", "2"],
  ])("[MEAN3] %s", (expression, at, fix) => {
    expect(find(condition(expression))).toEqual([[never, at, ...(fix === undefined ? [] : [fix])]]);
  });

  test.each([
    "$last('judge').vote = 'hire' or $last('judge').vote in ['pass', 'hire']",
    "$last('judge').vote != null",
    "$event.data.x = null",
    "$last('judge').vote = $event.data.vote",
    "$event.data.x = 3 or $event.data.x > 'a' or $event.data.x + 1 = 2",
    "$string($last('judge').score) = '3' and $number($last('judge').why) > 3",
    "$last('judge').why & 1 = 'x1'",
    "$sum(steps.output.score) > 3",
    "1 = 1",
  ])("[MEAN4] %s may hold", (expression) => {
    expect(find(condition(expression))).toEqual([]);
  });

  test("[MEAN3] of two statuses that are as near no fix is offered", () => {
    expect(find(condition("$last('judge').sev = 'sev0'", "properties: { sev: { enum: [sev1, sev2] } }"))).toEqual([[never, "'sev0'"]]);
  });
});

describe("absence", () => {
  test.each<[expression: string, at: string, fix?: string]>([
    ["$last('judge').strong != true", "!="],
    ["($j := $last('judge'); $j.why != 'x')", "!=", "$not($j.why = 'x')"],
    ["$not($last('judge').strong)", "strong"],
    ["($j := $last('judge'); $not($j.strong))", "strong", "strong = true"],
  ])("[MEAN5] %s", (expression, at, fix) => {
    const found = find(condition(expression));
    expect(found.map(([name, place]) => [name, place])).toEqual([[absent, at]]);
    if (fix !== undefined) expect(found[0]?.[2]).toBe(fix);
  });

  test.each([
    "$last('judge').vote != 'hire'",
    "$last('judge').why != '' and $last('judge').score != 0",
    "$last('judge').why != null",
    "$not($last('judge').strong = true)",
    "($j := $last('judge'); $exists($j.why) and $j.why != 'x')",
    "$event.data.x != 3 and $not($event.data.y)",
  ])("[MEAN6] %s is let be", (expression) => {
    expect(find(condition(expression))).toEqual([]);
  });

  test("[MEAN6] a role's schema that requires nothing does not say what may be absent", () => {
    expect(find(condition("$last('judge').strong != true", "properties: { strong: { type: boolean } }"))).toEqual([]);
  });
});

const cloud = (rest: {
  where?: string;
  score?: string;
  ok?: string;
  when?: string;
  prompt?: string;
  input?: string;
  end?: string;
}): string => `name: a
description: b
binding: cloud
input: { properties: { draft: { type: boolean }, sev: { enum: [low, high] } } }
reflexes: [{ kind: workflow, on: [a.b], when: ${JSON.stringify(rest.when ?? "true")} }]
roles:
  one:
    capabilities: [x]
    eligibility: { where: ${JSON.stringify(rest.where ?? "true")} }
    recruitment: { pick: best, score: ${JSON.stringify(rest.score ?? "1")} }
    frontmatter: { oneOf: [{ properties: { $status: { const: good }, note: { type: string } } }, { properties: { $status: { const: bad }, fault: {} } }] }
  all:
    type: broadcast
    capabilities: [x]
    broadcast: { ack: { ok: ${JSON.stringify(rest.ok ?? "true")} } }
    frontmatter: { properties: { vote: { enum: [yes, no] } } }
graph:
  $START: { new: { role: one, prompt: Go. } }
  one:
    good: { role: all, prompt: ${JSON.stringify(rest.prompt ?? ".")}, spawn: [{ workflow: b, input: ${JSON.stringify(rest.input ?? "{}")} }] }
    bad: { role: $END, prompt: . }
  all: { $ACKED: { role: $END, prompt: ${JSON.stringify(rest.end ?? "{{ _last.one.note }}")} } }
`;

describe("places", () => {
  test.each<[what: Parameters<typeof cloud>[0], found: ReturnType<typeof find>]>([
    [
      { where: "laod < 3 and capacity.slot > 1" },
      [
        [field, "laod", "load"],
        [field, "slot", "slots"],
      ],
    ],
    [{ where: "load < '3'" }, [[never, "'3'", "3"]]],
    [{ where: "labels.anything = 'x' and 'x' in capabilities" }, []],
    [
      { score: "stats.sucess - agent.laod + stats.overall.idel" },
      [
        [field, "sucess", "success"],
        [field, "laod", "load"],
        [field, "idel", "idle"],
      ],
    ],
    [{ score: "bid.minutes + stats.success" }, []],
    [{ ok: "vot = 'yes'" }, [[field, "vot", "vote"]]],
    [{ ok: "vote = 'yess'" }, [[never, "'yess'", "yes"]]],
    [{ when: "data.darft" }, [[field, "darft", "draft"]]],
    [{ when: "data.action = 'opened'" }, []],
    [{ when: "data.draft != true" }, [[absent, "!=", "$not(data.draft = true)"]]],
    [{ when: "data.sev = 'loww'" }, [[never, "'loww'", "low"]]],
    [{ input: "{ 'x': steps[-1].output.fault }" }, [[field, "fault"]]],
    [{ input: "steps[-1].output.nots" }, [[field, "nots", "note"]]],
    [{ input: "steps[-1].output.note" }, []],
    [
      { prompt: "{{ _last.one.nots }} {{ _last.one.note }} {{ _last.one.fault }}" },
      [
        [field, "nots", "note"],
        [field, "fault"],
      ],
    ],
    [{ end: "{{ _last.one.nots }} {{ _last.all.answers[0].agent }} {{ _last.one.note }}" }, [[field, "nots", "note"]]],
    [{ end: "{% if _last.all.acked.size > 1 %}{{ _last.all.akced | join: ', ' }}{% endif %}." }, [[field, "akced", "acked"]]],
    [{ prompt: "{{ _last['one'].nots }}." }, [[field, "nots", "note"]]],
  ])("[MEAN7] %j", (what, found) => {
    expect(find(cloud(what))).toEqual(found);
  });

  test("[MEAN7] all fixes together leave nothing of it", () => {
    const text = cloud({
      where: "laod < '3'",
      score: "stats.sucess",
      ok: "vote = 'yess'",
      when: "data.draft != true",
      prompt: "{{ _last.one.nots }}",
      input: "steps[-1].output.nots",
    });
    expect(find(text)).toHaveLength(6);
    const mended = applyFixes(text, (current) => parseWorkflow(current).diagnostics).text;
    expect(parseWorkflow(mended).diagnostics).toEqual([]);
  });
});

const prompted = (prompt: string): string => `name: a
description: b
binding: cloud
roles:
  judge: { capabilities: [x], frontmatter: { ${answer.replace("properties: {", "properties: { $status: { const: done },")} } }
graph:
  $START: { new: { role: judge, prompt: Go. } }
  judge: { done: { role: $END, prompt: ${JSON.stringify(prompt)} } }
`;

describe("templates", () => {
  test.each<[prompt: string, name: string, at: string, fix?: string]>([
    ["{% if vote == 'hirre' %}x{% endif %}", never, "'hirre'", "hire"],
    ["{% if why and 'hirre' != vote %}x{% endif %}", never, "'hirre'", "hire"],
    ["{% unless strong == 'true' %}x{% endunless %}", never, "'true'", "true"],
    ["{% if vote == 'hire' %}{% elsif score == '3' %}x{% endif %}", never, "'3'", "3"],
    ["{% if tags contains 'c' %}x{% endif %}", never, "'c'"],
    ["{% case vote %}{% when 'hire', 'passs' %}x{% endcase %}", never, "'passs'", "pass"],
    ["{% for part in parts %}{{ part.titel | upcase }}{% endfor %}", field, "titel", "title"],
    ["{% for part in parts %}{% if part.titel %}x{% endif %}{% endfor %}", field, "titel", "title"],
    ["{{ _last.judge.parts[0].titel }}", field, "titel", "title"],
    ["{% if _last.judge.vote == 'hirre' %}x{% endif %}", never, "'hirre'", "hire"],
    ["{{ _event.tpye }}", field, "tpye", "type"],
    ["{% for child in _children %}{{ child.statsu }}{% endfor %}", field, "statsu", "status"],
  ])("[MEAN10] %s", (prompt, name, at, fix) => {
    expect(find(prompted(prompt))).toEqual([[name, at, ...(fix === undefined ? [] : [fix])]]);
  });

  test.each([
    "{% if vote == 'hire' or vote == nil or vote == blank or vote == empty %}x{% endif %}",
    "{% assign vote = 'x' %}{% if vote == 'x' %}x{% endif %}",
    "{% for vote in tags %}{% if vote == 'a' %}{{ forloop.index }}{% endif %}{% endfor %}",
    "{% for child in _children %}{{ child.output.anything }}{% endfor %}",
    "{{ tags.size }} {{ tags.first }} {{ parts.first.any }} {{ why.size }}",
    "{% if why contains 'x' %}x{% endif %}",
    "{% if why %}{{ why }}{% endif %}{% if strong %}x{% endif %}{% unless tags %}x{% endunless %}",
    "{% if vote and why %}x{% endif %}{% if _last.judge %}x{% endif %}{% assign vote = 'x' %}{% if vote %}x{% endif %}",
    "{% if vote contains 'hir' %}x{% endif %}",
    "{% if _event.data.any == 3 and _body == 'x' and _status == 'done' %}x{% endif %}",
  ])("[MEAN10] %s is let be", (prompt) => {
    expect(find(prompted(prompt))).toEqual([]);
  });
});

describe("bounds", () => {
  const wide = Array.from({ length: 40 }, (_, index) => `{ properties: { $status: { const: s${index} }, f${index}: {} } }`).join(", ");
  test.each<[what: string, schema: string]>([
    ["contradicts itself", "type: string, const: 3, properties: { a: {} }, allOf: [{ type: number }, false]"],
    ["is made of itself", "properties: { a: { $ref: '#' } }, anyOf: [{ $ref: '#' }, { properties: { b: { $ref: '#' } } }]"],
    ["has alternatives of alternatives", `allOf: [{ oneOf: [${wide}] }, { anyOf: [${wide}] }, { anyOf: [${wide}] }]`],
  ])("[MEAN8] a schema that %s is answered in time", (_, schema) => {
    const expression = `$last('judge')${".a".repeat(1000)}`;
    const before = performance.now();
    expect(parseWorkflow(condition(expression, schema)).diagnostics.map(({ name }) => name)).not.toContain("compiler-bug");
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test("[MEAN8] an expression that is too large is told once, and not judged", () => {
    const names = parseWorkflow(condition(`$last('judge').voet = 'yes' and ${"true and ".repeat(1000)}true`)).diagnostics.map(
      ({ name }) => name,
    );
    expect(names).toEqual(["expression-too-large"]);
  });
});

const reports =
  "type: object, required: [vote, file], properties: { vote: { enum: [hire, pass] }, file: { format: artifact, contentMediaType: text/* }, note: { format: artifact, type: [string, object] } }";

test.each<[expression: string, found: unknown[]]>([
  ["$last('judge').file.sise > 5", [[field, "sise", "size"]]],
  ["$last('judge').file.titel = 'x'", [[field, "titel"]]],
  ["$last('judge').file.nmae = 'x'", [[field, "nmae", "name"]]],
  ["$last('judge').note.sise > 5", [[field, "sise", "size"]]],
  ["$last('judge').file.type = 5", [[never, "5"]]],
  ["$last('judge').file = 'x'", [[never, "'x'"]]],
  ["$last('judge').note = 'x'", []],
  ["$last('judge').file.size > 5 and $last('judge').file.type = 'text/plain' and $last('judge').file.name = 'a.txt'", []],
  ["$last('judge').file.`$artifact` = $last('judge').note.`$artifact`", []],
])(
  "[MEAN24] what stands at `format: artifact` is a reference with `$artifact`, `size`, `type` and perhaps `name`: %s",
  (expression, found) => {
    expect(find(condition(expression, reports))).toEqual(found);
  },
);
