/** Serves the review on Cloudflare Workflows, as they run locally, with the settings of the product's own server. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker, makeSettings } from "../../worker-settings.ts";

const data = process.argv[2];
if (data === undefined) throw new Error("usage: server.ts <data folder>");

const { script } = await bundleWorker(join(dirname(fileURLToPath(import.meta.url)), "worker.ts"));
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: "workflows",
    modules: true,
    script,
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["no_web_socket_compression"],
    durableObjects: { HUB: { className: "HubObject", useSQLite: true } },
    workflows: { REVIEW: { name: "review", className: "ReviewWorkflow" } },
    ...makeSettings(data),
  }),
);
await miniflare.ready;
const url = (await miniflare.unsafeGetDirectURL()).origin;
console.log(JSON.stringify({ event: "ready", url, adminToken: "" }));
