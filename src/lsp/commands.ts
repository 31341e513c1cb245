/** What can be done with a workflow beyond writing it, as lenses above its name: an editor's own commands, or run by the server for one that has none. */
import type { CodeLens, Command, Connection } from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { findEntry } from "../compile/source/node.ts";
import type { Analysis } from "./analysis.ts";
import { toRange } from "./to-protocol.ts";

/** The commands, in the order of the lenses. Each has the workflow's URI as its argument. */
export const commands = {
  "nerveflare.simulate": { title: "▷ Simulate", args: ["simulate", "--sample"] },
  "nerveflare.test": { title: "Test", args: ["test"] },
  "nerveflare.prove": { title: "Prove", args: ["prove"] },
  "nerveflare.publish": { title: "Publish", args: ["publish"] },
} as const;

/** A command that the server can run itself. */
export type CommandName = keyof typeof commands;

/** Opens the picture beside the text: only an editor can, so there is a lens only where the editor says that it does. */
const pictureCommand = { name: "nerveflare.showPicture", title: "Picture" };

/** The lenses of a file, all above its name. @param own the commands that the editor has of its own */
export function listLenses(document: TextDocument, { root }: Analysis, own: readonly string[]): CodeLens[] {
  const name = findEntry(root, "name")?.keyNode.span ?? { start: 0, end: 0 };
  const range = toRange(document, name);
  const lens = (title: string, command: string): CodeLens => {
    const what: Command = { title, command, arguments: [document.uri] };
    return { range, command: what };
  };
  return [
    ...Object.entries(commands).map(([command, { title }]) => lens(title, command)),
    ...(own.includes(pictureCommand.name) ? [lens(pictureCommand.title, pictureCommand.name)] : []),
  ];
}

/** Runs `nerveflare` with a file, as it is on disk. @returns what it printed, its end where that is long */
export type RunCommand = (args: readonly string[], uri: string) => Promise<{ ok: boolean; output: string }>;

/** Makes what runs commands for editors that have none of their own: the last line is shown, all of it is logged. */
export function createCommandRunner({ window, console }: Pick<Connection, "window" | "console">, run: RunCommand) {
  const running = new Set<string>();
  return async ({ command, arguments: given }: { command: string; arguments?: unknown[] }): Promise<null> => {
    const uri = given?.[0];
    if (!isCommand(command) || typeof uri !== "string" || !uri.startsWith("file:")) {
      window.showErrorMessage("nerveflare runs its own commands, with a file that is saved.");
      return null;
    }
    const [verb] = commands[command].args;
    const what = `${verb} ${decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1))}`;
    if (running.has(what)) {
      window.showWarningMessage(`${what}: is still running.`);
      return null;
    }
    running.add(what);
    try {
      if (command === "nerveflare.publish") {
        const question = `${what}? New threads then run this version.`;
        if ((await window.showWarningMessage(question, { title: "Publish" })) == null) return null;
      }
      const { ok, output } = await run(commands[command].args, uri);
      console.log(`nerveflare ${what}\n${output}`);
      const said = `${what}: ${output.trimEnd().split("\n").at(-1)?.trim() || (ok ? "done" : "failed")}`;
      if (ok) window.showInformationMessage(said);
      else window.showErrorMessage(said);
    } finally {
      running.delete(what);
    }
    return null;
  };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
