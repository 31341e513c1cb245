/** `nerveflare workflows`: what is published, how its queue stands, and stopping its admission. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { renderTable } from "../lib/terminal.ts";
import { createPath, definePause, describeQueue, type PauseView, type QueueView, unpauseWorkflow } from "../lib/workflow-queue.ts";

interface WorkflowEntry {
  name: string;
  revision: string;
  description: string;
  paused: PauseView | null;
  updatedAt: string;
}

/** Defines `nerveflare workflows list|show|pause|unpause|withdraw`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("list", { isDefault: true }).description("List what is published."))
    .option("--limit <number>", "at most so many", "50")
    .option("--after <cursor>", "where the page before ended")
    .action(async ({ limit, after, ...options }: ApiOptions & { limit: string; after?: string }) => {
      const page = (await createApi(options, context).call("GET", `v1/workflows?${createQuery({ limit, after })}`)) as {
        workflows: WorkflowEntry[];
        next: string | null;
      };
      terminal.result(page, () =>
        renderTable(
          ["WORKFLOW", "REVISION", "UPDATED", "ADMISSION", "DESCRIPTION"],
          page.workflows.map(({ name, revision, updatedAt, paused, description }) => [
            ...[name, revision.slice(0, 12), updatedAt],
            ...[paused ? `paused by ${paused.by}` : "open", description],
          ]),
          (text) => terminal.style("bold", text),
        ),
      );
      if (page.next !== null) terminal.hint(`More with --after ${page.next}`);
    });

  addApiOptions(command.command("show <name>").description("Show a workflow and its queue, in the order in which it will start."))
    .option("--source", "print the file as it was published, and nothing else")
    .action(async (name: string, { source, ...options }: ApiOptions & { source?: boolean }) => {
      const shown = (await createApi(options, context).call("GET", createPath(name))) as WorkflowEntry & QueueView & { source: string };
      if (source) terminal.result({ source: shown.source }, () => shown.source.trimEnd());
      else
        terminal.result(shown, () =>
          [
            `${terminal.style("bold", shown.name)}  ${shown.description}`,
            terminal.style("dim", `revision ${shown.revision}, updated ${shown.updatedAt}`),
            "",
            ...describeQueue(shown, terminal),
          ].join("\n"),
        );
    });

  definePause(addApiOptions(command.command("pause <name>").description("Stop admitting: what runs goes on, what comes waits.")), context);
  addApiOptions(command.command("unpause <name>").description("Admit again, those that wait first.")).action(
    (name: string, options: ApiOptions) => unpauseWorkflow(name, options, context),
  );

  addApiOptions(command.command("withdraw <name>").description("Unpublish: no new threads; those that are there go on.")).action(
    async (name: string, options: ApiOptions) => {
      await createApi(options, context).call("DELETE", createPath(name));
      terminal.result({ name, withdrawn: true }, () => `${terminal.style("green", "withdrawn")} ${name}`);
    },
  );
}
