/** The R2 bucket for artifacts: made, found, or left out where the account has no R2, for everything else works without. */
import { explainFailure } from "./explain-failure.ts";
import type { WorkerConfig } from "./worker-config.ts";
import type { WranglerRun } from "./wrangler.ts";

/** What came of it, and a line for people. */
export interface Bucket {
  /** Null: the account has no R2. */
  name: string | null;
  made: boolean;
  said: string;
}

/** Cloudflare's own words for an account that has not accepted R2's terms. */
const notEnabled = /code: 10042\]|enable R2/i;
const isThere = /code: 10004\]|already exists|already own/i;

/**
 * @param wrangler runs it in the account, whatever it comes to
 * @throws {DeployError} `no_rights`, or whatever Wrangler says
 */
export async function settleBucket(
  config: WorkerConfig,
  jurisdiction: string | undefined,
  wrangler: (args: string[]) => Promise<WranglerRun>,
  hidden: readonly string[],
): Promise<Bucket> {
  const name = config.r2_buckets?.[0].bucket_name;
  if (name === undefined)
    return { name: null, made: false, said: "none: wrangler.toml names no bucket. What is larger than an event is refused" };
  const run = await wrangler(["r2", "bucket", "create", name, ...(jurisdiction === undefined ? [] : ["--jurisdiction", jurisdiction])]);
  if (run.code === 0) return { name, made: true, said: `${name}, made` };
  if (isThere.test(run.said)) return { name, made: false, said: `${name}, found` };
  if (!notEnabled.test(run.said)) throw explainFailure("bucket", run, hidden);
  const how = "To have them, enable R2 at https://dash.cloudflare.com (R2 Object Storage) and deploy again";
  return { name: null, made: false, said: `refused, and all else works: the account has no R2. ${how}` };
}
