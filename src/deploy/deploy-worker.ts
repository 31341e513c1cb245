/**
 * Brings the Worker to Cloudflare, step by step. Each step finds what an earlier run has done, so a run that broke off anywhere is
 * simply run again. What it needs of the world are ports: Wrangler, the profile, the network.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { DeployError, runAgain } from "./deploy-error.ts";
import { type DeployStep, explainFailure } from "./explain-failure.ts";
import { deployLimits } from "./limits.ts";
import { placementAnswer, placementQuery, readOrderedPlacement, refuseOtherPlacement, refuseUnknownPlacement } from "./refuse-placement.ts";
import { settleAdminToken, type TokenPlan } from "./settle-admin-token.ts";
import { type Bucket, settleBucket } from "./settle-bucket.ts";
import { type WaitPorts, waitUntilReady } from "./wait-until-ready.ts";
import { completeConfig, findDomain, type WorkerConfig, writeConfig } from "./worker-config.ts";
import type { RunWrangler, WranglerRun } from "./wrangler.ts";

/** What is to be deployed, and how. */
export interface DeployOrder {
  config: WorkerConfig;
  /** Where the configuration for Wrangler is written. */
  folder: string;
  /** The account's id, where it was given. */
  account: string | undefined;
  jurisdiction: string | undefined;
  location: string | undefined;
  /** Where it will answer, where Wrangler can't know. */
  url: string | undefined;
  adminToken: string | undefined;
  rotateToken: boolean;
  makeToken: boolean;
}

/** What the profile knows of a deployment. */
export interface Deployment {
  worker: string;
  account: string;
  /** Undefined until it answered. */
  url?: string | undefined;
  adminToken?: string | undefined;
  /** Of a deploy that is under way or broke off. */
  pendingToken?: string | undefined;
}

export interface DeployPorts extends WaitPorts {
  wrangler: RunWrangler;
  /** What is kept of this Worker. @throws {DeployError} `profile_taken` */
  recall(worker: string, account: string): Deployment | undefined;
  /** @param must whether to fail where it can't be kept: nobody else has the token */
  keep(deployment: Deployment, must: boolean): void;
  ask: (() => Promise<string>) | undefined;
}

/** What came of it. */
export interface Deployed {
  worker: string;
  account: string;
  database: { name: string; id: string; made: boolean; jurisdiction: string | null };
  /** The bucket for artifacts; null: the account has no R2. */
  bucket: (Pick<Bucket, "made"> & { name: string }) | null;
  url: string;
  status: "ready" | "paused";
  /** Whether the token that is kept is the Worker's; undefined: none is known here. */
  tokenIsGood: boolean | undefined;
  versionId: string | null;
}

/** @throws {DeployError} */
export async function deployWorker(order: DeployOrder, ports: DeployPorts): Promise<Deployed> {
  refuseUnknownPlacement(order.config);
  const worker = order.config.name;
  const hidden: string[] = [order.adminToken ?? ""];
  const wrangler = async (step: DeployStep, args: string[], env: Record<string, string> = {}): Promise<WranglerRun> => {
    const run = await ports.wrangler(args, env);
    if (run.code !== 0) throw explainFailure(step, run, hidden);
    return run;
  };

  const account = await findAccount(order, ports);
  ports.say(`1/7 account     ${account.name === undefined ? account.id : `${account.name} (${account.id})`}`);
  const inAccount = { CLOUDFLARE_ACCOUNT_ID: account.id };
  const before = ports.recall(worker, account.id);
  hidden.push(before?.adminToken ?? "", before?.pendingToken ?? "");

  const { plan, isNew, isStranger } = await settleToken(order, ports, before, inAccount, hidden);
  hidden.push(plan.token ?? "");
  ports.say(`2/7 admin token ${plan.because}`);

  const database = await settleDatabase(order, isStranger, (args) => wrangler("database", args, inAccount));
  const place = database.jurisdiction === null ? "" : `, in ${database.jurisdiction}`;
  // Before it goes anywhere: whatever fails from here on, the next run has it.
  if (plan.set) ports.keep({ ...before, worker, account: account.id, pendingToken: plan.token }, plan.made);
  ports.say(`3/7 database    ${database.name} (${database.id}${place}), ${database.made ? "made" : "found"}`);

  const config = completeConfig(order.config, {
    account: account.id,
    database: database.id,
    jurisdiction: database.jurisdiction ?? undefined,
  });
  const path = writeConfig(order.folder, config);
  const migrated = await wrangler("migrations", ["d1", "migrations", "apply", "DB", "--remote", "--config", path], inAccount);
  ports.say(`4/7 migrations  ${/No migrations to apply/.test(migrated.stdout) ? "all applied before" : "applied"}`);

  // What the Worker has and nobody names stays.
  if (!database.made && (isNew || readOrderedPlacement(config) !== undefined)) {
    const asked = await wrangler(
      "migrations",
      ["d1", "execute", "DB", "--remote", "--json", "--command", placementQuery, "--config", path],
      inAccount,
    );
    refuseOtherPlacement(config, readJson(placementAnswer, "migrations", asked));
  }

  const askBucket = (args: string[]): Promise<WranglerRun> => ports.wrangler([...args, "--config", path], inAccount);
  const { said, made, name } = await settleBucket(order.config, database.jurisdiction ?? undefined, askBucket, hidden);
  ports.say(`    artifacts   ${said}`);
  if (name === null) writeConfig(order.folder, completeConfig(config, { bucket: null }));

  const uploaded = await upload(path, plan, (args) => wrangler("upload", args, inAccount));
  const url = order.url ?? findUrl(config, uploaded.targets);
  ports.say(`5/7 Worker      ${worker} is deployed at ${url}`);

  const timeout = findDomain(config) === undefined ? deployLimits.ready : deployLimits.readyDomain;
  const status = await waitUntilReady(url, timeout, ports);
  ports.say(`6/7 readiness   ${status}`);

  const tokenIsGood = plan.token === undefined ? undefined : await tryToken(url, plan.token, plan.set, ports);
  const tokens = tokenIsGood
    ? { adminToken: plan.token }
    : { adminToken: before?.adminToken, ...(plan.set && { pendingToken: plan.token }) };
  ports.keep({ worker, account: account.id, url, ...tokens }, plan.made);
  if (tokenIsGood === false) {
    throw new DeployError(
      "admin_token_differs",
      `${worker} is deployed and ready at ${url}, but has another admin token than the one ${order.adminToken === undefined ? "of the profile" : "that was given"}.`,
      "Give the one that it has, or replace it: run the same command again with --rotate-token.",
    );
  }
  return {
    worker,
    account: account.id,
    database,
    bucket: name === null ? null : { name, made },
    url,
    status,
    tokenIsGood,
    versionId: uploaded.versionId,
  };
}

