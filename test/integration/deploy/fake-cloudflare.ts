/**
 * As much of Cloudflare's API as Wrangler asks of it for a deploy, over HTTP: accounts, D1 and Workers, in memory. It notes every request,
 * refuses what it is told to refuse, and knows nothing of nerveflare.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** One answer of the API that is a refusal. */
export interface Refusal {
  /** Matched against `METHOD /path`, without what all paths begin with. */
  request: RegExp;
  status: number;
  code: number;
  message: string;
  /** How often; for good without it. */
  times?: number;
}

interface FakeDatabase {
  uuid: string;
  name: string;
  jurisdiction: string | null;
}

/** What was uploaded. */
export interface FakeWorker {
  metadata: { bindings: { name: string; type: string; [key: string]: unknown }[]; [key: string]: unknown };
  /** Its main module. */
  code: string;
  /** Names and values; those of earlier uploads stay. */
  secrets: Map<string, string>;
  /** The last of the migrations of its objects. */
  migrationTag: string | undefined;
  /** Its files, by path. */
  assets: Map<string, Buffer>;
}

/** Runs SQL of a database, several statements or one. */
export type RunSql = (database: string, sql: string) => Promise<Record<string, unknown>[]>;

export interface FakeCloudflare {
  url: string;
  /** Each request so far, `METHOD /path`, without what all paths begin with. */
  requests: string[];
  databases: FakeDatabase[];
  /** Names of R2's buckets. */
  buckets: Set<string>;
  workers: Map<string, FakeWorker>;
  /** Files that were uploaded, by their hash. */
  files: Map<string, Buffer>;
  refusals: Refusal[];
  /** Orders by which a version that was uploaded took over. */
  rollouts: Record<string, unknown>[];
  /** The tokens that it knows. */
  tokens: Set<string>;
  /** What it was asked that it does not know. */
  unknown: string[];
  close(): Promise<void>;
}

/** The one account. */
export const account = "0123456789abcdef0123456789abcdef";

/** A failure of the API, as it says it. */
class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Call {
  request: string;
  query: URLSearchParams;
  headers: Headers;
  body: Buffer;
}

type State = Omit<FakeCloudflare, "url" | "close">;
type Route = [pattern: RegExp, answer: (call: Call, name: string) => unknown];

/** Starts it on a free port. */
export async function startFakeCloudflare(runSql: RunSql): Promise<FakeCloudflare> {
  const state: State = {
    ...{
      requests: [],
      databases: [],
      buckets: new Set(),
      workers: new Map(),
      files: new Map(),
      refusals: [],
      rollouts: [],
      tokens: new Set(),
      unknown: [],
    },
  };
  const routes = createRoutes(state, runSql);
  const server = createServer((incoming, outgoing) => {
    void answer(incoming).then(({ status, body }) => {
      outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });

  async function answer(incoming: IncomingMessage): Promise<{ status: number; body: object }> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(incoming.url ?? "", "http://fake");
    const request = `${incoming.method} ${pathname.replace(/^\/client\/v4/, "").replace(`/accounts/${account}/`, "/")}`;
    state.requests.push(request);
    const headers = new Headers(incoming.headers as Record<string, string>);
    try {
      refuse(request, headers);
      const result = await handle({ request, query: searchParams, headers, body: Buffer.concat(chunks) });
      return { status: 200, body: { success: true, errors: [], messages: [], result } };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, code, message } = error;
      return { status, body: { success: false, errors: [{ code, message }], messages: [], result: null } };
    }
  }

  function refuse(request: string, headers: Headers): void {
    const token = headers.get("authorization")?.replace("Bearer ", "") ?? "";
    if (!state.tokens.has(token)) throw new ApiError(401, request.includes("tokens/verify") ? 1000 : 9109, "Invalid access token");
    const refusal = state.refusals.find((each) => each.request.test(request) && each.times !== 0);
    if (!refusal) return;
    if (refusal.times !== undefined) refusal.times -= 1;
    throw new ApiError(refusal.status, refusal.code, refusal.message);
  }

  async function handle(call: Call): Promise<unknown> {
    const { request } = call;
    for (const [pattern, work] of routes) {
      const match = pattern.exec(request);
      if (match) return await work(call, match[1] ?? "");
    }
    state.unknown.push(request);
    throw new ApiError(404, 7003, `Could not route to ${request}`);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  });
}

