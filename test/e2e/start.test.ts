/** What a start costs: processes and their memory, modules that are loaded, and what it does about a port that it cannot have. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectAgent } from "../../src/client/index.ts";
import { loadWorker } from "../../src/local-server/load-worker.ts";
import { packageRoot } from "../../src/package-files.ts";
import { createOperator, type Facts } from "./operator.ts";
import { makeDataFolder, spawnTestServer, startTestServer } from "./server-process.ts";

/** What all of a server's processes may hold together, in megabytes. */
const memoryAtMost = 250;

/** A process and all below it, by pid. */
function listProcesses(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(listProcesses)];
}

function readMemory(pid: number): { name: string; megabytes: number } {
  const kilobytes = Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
  return { name: readFileSync(`/proc/${pid}/comm`, "utf8").trim(), megabytes: (kilobytes * 1024) / 1_000_000 };
}

/** One thread from its event to its end. */
async function review(facts: Facts): Promise<void> {
  const operator = createOperator(facts);
  await operator.publish("code-review");
  const connect = async (id: string, capability: string) => {
    const agent = connectAgent({
      url: facts.url,
      token: await operator.add(id, [capability]),
      onOffer: () => "claim",
      onTurn: (turn) => (turn.role.name === "author" ? { $status: "updated", note: "done" } : { $status: "approved", summary: "good" }),
    });
    onTestFinished(() => agent.close({ finish: 0, release: false }));
    return agent;
  };
  const author = await connect("author", "coding");
  await connect("reviewer", "code-review");
  const { threads } = await author.send({ type: "pr.ready_for_review", id: "ready:1", data: { repo: "nerve", pr: 1 } });
  const [thread] = threads ?? [];
  await vi.waitFor(
    async () => expect(((await operator.call("GET", `v1/threads/${thread}`)) as { status: string }).status).toBe("completed"),
    { timeout: 30_000 },
  );
}

test("[SRV22] at rest, after a review, a server is three processes of 250 MB together", async (context) => {
  if (process.platform !== "linux") {
    console.warn("skipped: only Linux tells of each process what it holds");
    return context.skip();
  }
  const { facts } = await startTestServer(await makeDataFolder());
  await review(facts);
  const held = listProcesses(facts.pids.server).map(readMemory);
  console.log(held.map(({ name, megabytes }) => `${name} ${megabytes.toFixed(0)} MB`).join(", "));
  expect(held).toHaveLength(3);
  expect(held.reduce((sum, { megabytes }) => sum + megabytes, 0)).toBeLessThan(memoryAtMost);
});

test("[SRV23] the process that serves loads nothing of the runtime's tools, of the compiler or of zod, and a start bundles nothing", async () => {
  // So that it is there, as in a clone after `npm ci`.
  await loadWorker();
  const folder = await makeDataFolder();
  const modules = join(folder, "modules");
  mkdirSync(modules);
  const { facts, child, ended } = await startTestServer(join(folder, "data"), {
    env: {
      MODULES_FOLDER: modules,
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "modules-of-process.ts"))}`,
    },
  });
  child.kill("SIGTERM");
  await ended;
  const loaded = Object.fromEntries(readdirSync(modules).map((pid) => [pid, readFileSync(join(modules, pid), "utf8")]));
  const { [facts.pids.server]: server = "", ...others } = loaded;

  expect(server).toContain("src/local-server/start-server.ts");
  expect(server).not.toMatch(/node_modules\/(?!commander\/).*/);
  expect(server).not.toMatch(/src\/(lsp|simulate|explore|worker|compile\/(?!source\/duration))/);
  // Who makes the runtime's configuration, and has ended.
  expect(Object.values(others)).toHaveLength(1);
  expect(Object.values(others)[0]).toContain("node_modules/miniflare/");
  expect(Object.values(others)[0]).not.toMatch(/node_modules\/(wrangler|esbuild)\//);
});

test("[SRV24] a port that is taken is named with who has it, before anything is written, and another is offered", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const holder = createServer().listen(0, "0.0.0.0", resolve);
  onTestFinished(() => void holder.close());
  await promise;
  const { port } = holder.address() as { port: number };
  const data = await makeDataFolder();
  writeFileSync(join(data, "mine"), "");
  const refused = spawnTestServer(data, { port });

  expect(await refused.ready).toBeNull();
  const { code, stderr } = await refused.ended;
  expect(code).toBe(1);
  const { error, hint } = JSON.parse(stderr) as { error: string; hint: string };
  const who = process.platform === "linux" ? ` by process ${process.pid} \\(.*\\)` : ".*";
  expect(error).toMatch(new RegExp(`^port_in_use: Port ${port} of 127\\.0\\.0\\.1 is taken${who}\\.$`));
  const offered = Number(/PORT=(\d+) or --port \1;/.exec(hint)?.[1]);
  expect(offered === 0 || offered > port).toBe(true);
  expect(readdirSync(data).sort()).toEqual(["mine", "server.lock"]);
});

test("[SRV31] from a folder that is mounted read-only, by a user without a home, a server starts on a data folder that can be written", async (context) => {
  await loadWorker();
  const data = await makeDataFolder();
  // The clone is mounted beside the data, for where it is may be closed to others.
  const clone = join(data, "clone");
  const node = process.execPath.startsWith(`${packageRoot}/`) ? join(clone, relative(packageRoot, process.execPath)) : process.execPath;
  const script = `mkdir "$2" && mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && chown 12345 "$3" && exec env -u HOME setpriv --reuid 12345 --regid 12345 --clear-groups "$4" "$2/bin/nerveflare.js" start --json --port 0 --data "$3/data"`;
  const args = ["-m", "sh", "-c", script, "sh", packageRoot, clone, data, node];
  const allowed = spawnSync("unshare", ["-m", "setpriv", "--reuid", "12345", "--clear-groups", "true"]);
  if (allowed.status !== 0) {
    console.warn(`skipped: to mount, and to be another user, takes rights: ${allowed.error?.message ?? allowed.stderr}`);
    return context.skip();
  }
  const server = spawn("unshare", args, { stdio: ["ignore", "pipe", "pipe"], cwd: data });
  onTestFinished(() => void server.kill("SIGKILL"));
  let out = "";
  let err = "";
  server.stdout.on("data", (part: Buffer) => (out += part));
  server.stderr.on("data", (part: Buffer) => (err += part));
  await vi.waitFor(() => expect({ out, err }).toMatchObject({ out: expect.stringContaining("ready"), err: "" }), { timeout: 30_000 });
  expect(JSON.parse(out)).toMatchObject({ event: "ready", bundled: null, data: join(data, "data") });
  server.kill("SIGTERM");
  await once(server, "close");
});