const whoami = z.looseObject({ accounts: z.array(z.looseObject({ id: z.string(), name: z.string() })).default([]) });

/** @throws {DeployError} `logged_out`, `no_rights`, `account_unclear` */
async function findAccount({ account, config }: DeployOrder, ports: DeployPorts): Promise<{ id: string; name?: string | undefined }> {
  const chosen = account ?? config.account_id;
  const run = await ports.wrangler(["whoami", "--json"]);
  if (run.code !== 0) {
    const error = explainFailure("account", run, []);
    // A token may deploy and not be allowed to say whose it is.
    if (error.code === "no_rights" && chosen !== undefined) return { id: chosen };
    throw error;
  }
  const { accounts } = readJson(whoami, "account", run);
  const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join("\n");
  if (chosen !== undefined) {
    const found = accounts.find(({ id }) => id === chosen);
    if (found !== undefined || accounts.length === 0) return { id: chosen, name: found?.name };
    throw new DeployError("account_unclear", `This login has no account ${chosen}.`, `It has:\n${list}`);
  }
  const [only] = accounts;
  if (only !== undefined && accounts.length === 1) return only;
  if (only === undefined)
    throw new DeployError("account_unclear", "Cloudflare names no account for this login.", `Say which with --account ID. ${runAgain}`);
  throw new DeployError(
    "account_unclear",
    `This login has ${accounts.length} accounts.`,
    `Say which with --account ID or CLOUDFLARE_ACCOUNT_ID:\n${list}`,
  );
}

const secretNames = z.array(z.looseObject({ name: z.string() }));

async function settleToken(
  order: DeployOrder,
  ports: DeployPorts,
  before: Deployment | undefined,
  inAccount: Record<string, string>,
  hidden: string[],
): Promise<{ plan: TokenPlan; isNew: boolean; isStranger: boolean }> {
  const run = await ports.wrangler(["secret", "list", "--name", order.config.name, "--format", "json"], inAccount);
  const absent = run.code !== 0 && /not found|code: 10007\]|code: 10090\]|does not exist/i.test(run.said);
  if (run.code !== 0 && !absent) throw explainFailure("secrets", run, hidden);
  const secrets = absent ? [] : readJson(secretNames, "secrets", run);
  const deployed = secrets.some(({ name }) => name === "NERVEFLARE_ADMIN_TOKEN");
  const plan = await settleAdminToken({
    given: order.adminToken,
    kept: before?.adminToken,
    pending: before?.pendingToken,
    deployed,
    rotate: order.rotateToken,
    ask: ports.ask,
    make: order.makeToken,
  });
  // Ours has the secret from its first upload on.
  return { plan, isNew: absent, isStranger: !absent && !deployed && before === undefined };
}

const databases = z.array(z.looseObject({ name: z.string(), uuid: z.string(), jurisdiction: z.string().nullish() }));