function findDatabase({ databases }: State, id: string): FakeDatabase {
  const found = databases.find(({ uuid, name }) => uuid === id || name === decodeURIComponent(id));
  if (!found) throw new ApiError(404, 7404, "The database could not be found");
  return found;
}

function findWorker({ workers }: State, name: string): FakeWorker {
  const found = workers.get(name);
  if (!found) throw new ApiError(404, 10007, "This Worker does not exist on your account.");
  return found;
}

/** What an upload is answered. */
const version = { id: "11111111-2222-4333-8444-555555555555", startup_time_ms: 40, resources: { script: { etag: "e" } } };

function createRoutes(state: State, runSql: RunSql): Route[] {
  return [
    [/^GET \/user\/tokens\/verify$/, () => ({ id: "t", status: "active" })],
    [/^GET \/user$/, () => ({ email: "someone@example.com" })],
    [/^GET \/accounts$/, () => [{ id: account, name: "Someone's account" }]],
    [/^GET \/memberships$/, () => [{ account: { id: account, name: "Someone's account" } }]],
    [
      /^GET \/d1\/database$/,
      ({ query }) => {
        const [page, size] = [Number(query.get("page")), Number(query.get("per_page"))];
        return state.databases.slice((page - 1) * size, page * size);
      },
    ],
    [
      /^POST \/d1\/database$/,
      ({ body }) => {
        const { name, jurisdiction = null } = JSON.parse(body.toString()) as { name: string; jurisdiction?: string };
        if (state.databases.some((each) => each.name === name)) throw new ApiError(400, 7502, "A database with that name already exists");
        const made = { uuid: crypto.randomUUID(), name, jurisdiction };
        state.databases.push(made);
        return made;
      },
    ],
    [/^GET \/d1\/database\/([^/]+)$/, (_, id) => findDatabase(state, id)],
    [
      /^POST \/d1\/database\/([^/]+)\/query$/,
      async ({ body }, id) => {
        const { sql } = JSON.parse(body.toString()) as { sql: string };
        return [{ success: true, meta: { duration: 1 }, results: await runSql(findDatabase(state, id).uuid, sql) }];
      },
    ],
    [
      /^POST \/r2\/buckets$/,
      ({ body }) => {
        const { name } = JSON.parse(body.toString()) as { name: string };
        if (state.buckets.has(name)) throw new ApiError(409, 10_004, "The bucket you tried to create already exists, and you own it.");
        state.buckets.add(name);
        return { name };
      },
    ],
    [
      /^GET \/r2\/buckets\/([^/]+)$/,
      (_, name) => {
        if (!state.buckets.has(name)) throw new ApiError(404, 10_006, "The specified bucket does not exist.");
        return { name };
      },
    ],
    [/^GET \/workers\/subdomain$/, () => ({ subdomain: "someone" })],
    [
      /^GET \/workers\/services\/([^/]+)$/,
      (_, name) => {
        const script = { tag: "tag", tags: [], last_deployed_from: "wrangler", migration_tag: findWorker(state, name).migrationTag };
        return { default_environment: { environment: "production", script } };
      },
    ],
    [
      /^GET \/workers\/scripts\/([^/]+)\/secrets$/,
      (_, name) => [...findWorker(state, name).secrets.keys()].map((key) => ({ name: key, type: "secret_text" })),
    ],
    [
      /^GET \/workers\/scripts\/([^/]+)\/deployments$/,
      (_, name) => ({ deployments: [{ id: findWorker(state, name) && "d", versions: [{ version_id: version.id, percentage: 100 }] }] }),
    ],
    [
      /^POST \/workers\/scripts\/([^/]+)\/deployments$/,
      ({ body }) => ({ id: "d", asked: state.rollouts.push(JSON.parse(body.toString())) }),
    ],
    [/^POST \/workers\/scripts\/([^/]+)\/assets-upload-session$/, (call) => beginAssets(state, call)],
    [/^POST \/workers\/assets\/upload$/, (call) => takeAssets(state, call)],
    [/^PUT \/workers\/scripts\/([^/]+)$/, (call, name) => upload(state, call, name)],
    [/^POST \/workers\/scripts\/([^/]+)\/versions$/, (call, name) => upload(state, call, name)],
    [/^(?:PUT|POST) \/workers\/scripts\/([^/]+)\/schedules$/, () => ({ schedules: [] })],
    [/^GET \/workers\/scripts\/([^/]+)\/settings$/, (_, name) => findWorker(state, name).metadata],
    [/^PATCH \/workers\/scripts\/([^/]+)\/(?:script-)?settings$/, () => ({})],
    [
      /^(?:GET|POST|PUT|PATCH) \/workers\/(?:scripts|workers)\/([^/]+)(?:\/subdomain)?$/,
      () => ({ enabled: true, previews_enabled: true, subdomain: { enabled: true, previews_enabled: true } }),
    ],
  ];
}

