/** `nerveflare` as it is installed: packed, put into an empty folder by the npm and the Node of this machine, and used there by an old Node and a new one. */
import { type ChildProcess, execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { emitReplay } from "../../src/replay/emit-replay.ts";
import type { Replay } from "../../src/replay/replay.ts";
import { findRuntime } from "./find-node.ts";
import { awaitEnd, type InstalledPackage, installPackages, type Ran } from "./installed-package.ts";

const root = join(import.meta.dirname, "../..");
const newNode = process.execPath;
/** The Node that the machine came with. */
const oldNode = findRuntime("node", /^v(20\.(1[2-9]|[2-9]\d)|21|22\.([0-9]|1[0-2])\.)/);
if (!oldNode) console.log("skipped: what runs on Node 20, for no Node from 20.12 to 22.12 is on the path");

/** As short as a workflow can be: its paths are few. */
const short = `name: short
description: One role.
binding: cloud
roles:
  helper:
    type: named
    agent: helper-1
    description: Helps.
    frontmatter: { type: object, properties: { $status: { enum: [done] } }, required: [$status] }
graph:
  $START:
    new: { role: helper, prompt: "Help." }
  helper:
    done: { role: $END, prompt: "Done." }
`;

let installed: InstalledPackage;
/** Plays beside the other tests: it waits for most of its time. */
let demo: ChildProcess;
let played: Promise<Ran>;

const bin = () => installed.find("bin/nerveflare.js");
const nerveflare = (node: string, ...args: string[]) => installed.run(node, [bin(), ...args]);
const write = (name: string, said: string) => writeFile(join(installed.folder, name), said);

beforeAll(async () => {
  installed = await installPackages(oldNode ?? newNode);
  // Nobody can write a cache into this install: a file is where its folder would be.
  await writeFile(installed.find("node_modules"), "");
  await cp(join(root, "workflows/code-review.yaml"), join(installed.folder, "review.yaml"));
  await write("short.yaml", short);
  demo = installed.start(newNode, ["demo", "--json"]);
  played = awaitEnd(demo);
}, 180_000);

afterAll(async () => {
  // Where its test was left out, or the others were faster; it ends its own processes.
  demo.kill("SIGTERM");
  await played;
  await installed.remove();
});

describe.runIf(oldNode)("an older Node", () => {
  const old = oldNode ?? "";
  /** Commands that need neither a server nor node:sqlite. */
  const commands: [args: string[], says: RegExp][] = [
    [["--version"], /^\d+\.\d+\.\d+\n$/],
    [["start", "--help"], /--data <folder>/],
    [["check", "review.yaml"], /no errors in 1 file/],
    [["check", "review.yaml", "--sarif"], /"semanticVersion"/],
    [["compile", "review.yaml", "--out", "compiled"], /review\.task\.machine\.ts/],
    [["draw", "review.yaml", "--out", "drawn"], /review\.task\.svg/],
    [["prove", "short.yaml", "--states", "50"], /explored/],
    [["schema"], /"\$schema"/],
    [["completion", "bash"], /complete -o default/],
    [["types", "review.yaml"], /reviewer/],
    [["test", "short.yaml", "--emit", "old/short.test.ts"], /wrote .*short\.test\.ts/],
    [["profiles", "list"], /PROFILE/],
  ];

  test("[PKG1] runs every command that needs no server", async () => {
    const ran = commands.map(async ([args, says]) => {
      const { code, out, err } = await nerveflare(old, ...args);
      expect({ args, code, err: code === 0 ? "" : err }).toEqual({ args, code: 0, err: "" });
      expect(out).toMatch(says);
    });
    await Promise.all(ran);
  });

  test("[PKG1] serves editors", async () => {
    const say = (message: object) => {
      const body = JSON.stringify({ jsonrpc: "2.0", ...message });
      return `Content-Length: ${body.length}\r\n\r\n${body}`;
    };
    const editor = installed.start(old, ["lsp", "--stdio"]);
    const ended = new Promise((resolve) => editor.once("close", resolve));
    editor.stdin?.write(say({ id: 1, method: "initialize", params: { processId: null, rootUri: null, capabilities: {} } }));
    const answered = new Promise((resolve) => {
      let said = "";
      editor.stdout?.on("data", (part: Buffer) => {
        said += String(part);
        if (said.includes('"capabilities"')) resolve("answered");
      });
    });
    expect(await Promise.race([answered, ended])).toBe("answered");
    editor.stdin?.write(say({ id: 2, method: "shutdown" }) + say({ method: "exit" }));
    expect(await ended).toBe(0);
  });

  test("[PKG1] serves clients of the Model Context Protocol", async () => {
    const client = installed.start(old, ["mcp"], { NERVEFLARE_CONFIG_DIR: join(installed.folder, "none") });
    const ended = new Promise((resolve) => client.once("close", resolve));
    const clientInfo = { name: "test", version: "1" };
    const hello = { method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo } };
    client.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, ...hello })}\n`);
    const answered = new Promise((resolve) => {
      let said = "";
      client.stdout?.on("data", (part: Buffer) => {
        said += String(part);
        if (said.includes('"serverInfo"')) resolve("answered");
      });
    });
    expect(await Promise.race([answered, ended])).toBe("answered");
    client.stdin?.end();
    expect(await ended).toBe(0);
  });

  test("[PKG2] refuses the others in one sentence, with a command that runs there", async () => {
    const commands = [
      ["start"],
      ["demo"],
      ["deploy", "--dry-run"],
      ["backup", "x"],
      ["restore", "x"],
      ["doctor"],
      ["simulate", "short.yaml"],
      ["test", "short.yaml"],
      ["deploy"],
    ];
    const refused = commands.map(async (args) => {
      const { code, out, err } = await nerveflare(old, ...args);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err.split("\n")).toEqual([
        expect.stringMatching(`^error node_too_old: \`nerveflare ${args[0]}\` needs Node 22\\.13 or later, and this is v\\d`),
        expect.stringContaining(`\`npx -p node@24 -p nerveflare nerveflare ${args[0]}\``),
        "",
      ]);
    });
    await Promise.all(refused);
    expect(JSON.parse((await nerveflare(old, "start", "--json")).err)).toMatchObject({ error: expect.stringMatching(/^node_too_old/) });
  });

  test("[PKG3] hands over to a newer one that was installed beside, and not to one that is no newer", async () => {
    await mkdir(join(installed.folder, "node_modules/node"));
    const beside = join(installed.folder, "node_modules/.bin/node");
    await symlink(newNode, beside);
    onTestFinished(async () => {
      await rm(beside);
      await rm(join(installed.folder, "node_modules/node"), { recursive: true });
    });
    await write("node_modules/node/package.json", JSON.stringify({ version: process.versions.node }));
    expect(await nerveflare(old, "simulate", "short.yaml", "--sample")).toMatchObject({
      code: 0,
      out: expect.stringContaining("completed"),
    });
    await write("node_modules/node/package.json", JSON.stringify({ version: "20.20.0" }));
    expect(await nerveflare(old, "simulate", "short.yaml", "--sample")).toMatchObject({
      code: 1,
      err: expect.stringContaining("node_too_old"),
    });
  });
});

