/** Artifacts on a real server: twenty megabytes from one program to another, over a line that breaks and a server that is killed on the way. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startFaultyProxy } from "../../src/chaos/faulty-proxy.ts";
import { createArtifacts } from "../../src/client/artifacts.ts";
import { systemClock } from "../../src/client/clock.ts";
import { connectAgent } from "../../src/client/index.ts";
import { artifactLimits } from "../../src/contract/artifact.ts";
import { createProgramHandler } from "../../src/exec/create-program-handler.ts";
import { run } from "../unit/cli/run.ts";
import { type CrashStage, openCrashStage } from "./crash-stage.ts";
import { createOperator, type Operator } from "./operator.ts";
import { makeDataFolder } from "./server-process.ts";

const part = artifactLimits.partBytes;
const cleanups: (() => Promise<void>)[] = [];
let stage: CrashStage;
let operator: Operator;

beforeAll(async () => {
  stage = await openCrashStage((work) => void cleanups.push(work));
  operator = createOperator(stage);
});
afterAll(async () => {
  for (const clean of cleanups.toReversed()) await clean();
});

const workflow = `version: 1
binding: cloud
name: report
description: One makes a report, another reads it.
reflexes:
  - { kind: workflow, on: [report.wanted] }
roles:
  maker:
    type: named
    agent: maker
    goal: Make it.
    frontmatter:
      type: object
      required: [$status, report]
      properties: { $status: { const: made }, report: { format: artifact, contentMediaType: text/csv } }
  reader:
    type: named
    agent: reader
    goal: Read it.
    frontmatter: { type: object, required: [$status, sum], properties: { $status: { const: read }, sum: { type: string } } }
graph:
  $START:
    new: { role: maker, prompt: Make a report. }
  maker:
    made: { role: reader, prompt: "Read {{ report }}." }
  reader:
    read: { role: $END, prompt: "{{ sum }}" }
`;

const maker = `const fs = require("fs"), { join } = require("path");
const lines = Array.from({ length: 400_000 }, (_, at) => at + "," + "x".repeat(43) + "\\n").join("");
fs.writeFileSync(join(process.env.NERVEFLARE_ARTIFACTS, "big.csv"), lines);
console.log(JSON.stringify({ $status: "made", report: { $artifact: "big.csv" } }));`;

const reader = `const fs = require("fs"), { createHash } = require("crypto");
const [file] = Object.values(JSON.parse(process.env.NERVEFLARE_ARTIFACTS_IN));
console.log(JSON.stringify({ $status: "read", sum: file.split("/").at(-1) + " " + createHash("sha256").update(fs.readFileSync(file)).digest("hex") }));`;

const expected = createHash("sha256")
  .update(Array.from({ length: 400_000 }, (_, at) => `${at},${"x".repeat(43)}\n`).join(""))
  .digest("hex");

test("[ART13] twenty megabytes go from one program to another, though the line breaks and the server is killed in the middle, and are there after it", async () => {
  await operator.call("PUT", "v1/workflows/report", { body: workflow, contentType: "application/yaml" });
  const tokens = { maker: await operator.add("maker", []), reader: await operator.add("reader", []) };
  const folder = await makeDataFolder((work) => void cleanups.push(work));
  await writeFile(join(folder, "maker.cjs"), maker);
  await writeFile(join(folder, "reader.cjs"), reader);
  const proxy = await startFaultyProxy({ target: stage.url });
  cleanups.push(() => proxy.close());
  const appended: number[] = [];
  let crashes: Promise<void> | undefined;
  const agents = (["maker", "reader"] as const).map((name) =>
    connectAgent({
      url: proxy.url,
      token: tokens[name],
      onNote: () => {},
      // The line is cut in the first append, and the server is killed in the second.
      fetch: async (url, init) => {
        if (init.method === "PATCH") {
          appended.push(Number(init.headers["upload-offset"]));
          if (appended.length === 1) setTimeout(() => proxy.cut(["call"]), 30);
          if (appended.length === 2) setTimeout(() => (crashes = stage.crash("all")), 50);
        }
        return fetch(url, init);
      },
      onTurn: createProgramHandler({ command: `node ${join(folder, `${name}.cjs`)}`, env: process.env }),
    }),
  );
  cleanups.push(async () => void (await Promise.all(agents.map((agent) => agent.close()))));
  const [first] = agents;
  const { threads } = (await first?.send({ type: "report.wanted", data: {} })) ?? { threads: [] };
  const thread = threads[0] ?? "";
  await vi.waitFor(
    async () => {
      const { status, outcome } = (await operator.call("GET", `v1/threads/${thread}`)) as { status: string; outcome?: { prompt?: string } };
      expect(status).toBe("completed");
      expect(outcome?.prompt).toBe(`big.csv ${expected}`);
    },
    { timeout: 90_000, interval: 200 },
  );
  await crashes;
  expect(crashes).toBeDefined();
  // What was stored was not sent again.
  expect(appended.filter((offset) => offset === 0).length).toBeLessThan(4);
  const { artifacts } = (await operator.call("GET", `v1/artifacts?thread=${thread}`)) as {
    artifacts: { $artifact: string; size: number }[];
  };
  expect(artifacts).toMatchObject([{ $artifact: `sha256:${expected}`, type: "text/csv", name: "big.csv" }]);
  await stage.crash("all");
  const send = (address: string, init: object): Promise<Response> => fetch(address, init);
  const own = createArtifacts({ ...{ url: stage.url, token: stage.adminToken, fetch: send }, clock: systemClock, random: Math.random });
  expect((await own.bytes(artifacts[0] as { $artifact: string })).length).toBe(artifacts[0]?.size);
}, 180_000);

test("[ART14] a body that breaks off in the middle of a part leaves the parts before it, and the rest completes it", async () => {
  const bytes = new Uint8Array(part + 1000).fill(7);
  const headers = { authorization: `Bearer ${stage.adminToken}` };
  const begun = await fetch(`${stage.url}/v1/artifacts`, {
    method: "POST",
    headers: { ...headers, "upload-complete": "?0", "upload-length": String(bytes.length) },
  });
  const upload = begun.headers.get("location") ?? "";
  const offset = async () => (await fetch(stage.url + upload, { method: "HEAD", headers })).headers.get("upload-offset");
  for (const sent of [part / 2, part + 500]) {
    const before = await offset();
    await breakOff(upload, Number(before), bytes.slice(Number(before), sent), bytes.length - Number(before));
    await vi.waitFor(async () => expect(await offset()).toBe(sent > part ? String(part) : "0"), { timeout: 20_000, interval: 50 });
  }
  const done = await fetch(stage.url + upload, {
    method: "PATCH",
    headers: { ...headers, "upload-offset": String(part), "upload-complete": "?1", "content-type": "application/partial-upload" },
    body: bytes.slice(part),
  });
  expect(await done.json()).toMatchObject({ $artifact: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length });
});

test("[ART21] a client that does not hear of its upload's end asks what has become of it, and sends nothing again", async () => {
  const bytes = new Uint8Array(2 * part + 7).fill(21);
  const sent: number[] = [];
  const deaf = async (address: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(address, init);
    if (init.method !== "PATCH") return response;
    sent.push((init.body as Uint8Array).byteLength);
    if (response.status === 200 && sent.length < 3) throw new TypeError("the line broke");
    return response;
  };
  const { put } = createArtifacts({ ...{ url: stage.url, token: stage.adminToken, fetch: deaf }, clock: systemClock, random: () => 0 });
  expect(await put(bytes)).toMatchObject({ $artifact: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length });
  expect(sent).toEqual([2 * part, 7, 0]);
});

test("[ART18] the command line puts a file, shows, lists and fetches it, and says what is no artifact", async () => {
  const folder = await makeDataFolder((work) => void cleanups.push(work));
  const file = join(folder, "note.txt");
  await writeFile(file, "a small note");
  const artifacts = (...args: string[]) => run("artifacts", ...args, "--url", stage.url, "--token", stage.adminToken);
  const put = await artifacts("put", file);
  expect(put).toMatchObject({ code: 0, err: "" });
  const reference = JSON.parse(put.out);
  expect(reference).toEqual({ $artifact: reference.$artifact, size: 12, type: "text/plain", name: "note.txt" });
  expect((await artifacts("show", reference.$artifact)).out).toContain("note.txt, 12 bytes, text/plain");
  expect((await artifacts("list")).out).toMatch(new RegExp(`${reference.$artifact} +note.txt +12 bytes`));
  const copy = join(folder, "copy.txt");
  expect(await artifacts("get", reference.$artifact, "--out", copy)).toMatchObject({ code: 0, out: `${copy} (12 bytes, text/plain)\n` });
  expect(await readFile(copy, "utf8")).toBe("a small note");
  expect(await artifacts("get", "note.txt")).toMatchObject({ code: 2, err: expect.stringContaining("is no artifact") });
  expect(await artifacts("show", `sha256:${"0".repeat(64)}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining("There is no artifact"),
  });
  expect(await artifacts("put", join(folder, "none.txt"))).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") });
});

/** Sends a part of what it announces, and hangs up. */
async function breakOff(path: string, offset: number, bytes: Uint8Array, announced: number): Promise<void> {
  const { hostname, port } = new URL(stage.url);
  const socket = createConnection(Number(port), hostname);
  const head = `PATCH ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stage.adminToken}\r\nupload-offset: ${offset}\r\ncontent-length: ${announced}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.write(head);
    socket.write(bytes, () => resolve());
  });
  await new Promise<void>((resolve) => socket.once("close", () => resolve()).destroy());
}
