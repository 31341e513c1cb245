/** The catalogue as a page for people. A pure function: who writes the file, and where, is the caller's business. */

import { catalogue } from "./catalogue.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";

const families: readonly { digit: string; title: string; intro: string }[] = [
  { digit: "1", title: "YAML", intro: "The file can not be read as one YAML document." },
  { digit: "2", title: "Shape", intro: "A field is unknown, missing, or holds the wrong sort of value." },
  { digit: "3", title: "References and graph", intro: "A name leads nowhere, or the graph can not do its work." },
  { digit: "4", title: "Expressions and templates", intro: "JSONata or Liquid does not parse, is refused, or asks for what is not there." },
  { digit: "5", title: "Cloud", intro: "What nerveflare does not do, or does only in the cloud." },
  {
    digit: "6",
    title: "Together",
    intro: "What only shows where several files are checked together, or a server is asked: `nerveflare check FOLDER`, `--server`.",
  },
  { digit: "9", title: "Bugs", intro: "The compiler itself failed." },
];

/** Renders the page of all diagnostics, in Markdown. */
export function renderCatalogue(): string {
  const lines = [
    "# Diagnostics",
    "",
    "What the compiler may say about a workflow file. Each finding has a code, which never changes its meaning, a place in the file,",
    "and mostly a hint; some carry a fix that a tool can apply. All findings of a file come in one run. A file with an error does not",
    "compile; warnings leave it working. This page is generated from the catalogue in `src/compile/diagnostics`; for each code there is",
    "a file that shows it in `test/fixtures/diagnostics`, of those about several files a folder in `test/fixtures/together`.",
    "",
  ];
  const entries = Object.entries(catalogue).sort(([, a], [, b]) => a.code.localeCompare(b.code));
  for (const { digit, title, intro } of families) {
    lines.push(`## NRV${digit}xxx ${title}`, "", intro, "", "| code | name | severity | meaning |", "|---|---|---|---|");
    for (const [name, entry] of entries) if (entry.code.startsWith(`NRV${digit}`)) lines.push(renderRow(name, entry));
    lines.push("");
  }
  return lines.join("\n");
}

function renderRow(name: string, entry: CatalogueEntry): string {
  return `| ${entry.code} | \`${name}\` | ${entry.severity} | **${entry.title}.** ${entry.explanation.replaceAll("|", "\\|")} |`;
}

/** Renders `codes.ts`: what the compiler needs of the catalogue where its texts would only be carried, as in the Worker. */
export function renderCodes(): string {
  const rows = Object.entries(catalogue).map(([name, { code, severity }]) => {
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    return `  ${key}: { code: ${JSON.stringify(code)}, severity: ${JSON.stringify(severity)} },\n`;
  });
  return `/** Codes and severities of the catalogue, without its texts. Written by \`npm run describe\`. */
import type { DiagnosticName } from "./catalogue.ts";
import type { CatalogueCode } from "./catalogue-entry.ts";

export const codes: Record<DiagnosticName, CatalogueCode> = {
${rows.join("")}};
`;
}
