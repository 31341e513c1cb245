/** How the runtime runs the Worker: the same bundle as deployed, its data on disk, nothing beyond loopback. */

import { randomBytes } from "node:crypto";
import type { V4MiniflareOptions } from "miniflare";
import type { WorkerOptions } from "./built-worker.ts";
import type { HostService } from "./host-server.ts";

/** The configuration, in a data folder, while a server runs. Each has one of its own: what a killed server left may still write its. */
export function nameConfiguration(): string {
  return `runtime.${randomBytes(8).toString("hex")}.capnp`;
}

/** What making configurations leaves in a data folder where it is killed: they, parts of them, and folders of Miniflare's. */
export const configurationFiles = /^(runtime\.(\w+\.)?capnp|miniflare-)/;

/** What differs from server to server, as JSON says it. */
export interface RuntimeSettings {
  /** Path of the configuration's file. */
  configuration: string;
  /** Folder for what is gone again when the configuration is made: where the data are something can be written. */
  scratch: string;
  /** Folder that the runtime writes in. */
  state: string;
  services: { folder: HostService; outside: HostService };
  /** 0 takes a free one. */
  port: number;
  adminToken: string;
  paused: boolean;
}

/** Options of the runtime that serves. */
export function createRuntimeOptions(
  options: WorkerOptions,
  { state, services, port, adminToken, paused }: RuntimeSettings,
): V4MiniflareOptions {
  return {
    workers: [
      {
        ...options,
        bindings: {
          ...options.bindings,
          NERVEFLARE_ADMIN_TOKEN: adminToken,
          ...readVariables(),
          ...(paused && { NERVEFLARE_PAUSED: "true" }),
        },
        // Both go to this process: it knows the folder, and lets nothing out but traces and webhooks.
        serviceBindings: { ...options.serviceBindings, NERVEFLARE_HOST: services.folder },
        outboundService: "outside",
        // Requests go to the Worker itself: Miniflare's own entry in front of it costs two thirds of a request.
        unsafeDirectSockets: [{ host: "127.0.0.1", port }],
      },
      // Miniflare knows no other way out of a Worker than another one, or a function of the process that made the configuration.
      {
        name: "outside",
        modules: true,
        script: "export default { fetch: (request, env) => env.HOST.fetch(request) };",
        serviceBindings: { HOST: services.outside },
      },
    ],
    host: "127.0.0.1",
    port: 0,
    resourcePersistencePath: state,
    cf: false,
    telemetry: { enabled: false },
    // The entry beside the Worker's own socket runs the cron triggers.
    unsafeTriggerHandlers: true,
    // Both cost several times the speed, see `wrangler dev`.
    unsafeLocalExplorer: false,
    unsafeObservability: false,
    logRequests: false,
  };
}

/** What a deployed Worker reads from its variables, under the same names. */
function readVariables(): { [name: string]: string } {
  const names = [
    "RATE_EVENTS",
    "RATE_CALLS",
    "RETENTION",
    "ORIGINS",
    "OTLP_URL",
    "OTLP_HEADERS",
    "PLACEMENT",
    "PRIVATE_WEBHOOKS",
    "ARTIFACT_GB",
  ].map((name) => `NERVEFLARE_${name}`);
  const given = names.map((name) => [name, process.env[name]]).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given);
}
