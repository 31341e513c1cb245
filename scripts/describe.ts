/**
 * `npm run describe`: the descriptions of the API, OpenAPI and AsyncAPI, into schemas/, made of the schemas by which routes and
 * sockets parse. The Worker serves the files as they are. With `--check` nothing is written, and the run fails if they are stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../src/version.ts";
import { buildAsyncapi } from "../src/worker/describe/build-asyncapi.ts";
import { buildOpenapi } from "../src/worker/describe/build-openapi.ts";
import { routeDocs } from "../src/worker/describe/route-docs.ts";

const folder = join(import.meta.dirname, "..", "schemas");
const documents = { "openapi.json": buildOpenapi(routeDocs, version), "asyncapi.json": buildAsyncapi(version) };

for (const [name, document] of Object.entries(documents)) {
  const path = join(folder, name);
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (read(path) === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`schemas/${name} is not what the code says. Run \`npm run describe\` and commit what it writes.`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote schemas/${name}`);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
