// Bundles the Worker before anybody starts it: `npm ci` calls this in a clone (`prepare`), and `npm run build` for the package (`--out dist/worker`).
// Plain JavaScript, for an install without the development dependencies runs it on any Node. Nothing here fails an install: the first
// start makes up for it, and says so.
import module from "node:module";
import { fileURLToPath } from "node:url";

const out = process.argv[2] === "--out" ? process.argv[3] : undefined;
if (out !== undefined) await build(fileURLToPath(new URL(`../${out}`, import.meta.url)));
else await prepare();

async function build(folder) {
  const { bundleWorker } = await import("../src/local-server/bundle-worker.ts");
  const { writeWorker } = await import("../src/local-server/built-worker.ts");
  const { replaceAssets } = await import("../src/local-server/assets.ts");
  const { worker, sourceMap, assets } = await bundleWorker();
  replaceAssets(assets);
  // Of what it was made is for a clone, which may change it.
  writeWorker(folder, { ...worker, sources: {} }, sourceMap);
}

async function prepare() {
  try {
    if (!process.features.typescript) throw new Error(`Node ${process.version} does not run TypeScript.`);
    const { loadWorker } = await import("../src/local-server/load-worker.ts");
    const { remark } = await loadWorker();
    // What a start loads is compiled ahead, too, and kept where `bin/nerveflare.js` looks for it.
    module.enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/nerveflare", import.meta.url)));
    for (const path of ["cli/main", "cli/commands/start", "local-server/start-server"]) await import(`../src/${path}.ts`);
    // Stdout is npm's, whose `pack` tells programs there what it made.
    if (remark !== null) console.error(remark);
  } catch (error) {
    console.error(`${error.message} So the first start bundles the Worker.`);
  }
}
