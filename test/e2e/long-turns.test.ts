/**
 * Turns that take longer than their lease, by the agents that people copy: a program under `--exec`, the nerve daemon, and Python. Each is
 * performed once, also across a restart.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createOperator, type Facts, type Operator } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const root = join(import.meta.dirname, "../..");
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) console.warn("long-turns: there is no python3 on this machine, so the agent in Python is not tried");

/** Lost after 8 s of silence, of which a heartbeat a second leaves seven to a busy machine; a turn takes longer. */
const workflow = (name: string, capability: string) => `
name: ${name}
description: One writes, whoever that is.
binding: cloud
reflexes: [{ kind: workflow, on: [${name}.started] }]
roles:
  writer:
    description: Writes.
    capabilities: [${capability}]
    procedure: Write it.
    output: What was written.
    heartbeat: { every: 1s, miss: 6 }
    offline: { grace: 2s, then: rerecruit }
    frontmatter: { type: object, properties: { $status: { const: written } }, required: [$status] }
graph:
  $START: { new: { role: writer, prompt: "Write." } }
  writer: { written: { role: $END, prompt: "Done." } }
`;
const seconds = 11;

interface Story {
  name: string;
  operator: Operator;
  url: string;
  folder: string;
  token: string;
  /** How often a turn was begun. */
  runs(): Promise<number>;
  ended(): Promise<void>;
}

async function begin(facts: Facts, name: string): Promise<Story> {
  const operator = createOperator(facts);
  const publish = () => operator.call("PUT", `v1/workflows/${name}`, { body: workflow(name, name), contentType: "application/yaml" });
  await publish();
  const token = await operator.add(name, [name]);
  const folder = await makeDataFolder();
  return {
    ...{ name, operator, url: facts.url, folder, token },
    runs: async () => (await readFile(join(folder, "runs"), "utf8").catch(() => "")).length,
    ended: () =>
      vi.waitFor(
        async () => {
          const { threads } = (await operator.call("GET", `v1/threads?workflow=${name}`)) as { threads: { status: string }[] };
          expect(threads.map(({ status }) => status)).toEqual(["completed"]);
        },
        { timeout: 60_000, interval: 200 },
      ),
  };
}

async function start({ operator, name }: Story): Promise<void> {
  const body = JSON.stringify({ id: name, type: `${name}.started`, data: {} });
  await operator.call("POST", "v1/events", { body });
}

function run({ url, token, folder }: Story, command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token, FOLDER: folder, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** A program that notes that it runs, takes long, and answers. */
async function writeProgram({ folder }: Story): Promise<string> {
  const file = join(folder, "work.sh");
  await writeFile(file, `cat >/dev/null; printf x >> ${folder}/runs; sleep ${seconds}; echo '{"$status":"written"}'\n`);
  return `sh ${file}`;
}

async function startDaemon(story: Story): Promise<ChildProcess> {
  const file = join(story.folder, "nerve.yaml");
  await writeFile(
    file,
    `senses: { capacity: { use: capacity, slots: 1 }, inbox: { use: inbox, channels: [my, open] } }
reflexes: [{ on: nerve.offer.opened, run: claim }, { on: nerve.turn.assigned, run: write }]
workflows: { claim: { respond: claim }, write: { exec: ${await writeProgram(story)}, respond: answer } }
`,
  );
  const script = join(root, "examples/nerve-daemon/daemon.ts");
  return run(story, process.execPath, [script, "--file", file, "--state", join(story.folder, "state.json")]);
}

/** The agent in Python, whose work is as long; `before` changes it further. */
function startPython(story: Story, before = ""): ChildProcess {
  const script = `
import os, sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(join(root, "examples/python"))})
import agent
def review(turn):
    with open(os.environ["FOLDER"] + "/runs", "a") as file:
        file.write("x")
    time.sleep(${seconds})
    return {"$status": "written"}
agent.review = review
${before}
agent.main()`;
  return run(story, "python3", ["-c", script], { NERVEFLARE_STATE: join(story.folder, "state.json") });
}

const startProgram = async (story: Story) =>
  run(story, process.execPath, [join(root, "bin/nerveflare.js"), "agent", "--exec", await writeProgram(story)]);

async function performOnce(story: Story, startAgent: (story: Story) => unknown): Promise<void> {
  await startAgent(story);
  await start(story);
  await story.ended();
  expect([story.name, await story.runs()]).toEqual([story.name, 1]);
}

/** Killed in the middle of its turn, the daemon takes it up again. */
async function performAgain(story: Story): Promise<void> {
  const first = await startDaemon(story);
  await start(story);
  await vi.waitFor(async () => expect(await story.runs()).toBe(1), { timeout: 60_000 });
  const ended = once(first, "exit");
  first.kill("SIGKILL");
  await ended;
  await startDaemon(story);
  await story.ended();
  // Once by each life: what the first one had begun could not be answered any more.
  expect([story.name, await story.runs()]).toEqual([story.name, 2]);
}

/** Ended between making its answer and sending it, the agent in Python sends it in its next life. */
async function answerLater(story: Story): Promise<void> {
  const dies = `
post = agent.post
agent.post = lambda event: os._exit(9) if event["type"] == "nerve.turn.respond" else post(event)`;
  const ended = once(startPython(story, dies), "exit");
  await start(story);
  expect(await ended).toEqual([9, null]);
  startPython(story);
  await story.ended();
  expect([story.name, await story.runs()]).toEqual([story.name, 1]);
}

test("[LIVE20] a turn that takes longer than its lease is performed once, by a program, the nerve daemon and Python, and taken up again after a restart", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  await Promise.all([
    performOnce(await begin(facts, "program"), startProgram),
    performOnce(await begin(facts, "daemon"), startDaemon),
    performAgain(await begin(facts, "daemon-killed")),
    ...(hasPython
      ? [performOnce(await begin(facts, "python"), (story) => startPython(story)), answerLater(await begin(facts, "python-killed"))]
      : []),
  ]);
});
