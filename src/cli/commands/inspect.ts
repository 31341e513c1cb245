/** `nerveflare inspect`: lets Stately's inspector follow a thread, or writes its machine for Stately's editor. */
import { type Command, Option } from "commander";
import { renderMachineModule } from "../../compile/stately/render-machine-module.ts";
import { type ApiOptions, addApiOptions, createApi } from "../lib/api.ts";
import type { CommandContext } from "../lib/command.ts";
import { connectReceiver } from "../lib/inspect/connect-receiver.ts";
import { readThreadMachine } from "../lib/inspect/read-thread-machine.ts";
import { streamThread } from "../lib/inspect/stream-thread.ts";

/** Defines `nerveflare inspect`. */
export function defineCommand(command: Command, context: CommandContext): void {
  const { terminal } = context;
  addApiOptions(command.argument("<thread>", "its id, as `nerveflare threads` lists it"))
    .option("--to <url>", "the inspector's local server", "ws://localhost:8080")
    .addOption(new Option("--code <machine>", "print this machine as code for Stately's editor instead").choices(["task", "recruitment"]))
    .addHelpText(
      "after",
      "\nIts recruitment and its task are shown as parent and child, from their first step until the thread ends.\nThe local server is `createInspectorServer` of the package `@statelyai/inspect`.\nWith --code the states that the thread is in have the tag `here`.",
    )
    .action(async (id: string, { to, code, ...options }: ApiOptions & { to: string; code?: "task" | "recruitment" }) => {
      const api = createApi(options, context);
      if (code !== undefined) {
        const { workflow, config, noted } = await readThreadMachine(api, id, code);
        const text = renderMachineModule(workflow, config, noted);
        terminal.result({ thread: id, machine: code, state: noted?.value ?? null, code: text }, () => text.trimEnd());
        return;
      }
      const receiver = await connectReceiver(to);
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      terminal.hint(`streaming ${id} to ${to} until it ends`);
      try {
        const { events, thread } = await streamThread(
          api,
          id,
          {
            send: receiver.send,
            lost: (milliseconds) => terminal.hint(`connection lost, again in ${milliseconds / 1_000} s`),
          },
          stop.signal,
        );
        terminal.result(
          { thread: thread.id, status: thread.status, events },
          () => `${thread.id} is ${thread.status}: ${events} events sent`,
        );
      } finally {
        receiver.close();
      }
    });
}
