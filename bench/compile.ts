/**
 * `npm run bench:compile`: how long compiling takes by the size of the file, whether that grows in line with it, and how long
 * `nerveflare check` takes from nothing. Knows the compiler and the command line, no server.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileWorkflow } from "../src/compile/compile-workflow.ts";
import { parseWorkflow } from "../src/compile/parse-workflow.ts";
import { generateWorkflow } from "./compile/generate-workflow.ts";
import { pickQuantile } from "./pick-quantile.ts";

const root = join(import.meta.dirname, "..");

interface Row {
  file: string;
  kilobytes: number;
  /** The front end alone: reading and checking. */
  checkMs: number;
  /** All of it: with both machines and the revision. */
  compileMs: number;
  msPerKilobyte: number;
}

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, runs: { type: "string", default: "15" }, cold: { type: "string", default: "20" } },
});
const runs = Number(values.runs);

/** Milliseconds of the median run. */
function time(run: () => unknown, times: number): number {
  const measured = Array.from({ length: times }, () => {
    const before = performance.now();
    run();
    return performance.now() - before;
  });
  return pickQuantile(measured, 0.5);
}

function measure(file: string, text: string): Row {
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(`${file} does not compile: ${diagnostics.find(({ severity }) => severity === "error")?.message}`);
  const kilobytes = Buffer.byteLength(text) / 1024;
  const checkMs = time(() => parseWorkflow(text), runs);
  const compileMs = time(() => compileWorkflow(text), runs);
  return { file, kilobytes, checkMs, compileMs, msPerKilobyte: compileMs / kilobytes };
}

function listCorpus(): string[] {
  const folder = join(process.env["NERVEFLARE_CORPUS"] ?? join(root, "../shared/corpus"), "workflows");
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
  return names.map((name) => readFileSync(join(folder, name), "utf8")).filter((text) => parseWorkflow(text).ir !== undefined);
}

/** The corpus by size: what is typical, and the largest that people wrote. */
function measureCorpus(): Row[] {
  const texts = listCorpus().sort((a, b) => a.length - b.length);
  return [0.25, 0.5, 0.75, 1].flatMap((share) => {
    const text = texts[Math.max(0, Math.ceil(texts.length * share) - 1)];
    return text === undefined ? [] : [measure(`corpus, ${share === 1 ? "largest" : `${share * 100} % are smaller`}`, text)];
  });
}

function measureGenerated(): Row[] {
  const sizes = [4, 8, 16, 32, 64, 128, 250];
  return (["status", "list"] as const).flatMap((form) =>
    sizes.map((kilobytes) => measure(`generated, ${form} form`, generateWorkflow(form, kilobytes * 1024))),
  );
}

/** Milliseconds from starting the program to its end. */
function measureCold(): { medianMs: number; p95Ms: number } {
  const measured = Array.from({ length: Number(values.cold) }, () => {
    const before = performance.now();
    const { status } = spawnSync(process.execPath, [join(root, "bin/nerveflare.js"), "check", join(root, "workflows/code-review.yaml")]);
    if (status !== 0) throw new Error("`nerveflare check workflows/code-review.yaml` failed");
    return performance.now() - before;
  });
  return { medianMs: pickQuantile(measured, 0.5), p95Ms: pickQuantile(measured, 0.95) };
}

const review = readFileSync(join(root, "workflows/code-review.yaml"), "utf8");
const firstMs = time(() => compileWorkflow(review), 1);
// Warm is what an editor and a server are.
for (let run = 0; run < 40; run++) compileWorkflow(review);

const rows = [measure("workflows/code-review.yaml", review), ...measureCorpus(), ...measureGenerated()];
/** How much dearer a kilobyte is in the largest file than in one of 16 KB, by form: 1 is linear. */
const linearity = Object.fromEntries(
  ["status", "list"].map((form) => {
    const generated = rows.filter(({ file }) => file === `generated, ${form} form`);
    const middle = generated.find(({ kilobytes }) => kilobytes > 14);
    const last = generated.at(-1);
    return [form, middle && last ? last.msPerKilobyte / middle.msPerKilobyte : Number.NaN];
  }),
);
const cold = Number(values.cold) > 0 ? measureCold() : undefined;

if (values.json) console.log(JSON.stringify({ firstMs, rows, linearity, cold }));
else {
  const columns = ["file", "KB", "check ms", "compile ms", "ms/KB"];
  const cells = rows.map(({ file, kilobytes, checkMs, compileMs, msPerKilobyte }) => [
    file,
    kilobytes.toFixed(1),
    checkMs.toFixed(2),
    compileMs.toFixed(2),
    msPerKilobyte.toFixed(2),
  ]);
  const widths = columns.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of [columns, ...cells])
    console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "));
  console.log(
    `\na kilobyte of 250 against one of 16: status form ${linearity["status"]?.toFixed(2)}, list form ${linearity["list"]?.toFixed(2)} (1 is linear)`,
  );
  console.log(`the first compile of a process: ${firstMs.toFixed(0)} ms`);
  if (cold)
    console.log(`nerveflare check, from nothing: median ${cold.medianMs.toFixed(0)} ms, p95 ${cold.p95Ms.toFixed(0)} ms of ${values.cold}`);
}
