/** `nerveflare types`: a workflow's types for agents in TypeScript, and whether those on disk are those of the workflow. */
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { renderTypes } from "../../compile/types/render-types.ts";
import { toJson } from "../lib/check/to-json.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { compileFile, toFileName } from "../lib/compile/compile-file.ts";
import { addForce, isMeantForFile, judgeFile, type Standing, writeOwnFiles } from "../lib/own-files.ts";
import type { Terminal } from "../lib/terminal.ts";

interface TypesOptions {
  out?: string;
  import: string;
  check?: boolean;
  force?: boolean;
}

/** The types of one workflow file. */
interface Module {
  file: string;
  name: string;
  diagnostics: unknown[];
  content: string;
  /** Where it is to be; absent: on stdout. */
  path?: string;
}

/** A module that has a place. */
type Placed = Module & { path: string };

/** Defines `nerveflare types`. */
export function defineCommand(command: Command, { terminal }: CommandContext): void {
  addForce(command)
    .argument("<file...>", "workflow files; `-` reads one from stdin")
    .option("--out <path>", "a file that ends in .ts, or a folder for <name>.types.ts; made if it is absent. Without it to stdout")
    .option("--import <specifier>", "whence the module has the client's types", "@nerveflare/agent")
    .option("--check", "write nothing; fail where a file is not what would be written")
    .addHelpText(
      "after",
      "\nGive the constant of the module to connectAgent({ workflows: [...] }): then a wrong answer does not compile, and the agent says\n" +
        "when it connects that a type is older than the published workflow. See docs/typed-handlers.md.",
    )
    .action(async (files: string[], options: TypesOptions) => {
      refuseUse(files, options);
      const modules: Module[] = [];
      // All before any is written: a file with errors leaves the others as they were.
      for (const file of files) modules.push(await makeModule(file, options, terminal));
      refuseTwice(modules);
      if (options.check) return checkModules(modules, terminal);
      for (const each of modules) await putModule(each, options.force === true, terminal);
    });
}

function refuseUse(files: string[], { out, check }: TypesOptions): void {
  const refuse = (message: string, hint: string): never => {
    throw new CliError(message, { hint, exitCode: exitCodes.usage });
  };
  if (out === undefined) {
    if (check) refuse("--check compares files, and none is named.", "Give --out as you did when they were written.");
    if (files.length > 1) refuse("The types of more than one workflow cannot go to stdout.", "Give --out FOLDER.");
    return;
  }
  if (/\.d\.[cm]?ts$/.test(out)) refuse(`${out} can't hold a constant, which the types come with.`, "Leave the `.d` out of its name.");
  if (!isModuleName(out) && isMeantForFile(out))
    refuse(`${out} is no TypeScript.`, "Name a file that ends in .ts, or a folder, which ends in / where its name has a dot.");
  if (files.length > 1 && isModuleName(out)) refuse(`${files.length} workflows cannot go into one file, ${out}.`, "Give --out FOLDER.");
}

function isModuleName(path: string): boolean {
  return /\.[cm]?ts$/.test(path);
}

async function makeModule(file: string, options: TypesOptions, terminal: Terminal): Promise<Module> {
  const { compiled, checked } = await compileFile(file, terminal);
  const { name } = compiled.ir;
  const path =
    options.out === undefined ? undefined : isModuleName(options.out) ? options.out : join(options.out, `${toFileName(name)}.types.ts`);
  const content = renderTypes(compiled.ir, { from: options.import, command: writeCommand(file, options, path) });
  return { file, name, diagnostics: toJson(checked).diagnostics, content, ...(path !== undefined && { path }) };
}

/** The command as it is given in the module's own folder, so that it is the same from wherever it was given. */
function writeCommand(file: string, options: TypesOptions, path: string | undefined): string {
  const words = ["nerveflare", "types"];
  if (path === undefined) words.push(file);
  else {
    const from =
      file === "-"
        ? file
        : relative(resolve(dirname(path)), resolve(file))
            .split(sep)
            .join("/");
    words.push(from, "--out", options.out !== undefined && isModuleName(options.out) ? basename(path) : ".");
  }
  if (options.import !== "@nerveflare/agent") words.push("--import", options.import);
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function refuseTwice(modules: Module[]): void {
  const seen = new Map<string, string>();
  for (const { path, file } of modules) {
    if (path === undefined) continue;
    const other = seen.get(path);
    if (other !== undefined)
      throw new CliError(`${other} and ${file} would both be written to ${path}.`, {
        hint: "Give each a folder of its own.",
        exitCode: exitCodes.usage,
      });
    seen.set(path, file);
  }
}

/** What `--check` calls each, and says of those that are not fresh. */
const words: { readonly [standing in Standing]: readonly [state: string, says: string] } = {
  same: ["fresh", ""],
  own: ["stale", "is not what the workflow gives now"],
  absent: ["absent", "does not exist"],
  foreign: ["foreign", "was not written by `nerveflare types`"],
};

async function checkModules(modules: Module[], terminal: Terminal): Promise<void> {
  const stale: string[] = [];
  for (const each of modules.filter(hasPlace)) {
    const { file, name, path, diagnostics } = each;
    const standing = await judgeFile(each);
    const [state, says] = words[standing];
    terminal.result(
      { file, name, path, state, diagnostics },
      () => `${terminal.style(standing === "same" ? "green" : "red", state)} ${path}`,
    );
    if (standing !== "same") stale.push(`${path} ${says}`);
  }
  if (stale.length === 0) return;
  throw new CliError(`${stale.join("; ")}.`, {
    hint: "Run the same without --check, and look at what the compiler then says of the handlers.",
  });
}

function hasPlace(module: Module): module is Placed {
  return module.path !== undefined;
}

async function putModule(each: Module, force: boolean, terminal: Terminal): Promise<void> {
  const { file, name, content, diagnostics } = each;
  if (!hasPlace(each)) return terminal.result({ file, name, content, diagnostics }, () => content.trimEnd());
  const state = (await judgeFile(each)) === "same" ? "unchanged" : "written";
  if (state === "written") await writeOwnFiles([each], { force });
  terminal.result(
    { file, name, path: each.path, state, diagnostics },
    () => `${terminal.style("green", state === "written" ? "wrote" : state)} ${each.path}`,
  );
}
