/** `nerveflare compile`: writes the two machines that a workflow becomes, as data and as files for Stately's editor. */
import { join } from "node:path";
import type { Command } from "commander";
import type { CompiledWorkflow } from "../../compile/compile-workflow.ts";
import { renderMachineModule } from "../../compile/stately/render-machine-module.ts";
import { toJson } from "../lib/check/to-json.ts";
import type { CommandContext } from "../lib/command.ts";
import { compileFile, toFileName } from "../lib/compile/compile-file.ts";
import { addForce, type OwnFile, refuseFile, writeOwnFiles } from "../lib/own-files.ts";

/** Defines `nerveflare compile`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  addForce(command)
    .argument("<file...>", "workflow files; `-` reads one from stdin")
    .requiredOption("--out <folder>", "where to write; made if it is absent")
    .addHelpText(
      "after",
      "\nWrites <name>.recruitment.json and <name>.task.json, the machines' configs, and beside each <name>.….machine.ts,\n" +
        "the same as one `createMachine` call, to be opened in Stately's editor.",
    )
    .action(async (files: string[], { out, force }: { out: string; force?: boolean }) => {
      refuseFile(out);
      for (const file of files) {
        const { compiled, checked } = await compileFile(file, terminal);
        const written = await writeOwnFiles(generateMachineFiles(out, compiled), { force });
        const { name } = compiled.ir;
        const { diagnostics } = toJson(checked);
        terminal.result({ file, name, revision: compiled.revision, files: written, diagnostics }, () =>
          [`${terminal.style("green", "compiled")} ${name} ${compiled.revision}`, ...written.map((path) => `  ${path}`)].join("\n"),
        );
      }
    });
}

/** The files of a compiled workflow. */
function generateMachineFiles(out: string, { ir, recruitment, task }: CompiledWorkflow): OwnFile[] {
  const name = toFileName(ir.name);
  return [recruitment, task].flatMap((config) => [
    { path: join(out, `${name}.${config.id}.json`), content: `${JSON.stringify(config, null, 2)}\n` },
    { path: join(out, `${name}.${config.id}.machine.ts`), content: renderMachineModule(ir.name, config) },
  ]);
}
