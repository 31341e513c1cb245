/** Holds checked files against a server. Where that is away, what the files say by themselves is told all the same. */
import { version } from "../../../version.ts";
import { type ApiOptions, createApi } from "../api.ts";
import type { Beyond } from "../check/check-all.ts";
import type { CheckedFile } from "../check/check-file.ts";
import type { Styler } from "../check/render-diagnostic.ts";
import { CliError, type CommandContext, exitCodes } from "../command.ts";
import { askServer } from "./ask-server.ts";
import { judgePublish, type Publication } from "./judge-publish.ts";
import { renderPublication } from "./render-publication.ts";

/** What a server said, or why it could not be asked. */
export interface Asked {
  beyond?: Beyond;
  /** What publishing each file would do, as people read it. */
  publications: { render(style: Styler): string }[];
  /** The same as data. */
  tell(file: CheckedFile): { publish?: Publication };
  problem?: CliError;
}

/** Asks the server. @throws {CliError} where it was named wrongly, or there is no token */
export async function askAll(checked: readonly CheckedFile[], options: ApiOptions, context: CommandContext): Promise<Asked> {
  const found = new Map<string, Publication>();
  const done = (more: Pick<Asked, "beyond" | "problem">): Asked => ({
    ...more,
    publications: [...found].map(([file, publication]) => ({ render: (style) => renderPublication(file, publication, style) })),
    tell: ({ file }) => {
      const publish = found.get(file);
      return publish === undefined ? {} : { publish };
    },
  });
  try {
    const api = createApi(options, context);
    const beyond = await askServer(api, context.terminal.hint);
    for (const { file, member } of checked) if (member?.ir?.binding === "cloud") found.set(file, await judgePublish(api, member.ir));
    return done({ beyond });
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.usage) throw error;
    return done({ problem: error instanceof CliError ? error : explainForm(error) });
  }
}

/** What answers is another program, or a server of a version that says it otherwise. */
function explainForm(cause: unknown): CliError {
  return new CliError(`The server's answer has another form than this nerveflare ${version} reads: ${String(cause)}.`, {
    cause,
    hint: "Check with the nerveflare of the server's version, and look whether the address is a nerveflare server's.",
  });
}
