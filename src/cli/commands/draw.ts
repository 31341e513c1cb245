/** `nerveflare draw`: pictures of a workflow, for people. */
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { PictureTooDenseError } from "../../compile/draw/index.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { compileFile } from "../lib/compile/compile-file.ts";
import { type DrawRequest, drawFiles } from "../lib/draw/draw-files.ts";
import { addForce, refuseFile, writeOwnFiles } from "../lib/own-files.ts";

interface DrawCommandOptions {
  out?: string;
  format?: DrawRequest["formats"];
  machine?: DrawRequest["machines"];
  detail?: boolean;
  force?: boolean;
  theme: DrawRequest["theme"];
}

/** Defines `nerveflare draw`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  addForce(command)
    .argument("<file...>", "workflow files; `-` reads one from stdin")
    .option("--out <folder>", "where to write; made if it is absent. Without it one picture goes to stdout")
    .option("--format <formats>", "svg, mermaid, or both with a comma; default: svg to stdout, both to a folder", readFormats)
    .option("--machine <which>", "task: how the turns go; recruitment: who holds which role; both; default: task", readMachines)
    .option("--detail", "every state of the machine, and what is done there")
    .option("--theme <theme>", "light, dark, or auto: as the reader's system is set", readTheme, "auto")
    .addHelpText(
      "after",
      "\nWrites <name>.task.svg and <name>.task.mmd, a box per role and an arrow per edge; <name>.recruitment.… if asked for;\n" +
        "with --detail <name>.task.detail.… instead.",
    )
    .action(async (files: string[], { out, format, machine = ["task"], detail, force, theme }: DrawCommandOptions) => {
      const formats = format ?? (out === undefined ? ["svg"] : ["svg", "mermaid"]);
      if (out === undefined && files.length * formats.length * machine.length > 1)
        throw new CliError("More than one picture cannot go to stdout.", { hint: "Give --out FOLDER.", exitCode: exitCodes.usage });
      if (out !== undefined) refuseFile(out);
      for (const file of files) {
        const { compiled, never } = await compileFile(file, terminal);
        const drawn = await drawFiles(compiled, { formats, machines: machine, detail: detail === true, theme, never }).catch((error) => {
          if (!(error instanceof PictureTooDenseError)) throw error;
          throw new CliError(error.message, { hint: "--format mermaid writes it all the same.", cause: error });
        });
        if (out === undefined) {
          for (const { name, content } of drawn) terminal.result({ file, name, content }, () => content.trimEnd());
          continue;
        }
        const written = await writeOwnFiles(
          drawn.map(({ name, content }) => ({ path: join(out, name), content })),
          { force },
        );
        const { name } = compiled.ir;
        terminal.result({ file, name, files: written }, () =>
          [`${terminal.style("green", "drawn")} ${name}`, ...written.map((path) => `  ${path}`)].join("\n"),
        );
      }
    });
}

function readFormats(given: string): DrawRequest["formats"] {
  const formats = given.split(",").map((format) => (format.trim() === "mmd" ? "mermaid" : format.trim()));
  const known = formats.filter((format) => format === "svg" || format === "mermaid");
  if (known.length !== formats.length) throw new InvalidArgumentError("Formats are svg and mermaid.");
  return [...new Set(known)];
}

function readMachines(given: string): DrawRequest["machines"] {
  if (given === "both") return ["task", "recruitment"];
  if (given === "task" || given === "recruitment") return [given];
  throw new InvalidArgumentError("Give task, recruitment or both.");
}

function readTheme(given: string): DrawRequest["theme"] {
  if (given === "auto" || given === "light" || given === "dark") return given;
  throw new InvalidArgumentError("Give auto, light or dark.");
}
