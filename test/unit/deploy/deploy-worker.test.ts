/** The steps of a deploy, and every place where it can break off. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { DeployError } from "../../../src/deploy/deploy-error.ts";
import { rehearseDeploy } from "../../../src/deploy/rehearse-deploy.ts";
import { readWorkerConfig } from "../../../src/deploy/worker-config.ts";
import { type Account, createAccount, createDeployer, root } from "./scripted-wrangler.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nerveflare-deploy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

const fail = (work: Promise<unknown>): Promise<DeployError> =>
  work.then(
    () => expect.unreachable("it should have failed"),
    (error: DeployError) => error,
  );

const refusal = "A request to the Cloudflare API failed.\n  Authentication error [code: 10000]";

/** Each place where Wrangler is asked, by its first words, and the right that it needs there. */
const places = [
  ["whoami", "User · Memberships · Read"],
  ["secret list", "Account · Workers Scripts · Edit"],
  ["d1 list", "Account · D1 · Edit"],
  ["d1 create", "Account · D1 · Edit"],
  ["d1 migrations", "Account · D1 · Edit"],
  ["r2 bucket create", "Account · Workers R2 Storage · Edit"],
  ["deploy", "Account · Workers Scripts · Edit"],
] as const;

test.for(places)(
  "[DEPLOY7] refused at `%s`, it names the right; run again it goes on, with the same token, and makes nothing twice",
  async ([place, right]) => {
    const account = createAccount({ failing: { [place]: refusal } });
    const { deploy, profiles, said } = createDeployer(folder);
    const error = await fail(deploy(account));
    expect(error.code).toBe("no_rights");
    expect(error.hint).toContain(right);
    expect(error.hint).toContain("Then run the same command again: it goes on.");
    const begun = profiles.get("nerveflare");
    expect(begun?.url).toBeUndefined();
    // It was kept before it could have gone anywhere.
    expect(typeof begun?.pendingToken).toBe(["d1 migrations", "r2 bucket create", "deploy"].includes(place) ? "string" : "undefined");

    account.failing = {};
    const deployed = await deploy(account);
    expect(deployed).toMatchObject({ url: "https://nerveflare.me.workers.dev", status: "ready", tokenIsGood: true });
    expect(account.databases).toHaveLength(1);
    const kept = profiles.get("nerveflare");
    expect(kept).toEqual({ worker: "nerveflare", account: "acc", url: deployed.url, adminToken: account.secret });
    if (begun?.pendingToken !== undefined) expect(kept?.adminToken).toBe(begun.pendingToken);
    expect(said.join("\n") + error.message + error.hint).not.toContain(account.secret);
    expect(new Set(account.wanted)).toEqual(new Set(["acc"]));
  },
);

test("[DEPLOY7] a failure after the secret was set, when the Worker has it already, keeps the token", async () => {
  const account = createAccount();
  const { deploy, profiles } = createDeployer(folder);
  account.failing = { deploy: "cannot send {secret}: fetch failed" };
  const { code, hint } = await fail(deploy(account));
  const { pendingToken = "" } = profiles.get("nerveflare") ?? {};
  expect(code).toBe("network");
  expect(pendingToken.length).toBeGreaterThan(40);
  expect(hint).toContain("cannot send …");
  expect(hint).not.toContain(pendingToken);
  // It went up, and the answer was lost.
  account.secret = pendingToken;
  account.failing = {};
  await deploy(account);
  expect(account.secret).toBe(pendingToken);
  expect(profiles.get("nerveflare")?.adminToken).toBe(pendingToken);
});

test("[DEPLOY7] a second deploy finds everything, migrates before the code, sets no secret and leaves no file of it", async () => {
  const account = createAccount();
  const { deploy, profiles } = createDeployer(folder);
  await deploy(account);
  const { secret } = account;
  account.calls.length = 0;
  await deploy(account, { makeToken: false });
  expect(account.calls).toEqual([
    "whoami --json",
    "secret list --name nerveflare --format json",
    "d1 list --json",
    "d1 migrations apply DB --remote --config",
    "r2 bucket create nerveflare --config",
    "deploy --config",
  ]);
  expect(account.secret).toBe(secret);
  expect(profiles.get("nerveflare")?.adminToken).toBe(secret);
  const written = join(folder, ".wrangler/nerveflare/nerveflare/wrangler.json");
  expect(readFileSync(written, "utf8")).not.toContain(secret);
  expect(JSON.parse(readFileSync(written, "utf8"))).toMatchObject({
    account_id: "acc",
    d1_databases: [{ database_id: "id-of-nerveflare" }],
  });
  expect(existsSync(join(folder, ".wrangler/nerveflare/.gitignore"))).toBe(true);
});

