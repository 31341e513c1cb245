/** Makes the files that the Worker answers with: what its API is like. Where the Worker is bundled, and for tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package-files.ts";
import type { AsyncApi } from "../worker/describe/build-asyncapi.ts";
import type { OpenApi } from "../worker/describe/build-openapi.ts";
import { renderDocs } from "../worker/describe/render-docs.ts";
import type { Assets } from "./assets.ts";

/** What they are made of. */
export const assetSources = ["schemas/openapi.json", "schemas/asyncapi.json", "src/worker/describe/render-docs.ts"];

/** The API's two descriptions, and the page of them. */
export async function makeAssets(): Promise<Assets> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(packageRoot, "schemas", name), "utf8"));
  const [openapi, asyncapi] = [read("openapi.json") as OpenApi, read("asyncapi.json") as AsyncApi];
  return {
    "docs.html": String(await renderDocs(openapi, asyncapi)),
    "v1/openapi.json": JSON.stringify(openapi),
    "v1/asyncapi.json": JSON.stringify(asyncapi),
  };
}
