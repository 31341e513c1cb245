/** `nerveflare probe`: tries a server against the contract, rule by rule, from outside; for whoever writes one, or an agent in another language. */
import { type Command, Option } from "commander";
import { type WireName, wireNames } from "../../probe/probe-wire.ts";
import { rules } from "../../probe/rules.ts";
import { type Finding, runProbe } from "../../probe/run-probe.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { chooseToken, findServer } from "../lib/find-server.ts";

interface Options {
  url?: string;
  token?: string;
  adminToken?: string;
  profile?: string;
  transport: WireName | "all";
}

const help = `
With an operator's token two agents are made for the probe and removed after it, and every rule is tried. With an agent's token alone
those rules are tried that do no harm to an agent at work; the others are listed as skipped. docs/transports.md says what each is about.

Examples:
  nerveflare probe --admin-token "$(cat .nerveflare/admin-token)"
  nerveflare probe --url https://nerveflare.example.com --token "$NERVEFLARE_TOKEN" --transport poll --json

Exit code: 0 every rule that was tried is kept, 1 one is not, 2 asked wrongly.`;

/** Defines `nerveflare probe`. */
export function defineCommand(command: Command, { terminal, env }: CommandContext): void {
  command
    .option("--url <url>", "the server (default: NERVEFLARE_URL, or the local one)")
    .option("--token <token>", "an agent's token (default: NERVEFLARE_TOKEN)")
    .option("--admin-token <token>", "an operator's token (default: NERVEFLARE_ADMIN_TOKEN)")
    .option("--profile <name>", "server and tokens by name (default: NERVEFLARE_PROFILE, or `nerveflare profiles use`)")
    .addOption(new Option("--transport <name>", "which to try").choices([...wireNames, "all"]).default("all"))
    .addHelpText("after", help)
    .action(async ({ transport, ...options }: Options) => {
      const server = findServer(options, env);
      const { url } = server;
      const token = chooseToken(server, "token", { option: options.token, env: env.NERVEFLARE_TOKEN });
      const adminToken =
        options.token !== undefined && options.adminToken === undefined
          ? undefined
          : chooseToken(server, "adminToken", { option: options.adminToken, env: env.NERVEFLARE_ADMIN_TOKEN });
      if (!adminToken && !token) {
        const hint = "Give --admin-token (or NERVEFLARE_ADMIN_TOKEN), or an agent's --token (or NERVEFLARE_TOKEN).";
        throw new CliError("No token.", { hint, exitCode: exitCodes.usage });
      }
      const mark = { pass: terminal.style("green", "pass"), fail: terminal.style("red", "FAIL"), skip: terminal.style("yellow", "skip") };
      const show = ({ id, transport: on, promise, result, expected, got, reason }: Finding): string =>
        [
          `${mark[result]} ${`[${id}]`.padEnd(5)} ${on.padEnd(6)} ${promise}`,
          ...(result === "fail" ? [`     expected ${expected}`, `     got      ${got}`] : []),
          ...(reason ? [terminal.style("dim", `     ${reason}`)] : []),
        ].join("\n");
      const findings = await runProbe({
        ...{ url, token, adminToken, rules },
        transports: transport === "all" ? wireNames : [transport],
        found: (finding) => terminal.result(finding, () => show(finding)),
      }).catch((error: unknown) => {
        const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
        throw new CliError(`The probe cannot begin at ${url}: ${error instanceof Error ? error.message : error}${cause}.`, {
          hint: "Is the server there, and the token good for it?",
          cause: error,
        });
      });
      const count = (result: Finding["result"]) => findings.filter((finding) => finding.result === result).length;
      terminal.hint(`${count("pass")} kept, ${count("fail")} broken, ${count("skip")} skipped`);
      if (count("fail") > 0) throw new CliError(`${count("fail")} of the contract's rules are not kept.`);
    });
}
