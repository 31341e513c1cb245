/** `nerveflare deploy` with the real Wrangler, against an API that answers as Cloudflare's, and the uploaded Worker in the real runtime. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../../src/cli/main.ts";
import { requiredMigrations } from "../../../src/durable/required-migrations.ts";
import { type DeployedWorker, startDeployedWorker } from "./deployed-worker.ts";
import { account, type FakeCloudflare, startFakeCloudflare } from "./fake-cloudflare.ts";

interface Stage {
  cloudflare: FakeCloudflare;
  worker: DeployedWorker;
  /** Runs `nerveflare deploy`. */
  deploy(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  /** The file of profiles. */
  file: string;
  readProfile(name: string): { url: string; adminToken?: string; deployment: { answered: boolean; pendingToken?: string } };
}

async function openStage(): Promise<Stage> {
  const config = mkdtempSync(join(tmpdir(), "nerveflare-deploy-"));
  const worker = await startDeployedWorker();
  const cloudflare = await startFakeCloudflare(worker.runSql);
  onTestFinished(async () => {
    await Promise.all([worker.stop(), cloudflare.close()]);
    rmSync(config, { recursive: true, force: true });
  });
  cloudflare.tokens.add("cloudflare-token");
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const env = {
    ...{ PATH, HOME, NODE_COMPILE_CACHE, CI: "1", NERVEFLARE_CONFIG_DIR: config },
    ...{ CLOUDFLARE_API_BASE_URL: cloudflare.url, CLOUDFLARE_API_TOKEN: "cloudflare-token" },
  };
  return {
    cloudflare,
    worker,
    async deploy(...args) {
      let [out, err] = ["", ""];
      const stdout = { write: (text: string) => (out += text) };
      const code = await runCli(["deploy", ...args], { stdout, stderr: { write: (text) => (err += text) }, env });
      return { code, out, err };
    },
    file: join(config, "config.json"),
    readProfile: (name) => JSON.parse(readFileSync(join(config, "config.json"), "utf8")).profiles[name],
  };
}

/** Those that change something. */
const changes = (requests: string[]): string[] =>
  requests.filter((request) => !request.startsWith("GET")).map((request) => request.replace(/[0-9a-f-]{36}/, "ID"));

