/** `nerveflare profiles`: several servers, by name. */
import type { Command } from "commander";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { getProfile, type Profile, readConfig, writeConfig } from "../lib/config-file.ts";
import { checkUrl } from "../lib/find-server.ts";
import { renderTable } from "../lib/terminal.ts";

/** Defines `nerveflare profiles add|list|use|remove`. */
export function defineCommand(command: Command, { terminal, env }: CommandContext): void {
  command
    .command("add <name>")
    .description("Keep a server's address, and a token for it, under a name. What is not given stays.")
    .option("--url <url>", "the server")
    .option("--admin-token <token>", "an operator's token, for commands")
    .option("--token <token>", "an agent's token, for `nerveflare agent`")
    .action((name: string, given: { url?: string; adminToken?: string; token?: string }) => {
      const config = readConfig(env);
      const before: Partial<Profile> = Object.hasOwn(config.profiles, name) ? (config.profiles[name] ?? {}) : {};
      const url = given.url ?? before.url;
      if (url === undefined) throw new CliError("The profile is new: say where its server is, with --url.", { exitCode: exitCodes.usage });
      checkUrl(url, "--url");
      const file = writeConfig(env, {
        ...config,
        current: config.current ?? name,
        profiles: { ...config.profiles, [name]: { ...before, ...given, url } },
      });
      terminal.result({ profile: name, url, file }, () => `${terminal.style("green", "kept")} ${name} in ${file}`);
    });

  command
    .command("list", { isDefault: true })
    .description("List profiles; * is the one that is used.")
    .action(() => {
      const { current, profiles } = readConfig(env);
      const used = env.NERVEFLARE_PROFILE ?? current;
      const list = Object.entries(profiles).map(([name, { url, agent, token, adminToken }]) => ({
        name,
        used: name === used,
        url,
        agent: agent ?? null,
        // The tokens themselves are nobody's to read over a shoulder.
        tokens: [...(token ? ["agent"] : []), ...(adminToken ? ["operator"] : [])],
      }));
      terminal.result({ profiles: list }, () =>
        renderTable(
          ["", "PROFILE", "URL", "AGENT", "TOKENS"],
          list.map(({ name, used: isUsed, url, agent, tokens }) => [isUsed ? "*" : "", name, url, agent ?? "-", tokens.join(" ") || "-"]),
          (text) => terminal.style("bold", text),
        ),
      );
    });

  command
    .command("use <name>")
    .description("Make a profile the one that commands use.")
    .action((name: string) => {
      const config = readConfig(env);
      const { url } = getProfile(config, name);
      writeConfig(env, { ...config, current: name });
      terminal.result({ profile: name, url }, () => `${terminal.style("green", "using")} ${name} ${url}`);
    });

  command
    .command("remove <name>")
    .description("Forget a profile and its tokens here; at the server they stay valid.")
    .action((name: string) => {
      const config = readConfig(env);
      getProfile(config, name);
      const { [name]: _, ...profiles } = config.profiles;
      writeConfig(env, { ...config, current: config.current === name ? null : config.current, profiles });
      terminal.result({ removed: name }, () => `${terminal.style("green", "removed")} ${name}`);
    });
}
