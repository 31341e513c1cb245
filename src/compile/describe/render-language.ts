/**
 * The parts of docs/language.md that the declarations of the language give: between `<!-- generated: NAME -->` and `<!-- end -->`. All
 * else on the page is written by hand, and stays. A pure function: who reads and writes the file is the caller's business.
 */
import { enumerations } from "./enumerations.ts";
import { escapeCell, listObjects, renderFields } from "./render-fields.ts";
import { renderAttributes, renderFunctions, renderLimits, renderTemplateWords, renderViews } from "./render-sight.ts";

/** Every part, by its name. */
function renderParts(): Map<string, string[]> {
  return new Map([
    ...listObjects().map((object): [string, string[]] => [`fields ${object.address}`.trim(), renderFields(object)]),
    ...Object.keys(enumerations).map((field): [string, string[]] => [`words ${field}`, renderWords(field)]),
    ["views", renderViews()],
    ["attributes", renderAttributes()],
    ["functions", renderFunctions()],
    ["tags and filters", renderTemplateWords()],
    ["limits", renderLimits()],
  ]);
}

/**
 * Renders the page's generated parts anew.
 * @throws if the page has no place for a part, or a place for what is no part
 */
export function renderLanguage(page: string): string {
  const parts = renderParts();
  const placed = new Set<string>();
  const text = page.replaceAll(/<!-- generated: (.*?) -->\n.*?<!-- end -->/gs, (_, name: string) => {
    const lines = parts.get(name);
    if (lines === undefined)
      throw new Error(`docs/language.md has a place for \`${name}\`, which is no part. Parts are ${[...parts.keys()].join("; ")}.`);
    placed.add(name);
    return `<!-- generated: ${name} -->\n\n${lines.join("\n")}\n\n<!-- end -->`;
  });
  const missing = [...parts.keys()].filter((name) => !placed.has(name));
  if (missing.length > 0)
    throw new Error(
      `docs/language.md has no place for these parts:\n${missing.map((name) => `<!-- generated: ${name} -->\n<!-- end -->`).join("\n")}`,
    );
  return text;
}

function renderWords(field: string): string[] {
  const { about, words } = enumerations[field] ?? { about: "", words: {} };
  const rows = Object.entries(words).map(([word, meaning]) => `| \`${word}\` | ${escapeCell(meaning)} |`);
  return [`#### \`${field}\``, "", about, "", "| word | meaning |", "|---|---|", ...rows];
}
