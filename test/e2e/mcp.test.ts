/** `nerveflare mcp` as clients start it: real processes over stdio, by the official client, against one real server. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { type ServerProcess, spawnServer } from "../../src/local-server/spawn-server.ts";
import { type Model, readTurn, startModel } from "./mcp-client.ts";
import { createOperator, type Facts, type Operator } from "./operator.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const bin = join(root, "bin/nerveflare.js");

/** A critic reviews what a writer writes, until it is good. A critic that falls silent loses the role within seconds. */
const workflow = `name: draft
description: One writes, one criticises.
binding: cloud
reflexes: [{ kind: workflow, on: [draft.wanted] }]
input: { type: object, properties: { about: { type: string } }, required: [about] }
roles:
  critic:
    type: open
    description: Criticises.
    goal: To have it good.
    capabilities: [criticise]
    heartbeat: { every: 1s, miss: 2 }
    offline: { grace: 1s, then: rerecruit }
    procedure: Read it all.
    output: A verdict.
    frontmatter:
      oneOf:
        - { properties: { $status: { const: good }, why: { type: string } }, required: [$status, why] }
        - { properties: { $status: { const: poor }, wants: { type: array, items: { type: string } } }, required: [$status, wants] }
  writer:
    type: open
    description: Writes.
    goal: To have it written.
    capabilities: [write]
    procedure: Write it.
    output: The text.
    frontmatter: { type: object, properties: { $status: { const: written }, text: { type: string } }, required: [$status, text] }
graph:
  $START: { new: { role: critic, prompt: "Criticise the plan for {{ data.about }}." } }
  critic:
    poor: { role: writer, prompt: "Wanted: {{ wants | join: ', ' }}" }
    good: { role: $END, prompt: "Good: {{ why }}" }
  writer: { written: { role: critic, prompt: "Written: {{ text }}" } }
`;

/** The critic alone: whoever claims the role has its turn at once. */
const alone = `${workflow.slice(0, workflow.indexOf("  writer:")).replace("name: draft", "name: opinion").replace("draft.wanted", "opinion.wanted")}graph:
  $START: { new: { role: critic, prompt: "Say what you think of {{ data.about }}." } }
  critic:
    poor: { role: $END, prompt: "Poor." }
    good: { role: $END, prompt: "Good." }
`;

let folder: string;
let server: ServerProcess;
let operator: Operator;
let facts: Facts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nerveflare-mcp-"));
  server = spawnServer(join(folder, "data"));
  const ready = await server.ready;
  if (!ready) throw new Error(`the server ended before it was ready: ${(await server.ended).stderr}`);
  facts = ready;
  operator = createOperator(facts);
  for (const [name, body] of Object.entries({ draft: workflow, opinion: alone }))
    await operator.call("PUT", `v1/workflows/${name}`, { body, contentType: "application/yaml" });
});