test("[PKG2] a Node that is too old for all of it is told so, whatever it was asked", async () => {
  await write("pretend.cjs", 'Object.defineProperty(process.versions, "node", { value: "18.20.8" });\n');
  const ran = await installed.run(newNode, ["--require", "./pretend.cjs", bin(), "check", "review.yaml"]);
  expect(ran).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/^error node_too_old: nerveflare needs Node 20\.12 or later/) });
  expect(ran.err).toContain("`npx -p node@24 -p nerveflare nerveflare check`");
});

describe("a server", () => {
  let server: ChildProcess;
  let url: string;
  let adminToken: string;

  beforeAll(async () => {
    server = installed.start(newNode, ["start", "--json", "--port", "0", "--data", "data"]);
    const [line] = await Promise.race([
      new Promise<string[]>((resolve) => server.stdout?.once("data", (said: Buffer) => resolve(String(said).split("\n")))),
      text(server.stderr ?? process.stdin).then((said) => Promise.reject(new Error(said))),
    ]);
    ({ url, adminToken } = JSON.parse(line ?? "") as { url: string; adminToken: string });
  });

  afterAll(async () => {
    server.kill("SIGTERM");
    await new Promise((resolve) => server.once("close", resolve));
  });

  test("[PKG4] starts from an install that cannot be written to, and a review goes through it by commands alone", async () => {
    const node = oldNode ?? newNode;
    const env = { NERVEFLARE_URL: url, NERVEFLARE_CONFIG_DIR: join(installed.folder, "config") };
    const operator = { env: { ...env, NERVEFLARE_ADMIN_TOKEN: adminToken } };
    const ask = async (...args: string[]) => {
      const { code, out, err } = await installed.run(node, [bin(), ...args, "--json"], operator);
      expect({ args, code, err }).toEqual({ args, code: 0, err: "" });
      return JSON.parse(out);
    };
    await ask("publish", "review.yaml");
    const { token } = (await ask("agents", "add", "alice", "--capability", "coding")) as { token: string };
    // What `enrol` prints is typed on the other machine as it is.
    const { command } = (await ask("enrol", "bob", "--capability", "code-review")) as { command: string };
    expect(command).toMatch(/^npx nerveflare init --url \S+ --code \S+$/);
    const [npx = "", ...words] = command.split(" ");
    const enrolled = await installed.run(npx, words, { env });
    expect(enrolled).toMatchObject({ code: 0, out: expect.stringContaining("Next: npx nerveflare agent --profile bob --exec") });

    const bob = installed.start(
      node,
      ["agent", "--profile", "bob", "--exec", `"${node}" -e 'console.log(JSON.stringify({ $status: "approved", summary: "fine" }))'`],
      env,
    );
    onTestFinished(() => void bob.kill("SIGKILL"));
    const data = JSON.stringify({ repo: "nerve", pr: 115 });
    const posted = await installed.run(node, [bin(), "post", "pr.ready_for_review", "--token", token, "--data", data], { env });
    expect(posted).toMatchObject({ code: 0 });
    // Asked for without a program of its own, which takes as long to start as a turn takes.
    const headers = { authorization: `Bearer ${adminToken}` };
    const show = async () => (await fetch(`${url}/v1/threads`, { headers })).text();
    await vi.waitFor(async () => expect(await show()).toContain('"completed"'), { timeout: 60_000, interval: 100 });
    expect(JSON.stringify(await ask("threads"))).toContain('"completed"');
  });
});

