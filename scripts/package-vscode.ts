/** `npm run package:vscode`: writes the extension of VS Code as editors/vscode/dist/nerveflare-workflows-<version>.vsix. Needs the npm registry for the packager. */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildExtension } from "./vscode/build-extension.ts";

/** The packager has a hundred packages of its own, which nothing else needs: it is not among the dependencies. */
const packager = "@vscode/vsce@4.1.0";

const dist = join(import.meta.dirname, "../editors/vscode/dist");
const stage = join(dist, "extension");
await buildExtension(stage);
const { name, version } = JSON.parse(readFileSync(join(stage, "package.json"), "utf8")) as { name: string; version: string };
const file = `${name}-${version}.vsix`;
// The packages are bundled; links of the README lead to files in the package.
const args = ["package", "--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "--out", `../${file}`];
const { status, error } = spawnSync("npx", ["--yes", packager, ...args], {
  cwd: stage,
  stdio: "inherit",
  // It wants the Node that runs this, which need not be the one on the path.
  env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` },
  shell: process.platform === "win32",
});
if (status === 0) console.log(`${join(dist, file)}: ${Math.ceil(statSync(join(dist, file)).size / 1024)} KB`);
else {
  console.error(
    `${packager} did not package ${stage}${error ? `: ${error.message}` : ""}. It comes from the npm registry: is that within reach?`,
  );
  process.exitCode = 1;
}
