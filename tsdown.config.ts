/** How the packages are built of `src/`: `npm run build`. */
import { defineConfig } from "tsdown";

export default defineConfig([
  {
    name: "nerveflare",
    entry: {
      cli: "src/cli/main.ts",
      compile: "src/compile/index.ts",
      host: "src/durable/host/actor-host.ts",
      testing: "src/testing/open-workflow.ts",
    },
    outDir: "dist",
    platform: "node",
    target: "node20",
    fixedExtension: false,
    tsconfig: "tsconfig.build.json",
    dts: true,
    deps: { neverBundle: ["miniflare", "wrangler", "esbuild", /^cloudflare:/] },
  },
  {
    name: "@nerveflare/agent",
    entry: { index: "src/client/index.ts" },
    outDir: "packages/agent/dist",
    platform: "neutral",
    target: "es2022",
    tsconfig: "tsconfig.build.json",
    dts: true,
  },
]);
