/** `nerveflare init`: makes this machine an agent's home, by a code that an operator gave. */
import type { Command } from "commander";
import { ClientError } from "../../client/client-error.ts";
import { systemClock } from "../../client/clock.ts";
import { createHttpCaller } from "../../client/http.ts";
import { explainClientError } from "../lib/api.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { findConfigFile, readConfig, writeConfig } from "../lib/config-file.ts";
import { checkUrl, findLocalServer } from "../lib/find-server.ts";

interface Options {
  url?: string;
  code: string;
  profile?: string;
}

/** Defines `nerveflare init`. */
export function defineCommand(command: Command, { terminal, env }: CommandContext): void {
  command
    .description("Register this machine's agent with a code, and keep its token as a profile.")
    .requiredOption("--code <code>", "the code, from `nerveflare enrol` on an operator's machine; it works once")
    .option("--url <url>", "the server (default: NERVEFLARE_URL, or the local one)")
    .option("--profile <name>", "what to call it here (default: the agent's id)")
    .action(async ({ url: given, code, profile }: Options) => {
      // No profile is asked for the address: one machine may know many servers, and the code is for one.
      const [url, from]: [string, string] = given
        ? [given, "--url"]
        : env.NERVEFLARE_URL
          ? [env.NERVEFLARE_URL, "NERVEFLARE_URL"]
          : findLocalServer(env);
      checkUrl(url, from);
      const config = readConfig(env);
      if (profile !== undefined && Object.hasOwn(config.profiles, profile)) {
        throw new CliError(`There is a profile ${profile} already.`, {
          hint: `Give another name with --profile, or \`nerveflare profiles remove ${profile}\`. The code was not used.`,
          exitCode: exitCodes.usage,
        });
      }
      // The code works once: whether its token can be kept is tried before.
      const file = writeConfig(env, config);
      const http = createHttpCaller({ url, fetch: (address, init) => fetch(address, init), clock: systemClock });
      const answer = await http.call("POST", "v1/enrolments/redeem", { body: JSON.stringify({ code }) }).catch((error: unknown) => {
        if (!(error instanceof ClientError)) throw error;
        if (error.code === "unauthenticated" && error.problem)
          throw new CliError(`${error.problem.nrv} ${error.code}: ${error.problem.detail}`, {
            hint: "`nerveflare enrol <agent>` makes one.",
            cause: error,
          });
        throw explainClientError(error, url, from);
      });
      const { id, token } = answer as { id: string; token: string };
      const name = profile ?? chooseName(config.profiles, id);
      try {
        writeConfig(env, {
          ...config,
          current: config.current ?? name,
          profiles: { ...config.profiles, [name]: { url, agent: id, token } },
        });
      } catch (error) {
        // Nobody else has it.
        terminal.hint(`The token of ${id}, which could not be kept: ${token}`);
        throw error;
      }
      terminal.result({ agent: id, profile: name, url, file }, () =>
        [
          `${terminal.style("green", "registered")} ${id} at ${url}`,
          `Its token is in ${file}, profile ${name}.`,
          `Next: npx nerveflare agent --profile ${name} --exec <command>`,
        ].join("\n"),
      );
    })
    .addHelpText("after", `\nThe file of profiles is ${findConfigFile(env) ?? "where NERVEFLARE_CONFIG_DIR says"}, readable by you alone.`);
}

function chooseName(taken: object, id: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? id : `${id}-${count}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}