test("[PKG5] `nerveflare test` takes every path in workerd, by a Worker that the package brings", async () => {
  const { code, out, err } = await nerveflare(newNode, "test", "short.yaml", "--json");
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ runtime: "workerd", machines: [{ failures: [] }, { failures: [] }] });
});

test("[DEPLOY6] an install rehearses the deploy of the Worker that it brings, by the project's own Wrangler and without a network", async () => {
  await symlink(join(root, "node_modules/wrangler"), join(installed.folder, "node_modules/wrangler"));
  // Nobody listens there.
  const nowhere = "http://127.0.0.1:9";
  const env = { CLOUDFLARE_API_BASE_URL: nowhere, CLOUDFLARE_API_TOKEN: "none", HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere };
  const { code, out, err } = await installed.run(newNode, [bin(), "deploy", "--dry-run", "--env", "staging", "--json"], { env });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { worker, bundle, config, migrations } = JSON.parse(out) as {
    worker: string;
    bundle: { compressed: number; limit: number };
    config: string;
    migrations: string[];
  };
  expect(worker).toBe("nerveflare-staging");
  expect(bundle.compressed).toBeGreaterThan(100_000);
  expect(bundle.limit).toBe(600_000);
  expect(bundle.compressed).toBeLessThan(bundle.limit);
  expect(migrations.length).toBeGreaterThan(10);
  expect(JSON.parse(await readFile(config, "utf8"))).toMatchObject({
    main: await realpath(installed.find("dist/worker/index.js")),
    minify: true,
    assets: { directory: await realpath(installed.find("dist/assets")) },
  });
});