test("[DEPLOY17] the bucket for artifacts is made, found, or left out where the account has no R2, of which it tells", async () => {
  const written = () => JSON.parse(readFileSync(join(folder, ".wrangler/nerveflare/nerveflare/wrangler.json"), "utf8"));
  const account = createAccount();
  const { deploy, said } = createDeployer(folder);
  expect(await deploy(account, { jurisdiction: "eu" })).toMatchObject({ bucket: { name: "nerveflare", made: true } });
  expect(account.calls).toContain("r2 bucket create nerveflare --jurisdiction eu --config");
  expect(written().r2_buckets).toEqual([{ binding: "ARTIFACTS", bucket_name: "nerveflare", jurisdiction: "eu" }]);
  expect(await deploy(account, { makeToken: false })).toMatchObject({ bucket: { name: "nerveflare", made: false } });
  account.buckets = null;
  expect(await deploy(account, { makeToken: false })).toMatchObject({ bucket: null, status: "ready" });
  expect(written()).not.toHaveProperty("r2_buckets");
  expect(said.filter((line) => line.includes("artifacts")).map((line) => line.trim().split(/\s+/).slice(0, 3))).toEqual([
    ["artifacts", "nerveflare,", "made"],
    ["artifacts", "nerveflare,", "found"],
    ["artifacts", "refused,", "and"],
  ]);
});

test("[DEPLOY8] the token of a Worker that has another is not replaced, and what was deployed stays known", async () => {
  const account = createAccount({ secret: "that-of-somebody-else" });
  const { deploy, profiles } = createDeployer(folder);
  const error = await fail(deploy(account, { adminToken: "given-by-me-today" }));
  expect(error.code).toBe("admin_token_differs");
  expect(account.secret).toBe("that-of-somebody-else");
  expect(profiles.get("nerveflare")).toMatchObject({ url: "https://nerveflare.me.workers.dev" });
  expect(profiles.get("nerveflare")?.adminToken).toBeUndefined();
  expect(await deploy(account)).toMatchObject({ status: "ready", tokenIsGood: undefined });
  expect(await deploy(account, { adminToken: "given-by-me-today", rotateToken: true })).toMatchObject({ tokenIsGood: true });
  expect(account.secret).toBe("given-by-me-today");
  expect(profiles.get("nerveflare")?.adminToken).toBe("given-by-me-today");
});

test("[DEPLOY9] of several accounts one is named by whoever deploys; a token that may not say whose it is goes on with that", async () => {
  const two: Account["accounts"] = [
    { id: "one", name: "First" },
    { id: "two", name: "Second" },
  ];
  const { deploy } = createDeployer(folder);
  const unclear = await fail(deploy(createAccount({ accounts: two })));
  expect(unclear.code).toBe("account_unclear");
  expect(unclear.hint).toContain("two  Second");
  expect((await fail(deploy(createAccount({ accounts: two }), { account: "three" }))).code).toBe("account_unclear");
  expect((await fail(deploy(createAccount({ accounts: [] })))).code).toBe("account_unclear");
  expect(await deploy(createAccount({ accounts: two }), { account: "two" })).toMatchObject({ account: "two" });
  const silent = createAccount({ failing: { whoami: refusal } });
  expect(await createDeployer(folder).deploy(silent, { account: "acc" })).toMatchObject({ account: "acc" });
  const out = createAccount({ failing: { whoami: '{"loggedIn":false}' } });
  expect((await fail(createDeployer(folder).deploy(out, { account: "acc" }))).code).toBe("logged_out");
});

