/** Holds the language's words, their page and what editors are told together. `npm run describe` writes the page's tables anew. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { defaults } from "../../../src/compile/defaults.ts";
import { slug } from "../../../src/compile/describe/render-fields.ts";
import { renderLanguage } from "../../../src/compile/describe/render-language.ts";
import { createEditorSchema } from "../../../src/compile/schema/create-editor-schema.ts";
import * as language from "../../../src/contract/language.ts";
import { queueLimits } from "../../../src/durable/workflow/queue.ts";

const page = new URL("../../../docs/language.md", import.meta.url).pathname;

/** Every enumeration that the language declares, by the name it is exported under. */
const enumerations = Object.entries(language).flatMap(([name, value]) =>
  typeof value === "object" ? [{ name, words: value as object }] : [],
);

test("[LANG15] docs/language.md is what the declarations give (npm run describe writes it)", () => {
  const text = readFileSync(page, "utf8");
  expect(text).toBe(renderLanguage(text));
});

test("[LANG15] the length of a queue that no author bounds is the one that the server keeps to", () => {
  expect(defaults.maxQueue).toBe(queueLimits.waiting);
});

test("[LANG15] a part that the page has no place for, and a place for no part, are refused", () => {
  const text = readFileSync(page, "utf8");
  expect(() => renderLanguage(text.replace("<!-- generated: fields roles.<role>.turn -->", ""))).toThrow(
    "has no place for these parts:\n<!-- generated: fields roles.<role>.turn -->",
  );
  expect(() => renderLanguage(text.replace("<!-- generated: limits -->", "<!-- generated: limit -->"))).toThrow(
    "`limit`, which is no part",
  );
});

test("[LANG15] each heading of the page has an anchor of its own, and each link within the page leads to one", () => {
  const text = readFileSync(page, "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slug(heading));
  expect(anchors.length).toBeGreaterThan(30);
  expect(anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index)).toEqual([]);
  const links = [...text.matchAll(/\]\(#(.*?)\)/g)].map(([, anchor]) => anchor);
  expect(links.filter((anchor = "") => !anchors.includes(anchor))).toEqual([]);
});

test("[LANG15] every word of every enumeration has its row in the docs", () => {
  expect(enumerations.length).toBeGreaterThan(10);
  const tables = renderLanguage(readFileSync(page, "utf8"))
    .split(/\n#+ /)
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
