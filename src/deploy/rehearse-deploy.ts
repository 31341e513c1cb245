/** A deploy that asks nobody and changes nothing: what each step would do, and the Worker as it would go up. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { DeployError } from "./deploy-error.ts";
import type { Deployment, DeployOrder } from "./deploy-worker.ts";
import { explainFailure } from "./explain-failure.ts";
import { deployLimits } from "./limits.ts";
import { refuseUnknownPlacement } from "./refuse-placement.ts";
import { completeConfig, findDomain, writeConfig } from "./worker-config.ts";
import type { RunWrangler } from "./wrangler.ts";

/** What a deploy would do. */
export interface Rehearsal {
  worker: string;
  database: string;
  bucket: string | null;
  jurisdiction: string | null;
  migrations: string[];
  /** Bytes of the Worker, as they are and compressed. */
  bundle: { bytes: number; compressed: number; limit: number };
  address: string;
  adminToken: "given" | "profile" | "asked for or made";
  /** The configuration that Wrangler gets; without the ids of account and database. */
  config: string;
}

const record = z.looseObject({ bundle_size: z.looseObject({ raw_bytes: z.number(), gzip_bytes: z.number() }) });

/**
 * Rehearses an order, offline.
 * @param migrations the folder that holds them
 * @throws {DeployError} `bundle_too_large`, or whatever Wrangler says
 */
export async function rehearseDeploy(
  order: DeployOrder,
  migrations: string,
  ports: { wrangler: RunWrangler; before: Deployment | undefined; say: (line: string) => void },
): Promise<Rehearsal> {
  const { config, jurisdiction, adminToken, url } = order;
  refuseUnknownPlacement(config);
  const [{ database_name: database }] = config.d1_databases;
  const path = writeConfig(order.folder, completeConfig(config, { jurisdiction }));
  const bundle = await measureBundle(path, adminToken, ports.wrangler);
  const domain = findDomain(config);
  const known = ports.before?.pendingToken ?? ports.before?.adminToken;
  const rehearsal: Rehearsal = {
    worker: config.name,
    database,
    bucket: config.r2_buckets?.[0].bucket_name ?? null,
    jurisdiction: jurisdiction ?? null,
    migrations: readdirSync(migrations)
      .filter((name) => name.endsWith(".sql"))
      .sort(),
    bundle,
    address: url ?? (domain === undefined ? `https://${config.name}.<the account's subdomain>.workers.dev` : `https://${domain}`),
    adminToken: adminToken !== undefined ? "given" : known !== undefined ? "profile" : "asked for or made",
    config: path,
  };
  tell(rehearsal, ports.say);
  if (bundle.compressed > bundle.limit) {
    const message = `The Worker is ${kilobytes(bundle.compressed)} compressed, ${kilobytes(bundle.compressed - bundle.limit)} more than it may be.`;
    throw new DeployError(
      "bundle_too_large",
      message,
      "Find what has made it grow: `npx esbuild --analyze`, or the last imports that were added.",
    );
  }
  return rehearsal;
}

async function measureBundle(config: string, adminToken: string | undefined, wrangler: RunWrangler): Promise<Rehearsal["bundle"]> {
  const scratch = mkdtempSync(join(tmpdir(), "nerveflare-bundle-"));
  try {
    const run = await wrangler(["deploy", "--dry-run", "--outdir", scratch, "--config", config]);
    if (run.code !== 0) throw explainFailure("upload", run, [adminToken ?? ""]);
    const found = run.records.map((each) => record.safeParse(each)).find(({ success }) => success)?.data;
    if (found === undefined) throw explainFailure("upload", run, [adminToken ?? ""]);
    return { bytes: found.bundle_size.raw_bytes, compressed: found.bundle_size.gzip_bytes, limit: deployLimits.bundle };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function tell(
  { worker, database, jurisdiction, migrations, bundle: size, address, adminToken, bucket }: Rehearsal,
  say: (line: string) => void,
): void {
  const place = jurisdiction === null ? "" : `, in ${jurisdiction}`;
  const tokens: Record<Rehearsal["adminToken"], string> = {
    given: "the one that is given, where the Worker has none",
    profile: "that of the profile",
    "asked for or made": "asked for, or made",
  };
  say(`1/7 account     asked of Wrangler's login or CLOUDFLARE_API_TOKEN`);
  say(`2/7 admin token ${tokens[adminToken]}`);
  say(`3/7 database    ${database}${place}, found by its name or made`);
  say(`4/7 migrations  ${migrations.length}: ${migrations[0]} … ${migrations.at(-1)}`);
  say(
    `    artifacts   ${bucket === null ? "refused: wrangler.toml names no bucket" : `${bucket}, found or made; left out where the account has no R2`}`,
  );
  say(`5/7 Worker      ${worker}, ${kilobytes(size.compressed)} compressed (at most ${kilobytes(size.limit)})`);
  say(`6/7 readiness   waited for at ${address}/readyz`);
  say(`7/7 profile     kept`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
