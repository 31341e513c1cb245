/** `nerveflare simulate`: walks a thread in the terminal, by answers that are typed, read from a script, or sampled. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import type { Json } from "../../contract/event.ts";
import { createRandom, type Random, sampleSchema } from "../../explore/index.ts";
import { nameTestingEntry } from "../../package-files.ts";
import { replayScript } from "../../simulate/check-script.ts";
import { createSimulation } from "../../simulate/create-simulation.ts";
import { createWalk, type Walk } from "../../simulate/create-walk.ts";
import { makeEvent } from "../../simulate/make-event.ts";
import { help, readCommand } from "../../simulate/read-command.ts";
import { pointAt, readTyped } from "../../simulate/read-typed.ts";
import { renderWalk } from "../../simulate/save-walk.ts";
import { readScript } from "../../simulate/script.ts";
import type { Move, MoveResult } from "../../simulate/simulation.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { compileFile } from "../lib/compile/compile-file.ts";
import { explained } from "../lib/explain-errors.ts";
import { addForce, checkOwnFile, unstamped, writeOwnFiles } from "../lib/own-files.ts";
import { renderResult, toJson } from "../lib/simulate/render-walk.ts";
import type { Terminal } from "../lib/terminal.ts";

interface SimulateOptions {
  event?: string;
  script?: string;
  sample?: boolean;
  seed: string;
  save?: string;
  force?: boolean;
}

/** Defines `nerveflare simulate`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  addForce(command)
    .argument("<file>", "a workflow file")
    .option("--event <file|json>", "the initiating event, or its data; by default sampled from `input`")
    .option("--script <file>", "make these moves (JSON or YAML) and stop; fails where a step goes another way than it expects")
    .option("--sample", "sample every answer from its schema, to the end")
    .option("--seed <number>", "seed of what is sampled", "1")
    .option("--save <file>", "save the walk at the end: .json, .yaml, or .ts for vitest")
    .addHelpText("after", `\nLines that are typed (or piped in) are:\n\n${help.replaceAll(/^/gm, "  ")}`)
    .action(async (file: string, options: SimulateOptions) => {
      if (options.script !== undefined && options.sample)
        throw new CliError("--script and --sample are two walks.", { hint: "Give one of the two.", exitCode: exitCodes.usage });
      const seed = Number(options.seed);
      if (!Number.isInteger(seed)) throw new CliError(`--seed is a whole number, not "${options.seed}".`, { exitCode: exitCodes.usage });
      const { compiled } = await compileFile(file, terminal);
      if (options.script !== undefined) {
        await explained(followScript(compiled, options.script, readEvent(options.event), terminal));
        return;
      }
      const { event, notes } = makeEvent(compiled, readEvent(options.event), seed);
      for (const note of notes) terminal.hint(`note: ${note}`);
      const walk = await createWalk(compiled, event);
      try {
        tell(terminal, walk, 0, { event });
        const save = createSave(file, walk, options.force === true, terminal);
        if (options.sample) await sampleAll(compiled, walk, createRandom(seed), terminal);
        else {
          if (options.save !== undefined) await checkOwnFile(options.save, options.force === true);
          await converse(walk, createRandom(seed), save, terminal);
        }
        if (options.save !== undefined) await save(options.save);
      } finally {
        walk.close();
      }
    });
}

/** The event as it was given: JSON or YAML, in a file or on the command line. */
function readEvent(given: string | undefined): { [key: string]: Json } | undefined {
  if (given === undefined) return undefined;
  let text = given;
  try {
    if (!given.trimStart().startsWith("{")) text = readFileSync(given, "utf8");
  } catch (cause) {
    throw new CliError(`--event: ${(cause as Error).message}`, { hint: "Give a file, or JSON.", exitCode: exitCodes.usage, cause });
  }
  const typed = readTyped(text);
  if (!typed.ok) {
    const { line, column, excerpt } = pointAt(text, typed.at);
    const place = text === given ? "" : `${given}:${line}:${column}: `;
    throw new CliError(`--event: ${place}${typed.message}\n${excerpt}`, { hint: "Give a file, or JSON.", exitCode: exitCodes.usage });
  }
  const { value } = typed;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new CliError("--event is no object.", { hint: "Give an event, or its data.", exitCode: exitCodes.usage });
}

function tell(terminal: Terminal, walk: Walk, step: number, move: unknown): void {
  const result = walk.current();
  terminal.result(toJson(step, move, result), () => renderResult(terminal, result));
}