test("[PKG6] a test that was emitted, and a walk that was saved, import what an install has, and pass", async () => {
  await nerveflare(newNode, "test", "short.yaml", "--emit");
  await nerveflare(newNode, "simulate", "review.yaml", "--sample", "--save", "walk.test.ts");
  const step = { role: "helper", output: { $status: "done" }, expect: { to: "$END", prompt: "Done." } };
  const replay = {
    replay: 1,
    workflow: "short",
    event: { type: "a.b" },
    start: { to: "helper", prompt: "Help." },
    steps: [step],
  } satisfies Replay;
  const entry = "nerveflare/testing";
  for (const runner of ["vitest", "node"] as const)
    await write(`thread.${runner}.test.mjs`, emitReplay(replay, { workflow: "./short.yaml", entry, mark: "", runner }));
  // The other runner finds it by its name as well, and has it be its own.
  await rename(join(installed.folder, "thread.node.test.mjs"), join(installed.folder, "thread-in-node.mjs"));
  expect(await installed.run(newNode, ["--test", "thread-in-node.mjs"])).toMatchObject({ code: 0 });
  for (const name of ["short.paths.test.ts", "walk.test.ts", "thread.vitest.test.mjs"])
    expect(await readFile(join(installed.folder, name), "utf8")).toContain('from "nerveflare/testing"');
  await symlink(join(root, "node_modules/vitest"), join(installed.folder, "node_modules/vitest"));
  const { code, out, err } = await installed.run(newNode, [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--root",
    ".",
    "--reporter=json",
  ]);
  expect(JSON.parse(out), err).toMatchObject({ success: true, numFailedTestSuites: 0 });
  expect(code).toBe(0);
});

describe("the entries", () => {
  /** The examples of docs/packages.md, by the entry that each imports. */
  const examples = new Map<string, string>();

  beforeAll(async () => {
    const page = await readFile(join(root, "docs/packages.md"), "utf8");
    for (const [, code = ""] of page.matchAll(/```ts\n([\s\S]*?)```/g)) {
      const name = /"nerveflare\/(\w+)"/.exec(code)?.[1] ?? "";
      examples.set(name, code);
      await write(`${name}.mts`, code);
      // None has a type that would have to be taken out.
      await write(`${name}.mjs`, code);
    }
  });

  test("[PKG7] the examples of the docs compile against the packed types, as Node and as bundlers resolve them, and whole", async () => {
    expect([...examples.keys()].sort()).toEqual(["compile", "host", "testing"]);
    await symlink(join(root, "node_modules/@types"), join(installed.folder, "node_modules/@types"));
    const shared = { target: "es2023", strict: true, noEmit: true, skipLibCheck: false, types: ["node"] };
    const variants = { nodenext: { module: "nodenext" }, bundler: { module: "esnext", moduleResolution: "bundler" } };
    for (const [name, options] of Object.entries(variants)) {
      await write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions: { ...shared, ...options }, include: ["*.mts"] }));
      const { stdout } = await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", `tsconfig.${name}.json`], {
        cwd: installed.folder,
      }).catch((error: { stdout: string }) => error);
      expect({ name, stdout }).toEqual({ name, stdout: "" });
    }
  });

  test("[PKG8] the examples of the docs run; where Node is too old for one, it says so", async () => {
    const expected: Record<string, string> = { compile: "code-review", testing: "as expected", host: "ajar" };
    for (const [name, says] of Object.entries(expected)) {
      expect(await installed.run(newNode, [`${name}.mjs`])).toMatchObject({ code: 0, out: expect.stringContaining(says) });
      if (!oldNode) continue;
      const old = await installed.run(oldNode, [`${name}.mjs`]);
      if (name === "compile") expect(old).toMatchObject({ code: 0, out: expect.stringContaining(says) });
      else expect(old).toMatchObject({ code: 1, err: expect.stringContaining("node_too_old: createNodeStorage needs node:sqlite") });
    }
  });
});

test("[PKG9] the demo plays from an install: its agents, workflows and server are in it", async () => {
  const { code, out, err } = await played;
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.match(/"what":"completed"/g)?.length).toBeGreaterThanOrEqual(2);
});

test("[PKG10] without the runtime's package for this platform, what needs it says so in one sentence, and the rest runs", async () => {
  const [platform, aside] = ["node_modules/@cloudflare", "cloudflare-aside"].map((path) => join(installed.folder, path)) as [
    string,
    string,
  ];
  expect(existsSync(platform)).toBe(true);
  await rename(platform, aside);
  onTestFinished(() => rename(aside, platform));
  for (const args of [["start", "--port", "0", "--data", "other"], ["demo"], ["test", "short.yaml"]]) {
    const { code, out, err } = await nerveflare(newNode, ...args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.trimEnd().split("\n").slice(-2)).toEqual([
      expect.stringMatching(/^error .*runtime_missing: workerd was not installed whole: npm left out its package for this platform/),
      expect.stringContaining("`npm install --include=optional`"),
    ]);
  }
  expect(await nerveflare(newNode, "check", "review.yaml")).toMatchObject({ code: 0 });
});
