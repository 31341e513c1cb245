/** Makes the inspector's pages of `src/inspector`: `ui/index.html`, and what it loads. Where the Worker is bundled. */
import { globSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { build, type InlineConfig } from "vite";
import { packageRoot } from "../package-files.ts";
import type { Assets } from "./assets.ts";

const home = "src/inspector";

/** Files that the pages are made of, beside the modules that {@link makeInspector} finds. */
export function listInspectorSources(): string[] {
  return ["src/local-server/make-inspector.ts", ...globSync(`${home}/**/*.*`, { cwd: packageRoot }).map(toPosix).sort()];
}

/** @returns the files, and the modules of ours that are in them @throws what Vite says where they can't be made */
export async function makeInspector(): Promise<{ assets: Assets; modules: string[] }> {
  const result = await buildAlike({
    configFile: false,
    envDir: false,
    root: join(packageRoot, home),
    base: "/ui/",
    // Copied below, for nothing is written here.
    publicDir: false,
    logLevel: "silent",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      write: false,
      target: "es2023",
      // Browsers that are good for the rest know `light-dark()`.
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      modulePreload: { polyfill: false },
      // Styles and pictures are files: the page's policy lets nothing be part of it.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((each) => ("output" in each ? each.output : []));
  const files = outputs.map((file) => [`ui/${file.fileName}`, file.type === "chunk" ? file.code : Buffer.from(file.source)] as const);
  const pictures = globSync("*.*", { cwd: join(packageRoot, home, "public") }).map(
    (name) => [`ui/${name}`, readFileSync(join(packageRoot, home, "public", name))] as const,
  );
  const modules = outputs.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])).map((id) => toPosix(relative(packageRoot, id)));
  return {
    assets: Object.fromEntries([...files, ...pictures]),
    modules: modules.filter((path) => path.startsWith("src/") && !path.startsWith(home)),
  };
}

/** Vite makes something else where NODE_ENV says that it is developed or tested: the same files are made of the same source, whoever asks. */
async function buildAlike(config: InlineConfig): ReturnType<typeof build> {
  const before = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    return await build(config);
  } finally {
    if (before === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = before;
  }
}

function toPosix(path: string): string {
  return path.split(sep).join("/");
}
