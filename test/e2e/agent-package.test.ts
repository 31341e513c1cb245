/** `@nerveflare/agent` as it is installed: built, packed, put into an empty folder, and used there on each runtime against a real server. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Agent, connectAgent } from "../../src/client/index.ts";
import { type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { createSignal } from "../unit/client/signal.ts";
import { findRuntime } from "./find-node.ts";
import { createOperator, type Facts, type Operator } from "./operator.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const bin = join(root, "node_modules/.bin");

/** What an importer loads, compressed: a page on a bad line has it in a second. */
const mostBytes = 25_000;

let folder: string;
let server: ServerProcess;
let facts: Facts;
let operator: Operator;
let author: Agent;
/** What was said at the end of each. */
const reviews: unknown[] = [];
const { notify, until } = createSignal();

/** The folder of somebody's own project, with the package in it. */
const project = () => join(folder, "project");
const installed = (path: string) => join(project(), "node_modules/@nerveflare/agent", path);
const readInstalled = (path: string) => readFile(installed(path), "utf8");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nerveflare-agent-"));
  server = spawnServer(join(folder, "data"));
  await Promise.all([installPackage(), prepareServer()]);
});

afterAll(async () => {
  await author?.close({ release: false });
  server.child.kill("SIGTERM");
  await server.ended;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function installPackage() {
  const built = join(folder, "package");
  await cp(join(root, "packages/agent"), built, { recursive: true, filter: (path) => !path.endsWith("dist") });
  await execute(join(bin, "tsdown"), ["--filter", "@nerveflare/agent", "--out-dir", join(built, "dist"), "--logLevel", "error"], {
    cwd: root,
  });
  await mkdir(project());
  await writeFile(join(project(), "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  const npm = (args: string[], cwd: string) => execute("npm", [...args, "--offline", "--no-audit", "--no-fund"], { cwd });
  const { stdout } = await npm(["pack", "--json", "--pack-destination", folder], built);
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  await npm(["install", join(folder, packed?.filename ?? "")], project());
}

async function prepareServer() {
  const ready = await server.ready;
  if (!ready) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  facts = ready;
  operator = createOperator(facts);
  await operator.publish("code-review");
  author = connectAgent({
    url: facts.url,
    token: await operator.add("author", ["coding"]),
    slots: 16,
    onTurn: () => ({ $status: "updated", note: "done" }),
    onNote: () => {},
    onEvent({ type, data }) {
      if (type !== "nerve.thread.completed") return;
      reviews.push((data as { outcome: { output: unknown } }).outcome.output);
      notify();
    },
  });
  await author.ready;
}

let reviewed = 0;

/** Starts a review, and gives what the reviewer said of it. */
async function review(): Promise<unknown> {
  const before = reviews.length;
  await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr: ++reviewed } });
  await until(() => reviews.length > before);
  return reviews.at(-1);
}

/** The program that the package's page begins with. */
async function readExample(): Promise<string> {
  const [, program] = (await readInstalled("README.md")).match(/```js\n(import \{ connectAgent[\s\S]*?)```/) ?? [];
  if (!program) throw new Error("packages/agent/README.md does not begin with a program");
  return program;
}

/** Runs an agent until it has reviewed something, and ends it as a terminal does. */
async function play(command: string, args: string[], id: string): Promise<{ output: unknown; code: number | null; printed: string }> {
  const token = await operator.add(id, ["code-review"]);
  const env = { ...process.env, NERVEFLARE_URL: facts.url, NERVEFLARE_TOKEN: token };
  const child = spawn(command, args, { cwd: project(), env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
  const early = ended.then(() => Promise.reject(new Error(`${command} ended before it played its turn: ${printed}`)));
  const output = await Promise.race([review(), early]);
  early.catch(() => {});
  child.kill("SIGINT");
  const [code] = (await ended) as [number | null];
  return { output, code, printed };
}

test("[APKG3] what is installed is one file without imports under 25 kB compressed, its types, its page and its licence", async () => {
  const code = await readInstalled("dist/index.js");
  expect(gzipSync(code).length).toBeLessThan(mostBytes);
  expect(code).not.toMatch(/\bimport\b|\brequire\b|^export .* from/m);
  // Globals that Node alone has.
  expect(code).not.toMatch(/\b(process|global|Buffer)\.[a-z]|\b(__dirname|setImmediate)\b|\.unref\(/);
  for (const name of builtinModules) expect(code).not.toContain(`"${name}"`);
  // Stack traces name functions.
  expect(code).toMatch(/function createSocketTransport\(/);
  const types = await readInstalled("dist/index.d.ts");
  expect(types).not.toMatch(/\bimport\b|\bz\.|zod"/);
  for (const told of [
    "Performs turns. A turn without a handler is failed at once.",
    "What to do, rendered by the workflow.",
    "Connects an agent and keeps it connected.",
  ]) {
    expect(types).toContain(told);
  }
  expect(await readInstalled("LICENSE")).toBe(await readFile(join(root, "LICENSE"), "utf8"));
  const manifest = JSON.parse(await readInstalled("package.json")) as { dependencies?: object; version: string };
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.version).toBe((JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string }).version);
});

test("[APKG4] a program of the package's page compiles strictly, without the types of Node or any package", async () => {
  await writeFile(
    join(project(), "agent.ts"),
    `import { ClientError, connectAgent, type Journal, type TurnAssigned, TurnFailure, withBody } from "@nerveflare/agent";
const answers = new Map<string, Awaited<ReturnType<Journal["load"]>>[number]>();
const journal: Journal = {
  load: () => [...answers.values()],
  keep: (answer) => void answers.set(answer.turn, answer),
  forget: (turn) => void answers.delete(turn),
};
async function review({ prompt, role, last }: TurnAssigned) {
  if (last === null) throw new TurnFailure("nothing to go on", { retryable: true });
  return withBody({ $status: "approved", summary: prompt, name: role.name }, "the rest");
}
const token: string | undefined = "";
const agent = connectAgent({ url: "https://nerve.test", token, journal, onTurn: { "code-review/reviewer": review } });
// @ts-expect-error an event has a type
void agent.send({ data: 1 });
// @ts-expect-error an answer is an object
connectAgent({ url: "", token: "", onTurn: () => "approved" });
agent.closed.catch((error: unknown) => error instanceof ClientError && error.code === "unauthenticated");
`,
  );
  const strict = [
    "--strict",
    "--noEmit",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--skipLibCheck",
    "false",
    "--types",
    "",
  ];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const args = [...strict, "--target", "es2022", "--lib", "es2022,dom", "--module", module, "--moduleResolution", resolution, "agent.ts"];
    const { stdout } = await execute(join(bin, "tsc"), args, { cwd: project() }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  }
});

const runtimes = [
  {
    name: "Node 20",
    find: () => findRuntime("node", /^v20\./),
    args: ["readme.mjs"],
    absent: "this machine has no Node 20 beside that of the packages",
  },
  { name: "Node 24", find: () => process.execPath, args: ["readme.mjs"], absent: "" },
  {
    name: "Deno",
    find: () => findRuntime("deno", /^deno 2\./),
    args: ["run", "--allow-net", "--allow-env", "readme.mjs"],
    absent: "this machine has no Deno 2",
  },
];

test.for(runtimes)(
  "[APKG5] by $name, the program of the package's page plays a turn, and ends when it is told to",
  async ({ name, find, args, absent }, { skip }) => {
    const program = find();
    if (!program) {
      console.warn(`the client is not tried by ${name}: ${absent}`);
      return skip(absent);
    }
    await writeFile(join(project(), "readme.mjs"), await readExample());
    const { output, code, printed } = await play(program, args, `on-${name.toLowerCase().replace(" ", "-")}`);
    expect(output).toMatchObject({ $status: "approved", summary: expect.stringContaining("read: Review nerve#") });
    expect({ code, printed }).toEqual({ code: 0, printed: "" });
  },
);

/** Runs `nerveflare agent`, and gives the lines that it printed as JSON. */
function startCommand(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "agent", "--json", ...args], {
    cwd: project(),
    env: { ...process.env, NERVEFLARE_URL: facts.url, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: { what: string; [field: string]: unknown }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line));
    notify();
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, lines, ended, said: () => said, printed: (what: string) => until(() => lines.some((line) => line.what === what)) };
}

const output = JSON.stringify({ $status: "approved", summary: "read: by a program" });

test.for([
  ["an agent of one's own", ["--", process.execPath, "readme.mjs"]],
  ["the agent of --exec", ["--exec", `echo '${output}'`]],
] as const)("[CHAOS4] %s is tried on a bad line, told as it happens, and accounted for at the end", async ([name, args]) => {
  await writeFile(join(project(), "readme.mjs"), await readExample());
  const token = await operator.add(`chaos-${name.length}`, ["code-review"]);
  const faults = ["--chaos-faults", "no-upgrades,delays", "--chaos-every", "100ms", "--chaos-seed", "5"];
  const { child, ended, lines, printed } = startCommand([...faults, ...args], { NERVEFLARE_TOKEN: token });
  await printed("chaos.struck");
  expect(await review()).toMatchObject({ $status: "approved", summary: expect.stringContaining("read: ") });
  await printed("chaos.answered");
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  const told = lines.filter(({ what }) => what.startsWith("chaos."));
  expect(told.find(({ what }) => what === "chaos.struck")).toMatchObject({
    fault: "no-upgrades",
    kind: "socket",
    message: "a socket was refused",
  });
  expect(told.at(-1)).toMatchObject({
    what: "chaos.summary",
    seed: 5,
    faults: { "no-upgrades": { answeredSince: 1 }, delays: { spells: expect.any(Number) } },
    turns: { given: 1, answered: 1, failed: 0, open: [], twice: [] },
  });
});

test("[CHAOS5] the command fails if the agent performs a turn twice, and names the turn", async () => {
  // It answers by polling, forgets that it has, and answers the same again in other words.
  await writeFile(
    join(project(), "forgetful.mjs"),
    `const { NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token } = process.env;
     const call = (method, path, body) => fetch(url + path, { method, headers: { authorization: "Bearer " + token, "content-type": path.endsWith("events") ? "application/cloudevents+json" : "application/json" }, body: body && JSON.stringify(body) }).then((answer) => answer.text()).then((text) => text && JSON.parse(text));
     const send = (type, id, event, data) => call("POST", "/v1/events", { specversion: "1.0", id, type, correlationid: event.data.thread, data });
     for (let done = false; !done; ) {
       const page = await call("GET", "/v1/inbox?wait=5&channel=my,open");
       for (const { event } of page.events) {
         if (event.type === "nerve.offer.opened") await send("nerve.offer.claim", "claim:" + event.data.offer, event, { offer: event.data.offer });
         if (event.type !== "nerve.turn.assigned") continue;
         for (const summary of ["first", "second"]) {
           await send("nerve.turn.respond", "answer-" + summary, event, { turn: event.data.turn, lease: event.data.lease.generation, output: { $status: "approved", summary } });
         }
         done = true;
       }
       await call("POST", "/v1/inbox/ack", { seqs: page.events.map(({ seq }) => seq) });
     }`,
  );
  const token = await operator.add("forgetful", ["code-review"]);
  const args = ["--chaos-faults", "delays", "--", process.execPath, "forgetful.mjs"];
  const { ended, lines, said } = startCommand(args, { NERVEFLARE_TOKEN: token });
  await Promise.race([review(), ended]);
  expect(await ended).toBe(1);
  const { turns } = lines.at(-1) as unknown as { turns: { twice: string[] } };
  expect(turns.twice).toHaveLength(1);
  expect(said()).toContain("A turn was performed twice.");
});

test("[APKG6] within a Worker, in workerd, it plays a turn by socket, by stream and by polling", async () => {
  const worker = `
    import { connectAgent } from "./agent.js";
    export default { async fetch(request, { url, token }) {
      const way = new URL(request.url).pathname.slice(1);
      let answered;
      const played = new Promise((resolve) => (answered = resolve));
      const agent = connectAgent({
        url, token, transports: [way],
        onTurn: () => ({ $status: "approved", summary: "by " + way }),
        onNote: ({ what }) => what === "turn.answered" && answered(),
      });
      await played;
      const carried = agent.transport();
      await agent.close();
      return Response.json({ carried });
    } };`;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "agent",
      modulesRoot: "/",
      modules: [
        { type: "ESModule", path: "/worker.js", contents: worker },
        { type: "ESModule", path: "/agent.js", contents: await readInstalled("dist/index.js") },
      ],
      compatibilityDate: "2025-01-01",
      bindings: { url: facts.url, token: await operator.add("on-workerd", ["code-review"]) },
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      log: new NoOpLog(),
    }),
  );
  onTestFinished(() => miniflare.dispose());
  for (const way of ["socket", "sse", "poll"]) {
    const [answer, output] = await Promise.all([miniflare.dispatchFetch(`http://agent.test/${way}`), review()]);
    expect(output).toEqual({ $status: "approved", summary: `by ${way}` });
    expect(await answer.json()).toEqual({ carried: way });
  }
});

test("[APKG7] an example agent that is copied out of the clone runs on the package, with one line changed", async () => {
  const examples = join(project(), "agents");
  await cp(join(root, "examples/agents"), examples, { recursive: true });
  const line = await readFile(join(examples, "client.ts"), "utf8");
  expect(line).toContain('"../../src/client/index.ts"');
  await writeFile(join(examples, "client.ts"), line.replace("../../src/client/index.ts", "@nerveflare/agent"));
  const { output, code, printed } = await play(process.execPath, ["agents/reviewer.ts"], "copied");
  expect({ output, code }).toMatchObject({ output: { $status: "approved", summary: "Tests pass, the name says what it does." }, code: 0 });
  expect(printed).toContain("changes requested: name the retry limit");
});
