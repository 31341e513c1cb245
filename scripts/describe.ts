/**
 * `npm run describe`: what is described by code alone. The API, as OpenAPI and AsyncAPI, made of the schemas by which routes and sockets
 * parse: the Worker serves the files as they are. The language for editors, and the tables of its page, which is written by hand beside
 * them. The diagnostics, and their codes without the texts. The client's types of the contract. With `--check` nothing is written, and the run fails if a file is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderLanguage } from "../src/compile/describe/render-language.ts";
import { renderCatalogue, renderCodes } from "../src/compile/diagnostics/render-catalogue.ts";
import { renderEditorSchema } from "../src/compile/schema/create-editor-schema.ts";
import { version } from "../src/version.ts";
import { buildAsyncapi } from "../src/worker/describe/build-asyncapi.ts";
import { buildOpenapi } from "../src/worker/describe/build-openapi.ts";
import { routeDocs } from "../src/worker/describe/route-docs.ts";
import { renderContractTypes } from "./render-contract-types.ts";

const root = join(import.meta.dirname, "..");
const writeJson = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;
const files = {
  "schemas/openapi.json": writeJson(buildOpenapi(routeDocs, version)),
  "schemas/asyncapi.json": writeJson(buildAsyncapi(version)),
  "schemas/nerve-workflow.schema.json": renderEditorSchema(),
  "docs/language.md": renderLanguage(read("docs/language.md") ?? ""),
  "docs/diagnostics.md": renderCatalogue(),
  "src/compile/diagnostics/codes.ts": renderCodes(),
  "src/client/contract-types.ts": renderContractTypes(),
};

for (const [name, text] of Object.entries(files)) {
  if (read(name) === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`${name} is not what the code says. Run \`npm run describe\` and commit what it writes.`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(root, name), text);
    console.log(`wrote ${name}`);
  }
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(root, name), "utf8");
  } catch {
    return undefined;
  }
}
