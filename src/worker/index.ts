/** The Worker's entry: wires the bindings into the app, and gives the platform the classes of the objects. */
import type { Hono } from "hono";
import { artifactLimits } from "../contract/artifact.ts";
import { parseOrigins } from "../contract/origins.ts";
import { findPlacementFault, readPlacement } from "../contract/placement.ts";
import { type Environment, findCell, findNeighbours, isPaused } from "../durable/environment.ts";
import { parseRetention } from "../durable/projector/retention.ts";
import { requiredMigrations } from "../durable/required-migrations.ts";
import type { AppEnv } from "./app-ports.ts";
import { pruneDecisions } from "./audit-store.ts";
import { createApp } from "./create-app.ts";
import { createRegisteredCheck } from "./create-registered-check.ts";
import { pruneEnrolments } from "./enrolment-store.ts";
import { callLimits } from "./guard-calls.ts";
import { createHookCheck } from "./hook-store.ts";
import { createKeptPlacement } from "./kept-placement.ts";
import { pruneSessions } from "./session-store.ts";

export {
  AgentObject,
  CellObject,
  HookObject,
  ProjectorObject,
  RecruitmentObject,
  RegistryObject,
  TaskObject,
  WebhookObject,
  WorkflowObject,
} from "../durable/objects.ts";

interface WorkerEnv extends Environment {
  /** A secret: `wrangler secret put NERVEFLARE_ADMIN_TOKEN`. */
  NERVEFLARE_ADMIN_TOKEN?: string;
  /** How long the log is kept, by kind: see retention.ts. */
  NERVEFLARE_RETENTION?: string;
  /** Pages of which other origins may call: see origins.ts. */
  NERVEFLARE_ORIGINS?: string;
  /** Gigabytes of all artifacts. */
  NERVEFLARE_ARTIFACT_GB?: string;
  /** Where `nerveflare start` runs the Worker: the process that looks after the data folder. */
  NERVEFLARE_HOST?: Fetcher;
  /** The files that are deployed beside the Worker: wrangler.toml says which. */
  ASSETS: Fetcher;
}

/** Bindings are the same for all requests of an isolate, and so is the app. */
const apps = new WeakMap<WorkerEnv, Hono<AppEnv>>();

function wireApp(env: WorkerEnv): Hono<AppEnv> {
  const { agent, thread, workflow, projector, webhook, hook, probe, registryChanged } = findNeighbours(env);
  const read = parseRetention(env.NERVEFLARE_RETENTION);
  const origins = parseOrigins(env.NERVEFLARE_ORIGINS);
  // No page is let in by a rule that nobody meant.
  if (!origins.ok) console.error(JSON.stringify({ level: "error", at: "origins", message: origins.error }));
  const settingsFault = findPlacementFault(env.NERVEFLARE_PLACEMENT);
  const placement = readPlacement(env.NERVEFLARE_PLACEMENT);
  return createApp({
    db: env.DB,
    agent,
    thread,
    workflow,
    projector,
    webhook,
    hook,
    ...(env.ARTIFACTS && { artifacts: { bucket: env.ARTIFACTS, total: readTotal(env.NERVEFLARE_ARTIFACT_GB) } }),
    allowsPrivateWebhooks: env.NERVEFLARE_PRIVATE_WEBHOOKS === "true",
    registryChanged,
    // With the first publish: a fifth of the Worker that no other request needs.
    compile: async (text) => (await import("../compile/compile-published.ts")).compilePublished(text),
    asset: (path) => env.ASSETS.fetch(`http://assets${path}`),
    isRegistered: createRegisteredCheck(env.DB),
    isHook: createHookCheck(env.DB),
    migrations: requiredMigrations,
    paused: isPaused(env),
    settingsFault,
    placement,
    ...(placement === "cell" && { moveCell: () => findCell(env).moveShare() }),
    probeObjects: () => probe().probe(),
    ...(env.NERVEFLARE_HOST && { probeFolder: () => askHost(env.NERVEFLARE_HOST as Fetcher) }),
    // By a rule that nobody meant nothing goes.
    keepArchives: read.ok ? (read.retention.archive ?? read.retention.default) : undefined,
    origins,
    adminToken: env.NERVEFLARE_ADMIN_TOKEN,
    now: () => Date.now(),
    // Cloudflare gives each request its facts; a local runtime that is called directly has none.
    isFromEdge: (request) => typeof (request as { cf?: unknown }).cf === "object" && (request as { cf?: unknown }).cf !== null,
    wrongTokens: callLimits.wrong,
    pause: (milliseconds) => scheduler.wait(milliseconds),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: (entry) => console.error(JSON.stringify(entry)),
  });
}

/** What cannot be read is as if nobody said anything. */
function readTotal(gigabytes: string | undefined): number {
  const given = Number(gigabytes);
  return gigabytes !== undefined && given >= 0 ? given * 1e9 : artifactLimits.totalBytes;
}

/** What the process beside the runtime says of the data folder. */
async function askHost(host: Fetcher): Promise<string | null> {
  const answer = (await (await host.fetch("http://host/folder")).json()) as { fault: string | null };
  return answer.fault;
}

const findPlacement = (env: WorkerEnv) => createKeptPlacement(env.DB, readPlacement(env.NERVEFLARE_PLACEMENT), isPaused(env));

export default {
  fetch(request, env, ctx) {
    let app = apps.get(env);
    if (!app) {
      app = wireApp(env);
      apps.set(env, app);
    }
    return app.fetch(request, env, ctx);
  },

  /** The cron trigger: retention of what D1 was told. */
  async scheduled({ scheduledTime }, env) {
    const fault = findPlacementFault(env.NERVEFLARE_PLACEMENT) ?? (await findPlacement(env).findFault())?.detail;
    // Where the actors of these data are not, nothing is woken, and nothing of theirs goes: whoever runs the cron is told.
    if (fault !== undefined) throw new Error(fault);
    const read = parseRetention(env.NERVEFLARE_RETENTION);
    // Deleting by a rule that nobody meant cannot be undone: nothing goes until it is mended.
    if (read.ok) await findNeighbours(env).projector().prune(read.retention);
    else console.error(JSON.stringify({ level: "error", at: "retention", message: read.error }));
    await pruneDecisions(env.DB, scheduledTime);
    await pruneEnrolments(env.DB, scheduledTime);
    await pruneSessions(env.DB, scheduledTime);
    const { pruneContexts } = await import("./task-contexts.ts");
    await pruneContexts(env.DB, scheduledTime);
    const { prunePushes } = await import("./a2a-push-store.ts");
    await prunePushes(env.DB, findNeighbours(env).webhook, scheduledTime);
  },
} satisfies ExportedHandler<WorkerEnv>;
