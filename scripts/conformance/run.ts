/**
 * `npm run conformance -- --dir DIR [--out FILE]`: compiles the workflow files of a recorded corpus and compares what
 * the compiled machines decide with what was recorded. Fails under 99 % agreement.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { Json } from "../../src/contract/event.ts";
import { type Actual, createReplay, type RecordedStep, replayCase, replayWalk } from "./replay.ts";

/** Agreement that the original engines' odd corners leave possible. */
const required = 0.99;

interface Expected {
  ok: boolean;
  value?: { [key: string]: Json };
  error?: string;
}

interface RecordedLine {
  file: string;
  cases: { steps: RecordedStep[]; startStatus?: string | null; expect: Expected; probe?: boolean }[];
  walks: { startStatus?: string | null; steps: RecordedStep[]; trace: ({ role?: string; suspend?: Json } | Expected)[] }[];
}

/** A decision on which the machine and the record differ. */
export interface Difference {
  file: string;
  at: string;
  expected: Json;
  actual: Json;
  /** The known oddity of the original engine, where it is one. */
  why?: string;
}

/** What became of a corpus. */
export interface ConformanceReport {
  passed: number;
  failed: Difference[];
  lines: { file: string; cases: Actual[]; walks: (Actual & { role?: string; suspend?: string })[][] }[];
}

const absent = new Set<unknown>([null, undefined]);

function agree(expected: Expected, actual: Actual): boolean {
  if (expected.ok !== actual.ok) return false;
  if (!actual.ok) return true;
  const want = Object.entries(expected.value ?? {}).filter(([, value]) => !absent.has(value));
  const have = Object.entries(actual.value as { [key: string]: Json }).filter(([, value]) => !absent.has(value));
  return want.length === have.length && want.every(([key, value]) => have.some(([name, other]) => name === key && other === value));
}

/** Walks record the role only, or that the thread was suspended. */
function readTrace(entry: RecordedLine["walks"][number]["trace"][number], actual: Actual): Expected {
  if ("ok" in entry) return entry;
  if (entry.suspend !== undefined) {
    const suspended = actual.ok && "action" in actual.value;
    return suspended ? { ok: true, value: actual.value as { [key: string]: Json } } : { ok: true, value: { action: "suspend" } };
  }
  return { ok: true, value: { ...(actual.ok ? (actual.value as { [key: string]: Json }) : {}), role: entry.role ?? "" } };
}

/** Names the known oddity of the original engines behind a difference, if it is one. */
function explain(expected: Expected, actual: Actual, text: string): string | undefined {
  if (!expected.ok && actual.ok && expected.error?.endsWith('with status "undefined"'))
    return "the evaluator of this dialect was called with `_` filled in by its caller, and was recorded without";
  if (!expected.ok && actual.ok && /with status "\d+"/.test(expected.error ?? ""))
    return "a status that is no string counts as none and leads to a lone `_`: so the later engines took it, and the oldest did not";
  if (!expected.ok && actual.ok && /\{\{\{|\{\{-?\s*\$(body|status)/.test(text))
    return "half-migrated: `{{{x}}}` or `$body`, which the original engine refused and the language takes";
  if (!expected.ok || !actual.ok) return undefined;
  const [want, have] = [expected.value?.["prompt"], "prompt" in actual.value ? actual.value.prompt : undefined];
  if (typeof want === "string" && typeof have === "string" && want.replaceAll(",", "") === have.replaceAll(",", ""))
    return "a list, joined with commas by mustache and without by Liquid";
  return undefined;
}

function summarise(actual: Actual): Actual & { role?: string; suspend?: string } {
  if (!actual.ok) return actual;
  return "role" in actual.value ? { ...actual, role: actual.value.role } : { ...actual, suspend: actual.value.suspendedRole };
}

/** Runs one line of the corpus. */
async function runLine(line: RecordedLine, text: string, report: ConformanceReport): Promise<void> {
  const { compiled, diagnostics } = compileWorkflow(text);
  const ready = compiled
    ? createReplay(compiled)
    : {
        ok: false as const,
        error: diagnostics
          .filter((found) => found.severity === "error")
          .map((found) => found.message)
          .join("; "),
      };
  const refused: Actual = { ok: false, error: ready.ok ? "" : `does not compile: ${ready.error}` };
  const judge = (at: string, expected: Expected, actual: Actual): void => {
    if (agree(expected, actual)) {
      report.passed += 1;
      return;
    }
    const why = explain(expected, actual, text);
    report.failed.push({
      file: line.file,
      at,
      expected: expected as unknown as Json,
      actual: actual as unknown as Json,
      ...(why ? { why } : {}),
    });
  };
  const cases: Actual[] = [];
  for (const [index, recorded] of line.cases.entries()) {
    const actual = ready.ok ? await replayCase(ready.replay, recorded.steps, recorded.startStatus) : refused;
    cases.push(actual);
    judge(`case ${index}`, recorded.expect, actual);
  }
  const walks: Actual[][] = [];
  for (const [index, recorded] of line.walks.entries()) {
    const { steps, startStatus, trace } = recorded;
    const taken = ready.ok ? await replayWalk(ready.replay, steps, startStatus, trace.length) : trace.map(() => refused);
    walks.push(taken);
    for (const [place, entry] of trace.entries()) {
      const actual = taken[place] ?? refused;
      judge(`walk ${index}, decision ${place}`, readTrace(entry, actual), actual);
    }
  }
  report.lines.push({ file: line.file, cases, walks: walks.map((walk) => walk.map(summarise)) });
}

/** Takes every decision of a corpus by the compiled machines. */
export async function runConformance(directory: string): Promise<ConformanceReport> {
  const report: ConformanceReport = { passed: 0, failed: [], lines: [] };
  const recorded = readFileSync(join(directory, "decisions.jsonl"), "utf8").split("\n");
  for (const text of recorded) {
    if (text.trim() === "") continue;
    const line = JSON.parse(text) as RecordedLine;
    await runLine(line, readFileSync(join(directory, line.file), "utf8"), report);
  }
  return report;
}

/** Share of decisions on which machine and record agree. */
export function measureAgreement(report: ConformanceReport): number {
  const total = report.passed + report.failed.length;
  return total === 0 ? 0 : report.passed / total;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { dir: { type: "string" }, out: { type: "string" } } });
  if (values.dir === undefined) {
    process.stderr.write("conformance: --dir DIR is missing, the folder that holds decisions.jsonl\n");
    return 2;
  }
  const report = await runConformance(values.dir);
  for (const { file, at, expected, actual, why } of report.failed)
    process.stdout.write(
      `${file}, ${at}: ${why ?? "differs"}\n  recorded ${JSON.stringify(expected)}\n  machine  ${JSON.stringify(actual)}\n`,
    );
  if (values.out !== undefined) writeFileSync(values.out, report.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const share = measureAgreement(report);
  process.stdout.write(`${report.passed} passed, ${report.failed.length} failed (${(share * 100).toFixed(2)} % agree)\n`);
  return share >= required ? 0 : 1;
}

if (process.argv[1]?.endsWith("conformance.ts")) process.exitCode = await main();
