/** The configuration with which the Worker goes up: that of wrangler.toml, for one environment, with what this deployment has of its own. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import * as z from "zod";
import { DeployError } from "./deploy-error.ts";

/** What the order says of the Worker. */
export interface ConfigOrder {
  env?: string | undefined;
  name?: string | undefined;
  domain?: string | undefined;
  /** Variables, beside those of wrangler.toml. */
  vars?: Record<string, string> | undefined;
}

const database = z.looseObject({ binding: z.string(), database_name: z.string(), database_id: z.string().optional() });
const bucket = z.looseObject({ binding: z.string(), bucket_name: z.string(), jurisdiction: z.string().optional() });
const shape = z.looseObject({
  name: z.string(),
  account_id: z.string().optional(),
  d1_databases: z.tuple([database]),
  /** Absent: no artifacts are kept. */
  r2_buckets: z.tuple([bucket]).optional(),
  assets: z.looseObject({ directory: z.string() }),
  vars: z.record(z.string(), z.unknown()).optional(),
  routes: z.array(z.union([z.string(), z.looseObject({ pattern: z.string(), custom_domain: z.boolean().optional() })])).optional(),
});

/** The configuration of one environment, before anything is known of the account. */
export interface WorkerConfig extends z.infer<typeof shape> {
  /** Absolute. */
  main: string;
}

/**
 * Reads wrangler.toml for an environment, whose members go before those of the top.
 * @param root the folder of wrangler.toml
 * @param main the Worker's entry, absolute
 * @throws {DeployError} `environment_unknown`
 */
export function readWorkerConfig(root: string, main: string, { env, name, domain, vars }: ConfigOrder): WorkerConfig {
  const { env: environments = {}, ...top } = parse(readFileSync(join(root, "wrangler.toml"), "utf8")) as {
    env?: { [name: string]: object };
  };
  if (env !== undefined && !Object.hasOwn(environments, env)) {
    const known = Object.keys(environments).join(", ");
    throw new DeployError("environment_unknown", `wrangler.toml has no environment ${env}.`, `There are: ${known}. Or give --name alone.`);
  }
  const read = shape.parse({ ...top, ...(env !== undefined && environments[env]) });
  const [d1] = read.d1_databases;
  const config: WorkerConfig = {
    ...read,
    main,
    assets: { ...read.assets, directory: join(root, read.assets.directory) },
    ...(name !== undefined && { name }),
    ...(vars !== undefined && { vars: { ...read.vars, ...vars } }),
    // Under a name of its own it has a database of its own.
    d1_databases: [{ ...d1, migrations_dir: join(root, "migrations"), ...(name !== undefined && { database_name: name }) }],
    ...(read.r2_buckets && { r2_buckets: [{ ...read.r2_buckets[0], ...(name !== undefined && { bucket_name: name }) }] }),
  };
  if (domain === undefined) return config;
  return { ...config, workers_dev: false, routes: [{ pattern: domain, custom_domain: true }] };
}

/** Adds what is known once the account was asked. `bucket: null`: the account has none. */
export function completeConfig(
  config: WorkerConfig,
  facts: { account?: string | undefined; database?: string | undefined; jurisdiction?: string | undefined; bucket?: string | null },
): WorkerConfig {
  const [d1] = config.d1_databases;
  const { r2_buckets: buckets, ...others } = config;
  const place = facts.jurisdiction === undefined ? {} : { jurisdiction: facts.jurisdiction };
  return {
    ...others,
    ...(buckets && facts.bucket !== null && { r2_buckets: [{ ...buckets[0], ...place }] }),
    ...(facts.account !== undefined && { account_id: facts.account }),
    d1_databases: [{ ...d1, ...(facts.database !== undefined && { database_id: facts.database }) }],
    ...(facts.jurisdiction !== undefined && { vars: { ...config.vars, NERVEFLARE_JURISDICTION: facts.jurisdiction } }),
  };
}

/**
 * Writes a configuration where Wrangler reads it; it holds no secrets.
 * @returns its path
 * @throws {DeployError} `folder_unwritable`
 */
export function writeConfig(folder: string, config: WorkerConfig): string {
  const place = join(folder, ".wrangler/nerveflare", config.name);
  const path = join(place, "wrangler.json");
  try {
    mkdirSync(place, { recursive: true });
    // It is made anew each time.
    writeFileSync(join(folder, ".wrangler/nerveflare/.gitignore"), "*\n");
    writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  } catch (cause) {
    const message = `${place} cannot be written: ${(cause as Error).message}`;
    throw new DeployError("folder_unwritable", message, "Run the command in a folder that you can write in.", { cause });
  }
  return path;
}

/** The address that the configuration gives the Worker, where it gives it one beside workers.dev. */
export function findDomain({ routes = [] }: Pick<WorkerConfig, "routes">): string | undefined {
  const own = routes.find((route) => typeof route === "object" && route.custom_domain === true);
  return typeof own === "object" ? own.pattern : undefined;
}
