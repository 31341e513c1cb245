/** The Worker's entry: wires the bindings into the app, and gives the platform the classes of the objects. */
import { DurableObject } from "cloudflare:workers";
import type { Hono } from "hono";
import type { AgentRpc, RecruitmentRpc, WorkflowRpc } from "../durable/rpc.ts";
import type { AppEnv } from "./app-ports.ts";
import { createApp } from "./create-app.ts";
import { pruneProjection } from "./prune-projection.ts";

export { ProjectorObject } from "../durable/projector/projector-object.ts";
export class AgentObject extends DurableObject {}
export class WorkflowObject extends DurableObject {}
export class RecruitmentObject extends DurableObject {}
export class TaskObject extends DurableObject {}

/** The bindings of wrangler.toml that HTTP needs. */
interface WorkerEnv {
  DB: D1Database;
  AGENT: DurableObjectNamespace;
  WORKFLOW: DurableObjectNamespace;
  RECRUITMENT: DurableObjectNamespace;
  /** A secret: `wrangler secret put NERVEFLARE_ADMIN_TOKEN`. */
  NERVEFLARE_ADMIN_TOKEN?: string;
}

/** Days that D1 keeps what has ended. */
const retentionDays = 30;

/** Bindings are the same for all requests of an isolate, and so is the app. */
const apps = new WeakMap<WorkerEnv, Hono<AppEnv>>();

/** A stub as the interface that its class implements: the platform's own types wrap every answer for disposal. */
function getStub<Rpc>(namespace: DurableObjectNamespace, name: string): Rpc {
  return namespace.getByName(name) as unknown as Rpc;
}

function wireApp(env: WorkerEnv): Hono<AppEnv> {
  return createApp({
    db: env.DB,
    agent: (name) => getStub<AgentRpc>(env.AGENT, name),
    thread: (id) => getStub<RecruitmentRpc>(env.RECRUITMENT, id),
    workflow: (name) => getStub<WorkflowRpc>(env.WORKFLOW, name),
    compile: () => {
      throw new Error("There is no compiler yet.");
    },
    adminToken: env.NERVEFLARE_ADMIN_TOKEN,
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: (entry) => console.error(JSON.stringify(entry)),
  });
}

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
    await pruneProjection(env.DB, { now: scheduledTime, days: retentionDays });
  },
} satisfies ExportedHandler<WorkerEnv>;
