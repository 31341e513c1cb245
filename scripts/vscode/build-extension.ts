/** Builds the extension of VS Code into a folder that is ready to be packaged: it needs no install, for all that it uses is in its bundles. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = join(import.meta.dirname, "../..");
const source = join(root, "editors/vscode");

/** What is packaged as it is. */
const files = ["README.md", "icon.png", "media", "snippets"];

const node: BuildOptions = {
  platform: "node",
  // VS Code 1.101, the oldest that the manifest allows, has Node 22.
  target: "node22",
  format: "cjs",
  external: ["vscode"],
  mainFields: ["module", "main"],
  // A file of CommonJS has no `import.meta`.
  define: { "import.meta.url": "bundleUrl" },
  banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

/** Builds into a folder, which is emptied before. */
export async function buildExtension(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "dist"), { recursive: true });
  const bundle = async (name: string, from: string, options: BuildOptions): Promise<string[]> => {
    const { metafile } = await build({
      ...options,
      entryPoints: [join(source, from)],
      outfile: join(folder, "dist", name),
      absWorkingDir: root,
      bundle: true,
      minify: true,
      metafile: true,
      legalComments: "none",
      logLevel: "warning",
    });
    return Object.keys(metafile.inputs);
  };
  const inputs = await Promise.all([
    bundle("extension.js", "src/extension.ts", node),
    bundle("server.js", "src/server.ts", node),
    bundle("picture.js", "src/page/picture.ts", { platform: "browser", target: "es2022", format: "iife" }),
  ]);
  for (const file of files) await cp(join(source, file), join(folder, file), { recursive: true });
  await cp(join(root, "LICENSE"), join(folder, "LICENSE.txt"));
  await writeFile(join(folder, "NOTICES.txt"), await writeNotices(inputs.flat()));
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const manifest = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as Record<string, unknown>;
  await writeFile(join(folder, "package.json"), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
}

/** The licences of the packages that files come from. */
async function writeNotices(inputs: string[]): Promise<string> {
  const packages = new Set(inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []));
  const notices = await Promise.all(
    [...packages].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8")) as Record<string, string>;
      const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? "" : (await readFile(join(root, folder, file), "utf8")).trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    }),
  );
  return `The bundles of this extension contain:\n\n${notices.join(`\n${"-".repeat(80)}\n\n`)}`;
}
