/** Runs `nerveflare` on a workflow in the integrated terminal. */
import { basename, dirname } from "node:path";
import { ProcessExecution, Task, TaskPanelKind, TaskRevealKind, TaskScope, tasks, Uri, window, workspace } from "vscode";
import { chooseProgram } from "./find-cli.ts";

/** What the commands of the extension run, by their names. */
export const verbs = {
  "nerveflare.simulate": "simulate",
  "nerveflare.test": "test",
  "nerveflare.prove": "prove",
  "nerveflare.publish": "publish",
} as const;

/** Runs a command. @param given the workflow: a lens gives its URI, a menu an object; without one it is the active editor's */
export async function runCommand(verb: (typeof verbs)[keyof typeof verbs], given: unknown): Promise<void> {
  const uri = typeof given === "string" ? Uri.parse(given, true) : given instanceof Uri ? given : window.activeTextEditor?.document.uri;
  if (!uri) return;
  if (uri.scheme !== "file") {
    void window.showErrorMessage(`Save the workflow as a file first: nerveflare ${verb} reads it from disk.`);
    return;
  }
  if (!workspace.isTrusted) {
    void window.showErrorMessage("nerveflare runs programs in trusted workspaces only.");
    return;
  }
  const document = workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  if (document?.isDirty && !(await document.save())) return;
  const name = basename(uri.fsPath);
  if (verb === "publish") {
    const publish = "Publish";
    if ((await window.showWarningMessage(`Publish ${name}? New threads then run this version.`, { modal: true }, publish)) !== publish)
      return;
  }
  const folder = workspace.getWorkspaceFolder(uri);
  const own = workspace.getConfiguration("nerveflare", uri).get<string[]>("command") ?? [];
  const program = chooseProgram(own, verb, uri.fsPath);
  const execution = new ProcessExecution(program.process, program.args, { cwd: folder?.uri.fsPath ?? dirname(uri.fsPath) });
  const definition = { type: "nerveflare", command: verb, file: uri.fsPath };
  const task = new Task(definition, folder ?? TaskScope.Global, `${verb} ${name}`, "nerveflare", execution, []);
  task.presentationOptions = { reveal: TaskRevealKind.Always, focus: verb === "simulate", panel: TaskPanelKind.Dedicated, clear: true };
  await tasks.executeTask(task);
}
