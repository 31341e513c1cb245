import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("[CLIENT16] the client bundles for a browser, small, from its own files and the wire's constants alone", async () => {
  const root = join(import.meta.dirname, "../../..");
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["src/client/index.ts"],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
  });
  const foreign = Object.keys(metafile.inputs).filter((path) => !path.startsWith("src/client/"));
  expect(foreign.sort()).toEqual([
    "src/contract/channels.ts",
    "src/contract/json-schema/fingerprint-schema.ts",
    "src/contract/limits.ts",
    "src/contract/problem.ts",
    "src/contract/usage.ts",
  ]);
  // With what turns took of language models, which it adds up: 1.5 KB of it.
  expect(outputFiles[0]?.contents.length).toBeLessThan(50 * 1024);
});