/**
 * Finds the database by its name, or makes it.
 * @param isStranger whether there is a Worker of this name that does not look like ours
 * @throws {DeployError} `database_elsewhere`, `worker_taken`
 */
async function settleDatabase(
  order: DeployOrder,
  isStranger: boolean,
  wrangler: (args: string[]) => Promise<WranglerRun>,
): Promise<Deployed["database"]> {
  const [{ database_name: name, database_id: id }] = order.config.d1_databases;
  const find = async () => {
    const run = await wrangler(["d1", "list", "--json"]);
    return readJson(databases, "database", run).find((each) => (id === undefined ? each.name === name : each.uuid === id));
  };
  let found = await find();
  if (found === undefined && id !== undefined)
    throw new DeployError(
      "database_elsewhere",
      `wrangler.toml names database ${id}, which this account has not.`,
      "Remove its database_id.",
    );
  const made = found === undefined;
  if (isStranger && made) {
    throw new DeployError(
      "worker_taken",
      `The account has a Worker ${order.config.name} with neither an admin token nor a database: it is something else.`,
      `Give another --name. If you do mean this one, make its database first: npx wrangler d1 create ${name}`,
    );
  }
  if (found === undefined) {
    const { jurisdiction, location } = order;
    const where = [...(jurisdiction ? ["--jurisdiction", jurisdiction] : []), ...(location ? ["--location", location] : [])];
    await wrangler(["d1", "create", name, ...where]);
    found = await find();
    if (found === undefined)
      throw new DeployError("wrangler_failed", `Database ${name} was made and is not listed.`, runAgain.replace("Then r", "R"));
  }
  // Absent of a service that does not say.
  const actual = found.jurisdiction === undefined ? (order.jurisdiction ?? null) : found.jurisdiction;
  if (order.jurisdiction !== undefined && actual !== order.jurisdiction) {
    throw new DeployError(
      "database_elsewhere",
      `Database ${name} is ${actual === null ? "under no jurisdiction" : `in ${actual}`}, and data cannot move to ${order.jurisdiction}.`,
      "Deploy under another --name, which begins with a database of its own, or without --jurisdiction.",
    );
  }
  return { name, id: found.uuid, made, jurisdiction: actual };
}

const record = z.looseObject({
  type: z.literal("deploy"),
  version_id: z.string().nullish(),
  targets: z.array(z.string()).nullish(),
});

/** The code, and with it the secret: a Worker that is new cannot have one before. */
async function upload(
  config: string,
  { token, set }: TokenPlan,
  wrangler: (args: string[]) => Promise<WranglerRun>,
): Promise<{ targets: string[]; versionId: string | null }> {
  const scratch = mkdtempSync(join(tmpdir(), "nerveflare-secret-"));
  try {
    const secrets = join(scratch, "secrets.json");
    if (set) writeFileSync(secrets, JSON.stringify({ NERVEFLARE_ADMIN_TOKEN: token }), { mode: 0o600 });
    const run = await wrangler(["deploy", "--config", config, ...(set ? ["--secrets-file", secrets] : [])]);
    const found = run.records.map((each) => record.safeParse(each)).find(({ success }) => success)?.data;
    return { targets: found?.targets ?? [], versionId: found?.version_id ?? null };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @throws {DeployError} `address_unknown` */
function findUrl(config: WorkerConfig, targets: string[]): string {
  const domain = findDomain(config);
  if (domain !== undefined) return `https://${domain}`;
  const own = targets.find((target) => /^https:\/\/\S+$/.test(target));
  if (own !== undefined) return own;
  throw new DeployError(
    "address_unknown",
    `The Worker is deployed, and where it answers is not known here${targets.length > 0 ? ` (${targets.join(", ")})` : ""}.`,
    "Say it with --url, and run the same command again.",
  );
}

/** Whether the Worker takes the token. Where it was set just now, an older version may answer for a while. */
async function tryToken(url: string, token: string, isNew: boolean, ports: WaitPorts): Promise<boolean> {
  const began = ports.now();
  for (;;) {
    const { status } = await ports
      .fetch(new URL("/v1/status", url).href, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(deployLimits.answer),
        redirect: "manual",
      })
      .catch(() => ({ status: 0 }));
    if (status === 200) return true;
    if (status === 401 && !isNew) return false;
    if (ports.now() - began > deployLimits.newToken) return false;
    await ports.pause(deployLimits.pause.longest);
  }
}

/** The JSON that a run printed, after whatever else it said. @throws {DeployError} where it is none, or another Wrangler's */
function readJson<T>(schema: z.ZodType<T>, step: DeployStep, run: WranglerRun): T {
  try {
    return schema.parse(JSON.parse(run.stdout.slice(run.stdout.search(/^\s*[[{]/m))));
  } catch {
    throw explainFailure(step, run, []);
  }
}
