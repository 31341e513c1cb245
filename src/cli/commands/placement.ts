/** `nerveflare placement`: moves the actors of a paused server's cell to objects of their own. */
import { Argument, type Command } from "commander";
import type { CellMove } from "../../contract/views/placement.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";

/** Defines `nerveflare placement`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.addArgument(new Argument("<placement>", "`own`: each in an object of its own").choices(["own"])))
    .description("Move the actors of a paused server's cell to objects of their own. Run again, it goes on where it stopped.")
    .action(async (placement: string, options: ApiOptions) => {
      const api = createApi(options, context);
      let move: CellMove;
      do {
        move = (await api.order("v1/placement", { placement })) as CellMove;
        if (move.phase !== "done") terminal.hint(`  ${move.phase}: ${move.done} of ${move.of} actors`);
      } while (move.phase !== "done");
      terminal.result({ placement, ...move }, () =>
        [
          move.of === 0
            ? "Its actors have objects of their own."
            : `${move.of} ${move.of === 1 ? "actor has an object of its own" : "actors have objects of their own"} now.`,
          "Start it without NERVEFLARE_PLACEMENT; on Cloudflare: deploy --var NERVEFLARE_PLACEMENT=own --var NERVEFLARE_PAUSED=false",
        ].join("\n"),
      );
    });
}
