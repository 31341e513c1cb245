/** `nerveflare deploy`: the server on Cloudflare, from nothing or anew. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DeployError } from "../../deploy/deploy-error.ts";
import { type Deployment, type DeployOrder, deployWorker } from "../../deploy/deploy-worker.ts";
import { rehearseDeploy } from "../../deploy/rehearse-deploy.ts";
import { readWorkerConfig } from "../../deploy/worker-config.ts";
import { createWrangler, findWrangler } from "../../deploy/wrangler.ts";
import { loadWorker } from "../../local-server/load-worker.ts";
import { findFile, packageRoot, runsFromSource } from "../../package-files.ts";
import { askSecret, canAsk } from "../lib/ask-secret.ts";
import { CliError, type CommandContext, exitCodes } from "../lib/command.ts";
import { readConfig, writeConfig } from "../lib/config-file.ts";
import { checkUrl } from "../lib/find-server.ts";

interface Options {
  env?: string;
  name?: string;
  domain?: string;
  url?: string;
  account?: string;
  jurisdiction?: string;
  location?: string;
  var?: Record<string, string>;
  adminTokenFile?: string;
  rotateToken?: boolean;
  yes?: boolean;
  profile?: string;
  dryRun?: boolean;
}

/** Defines `nerveflare deploy`. */
export function defineCommand(command: Command, context: CommandContext): void {
  command
    .description(
      "Bring the server to Cloudflare: database, migrations, admin token, Worker. Run again, it updates, or goes on where it stopped.",
    )
    .option("--env <name>", "an environment of wrangler.toml, such as staging")
    .addOption(new Option("--name <name>", "what the Worker and its database are called (default: wrangler.toml's)").argParser(parseName))
    .addOption(new Option("--domain <host>", "a custom domain, whose zone is in the account").argParser(parseDomain))
    .option("--url <url>", "where it will answer, where Wrangler can't know: behind a route or a proxy")
    .addOption(new Option("--account <id>", "the account, where the login has several").env("CLOUDFLARE_ACCOUNT_ID"))
    .addOption(new Option("--jurisdiction <where>", "keep all data there; for ever").choices(["eu", "us", "fedramp"]))
    .addOption(
      new Option("--location <where>", "make D1 near there")
        .choices(["weur", "eeur", "apac", "oc", "wnam", "enam"])
        .conflicts("jurisdiction"),
    )
    .addOption(
      new Option("--var <name=value>", "a variable, such as NERVEFLARE_RETENTION; those that were set before stay").argParser(
        collectVariable,
      ),
    )
    .option("--admin-token-file <file>", "a file with the admin token (default: NERVEFLARE_ADMIN_TOKEN, else asked for)")
    .option("--rotate-token", "replace the admin token that the Worker has")
    .option("--yes", "make an admin token without asking")
    .option("--profile <name>", "what to call the server here (default: the Worker's name)")
    .option("--dry-run", "offline: say what would be done, and bundle the Worker")
    .addHelpText(
      "after",
      `
It uses Wrangler's login (\`npx wrangler login\`) or CLOUDFLARE_API_TOKEN: the template “Edit Cloudflare Workers” with D1 · Edit.
An admin token that is made is kept in the profile, and not shown. docs/deploy.md has limits, prices and what to do when.`,
    )
    .action((options: Options) => run(options, context));
}

async function run(options: Options, context: CommandContext): Promise<void> {
  const { terminal, env } = context;
  if (options.url !== undefined) checkUrl(options.url, "--url");
  const say = (line: string): void => terminal.hint(line);
  try {
    // What an install brings is in one module already; bundled again it is minified.
    const main = findFile(runsFromSource ? "src/worker/index.ts" : "dist/worker/index.js");
    const config = readWorkerConfig(packageRoot, main, { ...options, vars: options.var });
    // The files that go up beside it are as new as the source.
    if (runsFromSource) await loadWorker();
    const folder = process.cwd();
    const profile = options.profile ?? config.name;
    const order: DeployOrder = {
      config,
      folder,
      account: options.account,
      jurisdiction: options.jurisdiction,
      location: options.location,
      url: options.url,
      adminToken: readToken(options, env),
      rotateToken: options.rotateToken ?? false,
      makeToken: options.yes ?? false,
    };
    const found = findWrangler([folder, packageRoot]);
    say(`Wrangler ${found.version} (${found.from})`);
    const wrangler = createWrangler(found, folder, env);
    if (options.dryRun) return await rehearse(order, profile, context, wrangler);
    const { file, ...memory } = openMemory(profile, context);
    const deployed = await deployWorker(order, {
      ...memory,
      wrangler,
      ask: canAsk(env) ? () => askSecret("Admin token (Enter: one is made): ") : undefined,
      fetch: (url, init) => fetch(url, init),
      now: () => performance.now(),
      pause,
      say,
    });
    say(`7/7 profile     ${profile}${file() === undefined ? " could not be kept" : `, in ${file()}`}`);
    const withProfile = ` --profile ${profile}`;
    terminal.result({ ...deployed, profile, file: file() ?? null }, () =>
      [
        `${terminal.style("green", "deployed")} ${deployed.worker} at ${terminal.style("bold", deployed.url)}`,
        ...(deployed.tokenIsGood
          ? [
              "Next:",
              `  nerveflare publish <file>${withProfile}`,
              `  nerveflare agents add <name>${withProfile}`,
              `  nerveflare status${withProfile}`,
            ]
          : [
              `Its admin token is not known here. Next: nerveflare profiles add ${profile} --admin-token <token>, or deploy with --rotate-token.`,
            ]),
      ].join("\n"),
    );
  } catch (error) {
    if (error instanceof DeployError) throw new CliError(`${error.code}: ${error.message}`, { hint: error.hint, cause: error });
    throw error;
  }
}

