/**
 * `npm run visualize`: pictures and Stately files of the example workflows, into visualizations/. With `--check` nothing is
 * written, and the run fails if they are not what the workflows and the compiler give today.
 */
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawFiles } from "../src/cli/lib/draw/draw-files.ts";
import { compileWorkflow } from "../src/compile/compile-workflow.ts";
import { renderMachineModule } from "../src/compile/stately/render-machine-module.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "visualizations");

async function generate(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const path of globSync("workflows/*.yaml", { cwd: root }).sort()) {
    const { compiled, diagnostics } = compileWorkflow(readFileSync(join(root, path), "utf8"));
    if (!compiled) throw new Error(`${path} does not compile: ${diagnostics.map(({ message }) => message).join(" ")}`);
    for (const config of [compiled.task, compiled.recruitment])
      files.set(`${compiled.ir.name}.${config.id}.machine.ts`, renderMachineModule(compiled.ir.name, config));
    const drawn = await drawFiles(compiled, {
      formats: ["svg", "mermaid"],
      machines: ["task", "recruitment"],
      detail: false,
      theme: "auto",
    });
    for (const { name, content } of drawn) files.set(name, content);
  }
  return files;
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}

const files = await generate();
mkdirSync(folder, { recursive: true });
const stale = [...files].filter(([name, content]) => read(name) !== content).map(([name]) => name);
const left = readdirSync(folder).filter((name) => !files.has(name));
if (process.argv.includes("--check")) {
  for (const name of stale) console.error(`visualizations/${name} is not what the workflow gives`);
  for (const name of left) console.error(`visualizations/${name} belongs to no workflow`);
  if (stale.length + left.length > 0) {
    console.error("Run `npm run visualize` and commit what it writes.");
    process.exitCode = 1;
  }
} else {
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  for (const name of left) rmSync(join(folder, name));
  console.log(`${files.size} files in visualizations/, ${stale.length} of them changed, ${left.length} removed`);
}
