/**
 * Makes clients of the OpenAPI document as its users would: types by openapi-typescript, a client by @hey-api/openapi-ts.
 * Run by itself, `generate.ts <document> <folder>`: both generators call the compiler's API, which TypeScript 7 does not have, so
 * that here `typescript` means an older one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { join } from "node:path";

registerHooks({ resolve: (specifier, context, next) => next(specifier === "typescript" ? "typescript-5" : specifier, context) });

const [, , source = "", folder = ""] = process.argv;
const { default: generateTypes, astToString } = await import("openapi-typescript");
await writeFile(join(folder, "schema.ts"), astToString(await generateTypes(await readFile(source, "utf8"))));

const { createClient } = await import("@hey-api/openapi-ts");
await createClient({
  input: source,
  // Read by Node as it is.
  output: { path: join(folder, "hey"), module: { extension: ".ts" } },
  plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"],
  logs: { level: "silent" },
});
