/** What Cloudflare would run: the code that was uploaded, with its bindings, in the real runtime, over the database that was migrated. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare, NoOpLog, Response } from "miniflare";
import type { FakeCloudflare, FakeWorker, RunSql } from "./fake-cloudflare.ts";

export interface DeployedWorker {
  /** Where it answers; before it is there, as Cloudflare's edge does. */
  url: string;
  runSql: RunSql;
  /** Serves what was uploaded there from now on. */
  serve(cloudflare: FakeCloudflare, name: string): void;
  stop(): Promise<void>;
}

function answerAsset({ assets }: FakeWorker, url: string): Response {
  const bytes = assets.get(new URL(url).pathname);
  return bytes ? new Response(new Uint8Array(bytes)) : new Response(null, { status: 404 });
}

export async function startDeployedWorker(): Promise<DeployedWorker> {
  const data = mkdtempSync(join(tmpdir(), "nerveflare-deployed-"));
  const common = {
    d1Databases: { DB: { id: "db" } },
    resourcePersistencePath: data,
    ...{ host: "127.0.0.1", port: 0, cf: false as const, telemetry: { enabled: false }, log: new NoOpLog() },
    ...{ unsafeLocalExplorer: false, unsafeObservability: false },
  };
  let runtime = new Miniflare(convertV4MiniflareOptions({ ...common, name: "d1", modules: true, script: "export default {}" }));
  let source: { cloudflare: FakeCloudflare; name: string } | undefined;
  let served: Promise<Miniflare> | undefined;

  async function run(cloudflare: FakeCloudflare, name: string): Promise<Miniflare> {
    const worker = cloudflare.workers.get(name);
    if (!worker) throw new Error(`${name} was not uploaded`);
    await runtime.dispose();
    const { bindings, ...metadata } = worker.metadata;
    const objects = bindings.filter(({ type }) => type === "durable_object_namespace");
    runtime = new Miniflare(
      convertV4MiniflareOptions({
        ...common,
        name,
        modules: true,
        script: worker.code,
        compatibilityDate: String(metadata["compatibility_date"]),
        compatibilityFlags: metadata["compatibility_flags"] as string[],
        bindings: Object.fromEntries(worker.secrets),
        serviceBindings: Object.fromEntries(
          bindings.flatMap((each) => (each.type === "assets" ? [[each.name, (request) => answerAsset(worker, request.url)]] : [])),
        ),
        durableObjects: Object.fromEntries(objects.map((each) => [each.name, { className: String(each["class_name"]), useSQLite: true }])),
      }),
    );
    return runtime;
  }

  const front = createServer((request, response) => {
    const { cloudflare, name } = source ?? {};
    if (!cloudflare || !name || !cloudflare.workers.has(name)) {
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>There is nothing here yet</h1>");
      return;
    }
    served ??= run(cloudflare, name);
    void served
      .then((worker) =>
        worker.dispatchFetch(`https://worker.example${request.url}`, { headers: request.headers as Record<string, string> }),
      )
      .then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    async runSql(_, sql) {
      const database = await runtime.getD1Database("DB");
      if (/^\s*SELECT/i.test(sql)) return (await database.prepare(sql).all<Record<string, unknown>>()).results;
      // Wrangler sends a migration, and the note that it was applied, as one text.
      const { unstable_splitSqlQuery: split } = await import("wrangler");
      await database.batch(split(sql).map((statement) => database.prepare(statement)));
      return [];
    },
    serve(cloudflare, name) {
      source = { cloudflare, name };
    },
    async stop() {
      front.closeAllConnections();
      front.close();
      await runtime.dispose();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
