/** `nerveflare broadcasts`: who has taken a broadcast. */

import type { Command } from "commander";
import type { Answer } from "../../contract/http/answers.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { renderDeliveries } from "../lib/events/render-routing.ts";

/** Defines `nerveflare broadcasts show`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.command("show <id>").description("Show who has a broadcast, who acknowledged it, and who has not.")).action(
    async (id: string, options: ApiOptions) => {
      const api = createApi(options, context);
      const read = async (after: number) =>
        (await api.call("GET", `v1/broadcasts/${encodeURIComponent(id)}?limit=200&after=${after}`)) as Answer<"broadcastShown">;
      const { next: first, ...shown } = await read(0);
      for (let next = first; next !== null; ) {
        const page = await read(next);
        shown.deliveries.push(...page.deliveries);
        next = page.next;
      }
      terminal.result(shown, () => {
        const acknowledged = shown.deliveries.filter(({ status }) => status === "acknowledged").length;
        const head = `${terminal.style("bold", shown.kind)} ${shown.id} to ${shown.to}, ${shown.at}`;
        return [head, `${acknowledged} of ${shown.recipients} acknowledged`, renderDeliveries(terminal, shown.deliveries)].join("\n");
      });
    },
  );
}