test("[DEPLOY5] from nothing to a server that is ready: what broke off goes on, nothing is made twice, migrations come before code, and the admin token is one", async () => {
  const { cloudflare, worker, deploy, readProfile } = await openStage();
  const order = ["--yes", "--jurisdiction", "eu", "--url", worker.url];
  worker.serve(cloudflare, "nerveflare");
  cloudflare.refusals.push({ request: /^PUT \/workers\/scripts\/nerveflare$/, status: 403, code: 10_000, message: "Authentication error" });

  const refused = await deploy(...order);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("4/7 migrations  applied");
  expect(refused.err).toContain("error no_rights: Cloudflare refuses deploying the Worker");
  expect(refused.err).toContain("Account · Workers Scripts · Edit");
  expect(cloudflare.databases).toMatchObject([{ name: "nerveflare", jurisdiction: "eu" }]);
  const pending = readProfile("nerveflare");
  const token = pending.deployment.pendingToken ?? "";
  expect(pending).toMatchObject({ url: expect.stringMatching(/\.invalid$/), deployment: { answered: false } });
  expect(token.length).toBeGreaterThan(40);
  const first = changes(cloudflare.requests);
  // The table of migrations, and each of them, before any code.
  const queries = first.filter((request) => request === "POST /d1/database/ID/query").length;
  expect(queries).toBeGreaterThan(requiredMigrations.length);
  const files = ["POST /workers/scripts/nerveflare/assets-upload-session", "POST /workers/assets/upload"];
  expect(first).toEqual([
    "POST /d1/database",
    ...Array(queries).fill("POST /d1/database/ID/query"),
    "POST /r2/buckets",
    ...files,
    "PUT /workers/scripts/nerveflare",
  ]);

  cloudflare.refusals.length = 0;
  cloudflare.requests.length = 0;
  const done = await deploy(...order, "--json");
  expect(done.err).toBe("");
  expect(JSON.parse(done.out)).toMatchObject({
    ...{ worker: "nerveflare", account, url: worker.url, status: "ready", tokenIsGood: true, profile: "nerveflare" },
    database: { name: "nerveflare", made: false, jurisdiction: "eu" },
  });
  const second = changes(cloudflare.requests);
  expect(second).not.toContain("POST /d1/database");
  expect(second.filter((request) => request.startsWith("PUT /workers/scripts"))).toEqual([
    "PUT /workers/scripts/nerveflare",
    "PUT /workers/scripts/nerveflare/schedules",
  ]);
  expect(readProfile("nerveflare")).toMatchObject({ url: worker.url, adminToken: token, deployment: { answered: true } });
  expect(readProfile("nerveflare").deployment).not.toHaveProperty("pendingToken");
  const uploaded = cloudflare.workers.get("nerveflare");
  expect(uploaded?.secrets).toEqual(new Map([["NERVEFLARE_ADMIN_TOKEN", token]]));
  expect(uploaded?.metadata).toMatchObject({
    code_update_strategy: { mode: "deferred", max_delay: 60 },
    observability: { enabled: true, head_sampling_rate: 0.1 },
    bindings: expect.arrayContaining([
      { name: "NERVEFLARE_JURISDICTION", type: "plain_text", text: "eu" },
      { name: "ARTIFACTS", type: "r2_bucket", bucket_name: "nerveflare", jurisdiction: "eu" },
    ]),
  });

  cloudflare.requests.length = 0;
  const again = await deploy("--url", worker.url);
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining("nerveflare publish <file> --profile nerveflare") });
  expect(again.err).toContain("3/7 database    nerveflare");
  expect(again.err).toContain("4/7 migrations  all applied before");
  expect(changes(cloudflare.requests)).toContain("POST /workers/scripts/nerveflare/versions");
  expect(changes(cloudflare.requests)).not.toContain("POST /d1/database");
  expect(cloudflare.rollouts).toMatchObject([{ code_update_strategy: { mode: "deferred", max_delay: 60 } }]);
  // It says nothing of the jurisdiction, and its objects are where they were.
  expect(cloudflare.workers.get("nerveflare")?.metadata.bindings).toEqual(
    expect.arrayContaining([
      { name: "NERVEFLARE_JURISDICTION", type: "plain_text", text: "eu" },
      { name: "NERVEFLARE_ADMIN_TOKEN", type: "inherit" },
    ]),
  );
  expect(readProfile("nerveflare").adminToken).toBe(token);
  // The files that the Worker answers with went up once, and the Worker finds them.
  expect(changes(cloudflare.requests)).not.toContain("POST /workers/assets/upload");
  for (const path of ["/docs", "/v1/openapi.json", "/v1/asyncapi.json"]) {
    const answer = await fetch(worker.url + path);
    expect([answer.status, (await answer.text()).length], path).toEqual([200, expect.toSatisfy((length: number) => length > 20_000)]);
  }

  for (const { out, err } of [refused, done, again]) expect(out + err).not.toContain(token);
  expect(cloudflare.unknown).toEqual([]);
}, 240_000);

test("[DEPLOY15] where nobody is to be asked, or the profile is another server's, it says so before anything is made", async () => {
  const { cloudflare, deploy, file } = await openStage();
  const needed = await deploy();
  expect(needed).toMatchObject({ code: 1, err: expect.stringContaining("error admin_token_needed:") });
  writeFileSync(
    file,
    JSON.stringify({ current: "nerveflare", profiles: { nerveflare: { url: "https://another.example", adminToken: "its" } } }),
  );
  const taken = await deploy("--yes");
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining("error profile_taken: Profile nerveflare is another server's.") });
  expect(changes(cloudflare.requests)).toEqual([]);
  for (const bad of [
    ["--name", "Bad_"],
    ["--domain", "https://a.b"],
    ["--jurisdiction", "mars"],
    ["--location", "weur", "--jurisdiction", "eu"],
  ])
    expect((await deploy(...bad)).code, bad.join(" ")).toBe(2);
  expect((await deploy("--admin-token-file", "/nowhere/token")).err).toContain("/nowhere/token cannot be read");
}, 60_000);
