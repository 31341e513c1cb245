/** That generated types compile, that right handlers do and wrong ones don't: asked of the compilers themselves, a run each for everything. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileWorkflow } from "../../../src/compile/compile-workflow.ts";
import { renderTypes } from "../../../src/compile/types/render-types.ts";
import { readExamples } from "../../unit/compile/doc-examples.ts";
import { listWorkflows } from "../../unit/compile/list-workflows.ts";
import { writeRandomTypes } from "./random-schemas.ts";

const root = join(import.meta.dirname, "../../..");
const fixtures = join(root, "test/fixtures/types");
const folder = mkdtempSync(join(tmpdir(), "nerveflare-types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeModule(name: string, text: string): boolean {
  const { compiled } = compileWorkflow(text, { includes: () => "{}" });
  if (compiled) writeFileSync(join(folder, name), renderTypes(compiled.ir, { from: join(root, "src/client/index.ts"), command: "x" }));
  return compiled !== undefined;
}

/** What the compiler says of all modules and of the handlers, as its exit code and its words. */
async function compile(compiler: string, options: object): Promise<string> {
  const config = join(folder, `tsconfig.${compiler}.json`);
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: "es2024", lib: ["es2024"], module: "esnext", moduleResolution: "bundler" },
    ...{
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    },
    ...options,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, include: [join(folder, "*.ts"), join(fixtures, "*.ts")] }));
  const cli = join(root, "node_modules", compiler, "bin/tsc");
  return await promisify(execFile)(process.execPath, [cli, "-p", config], { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}` || "failed",
  );
}

let written = 0;
let values = 0;
beforeAll(() => {
  const texts = [
    ...listWorkflows().map((file) => readFileSync(file, "utf8")),
    ...readExamples("language.md")
      .filter(({ gives }) => gives.length === 0)
      .map(({ text }) => text),
  ];
  const random = writeRandomTypes(7, 200, join(root, "src/client/index.ts"));
  writeFileSync(join(folder, "random.ts"), random.text);
  values = random.values;
  for (const [at, text] of texts.entries()) if (writeModule(`workflow-${at}.ts`, text)) written += 1;
});

test("[TYPES1] right handlers compile and wrong ones don't, and so does every workflow's module: in TypeScript 5.9 and 7, with exact optional properties and without", async () => {
  expect(written).toBeGreaterThan(20);
  // Whatever a schema takes, its type takes: of random schemas as many values.
  expect(values).toBeGreaterThan(500);
  const said = await Promise.all([
    compile("typescript", { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }),
    compile("typescript-5", {}),
  ]);
  expect(said).toEqual(["", ""]);
});

test("[TYPES1] the fixture's types are those of its workflow, and its handlers are wrong in some twenty ways", () => {
  const { compiled } = compileWorkflow(readFileSync(join(fixtures, "parcels.yaml"), "utf8"));
  const made = readFileSync(join(fixtures, "parcels.types.ts"), "utf8");
  const command = "nerveflare types parcels.yaml --out parcels.types.ts --import ../../../src/client/index.ts";
  expect(compiled && renderTypes(compiled.ir, { from: "../../../src/client/index.ts", command })).toBe(made);
  expect(readFileSync(join(fixtures, "handlers.ts"), "utf8").match(/@ts-expect-error/g)?.length).toBeGreaterThan(20);
});
