/** `nerveflare test`: takes every state and transition of a workflow's machines on the real actor host, evicted between events. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { explainUncovered, findPaths, type MachinePaths } from "../../explore/paths/find-paths.ts";
import { requireWholeNode } from "../../node-version.ts";
import { nameTestingEntry } from "../../package-files.ts";
import type { WorkerdRunner } from "../../path-tests/create-workerd-runner.ts";
import { emitTest } from "../../path-tests/emit-test.ts";
import type { PathFailure } from "../../path-tests/judge-path.ts";
import { runPathInNode } from "../../path-tests/run-paths-in-node.ts";
import { type Replay, replay } from "../../replay/replay.ts";
import { replayThread } from "../../replay/replay-thread.ts";
import { checkScript } from "../../simulate/check-script.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { compileFile, toFileName } from "../lib/compile/compile-file.ts";
import { explained } from "../lib/explain-errors.ts";
import { addForce, unstamped, writeOwnFiles } from "../lib/own-files.ts";
import type { Terminal } from "../lib/terminal.ts";

interface TestOptions {
  emit?: string | true;
  force?: boolean;
  script?: string[];
  node?: boolean;
}

/** What became of one machine. */
interface MachineReport {
  machine: string;
  paths: number;
  events: number;
  states: { covered: number; total: number };
  transitions: { covered: number; total: number };
  uncovered: { id: string; kind: string; why: string }[];
  failures: PathFailure[];
}

/** Defines `nerveflare test`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addForce(command)
    .argument("<file...>", "workflow files")
    .option(
      "--emit [path]",
      "write the paths as a vitest file instead of running them; by default <name>.paths.test.ts beside the workflow",
    )
    .option("--script <file...>", "check walks that `simulate` saved, and threads that `export` wrote as JSON, instead of the paths")
    .option("--node", "run in plain Node on SQLite instead of workerd")
    .addHelpText(
      "after",
      "\nEvery event of a path meets an object that knows nothing but its store. Decisions are scripted, time moves to the named timer.\n" +
        "Counters (retries, max_rounds) are made small, so that a short path gets past them.\n" +
        "Exit code: 0 all paths went as the machines say, 1 not so, 2 asked wrongly.",
    )
    .action(async (files: string[], options: TestOptions) => {
      if (options.emit !== undefined && options.script)
        throw new CliError("--emit and --script are two things.", { hint: "Give one of the two.", exitCode: exitCodes.usage });
      if (typeof options.emit === "string" && files.length > 1)
        throw new CliError("--emit with a path takes one workflow.", {
          hint: "Without a path each gets its own.",
          exitCode: exitCodes.usage,
        });
      if (options.script) await testScripts(files, options.script, terminal);
      else if (options.emit !== undefined) await emit(files, options.emit, options.force, terminal);
      else await testPaths(files, options.node === true, terminal);
    });
}

async function testScripts(files: string[], scripts: string[], terminal: Terminal): Promise<void> {
  requireWholeNode("test");
  let failed = 0;
  for (const file of files) {
    const { compiled } = await compileFile(file, terminal);
    for (const script of scripts) {
      const thread = readReplay(script);
      const { differences, steps } = thread ? await replayThread(compiled.ir, thread) : await explained(checkScript(compiled, script));
      if (differences.length > 0) failed += 1;
      terminal.result({ file, script, steps, differences }, () =>
        differences.length === 0
          ? `${terminal.style("green", "passed")} ${script}: ${steps} steps`
          : `${terminal.style("red", "failed")} ${script}\n${differences.map((line) => `  ${line}`).join("\n")}`,
      );
    }
  }
  if (failed > 0) throw new CliError(`${failed} ${failed === 1 ? "walk or thread goes" : "walks or threads go"} another way than saved.`);
}

/** A thread that `export` wrote; undefined: it is a walk. @throws {CliError} where it is half of one */
function readReplay(file: string): Replay | undefined {
  if (!file.endsWith(".json")) return undefined;
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Whoever reads walks says best what is wrong.
    return undefined;
  }
  if (typeof read !== "object" || read === null || !("replay" in read)) return undefined;
  const parsed = replay.safeParse(read);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
  throw new CliError(`${file} is no exported thread: ${path.join(".") || "the whole"}: ${message}`, {
    hint: "`nerveflare export THREAD --test thread.json` writes one.",
  });
}

