/** Serves the bare ceiling with the settings of the product's own server, and says so in the same line of JSON. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";

const data = process.argv[2];
if (data === undefined) throw new Error("usage: server.ts <data folder>");

const { outputFiles } = await build({
  entryPoints: [join(dirname(fileURLToPath(import.meta.url)), "worker.ts")],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2024",
  external: ["cloudflare:*"],
});

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: "bare",
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["no_web_socket_compression"],
    durableObjects: { HUB: { className: "HubObject", useSQLite: true }, FLOW: { className: "FlowObject", useSQLite: true } },
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    host: "127.0.0.1",
    port: 0,
    resourcePersistencePath: join(data, "state"),
    cf: false,
    telemetry: { enabled: false },
    unsafeLocalExplorer: false,
    unsafeObservability: false,
    logRequests: false,
    log: new NoOpLog(),
  }),
);
await miniflare.ready;
const url = (await miniflare.unsafeGetDirectURL()).origin;
console.log(JSON.stringify({ event: "ready", url, adminToken: "" }));
