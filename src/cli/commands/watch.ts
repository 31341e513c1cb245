/** `nerveflare watch`: a thread as it happens, until it ends. */
import type { Command } from "commander";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { followThread } from "../lib/live/follow-thread.ts";
import { renderHappening, renderThreadPanel } from "../lib/live/render-live.ts";
import { openScreen } from "../lib/live/screen.ts";

/** Defines `nerveflare watch`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<thread>", "its id, as `nerveflare threads` lists it"))
    .addHelpText("after", "\nExits with 0 if the thread completed, with 1 if it failed, was cancelled or dropped.")
    .action(async (id: string, options: ApiOptions) => {
      const api = createApi(options, context);
      const screen = openScreen(context);
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      let panel: () => string[] = () => [];
      const draw = () => screen?.draw(panel());
      // Times in the panel run.
      const clock = screen && setInterval(draw, 1_000);
      let began = 0;
      try {
        const last = await followThread(
          api,
          id,
          {
            happening(entry, told) {
              if (screen) screen.print(renderHappening(terminal, told, began));
              else terminal.result({ ...entry, told }, () => renderHappening(terminal, told, began));
              draw();
            },
            thread(view) {
              began = Date.parse(view.event.time);
              panel = () => renderThreadPanel(terminal, view, Date.now());
              draw();
            },
            lost: (milliseconds) => void (screen ?? terminal.hint(`connection lost, again in ${milliseconds / 1_000} s`)),
          },
          stop.signal,
        );
        if (!screen) terminal.result({ thread: last }, () => renderThreadPanel(terminal, last, Date.now()).join("\n"));
        if (last.status === "failed" || last.status === "cancelled" || last.status === "dropped")
          throw new CliError(`The thread ${last.status === "failed" ? "failed" : `was ${last.status}`}.`, {
            exitCode: exitCodes.failed,
            told: true,
          });
      } finally {
        clearInterval(clock);
        screen?.close();
      }
    });
}
