/** That the YAML of the docs is what the compiler takes, and that the language's page leaves no field without an example. */
import { describe, expect, test } from "vitest";
import { parseWorkflow } from "../../../src/compile/index.ts";
import { createEditorSchema, type EditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { type DocExample, findExamples, readExamples, readValue } from "./doc-examples.ts";

const pages = ["language.md", "authoring.md", "recruitment.md", "broadcasts.md", "reflexes.md"];

/** What the examples include: a schema, or words. */
const includes = (path: string): string => (path.endsWith(".json") ? '{ "properties": { "line": { "type": "string" } } }' : "Do the work.");

function find({ text, includes: may }: DocExample): string[] {
  return parseWorkflow(text, may ? { includes } : {}).diagnostics.map(({ code, message }) => `${code} ${message}`);
}

describe.each(pages)("%s", (page) => {
  const examples = readExamples(page);
  test("[LANG17] has examples", () => expect(examples.length).toBeGreaterThan(0));

  test.each(examples)("[LANG17] $place compiles, or gives just what it says", (example) => {
    const found = find(example);
    expect(
      found.map((finding) => finding.split(" ")[0]),
      `docs/${example.place}:\n${found.join("\n")}\n\n${example.text}`,
    ).toEqual(example.gives);
    for (const code of example.gives) expect(example.lead, "what is said before a wrong example names its code").toContain(code);
  });
});

test("[LANG17] a block that is wrong, or says a fault that it has not, is noticed", () => {
  const [misspelt, sound] = findExamples(
    "page.md",
    "```yaml fragment=roles\nw: { gaol: Work. }\n```\n\n```yaml fragment=roles gives=NRV2001\nw: { goal: Work. }\n```\n",
  );
  expect(misspelt && find(misspelt)).toEqual([expect.stringContaining("There is no field `gaol` here.")]);
  expect(sound && find(sound)).toEqual([]);
  expect(sound).toMatchObject({ place: "page.md:5", gives: ["NRV2001"] });
});

/** Visits the fields of a schema that a value has, or without a value all that there are. */
function visitFields(schema: EditorSchema, value: unknown, path: string, visit: (field: string) => void): void {
  for (const alternative of schema.anyOf ?? schema.oneOf ?? []) visitFields(alternative, value, path, visit);
  const every = value === all;
  const items = every ? [all] : Array.isArray(value) ? value : [];
  if (schema.items) for (const item of items) visitFields(schema.items, item, `${path}[]`, visit);
  const map = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [field: string]: unknown }) : {};
  const kind = schema.properties?.["kind"]?.["const"];
  if (kind !== undefined && !every && map["kind"] !== kind) return;
  const at = kind === undefined ? path : `${path}(${String(kind)})`;
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    if (!every && !Object.hasOwn(map, field)) continue;
    visit(`${at}.${field}`);
    visitFields(inner, every ? all : map[field], `${at}.${field}`, visit);
  }
  const { additionalProperties: values } = schema;
  if (typeof values === "object") for (const inner of every ? [all] : Object.values(map)) visitFields(values, inner, `${path}.*`, visit);
}

/** Stands for a value that has everything. */
const all = Symbol("all");

test("[LANG18] every field of the language occurs in an example of docs/language.md", () => {
  const fields = new Set<string>();
  visitFields(createEditorSchema(), all, "", (field) => fields.add(field));
  expect(fields.size).toBeGreaterThan(90);
  const lacking = new Set(fields);
  for (const { text, gives } of readExamples("language.md"))
    if (gives.length === 0) visitFields(createEditorSchema(), readValue(text), "", (field) => lacking.delete(field));
  expect([...lacking], "these fields of workflow-shape.ts have no example in docs/language.md: write one").toEqual([]);
});
