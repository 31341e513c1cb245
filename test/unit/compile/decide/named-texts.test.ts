import { expect, test } from "vitest";
import { renderTemplate } from "../../../../src/compile/decide/template.ts";
import { createTemplateEngine } from "../../../../src/compile/templates/create-template-engine.ts";

const scope: { [name: string]: unknown } = {
  a: "x",
  b_1: "{{ a }} {% if %}",
  c: "",
  long: "y".repeat(60_000),
  list: ["p", "q"],
  mixed: ["p", 1, null],
  nothing: [],
  nested: [["p", "q"], "r"],
  number: 7,
  none: null,
  half: 0.5,
  less: -0,
  large: 2 ** 60,
  object: { a: 1, text: "t", list: ["p"], size: "own", deep: { down: { it: "goes" }, none: null }, "0": "zero", and: "own" },
  size: "own",
  first: "own",
  empty: "own",
  true: "own",
  and: "own",
  _status: "done",
};

const pieces = [
  ...["list", "mixed", "nothing", "nested", "a", "missing", "empty"].flatMap((name) => [
    `{{ ${name} | join: '; ' }}`,
    `{{${name}|join: ""}}`,
    `{{ ${name} | join }}`,
    `{{ ${name} | join: a }}`,
    `{{ ${name} | join: '{}' }}`,
    `{{ ${name} | join: '\\n' }}`,
    `{{ ${name} | join: '"' | upcase }}`,
    `{{ ${name} | join:'x', 'y' }}`,
  ]),
  ...Object.keys(scope).flatMap((name) => [`{{ ${name} }}`, `{{${name}}}`, `{{ ${name}  }}`]),
  ...[
    "{{- a -}}",
    "{{ a | upcase }}",
    ...[
      "a",
      "text",
      "list",
      "size",
      "first",
      "deep",
      "deep.down",
      "deep.down.it",
      "deep.none",
      "deep.none.x",
      "missing",
      "missing.x",
    ].flatMap((path) => [`{{ object.${path} }}`, `{{object.${path}}}`, `{{ object.${path} | join: ';' }}`]),
    ...["text.size", "text.length", "and", "0", "a.b", "constructor", "__proto__", "toString"].map((path) => `{{ object.${path} }}`),
    ...["{{ object . text }}", "{{ object. text }}", "{{ object..text }}", "{{ .object }}", "{{ object['text'] }}", "{{ list.first }}"],
    ...["{{ list.length }}", "{{ a.length }}", "{{ list.x }}", "{{ object.text-x }}", "{{ object.deep.down.it.goes }}"],
    "{{ a b_1 }}",
    "{{ missing }}",
    "{{ 'a' }}",
    "{{ constructor }}",
    "{{ __proto__ }}",
  ],
  ...["{% if a %}x{% endif %}", "{% comment %}{{ a }}{% endcomment %}", "{% raw %}{{ a }}{% endraw %}", "{{ }}", "{{ a", "{%"],
  ...["", " ", "\n", "text", "}}", "%}", "{", "}", "{ {", "é\u2028", "$&", "{{{ a }}}"],
];

test("[DECIDE16] a prompt that only names texts and lists says what Liquid says, and so does any other", async () => {
  const engine = createTemplateEngine();
  let seed = 1;
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(seed / 256) % below;
  };
  const sources = Array.from({ length: 3_000 }, () => Array.from({ length: 1 + draw(5) }, () => pieces[draw(pieces.length)]).join(""));
  for (const source of [...pieces, ...sources]) {
    let expected: unknown;
    try {
      expected = { ok: true, text: engine.parseAndRenderSync(source, scope) };
    } catch {
      expected = { ok: false };
    }
    expect(await renderTemplate({ kind: "liquid", source }, scope), source).toMatchObject(expected as object);
  }
});
