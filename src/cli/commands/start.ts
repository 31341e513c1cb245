/** `nerveflare start`: a server on this machine until it is told to stop. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AdminToken } from "../../local-server/admin-token.ts";
import { ServerStartError } from "../../local-server/server-start-error.ts";
import { CliError, type CommandContext } from "../lib/command.ts";
import { createDataOption } from "../lib/data-option.ts";

const defaultPort = 8787;

/** Defines `nerveflare start`. */
export function defineCommand(command: Command, { terminal, env }: CommandContext): void {
  command
    .addOption(createDataOption("what the server keeps"))
    .addOption(new Option("--port <number>", "port on 127.0.0.1, 0 for a free one").env("PORT").default(defaultPort).argParser(parsePort))
    .option("--paused", "come up to be looked at: nothing runs until `nerveflare unpause --server`")
    .addHelpText(
      "after",
      "\nThe admin token is NERVEFLARE_ADMIN_TOKEN, or the one kept in <folder>/admin-token, or made and kept there.\nIt is printed when it is made, and not again.\nWith --json, one line of JSON says that it is ready, for programs.",
    )
    .action(async ({ data, port, paused = false }: { data: string; port: number; paused?: boolean }) => {
      // What is written from here on, by the runtime too, is for nobody else on the machine.
      process.umask(0o077);
      // The help can do without.
      const { startServer } = await import("../../local-server/start-server.ts");
      const stopped = Promise.withResolvers<NodeJS.Signals>();
      const server = await startServer({
        data,
        port,
        paused,
        adminToken: env.NERVEFLARE_ADMIN_TOKEN,
        log: (line) => console.error(line),
      }).catch((error: unknown) => {
        throw error instanceof ServerStartError
          ? new CliError(`${error.code}: ${error.message}`, { hint: error.hint, cause: error })
          : error;
      });
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stopped.resolve(signal));
      const { url, admin, placement, pids } = server;
      // What is printed ends up in logs: a token that is not new is named by where it is.
      const isNew = admin.from === "made";
      const told = { ...(isNew && { adminToken: admin.token }), adminTokenFile: admin.path };
      terminal.result({ event: "ready", url, ...told, data: server.data, placement, pids, paused, bundled: server.bundled }, () =>
        [
          `nerveflare is ready at ${terminal.style("bold", url)}`,
          `  admin token  ${isNew ? admin.token : describeToken(admin)}`,
          `  data         ${server.data}`,
          ...(placement === "cell" ? ["  placement    cell: all actors in one object"] : []),
          ...(paused
            ? [terminal.style("yellow", `  paused       nothing runs until \`nerveflare unpause --server --data ${server.data}\``)]
            : []),
          terminal.style("dim", "Ctrl-C stops it; what it has answered is on disk."),
        ].join("\n"),
      );
      const signal = await stopped.promise;
      // A second signal means now.
      for (const again of ["SIGTERM", "SIGINT"] as const) process.once(again, () => process.exit(1));
      await server.stop();
      terminal.hint(`stopped (${signal})`);
    });
}

function describeToken({ from, path }: Pick<AdminToken, "from" | "path">): string {
  return from === "environment" ? "that of NERVEFLARE_ADMIN_TOKEN" : `kept in ${path}`;
}

function parsePort(text: string): number {
  if (text.trim() === "") return defaultPort;
  const port = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError("a port is a number from 0 to 65535");
  return port;
}
