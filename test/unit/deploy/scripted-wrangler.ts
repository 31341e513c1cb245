/** A Wrangler that plays its part in a deploy, and an account that it plays with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Deployment, type DeployOrder, deployWorker } from "../../../src/deploy/deploy-worker.ts";
import { readWorkerConfig } from "../../../src/deploy/worker-config.ts";
import type { WranglerRun } from "../../../src/deploy/wrangler.ts";

export const root = join(import.meta.dirname, "../../..");

export interface Account {
  accounts: { id: string; name: string }[];
  databases: { name: string; uuid: string; jurisdiction?: string | null }[];
  /** Names of R2's buckets; null: the account has no R2. */
  buckets: string[] | null;
  migrated: boolean;
  /** What D1 keeps of where actors live; absent: nothing. */
  placement?: string;
  /** The secret of the Worker; null: it has none; undefined: there is no Worker. */
  secret: string | null | undefined;
  /** Words of each run, without the configuration's path and the file of secrets. */
  calls: string[];
  /** What a run fails with, by its first words; `{secret}` is the one that it was given. */
  failing: Record<string, string>;
  /** What Wrangler was told to be in. */
  wanted: string[];
}

export function createAccount(given: Partial<Account> = {}): Account {
  const accounts = [{ id: "acc", name: "Mine" }];
  return { accounts, databases: [], buckets: [], migrated: false, secret: undefined, calls: [], failing: {}, wanted: [], ...given };
}

const end = (code: number, stdout: string, records: unknown[] = []): WranglerRun => ({ code, stdout, said: stdout, records });

/** Runs a deploy in an account, with a profile that lives as long as `profiles`. */
export function createDeployer(folder: string) {
  const profiles = new Map<string, Deployment>();
  const said: string[] = [];
  return {
    profiles,
    said,
    async deploy(account: Account, order: Partial<DeployOrder> = {}, asked?: () => Promise<string>) {
      let now = 0;
      const known = await deployWorker(
        {
          config: readWorkerConfig(root, "/worker.js", {}),
          ...{ folder, account: undefined, jurisdiction: undefined, location: undefined, url: undefined },
          ...{ adminToken: undefined, rotateToken: false, makeToken: true },
          ...order,
        },
        {
          wrangler: (args, env = {}) => run(account, args, env),
          recall: (worker) => profiles.get(worker),
          keep: (deployment) => void profiles.set(deployment.worker, deployment),
          ask: asked,
          fetch: async (url, { headers = {} }) => {
            const { authorization } = headers as Record<string, string>;
            if (url.endsWith("/readyz")) return Response.json({ status: "ready", checks: [] });
            return new Response("{}", { status: authorization === `Bearer ${account.secret}` ? 200 : 401 });
          },
          now: () => now,
          pause: async (milliseconds) => {
            now += milliseconds;
          },
          say: (line) => void said.push(line),
        },
      );
      return known;
    },
  };
}

async function run(account: Account, args: readonly string[], env: Record<string, string | undefined>): Promise<WranglerRun> {
  const words = args.filter((_word, index) => !["--config", "--secrets-file"].includes(args[index - 1] ?? "")).join(" ");
  account.calls.push(words);
  if (words !== "whoami --json") account.wanted.push(env["CLOUDFLARE_ACCOUNT_ID"] ?? "");
  const failure = Object.entries(account.failing).find(([begin]) => words.startsWith(begin));
  if (failure) return end(1, failure[1].replace("{secret}", readSecret(args) ?? ""));
  if (words === "whoami --json") return end(0, `\n${JSON.stringify({ loggedIn: true, accounts: account.accounts })}`);
  if (words.startsWith("secret list")) {
    if (account.secret === undefined) return end(1, 'Worker "nerveflare" not found.');
    return end(0, JSON.stringify(account.secret === null ? [] : [{ name: "NERVEFLARE_ADMIN_TOKEN", type: "secret_text" }]));
  }
  if (words === "d1 list --json") return end(0, JSON.stringify(account.databases));
  if (words.startsWith("d1 create")) return createDatabase(account, args);
  if (words.startsWith("d1 migrations apply DB --remote")) {
    const before = account.migrated;
    account.migrated = true;
    return end(0, before ? "No migrations to apply!" : "Migrations to be applied:");
  }
  if (words.startsWith("d1 execute DB --remote --json --command SELECT placement FROM placement")) {
    if (!account.migrated) return end(1, "no such table: placement");
    const results = account.placement === undefined ? [] : [{ placement: account.placement }];
    return end(0, JSON.stringify([{ results, success: true, meta: {} }], null, 2));
  }
  if (words.startsWith("r2 bucket create")) {
    const [, , , name = ""] = args;
    if (account.buckets === null) return end(1, "Please enable R2 through the Cloudflare Dashboard. [code: 10042]");
    if (account.buckets.includes(name)) return end(1, "The bucket you tried to create already exists, and you own it. [code: 10004]");
    account.buckets.push(name);
    return end(0, `Created bucket '${name}'`);
  }
  if (words.startsWith("deploy")) return upload(account, args);
  return end(1, `what is ${words}?`);
}

function createDatabase(account: Account, args: readonly string[]): WranglerRun {
  const [, , name = ""] = args;
  if (account.databases.some((each) => each.name === name)) return end(1, "A database with that name already exists");
  const place = args.indexOf("--jurisdiction");
  account.databases.push({ name, uuid: `id-of-${name}`, jurisdiction: place < 0 ? null : (args[place + 1] ?? null) });
  return end(0, "Successfully created DB");
}

/** The secret that goes up with the code. */
function readSecret(args: readonly string[]): string | undefined {
  if (!args.includes("--secrets-file")) return undefined;
  return JSON.parse(readFileSync(args[args.indexOf("--secrets-file") + 1] ?? "", "utf8")).NERVEFLARE_ADMIN_TOKEN;
}

function upload(account: Account, args: readonly string[]): WranglerRun {
  if (!account.migrated) return end(1, "the code came before its migrations");
  const secret = readSecret(args);
  if (secret !== undefined) account.secret = secret;
  else if (account.secret === undefined || account.secret === null) return end(1, "required secrets have not been set");
  return end(0, "Uploaded", [
    { type: "wrangler-session" },
    { type: "deploy", version_id: "v", targets: ["https://nerveflare.me.workers.dev"] },
  ]);
}