type Manifest = { [path: string]: { hash: string; size: number } };

/** A token that knows which files it is for, as Cloudflare's does: it is shown with the files, and with the Worker. */
function signManifest({ tokens }: State, manifest: Manifest): string {
  const token = `e30.${Buffer.from(JSON.stringify({ manifest })).toString("base64url")}.e30`;
  tokens.add(token);
  return token;
}

function readManifest(token: string): Manifest {
  return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { manifest: Manifest }).manifest;
}

/** Says which files are not here yet. */
function beginAssets(state: State, { body }: Call): unknown {
  const { manifest } = JSON.parse(body.toString()) as { manifest: Manifest };
  const missing = Object.values(manifest).flatMap(({ hash }) => (state.files.has(hash) ? [] : [hash]));
  return { jwt: signManifest(state, manifest), buckets: missing.length > 0 ? [missing] : [] };
}

async function takeAssets({ files }: State, call: Call): Promise<unknown> {
  for (const [hash, file] of await readForm(call)) {
    files.set(hash, Buffer.from(typeof file === "string" ? file : await file.text(), "base64"));
  }
  return { jwt: call.headers.get("authorization")?.replace("Bearer ", "") };
}

function readForm({ headers, body }: Call): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { "content-type": headers.get("content-type") ?? "" } }).formData();
}

async function upload(state: State, call: Call, name: string): Promise<unknown> {
  const form = await readForm(call);
  const metadata = JSON.parse(String(form.get("metadata"))) as FakeWorker["metadata"] & {
    main_module: string;
    migrations?: { new_tag: string };
    assets?: { jwt: string };
  };
  const manifest = Object.entries(metadata.assets ? readManifest(metadata.assets.jwt) : {});
  const assets = new Map(manifest.map(([path, { hash }]) => [path, state.files.get(hash) ?? Buffer.alloc(0)]));
  const main = form.get(metadata.main_module);
  const before = state.workers.get(name);
  const secrets = new Map(before?.secrets);
  for (const { name: key, type, text } of metadata.bindings) {
    if (type === "secret_text") secrets.set(key, String(text));
    if (type === "inherit" && !secrets.has(key)) throw new ApiError(400, 10057, `inherit binding '${key}' is invalid: no such binding`);
  }
  const migrationTag = metadata.migrations?.new_tag ?? before?.migrationTag;
  state.workers.set(name, {
    metadata,
    secrets,
    migrationTag,
    assets,
    code: typeof main === "string" ? main : ((await main?.text()) ?? ""),
  });
  return { ...version, deployment_id: version.id.replaceAll("-", ""), etag: "e" };
}