afterAll(async () => {
  server.child.kill("SIGTERM");
  await server.ended;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** An agent's environment, as a client's configuration gives it. */
const environment = async (id: string, capabilities: string[]) => ({
  NERVEFLARE_URL: facts.url,
  NERVEFLARE_TOKEN: await operator.add(id, capabilities),
});

const see = (thread: string) =>
  operator.call("GET", `v1/threads/${thread}`) as Promise<{ status: string; roles: Record<string, { agent?: string }> }>;

/** The thread that a result of `start` names. */
function readThread(text: string): string {
  const [, thread] = /^- thread (\S+)/m.exec(text) ?? [];
  if (thread === undefined) throw new Error(`no thread in: ${text}`);
  return thread;
}

/** Claims the next offer, and waits for its turn. */
async function takeRole(model: Model): Promise<string> {
  const { text } = await model.waitFor(/roles are offered/);
  const [, offer = ""] = /\*\*(\S+)\*\*: \w+\/critic/.exec(text) ?? [];
  expect(await model.call("claim", { offer })).toMatchObject({ code: undefined, text: expect.stringContaining("is yours") });
  return readTurn(await model.waitFor(/^# Turn/m));
}

test("[STDIO1] a review between two models and a program goes to its end, though one model is killed in mid-turn", async () => {
  const writer = spawn(process.execPath, [bin, "agent", "--exec", `echo '{"$status": "written", "text": "a better plan"}'`], {
    env: { ...process.env, ...(await environment("writer", ["write"])) },
    stdio: "ignore",
  });
  onTestFinished(() => void writer.kill("SIGKILL"));
  const known = await environment("alice", ["criticise"]);
  const alice = await startModel(known);
  const bob = await startModel(await environment("bob", ["criticise"]), ["--claim", "draft/critic"], "modern");
  const started = await alice.call("start", { type: "draft.wanted", data: { about: "tea" } });
  const thread = readThread(started.text);

  const turn = await takeRole(alice);
  expect((await alice.call("get_turn", { turn })).text).toMatch(/Criticise the plan for tea\.[\s\S]*Read it all\./);
  await alice.call("report_progress", { turn, note: "half way", details: { read: ["chapter 1"] } });
  process.kill(alice.pid, "SIGKILL");

  const given = await bob.waitFor(/^# Turn/m);
  expect(given.text).toMatch(/## Handed over to you[\s\S]*"agent": "alice"[\s\S]*chapter 1/);
  expect(readTurn(given)).toBe(turn);
  // What a model gets wrong is told by one thing to change, and costs no try.
  const prose = await bob.call("respond", { turn, output: "I think it is fine." });
  expect(prose).toMatchObject({ code: "output_invalid", text: expect.stringContaining("give the JSON object itself") });
  const lacking = await bob.call("respond", { turn, output: { $status: "poor" } });
  expect(lacking).toMatchObject({ code: "output_invalid", text: expect.stringContaining("wants") });
  const wants = { turn, output: { $status: "poor", wants: ["milk"] } };
  expect((await bob.call("respond", wants)).text).toContain("The answer counts");
  expect((await bob.call("respond", wants)).text).toContain("has this answer already");
  expect(await bob.call("respond", { turn, output: { $status: "good", why: "on second thought" } })).toMatchObject({ code: "turn_over" });

  const again = await bob.waitFor(/^# Turn/m);
  expect(again.text).toMatch(/Written: a better plan[\s\S]*By writer \(writer\)/);
  expect((await bob.call("respond", { turn: readTurn(again), output: { $status: "good", why: "it is" } })).text).toContain("counts");
  await vi.waitFor(async () => expect(await see(thread)).toMatchObject({ status: "completed" }), 20_000);

  // Who comes back is told, and nothing happens twice.
  const back = await startModel(known);
  const late = await back.call("respond", { turn, output: { $status: "good", why: "late" } });
  expect(late).toMatchObject({ code: "not_found", text: expect.stringContaining("it is over, or never was yours") });
  const story = await back.call("thread", { thread });
  expect(story.text).toMatch(/draft, completed\.[\s\S]*### 1\. critic \(bob\)[\s\S]*### 3\. critic \(bob\)/);
  // She began it: her mailbox has kept its end for her.
  const told = /nerve\.thread\.completed/;
  if (!told.test(late.text + story.text)) await back.waitFor(told);
});

test("[STDIO14] a client that goes gives its role back at once, by the end of stdin as by a signal; its token is in nothing that it was shown", async () => {
  const env = { NERVEFLARE_CONFIG_DIR: join(folder, "config") };
  const { code } = (await operator.call("POST", "v1/enrolments", {
    body: JSON.stringify({ agent: "carol", capabilities: ["criticise"] }),
  })) as { code: string };
  // Started before there is a token.
  const early = await startModel(env, ["--profile", "review"]);
  expect(await early.call("wait_for_turn")).toMatchObject({
    code: "unauthenticated",
    text: expect.stringMatching(/There is no profile review.*read anew/),
  });
  const quiet = { write: () => {} };
  const made = await runCli(["init", "--url", facts.url, "--code", code, "--profile", "review"], { stdout: quiet, stderr: quiet, env });
  expect(made).toBe(0);
  const { profiles } = JSON.parse(await readFile(join(folder, "config/config.json"), "utf8")) as {
    profiles: { review: { token: string } };
  };

  const seen: string[] = [];
  const started = await early.call("start", { type: "opinion.wanted", data: { about: "bread" } });
  const thread = readThread(started.text);
  await takeRole(early);
  seen.push(started.text, (await early.call("get_turn")).text, (await early.call("thread", { thread })).text, early.log());
  expect((await see(thread)).roles["critic"]).toMatchObject({ agent: "carol" });
  await early.close();
  await vi.waitFor(async () => expect((await see(thread)).roles["critic"]?.agent).toBeUndefined(), 20_000);

  const later = await startModel(env, ["--profile", "review", "--verbose"]);
  const turn = await takeRole(later);
  process.kill(later.pid, "SIGTERM");
  await vi.waitFor(async () => expect((await see(thread)).roles["critic"]?.agent).toBeUndefined(), 20_000);
  await vi.waitFor(() => expect(later.log()).toMatch(/role\.released critic/), 20_000);
  seen.push(turn, later.log());
  for (const text of seen) expect(text).not.toContain(profiles.review.token);
  await operator.call("POST", `v1/threads/${thread}/cancel`, { body: "{}" });
});

test("[STDIO15] two processes with one token both work: a turn is in hand of one, the other says so, and one answer counts", async () => {
  const env = await environment("dora", ["criticise"]);
  const first = await startModel(env);
  const thread = readThread((await first.call("start", { type: "opinion.wanted", data: { about: "salt" } })).text);
  const turn = await takeRole(first);
  const second = await startModel(env, [], "modern");
  const output = { $status: "good", why: "it is" };
  expect(await second.call("respond", { turn, output })).toMatchObject({
    code: "not_found",
    text: expect.stringMatching(/Another process of the same agent has turn/),
  });
  expect((await second.call("wait_for_turn", { seconds: 0 })).text).toContain("Nothing yet");
  expect((await first.call("respond", { turn, output })).text).toContain("The answer counts");
  expect(await second.call("respond", { turn, output })).toMatchObject({ code: "not_found", text: expect.stringContaining("it is over") });
  expect(await see(thread)).toMatchObject({ status: "completed" });
});

test("[STDIO16] the inspector's command lists the tools and calls one: nothing but the protocol is on stdout", async () => {
  // It finds its own package by the folder that it runs in.
  const cwd = join(root, "node_modules/@modelcontextprotocol/inspector-cli/build");
  const env = { ...process.env, ...(await environment("eve", [])) };
  const inspect = async (...args: string[]) => {
    const { stdout } = await execute(process.execPath, ["index.js", process.execPath, bin, "mcp", "--verbose", "--method", ...args], {
      cwd,
      env,
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const [listed, called] = await Promise.all([
    inspect("tools/list"),
    inspect("tools/call", "--tool-name", "wait_for_turn", "--tool-arg", "seconds=0"),
  ]);
  expect((listed["tools"] as { name: string }[]).map(({ name }) => name)).toContain("respond");
  expect(JSON.stringify(called)).toContain("Nothing yet");
});
