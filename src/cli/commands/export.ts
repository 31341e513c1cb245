/** `nerveflare export`: what a thread did, as a test that decides it again. */
import { dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import { nameTestingEntry } from "../../package-files.ts";
import { emitReplay, type Runner, runners } from "../../replay/emit-replay.ts";
import { redactReplay } from "../../replay/redact.ts";
import type { Replay } from "../../replay/replay.ts";
import { replayThread } from "../../replay/replay-thread.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { toFileName } from "../lib/compile/compile-file.ts";
import { readPublished } from "../lib/diff/read-side.ts";
import { readThread } from "../lib/export/read-thread.ts";
import { addForce, unstamped, writeOwnFiles } from "../lib/own-files.ts";

interface ExportOptions extends ApiOptions {
  test?: string | true;
  workflow?: string;
  runner: string;
  redact?: boolean;
  force?: boolean;
}

/** Defines `nerveflare export`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addForce(addApiOptions(command.argument("<thread>", "its id, as `nerveflare threads` lists it")))
    .option("--test [path]", "write a test; by default <workflow>.<thread>.test.ts here. A path that ends in .json holds the thread alone")
    .option("--workflow <file>", "the workflow's file that the test opens; by default <workflow>.yaml beside the test")
    .option("--runner <name>", `what runs the test: ${runners.join(" or ")}`, "vitest")
    .option("--redact", "leave out what agents and senders wrote, and keep its shape")
    .addHelpText(
      "after",
      "\nThe test gives the workflow, as it is then, each step that the thread had, and expects the decisions that it took: to whom, with\n" +
        "which prompt, why. `nerveflare test FILE --script thread.json` runs one that was written as JSON.\n" +
        "With --redact letters become x and digits 0; numbers, booleans and the workflow's own words stay, and so do names of fields.",
    )
    .action(async (id: string, options: ExportOptions) => {
      const { test = true, redact = false, force } = options;
      const runner = runners.find((name): name is Runner => name === options.runner);
      if (!runner)
        throw new CliError(`There is no runner ${options.runner}.`, { hint: `Give ${runners.join(" or ")}.`, exitCode: exitCodes.usage });
      const api = createApi(options, context);
      const { replay: whole } = await readThread(api, id);
      const { compiled } = await readPublished(whole.workflow, whole.revision, api);
      const replay = redact ? await redacted(compiled.ir, whole) : await verified(compiled.ir, whole);
      const name = toFileName(whole.workflow);
      const target = resolve(test === true ? `${name}.${id.slice(0, 8)}.test.ts` : test);
      const from = relative(dirname(target), resolve(options.workflow ?? `${dirname(target)}/${name}.yaml`)).replaceAll("\\", "/");
      const workflow = from.startsWith(".") ? from : `./${from}`;
      const content = target.endsWith(".json")
        ? `${JSON.stringify(replay, null, 2)}\n`
        : emitReplay(replay, { workflow, entry: nameTestingEntry(target), mark: unstamped, runner });
      await writeOwnFiles([{ path: target, content }], { force });
      const { steps, revision } = replay;
      terminal.result(
        { thread: id, written: target, steps: steps.length, revision, redacted: redact },
        () =>
          `${terminal.style("green", "wrote")} ${target}: ${steps.length} ${steps.length === 1 ? "step" : "steps"} of ${whole.workflow}@${revision?.slice(0, 8)}`,
      );
    });
}

/** What does not pass on its own revision would be no test. */
async function verified(ir: Parameters<typeof replayThread>[0], replay: Replay): Promise<Replay> {
  const { differences } = await replayThread(ir, replay);
  const [first] = differences;
  if (first === undefined) return replay;
  throw new CliError(`The thread's own revision decides otherwise than the thread did: ${first}`, {
    hint: "A part of what it saw is not to be had any more: what a resume added is in the log, and children are threads of their own. Fork it up to an earlier step, and export that.",
  });
}

/** The same without its words, expecting what its own revision says of that. */
async function redacted(ir: Parameters<typeof replayThread>[0], replay: Replay): Promise<Replay> {
  const bare = redactReplay(ir, replay);
  const { differences, decisions } = await replayThread(ir, bare);
  const [first] = differences;
  if (first !== undefined)
    throw new CliError(`Without its words the thread is decided otherwise: ${first}`, {
      hint: "A condition or a schema looks at what was taken out. Export it without --redact, and take the words out by hand.",
    });
  const [start, ...others] = decisions;
  return {
    ...bare,
    ...(bare.start && start && { start }),
    steps: bare.steps.map((step, index) => ({ ...step, ...(step.expect && others[index] && { expect: others[index] }) })),
  };
}
