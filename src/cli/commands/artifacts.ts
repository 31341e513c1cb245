/** `nerveflare artifacts`: what is larger than an event may be. */
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import { isArtifactId, renderBytes } from "../../contract/artifact.ts";
import type { ArtifactEntry, ArtifactFactsView } from "../../contract/views/artifact.ts";
import { fetchTo, guessType, hashFile } from "../../exec/artifact-folder.ts";
import { type ApiOptions, addApiOptions, createApi, createQuery, withArtifacts } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { renderTable } from "../lib/terminal.ts";

/** Defines `nerveflare artifacts`. */
export function defineCommand(command: Command, context: CommandContext): void {
  command.description("Upload, fetch and list artifacts: files that events, outputs and inputs name.");
  definePut(command, context);
  defineGet(command, context);
  defineShow(command, context);
  defineList(command, context);
}

function definePut(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("put <file>"))
    .description("Upload a file, and print the reference that an event may have in its data.")
    .option("--type <type>", "its media type (default: by the file's ending)")
    .option("--name <name>", "what it is called (default: the file's name)")
    .action(async (file: string, { type, name, ...options }: ApiOptions & { type?: string; name?: string }) => {
      const sha256 = await hashFile(file).catch((error: Error) => {
        throw new CliError(`${file} cannot be read: ${error.message}.`, { exitCode: exitCodes.usage });
      });
      const blob = await openAsBlob(file);
      const facts = { type: type ?? guessType(file), name: name ?? basename(file), sha256 };
      const reference = await withArtifacts(options, context, (artifacts) => artifacts.put(blob, facts));
      terminal.result(reference, () => JSON.stringify(reference));
    });
}

function defineGet(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("get <artifact>"))
    .description("Fetch an artifact, whose hash is checked.")
    .option("--out <file>", "where it goes (default: its name, here)")
    .action(async (id: string, { out, ...options }: ApiOptions & { out?: string }) => {
      const facts = await show(id, options, context);
      const file = out ?? facts.name ?? id.replace(":", "-");
      await withArtifacts(options, context, (artifacts) => fetchTo(file, facts, artifacts));
      terminal.result({ ...facts, file }, () => `${file} (${renderBytes(facts.size)}, ${facts.type})`);
    });
}

function defineShow(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("show <artifact>"))
    .description("Show what is known of an artifact, and which threads refer to it.")
    .action(async (id: string, options: ApiOptions) => {
      const facts = await show(id, options, context);
      const lines = [facts.$artifact, `${facts.name ?? "-"}, ${renderBytes(facts.size)}, ${facts.type}, since ${facts.createdAt}`];
      terminal.result(facts, () => [...lines, `threads: ${facts.threads.join(", ") || "none"}`].join("\n"));
    });
}

function defineList(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("list"))
    .description("List artifacts, newest first.")
    .option("--thread <id>", "only what this thread refers to")
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ thread, limit, after, ...options }: ApiOptions & { thread?: string; limit: string; after?: string }) => {
      const query = createQuery({ thread, limit, after });
      const page = (await createApi(options, context).call("GET", `v1/artifacts?${query}`)) as {
        artifacts: ArtifactEntry[];
        next: string | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["ARTIFACT", "NAME", "SIZE", "TYPE", "THREAD", "SINCE"],
          page.artifacts.map((each) => [each.$artifact, each.name ?? "-", renderBytes(each.size), each.type, each.thread ?? "-", each.at]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });
}

async function show(id: string, options: ApiOptions, context: CommandContext): Promise<ArtifactFactsView> {
  if (!isArtifactId(id))
    throw new CliError(`${id} is no artifact.`, { hint: "Its id is `sha256:` and 64 hexadecimal digits.", exitCode: exitCodes.usage });
  return (await createApi(options, context).call("GET", `v1/artifacts/${id}/facts`)) as ArtifactFactsView;
}