async function rehearse(
  order: DeployOrder,
  profile: string,
  { terminal, env }: CommandContext,
  wrangler: ReturnType<typeof createWrangler>,
): Promise<void> {
  const before = readDeployment(profile, env);
  const rehearsal = await rehearseDeploy(order, findFile("migrations"), { wrangler, before, say: (line) => terminal.hint(line) });
  terminal.result({ dryRun: true, ...rehearsal, profile }, () => "Nothing was changed. Without --dry-run it is done.");
}

/** The profile as the deploy's memory. */
function openMemory(profile: string, { terminal, env }: CommandContext) {
  let file: string | undefined;
  return {
    file: () => file,
    recall(worker: string, account: string): Deployment | undefined {
      const known = readDeployment(profile, env);
      if (known === undefined && !Object.hasOwn(readConfig(env).profiles, profile)) return undefined;
      if (known?.worker === worker && known.account === account) return known;
      const whose = known === undefined ? "another server's" : `that of ${known.worker} in account ${known.account}`;
      const hint = `Give another name with --profile, or forget it: nerveflare profiles remove ${profile}. Nothing was changed.`;
      throw new DeployError("profile_taken", `Profile ${profile} is ${whose}.`, hint);
    },
    keep({ worker, account, url, adminToken, pendingToken }: Deployment, must: boolean): void {
      try {
        const config = readConfig(env);
        const kept = {
          ...config.profiles[profile],
          // Until it has answered nobody's address: a token goes to the server that it is for.
          url: url ?? `https://${worker}.not-deployed-yet.invalid`,
          ...(adminToken !== undefined && { adminToken }),
          deployment: { worker, account, answered: url !== undefined, ...(pendingToken !== undefined && { pendingToken }) },
        };
        file = writeConfig(env, {
          ...config,
          current: config.current ?? (url ? profile : null),
          profiles: { ...config.profiles, [profile]: kept },
        });
      } catch (error) {
        if (must || !(error instanceof CliError)) throw error;
        terminal.hint(`  ${error.message} The profile is not kept.`);
      }
    },
  };
}

function readDeployment(profile: string, env: CommandContext["env"]): Deployment | undefined {
  const { profiles } = readConfig(env);
  const found = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (found?.deployment === undefined) return undefined;
  const { worker, account, answered, pendingToken } = found.deployment;
  return { worker, account, url: answered ? found.url : undefined, adminToken: found.adminToken, pendingToken };
}

function readToken({ adminTokenFile }: Options, env: CommandContext["env"]): string | undefined {
  if (adminTokenFile === undefined) return env["NERVEFLARE_ADMIN_TOKEN"] || undefined;
  try {
    return readFileSync(adminTokenFile, "utf8").trim();
  } catch (cause) {
    throw new CliError(`${adminTokenFile} cannot be read: ${(cause as Error).message}`, { exitCode: exitCodes.usage, cause });
  }
}

function collectVariable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^(NERVEFLARE_[A-Z_]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("a variable is given as NERVEFLARE_NAME=value");
  if (name === "NERVEFLARE_ADMIN_TOKEN")
    throw new InvalidArgumentError("the admin token is a secret: set the variable here, or give --admin-token-file");
  if (name === "NERVEFLARE_JURISDICTION") throw new InvalidArgumentError("give --jurisdiction, which makes the database there as well");
  return { ...before, [name]: value };
}

function parseName(text: string): string {
  // Its bucket has the same name, and those have three at least.
  if (/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(text)) return text;
  throw new InvalidArgumentError("a Worker's name has 3 to 63 small letters, digits and dashes, and no dash at its ends");
}

function parseDomain(text: string): string {
  if (/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/.test(text)) return text;
  throw new InvalidArgumentError("a domain is a host such as nerve.example.com, without https:// and without a path");
}
