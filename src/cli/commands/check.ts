/** `nerveflare check`: everything that is to be said about workflow files, for people, for programs, for code hosts. */
import type { Command } from "commander";
import type { ApiOptions } from "../lib/api.ts";
import { addTogether, checkFiles } from "../lib/check/check-all.ts";
import type { CheckedFile } from "../lib/check/check-file.ts";
import { fixFile } from "../lib/check/fix-file.ts";
import { type FoundFile, type FoundFiles, findFiles } from "../lib/check/list-files.ts";
import { countFindings, renderDiagnostic, renderSummary, type Styler } from "../lib/check/render-diagnostic.ts";
import { renderDiff } from "../lib/check/render-diff.ts";
import { renderSarif } from "../lib/check/render-sarif.ts";
import { toJson } from "../lib/check/to-json.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import type { Terminal } from "../lib/terminal.ts";

interface CheckOptions extends Pick<ApiOptions, "token" | "profile"> {
  server?: string | true;
  sarif?: boolean;
  fix?: boolean;
  dryRun?: boolean;
  color: boolean;
}

/** Defines `nerveflare check`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  command
    .argument("[file...]", "workflow files, folders of them, patterns; `-` reads one from stdin")
    .option("--sarif", "SARIF 2.1.0, which code hosts show beside the code")
    .option("--fix", "apply the fixes that the findings carry, then check again")
    .option("--dry-run", "with --fix: show the changes, write nothing")
    .option("--no-color", "no colours, also on a terminal")
    .option("--server [url]", "ask a server too: its agents, its workflows, and what publishing would change for threads that run")
    .option("--token <token>", "with --server: operator's token (default: NERVEFLARE_ADMIN_TOKEN, or the local server's own)")
    .option("--profile <name>", "with --server: server and token by name")
    .addHelpText(
      "after",
      "\nSeveral files are checked together too: the children that they spawn, kinds of events, capabilities, names. Of a folder all\n" +
        "workflows below it are; other YAML files are passed over, and counted.\n" +
        "Exit code: 0 no errors (there may be warnings), 1 errors, or the server could not be asked; 2 asked wrongly: no file, or one\n" +
        "that cannot be read.\n" +
        "Lines and columns count from 1; a column is a UTF-16 unit, as in editors.",
    )
    .action(async (files: string[], options: CheckOptions) => {
      const { named, url } = readServer(files, options);
      if (named.length === 0)
        throw new CliError("missing required argument 'file'", {
          hint: "Name a workflow file, or a folder of them.",
          exitCode: exitCodes.usage,
        });
      if (options.sarif && terminal.json)
        throw new CliError("--sarif and --json are two formats.", { hint: "Give one of the two.", exitCode: exitCodes.usage });
      if (options.dryRun && !options.fix)
        throw new CliError("--dry-run belongs to --fix.", { hint: "Plain `check` writes nothing anyway.", exitCode: exitCodes.usage });
      if (options.fix && named.includes("-"))
        throw new CliError("--fix changes files; stdin is none.", { hint: "Name the file.", exitCode: exitCodes.usage });
      const style: Styler = options.color ? terminal.style : (_, text) => text;
      const found = await findFiles(named);
      const alone = await (options.fix ? fixFiles(found.files, options, terminal) : checkFiles(found.files, terminal.hint));
      // Not before: what speaks with servers takes longer to load than a file to check.
      const onServer = options.server === undefined ? undefined : await import("../lib/server-check/check-on-server.ts");
      const server = await onServer?.askAll(alone, { ...options, ...(url !== undefined && { url }) }, context);
      const checked = await addTogether(alone, server?.beyond);

      if (options.sarif) terminal.result(undefined, () => JSON.stringify(renderSarif(checked), null, 2));
      else if (terminal.json || checked.some(({ problem }) => problem === undefined))
        terminal.result([...checked.map((file) => ({ ...toJson(file), ...server?.tell(file) })), ...listPassedOver(found)], () =>
          [
            renderPretty(checked, found, style, options.dryRun === true),
            ...(server?.publications ?? []).map(({ render }) => render(style)),
          ].join("\n\n"),
        );

      // What the files say is told all the same.
      if (server?.problem) terminal.error(server.problem.message, server.problem.hint);
      fail(checked, terminal);
      if (server?.problem) throw new CliError(server.problem.message, { told: true });
    });
}

/** `--server` may stand before a file: what is no address is one. */
function readServer(files: string[], { server }: CheckOptions): { named: string[]; url?: string } {
  if (typeof server !== "string") return { named: files };
  return /^https?:\/\//.test(server) ? { named: files, url: server } : { named: [server, ...files] };
}