async function followScript(
  compiled: CompiledWorkflow,
  file: string,
  given: { [key: string]: Json } | undefined,
  terminal: Terminal,
): Promise<void> {
  const script = readScript(file);
  const { event, notes } = makeEvent(compiled, given ?? (script.event as { [key: string]: Json } | undefined), 1);
  for (const note of notes) terminal.hint(`note: ${note}`);
  const simulation = createSimulation(compiled, { event });
  try {
    const { differences } = await replayScript(simulation, script, (step, result, found) => {
      const move = step === 0 ? { event } : script.steps[step - 1];
      terminal.result({ ...toJson(step, move, result), ...(found.length > 0 ? { differences: found } : {}) }, () => {
        const said =
          step === 0 ? [] : [`${terminal.style("dim", ">")} ${JSON.stringify({ ...script.steps[step - 1], expect: undefined })}`];
        return [...said, renderResult(terminal, result), ...found.map((line) => terminal.style("red", `not as expected: ${line}`))].join(
          "\n",
        );
      });
    });
    if (differences.length > 0)
      throw new CliError(`the walk goes another way than ${file} expects:\n${differences.map((line) => `  ${line}`).join("\n")}`);
  } finally {
    simulation.close();
  }
}

function sampleMove({ view }: MoveResult, random: Random, terminal: Terminal): Move | undefined {
  if (view.status === "suspended") return { do: "resume" };
  if (view.children) return { do: "child", status: "completed" };
  if (!view.turn) return undefined;
  const { value, notes } = sampleSchema(view.turn.schema, random);
  for (const note of notes) terminal.hint(`note: ${view.turn.role}: ${note}`);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return { do: "answer", output: isObject ? value : {} };
}

async function sampleAll(compiled: CompiledWorkflow, walk: Walk, random: Random, terminal: Terminal): Promise<void> {
  const most = compiled.ir.maxRounds + 20;
  for (let step = 1; step <= most; step++) {
    const move = sampleMove(walk.current(), random, terminal);
    if (!move) return;
    if (!terminal.json)
      terminal.result(move, () => `${terminal.style("dim", ">")} ${JSON.stringify(move.do === "answer" ? move.output : move)}`);
    const result = await walk.apply(move);
    tell(terminal, walk, step, move);
    if (result.refused !== undefined)
      throw new CliError(`A sampled move was refused: ${result.refused}`, {
        hint: "The sampler leaves out a part of the schema; type the answer instead.",
      });
  }
  terminal.hint(`stopped after ${most} moves`);
}

async function converse(walk: Walk, random: Random, save: Save, terminal: Terminal): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, ...(isTerminal ? { output: process.stderr, prompt: "> " } : {}) });
  if (isTerminal) {
    terminal.hint("`help` shows what can be typed");
    lines.prompt();
  }
  for await (const line of lines) {
    if (!(await obey(line, walk, random, save, terminal))) break;
    if (isTerminal) lines.prompt();
  }
  lines.close();
}

/** Does what a line asks for; false where it ends the walk. */
async function obey(line: string, walk: Walk, random: Random, save: Save, terminal: Terminal): Promise<boolean> {
  const command = readCommand(line);
  switch (command.type) {
    case "quit":
      return false;
    case "nothing":
      return true;
    case "help":
      terminal.hint(help);
      return true;
    case "wrong":
      terminal.error(command.message);
      return true;
    case "save":
      await save(command.file).catch((error: unknown) => {
        if (!(error instanceof CliError)) throw error;
        terminal.error(error.message);
        if (error.hint) terminal.hint(error.hint);
      });
      return true;
    case "show":
      tell(terminal, walk, walk.length(), "show");
      return true;
    case "back":
      if (await walk.back()) tell(terminal, walk, walk.length(), "back");
      else terminal.error("this is the beginning");
      return true;
    case "move":
    case "sample": {
      const move = command.type === "move" ? command.move : sampleMove(walk.current(), random, terminal);
      if (!move) {
        terminal.error("nobody has a turn");
        return true;
      }
      await walk.apply(move);
      tell(terminal, walk, walk.length(), move);
      return true;
    }
    default:
      return command satisfies never;
  }
}

type Save = (target: string) => Promise<void>;

/** Saves the walk as far as it has come. A file that it has saved before is its own. */
function createSave(workflow: string, walk: Walk, force: boolean, terminal: Terminal): Save {
  const saved = new Set<string>();
  return async (file) => {
    const path = resolve(file);
    const content = renderWalk(walk.toScript(), { file, workflow, entry: nameTestingEntry(path), mark: unstamped });
    await writeOwnFiles([{ path: file, content }], { force: force || saved.has(path) });
    saved.add(path);
    terminal.hint(`saved ${file}: ${walk.length()} steps`);
  };
}
