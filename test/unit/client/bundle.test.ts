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
    "src/contract/artifact.ts",
    "src/contract/channels.ts",
    "src/contract/json-schema/fingerprint-schema.ts",
    "src/contract/limits.ts",
    "src/contract/problem.ts",
    "src/contract/usage.ts",
  ]);
  // With what turns took of language models, which it adds up: 1.5 KB of it. Artifacts over lines that break: 5 KB.
  expect(outputFiles[0]?.contents.length).toBeLessThan(56 * 1024);
});