/** Fixes files by what each says by itself, and by what they say together. */
async function fixFiles(files: FoundFile[], { dryRun = false }: CheckOptions, { hint }: Terminal): Promise<CheckedFile[]> {
  const before = files.length > 1 ? await checkFiles(files, hint) : [];
  const together = new Map(
    (await addTogether(before)).map(({ file, diagnostics }) => [file, diagnostics.filter(({ code }) => code.startsWith("NRV6"))]),
  );
  return checkFiles(files, hint, ({ path }) => fixFile(path, dryRun, together.get(path)));
}

function listPassedOver({ passedOver }: FoundFiles): object[] {
  return passedOver.map((file) => ({ file, diagnostics: [], passedOver: "not a workflow" }));
}

/** A run that found errors, or could not look at all, ends by an error that counts them. */
function fail(checked: CheckedFile[], terminal: Terminal): void {
  const unreadable = checked.flatMap(({ file, problem }) =>
    problem ? [{ message: `${file} ${problem.message}`, hint: problem.hint }] : [],
  );
  const last = unreadable.pop();
  if (last) {
    for (const { message, hint } of unreadable) terminal.error(message, hint);
    throw new CliError(last.message, { exitCode: exitCodes.usage, ...(last.hint ? { hint: last.hint } : {}) });
  }
  const { errors } = countFindings(checked);
  if (errors === 0) return;
  const fixable = checked
    .flatMap(({ diagnostics }) => diagnostics)
    .filter(({ fix, severity }) => fix !== undefined && severity === "error").length;
  const hint =
    fixable > 0 && !checked.some(({ fixed }) => fixed)
      ? { hint: `\`--fix\` mends ${errors === 1 ? "it" : `${fixable} of them`} by itself.` }
      : {};
  throw new CliError(`${renderSummary(checked)}.`, hint);
}

function renderPretty(checked: CheckedFile[], { passedOver }: FoundFiles, style: Styler, dryRun: boolean): string {
  const parts = checked.flatMap((file) => [
    ...(file.fixed ? [renderFixed(file, style, dryRun)] : []),
    ...file.diagnostics.map((diagnostic) => renderDiagnostic(file, diagnostic, style)),
  ]);
  const readable = checked.filter(({ problem }) => problem === undefined);
  const passed =
    passedOver.length === 0
      ? ""
      : `${passedOver.length} YAML file${passedOver.length === 1 ? "" : "s"} passed over, which are no workflows`;
  if (readable.length > 0 && countFindings(readable).errors === 0)
    parts.push(`${style("green", "ok")} ${[renderSummary(readable), ...(passed ? [passed] : [])].join("; ")}`);
  else if (passed) parts.push(passed);
  return parts.join("\n\n");
}

function renderFixed({ file, text, fixed = [], before = text }: CheckedFile, style: Styler, dryRun: boolean): string {
  if (fixed.length === 0) return `${file}: nothing to fix by itself`;
  if (dryRun) return renderDiff(file, before, text, style);
  return fixed.map(({ line, title }) => `${style("green", "fixed")} ${file}:${line} ${title}`).join("\n");
}