test("[DEPLOY10] data that are in one place are not moved to another: neither D1 nor the objects", async () => {
  const account = createAccount();
  const { deploy } = createDeployer(folder);
  await deploy(account, { jurisdiction: "eu" });
  expect(account.calls).toContain("d1 create nerveflare --jurisdiction eu");
  expect(await deploy(account)).toMatchObject({ database: { jurisdiction: "eu" } });
  expect((await fail(deploy(account, { jurisdiction: "us" }))).code).toBe("database_elsewhere");
  const anywhere = createAccount({ databases: [{ name: "nerveflare", uuid: "d", jurisdiction: null }] });
  const error = await fail(createDeployer(folder).deploy(anywhere, { jurisdiction: "eu" }));
  expect(error).toMatchObject({ code: "database_elsewhere", message: expect.stringContaining("under no jurisdiction") });
  expect(anywhere.calls.some((call) => call.startsWith("deploy"))).toBe(false);
});

test("[DEPLOY16] a Worker of the same name that is something else is not replaced", async () => {
  const account = createAccount({ secret: null });
  const { deploy, profiles } = createDeployer(folder);
  const error = await fail(deploy(account, { adminToken: "given-by-me-today" }));
  expect(error.code).toBe("worker_taken");
  expect(account.calls.filter((call) => /create|deploy|migrations/.test(call))).toEqual([]);
  expect(profiles.size).toBe(0);
  // As the Deploy button leaves it: a database, and no secret yet.
  account.databases.push({ name: "nerveflare", uuid: "d", jurisdiction: null });
  expect(await deploy(account, { adminToken: "given-by-me-today" })).toMatchObject({ status: "ready", tokenIsGood: true });
});

test("[DEPLOY11] what another Wrangler says in another shape is a failure of Wrangler, told like any other", async () => {
  for (const place of ["accounts", "databases"] as const) {
    const account = createAccount({ [place]: [{ title: "another shape" }] });
    const error = await fail(createDeployer(folder).deploy(account));
    expect(error, place).toMatchObject({ name: "DeployError", code: "wrangler_failed", hint: expect.stringContaining("another shape") });
  }
});

test("[PLACE14] a Worker whose placement is not that of its data is not uploaded; one that names none keeps what it has", async () => {
  const databases = () => [{ name: "nerveflare", uuid: "id-of-nerveflare" }];
  const config = (placement?: string) => {
    const read = readWorkerConfig(root, "/worker.js", {});
    return { config: { ...read, ...(placement !== undefined && { vars: { ...read.vars, NERVEFLARE_PLACEMENT: placement } }) } };
  };
  const uploads = ({ calls }: Account): number => calls.filter((call) => call.startsWith("deploy")).length;
  for (const [kept, said] of [
    ["cell", "own"],
    // A Worker that is new has the default.
    ["cell", undefined],
    ["own", "cell"],
  ] as const) {
    const account = createAccount({ databases: databases(), placement: kept });
    const { deploy } = createDeployer(folder);
    const error = await fail(deploy(account, config(said)));
    expect(error).toMatchObject({ code: "placement_differs", message: expect.stringContaining(`placement "${kept}"`) });
    expect(error.hint).toContain(`--var NERVEFLARE_PLACEMENT=${kept}`);
    expect(uploads(account)).toBe(0);
    expect(await deploy(account, config(kept))).toMatchObject({ status: "ready" });
    // It stays what it was.
    expect(await deploy(account, config())).toMatchObject({ status: "ready" });
    expect(uploads(account)).toBe(2);
  }
  const fresh = createAccount();
  expect(await createDeployer(folder).deploy(fresh, config("cell"))).toMatchObject({ status: "ready" });
  const account = createAccount();
  expect(await fail(createDeployer(folder).deploy(account, config("beside")))).toMatchObject({ code: "bad_setting" });
  expect(account.calls).toEqual([]);
  // A rehearsal would say that all is well.
  const order = { ...config("beside"), ...{ folder, account: undefined, jurisdiction: undefined, location: undefined, url: undefined } };
  const rehearsed = rehearseDeploy({ ...order, adminToken: undefined, rotateToken: false, makeToken: false }, join(root, "migrations"), {
    wrangler: () => expect.unreachable("Wrangler is not asked"),
    ...{ before: undefined, say: () => {} },
  });
  expect(await fail(rehearsed)).toMatchObject({ code: "bad_setting" });
});
