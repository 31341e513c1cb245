/** Serves the bare ceiling with the settings of the product's own server, and says so in the same line of JSON. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker, makeSettings } from "../worker-settings.ts";

const data = process.argv[2];
if (data === undefined) throw new Error("usage: server.ts <data folder>");

const { script } = await bundleWorker(join(dirname(fileURLToPath(import.meta.url)), "worker.ts"));
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: "bare",
    modules: true,
    script,
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["no_web_socket_compression"],
    durableObjects: { HUB: { className: "HubObject", useSQLite: true }, FLOW: { className: "FlowObject", useSQLite: true } },
    ...makeSettings(data),
  }),
);
await miniflare.ready;
const url = (await miniflare.unsafeGetDirectURL()).origin;
console.log(JSON.stringify({ event: "ready", url, adminToken: "" }));
