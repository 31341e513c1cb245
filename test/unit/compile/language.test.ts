/** Holds the language's words, their page and what editors are told together. `npm run describe` writes the page anew. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createEditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import { renderLanguage } from "../../../src/compile/schema/render-language.ts";
import * as language from "../../../src/contract/language.ts";

const page = new URL("../../../docs/language.md", import.meta.url).pathname;

/** Every enumeration that the language declares, by the name it is exported under. */
const enumerations = Object.entries(language).flatMap(([name, value]) =>
  typeof value === "object" ? [{ name, words: value as object }] : [],
);

test("[LANG15] docs/language.md is what the declarations give (npm run describe writes it)", () => {
  expect(readFileSync(page, "utf8")).toBe(renderLanguage());
});

test("[LANG15] every word of every enumeration has its row in the docs", () => {
  expect(enumerations.length).toBeGreaterThan(10);
  const tables = renderLanguage()
    .split("\n## ")
    .map((part) => [...part.matchAll(/^\| `(.+?)` \| /gm)].map(([, word]) => word));
  for (const { name, words } of enumerations)
    expect({ name, tables }).toMatchObject({ tables: expect.arrayContaining([Object.keys(words)]) });
});

test("[LANG16] editors are shown what each value of a field means", () => {
  const found: { words: string[]; meanings: unknown }[] = [];
  const visit = (schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    const { enum: words, enumDescriptions: meanings } = schema as { enum?: string[]; enumDescriptions?: unknown };
    if (Array.isArray(words)) found.push({ words, meanings });
    for (const inner of Object.values(schema)) visit(inner);
  };
  visit(createEditorSchema());
  expect(found.length).toBeGreaterThan(8);
  for (const { words, meanings } of found) {
    const declared = enumerations.find((each) => Object.keys(each.words).join() === words.join());
    expect(declared, `${words.join(", ")} is declared in src/contract/language.ts`).toBeDefined();
    expect(meanings).toEqual(Object.values(declared?.words ?? {}));
  }
});