async function emit(files: string[], to: string | true, force: boolean | undefined, terminal: Terminal): Promise<void> {
  for (const file of files) {
    const { compiled } = await compileFile(file, terminal);
    const target = to === true ? resolve(dirname(file), `${toFileName(compiled.ir.name)}.paths.test.ts`) : resolve(to);
    const workflow = relative(dirname(target), resolve(file)).replaceAll("\\", "/");
    const machines = [findPaths(compiled, "recruitment"), findPaths(compiled, "task")];
    const from = workflow.startsWith(".") ? workflow : `./${workflow}`;
    const content = emitTest(compiled.ir.name, from, nameTestingEntry(target), machines, unstamped);
    await writeOwnFiles([{ path: target, content }], { force });
    const paths = machines.reduce((sum, machine) => sum + machine.paths.length, 0);
    terminal.result({ file, emitted: target, paths }, () => `${terminal.style("green", "wrote")} ${target}: ${paths} paths`);
  }
}

async function testPaths(files: string[], node: boolean, terminal: Terminal): Promise<void> {
  requireWholeNode("test");
  let runner: WorkerdRunner | undefined;
  let failed = 0;
  try {
    for (const file of files) {
      const { compiled } = await compileFile(file, terminal);
      if (!node) runner ??= await startWorkerd();
      const reports: MachineReport[] = [];
      for (const which of ["recruitment", "task"] as const) {
        terminal.hint(`${compiled.ir.name}: looking for paths through the ${which}`);
        reports.push(await testMachine(compiled, findPaths(compiled, which), runner, terminal));
      }
      failed += reports.reduce((sum, { failures }) => sum + failures.length, 0);
      terminal.result({ file, runtime: node ? "node" : "workerd", machines: reports }, () => render(terminal, file, reports));
    }
  } finally {
    await runner?.close();
  }
  if (failed > 0)
    throw new CliError(`${failed} ${failed === 1 ? "path goes" : "paths go"} another way on the host than the machine says.`, {
      hint: "This is a fault of nerveflare. Please report it with the workflow.",
    });
}

/** Imports the runtime, which everything else here can do without. */
async function startWorkerd(): Promise<WorkerdRunner> {
  const { createWorkerdRunner } = await import("../../path-tests/create-workerd-runner.ts");
  return createWorkerdRunner();
}

/** Paths between two lines of progress. */
const progressEvery = 10;

async function testMachine(
  compiled: CompiledWorkflow,
  found: MachinePaths,
  runner: WorkerdRunner | undefined,
  terminal: Terminal,
): Promise<MachineReport> {
  const marked = { ...compiled, [found.machine]: found.marked.config };
  const { places } = found.marked;
  const covered = new Set<string>();
  const failures: PathFailure[] = [];
  let events = 0;
  for (const [index, path] of found.paths.entries()) {
    const { failure, marks } = await (runner ? runner.run(path, marked) : runPathInNode(path, marked));
    if (failure) failures.push(failure);
    for (const mark of marks) covered.add(mark);
    events += path.steps.length;
    if ((index + 1) % progressEvery === 0 || index + 1 === found.paths.length)
      terminal.hint(`  ${index + 1}/${found.paths.length} paths, ${covered.size}/${places.length} states and transitions`);
  }
  const count = (kind: string): { covered: number; total: number } => {
    const all = places.filter((place) => place.kind === kind);
    return { covered: all.filter(({ id }) => covered.has(id)).length, total: all.length };
  };
  const missing = places.filter(({ id }) => !covered.has(id));
  return {
    machine: found.machine,
    paths: found.paths.length,
    events,
    states: count("state"),
    transitions: count("transition"),
    uncovered: missing.map((place) => ({ id: place.id, kind: place.kind, why: explainUncovered(place, covered, found.bounded) })),
    failures,
  };
}

function renderFailure({ machine, title, steps, expected, actual }: PathFailure): string {
  const where = steps.length === 0 ? "at the beginning" : `after ${steps.join(", ")}`;
  return `  ${machine} (${title}) ${where}\n    expected ${JSON.stringify(expected)}\n    was      ${JSON.stringify({ ...actual, marks: undefined })}`;
}

function render(terminal: Terminal, file: string, reports: MachineReport[]): string {
  const lines = [terminal.style("bold", file)];
  for (const { machine, paths, events, states, transitions, uncovered, failures } of reports) {
    const verdict = failures.length === 0 ? terminal.style("green", "passed") : terminal.style("red", `${failures.length} failed`);
    lines.push(
      `  ${machine.padEnd(11)} ${verdict}  ${paths} paths, ${events} events; states ${states.covered}/${states.total}, transitions ${transitions.covered}/${transitions.total}`,
      ...uncovered.map(({ id, why }) => terminal.style("dim", `    not covered: ${id}\n      ${why}`)),
      ...failures.map(renderFailure),
    );
  }
  return lines.join("\n");
}
