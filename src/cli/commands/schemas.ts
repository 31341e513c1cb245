/** `nerveflare schemas`: who accepts which kinds of event, and in what shape. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi, createQuery } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";

/** Defines `nerveflare schemas`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command)
    .argument("[kind]", "only this kind, e.g. deploy.finished")
    .option("--agent <id>", "only what this agent accepts")
    .option("--after <cursor>", "go on from here")
    .option("--limit <number>", "at most so many", "50")
    .addHelpText(
      "after",
      "\nAgents say what they accept when they connect: `accepts` of the TypeScript client, `nerveflare agent --accepts FILE`.",
    )
    .action(
      async (
        kind: string | undefined,
        { agent, after, limit, ...options }: ApiOptions & { agent?: string; after?: string; limit: string },
      ) => {
        const page = (await createApi(options, context).call("GET", `v1/schemas?${createQuery({ kind, agent, after, limit })}`)) as {
          schemas: { kind: string; agent: string; schema: unknown }[];
          next: string | null;
        };
        terminal.result(page, () =>
          page.schemas.length === 0
            ? "Nobody has said that."
            : page.schemas.map((one) => `${terminal.style("bold", one.kind)} ${one.agent} ${describe(one.schema)}`).join("\n"),
        );
        if (page.next !== null) terminal.hint(`More with --after ${JSON.stringify(page.next)}`);
      },
    );
}

function describe(schema: unknown): string {
  return schema === true ? "any data" : JSON.stringify(schema);
}
