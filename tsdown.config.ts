/** How the packages are built of `src/`: `npm run build`. */
import { globSync } from "node:fs";
import { defineConfig } from "tsdown";

/** Programs that are started by their source's path, as `src/package-files.ts` finds them: what imports them as modules has no use for them. */
const programs = ["src/cli/main.ts", "src/local-server/configure-runtime.ts", ...globSync("examples/agents/*.ts").sort()];

const shared = { tsconfig: "tsconfig.build.json", checks: { pluginTimings: false }, suppressWarnings: /`tsgo` generator/ } as const;

export default defineConfig([
  {
    name: "nerveflare",
    entry: {
      compile: "src/compile/index.ts",
      host: "src/host/index.ts",
      testing: "src/testing/open-workflow.ts",
      ...Object.fromEntries(programs.map((path) => [path.replace(/\.ts$/, ""), path])),
    },
    outDir: "dist",
    // What a server that runs from this clone reads while it runs.
    clean: ["dist/*", "!dist/assets", "!dist/assets/**"],
    platform: "node",
    target: "node20",
    fixedExtension: false,
    ...shared,
    dts: { entry: ["src/{compile,host}/index.ts", "src/testing/open-workflow.ts"] },
    // What bundles is for a clone. An install has everything bundled, and neither esbuild nor wrangler: it never gets there.
    deps: { neverBundle: /\/bundle-(path-)?worker\.ts$/ },
  },
  {
    name: "the Worker of `nerveflare test`",
    entry: { "path-worker": "src/path-tests/path-worker.ts" },
    outDir: "dist/src/path-tests",
    platform: "browser",
    target: "es2024",
    ...shared,
    dts: false,
    minify: true,
    deps: { alwaysBundle: /./, neverBundle: /^cloudflare:/ },
  },
  {
    name: "@nerveflare/agent",
    entry: { index: "src/client/index.ts" },
    outDir: "packages/agent/dist",
    platform: "neutral",
    target: "es2022",
    ...shared,
    dts: true,
    // No module of it does anything by being loaded; without this the types import zod for nothing.
    treeshake: { moduleSideEffects: false },
    // What is loaded over a network has no comments or spaces, and the names that stack traces show; the types have the documentation.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    outputOptions: { comments: false },
  },
]);
