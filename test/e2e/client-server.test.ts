/** The client against the real server: a review from event to end, by socket and by poll, and across a server's death. */
import { join } from "node:path";
import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect";
import { createInspectorServer } from "@statelyai/inspect/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { type Agent, type AgentOptions, connectAgent, type Note } from "../../src/client/index.ts";
import { createSignal } from "../unit/client/signal.ts";
import { findFreePort } from "./find-free-port.ts";
import { createOperator, type Facts } from "./operator.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

/** Publishes the workflow and registers its two agents. */
async function prepare(facts: Facts): Promise<{ reviewer: string; author: string }> {
  const operator = createOperator(facts);
  await operator.publish("code-review");
  return { reviewer: await operator.add("reviewer", ["code-review"]), author: await operator.add("author", ["coding"]) };
}

function connect(
  facts: Facts,
  token: string,
  options: Partial<AgentOptions>,
): Agent & { notes: Note[]; noted(what: string): Promise<void> } {
  const notes: Note[] = [];
  const { notify, until } = createSignal();
  const onNote = (note: Note) => {
    notes.push(note);
    notify();
  };
  const agent = connectAgent({ url: facts.url, token, random: () => 0, onNote, ...options });
  onTestFinished(() => agent.close());
  return { ...agent, notes, noted: (what) => until(() => notes.some((note) => note.what === what)) };
}

/** Runs a command that must succeed, and gives what it prints. */
async function runQuietly(...args: string[]): Promise<string> {
  let [out, err] = ["", ""];
  const code = await runCli(args, { stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, env: {} });
  expect(code, `${args.join(" ")}: ${err}`).toBe(0);
  return out;
}

/** What the package's own receiver gets of a thread, over the package's own local server. */
async function inspectThread(facts: Facts, thread: string): Promise<StatelyInspectionEvent[]> {
  const port = await findFreePort();
  const server = createInspectorServer({ port, autoOpen: false });
  onTestFinished(() => server.stop());
  const address = `ws://localhost:${port}`;
  const received: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server: address }).subscribe((event) => void received.push(event));
  const said = await runQuietly("inspect", thread, "--to", address, "--json", "--url", facts.url, "--token", facts.adminToken);
  const { status, events } = JSON.parse(said);
  expect(status).toBe("completed");
  await vi.waitFor(() => expect(received.length).toBe(events));
  return received;
}

/** Recruitment and task as parent and child, each with its machine, from the first state to the last. */
function checkInspection(thread: string, events: StatelyInspectionEvent[]): void {
  const task = `${thread}.task.1`;
  const actors = events.filter((event) => event.type === "@xstate.actor");
  expect(actors.map(({ name, sessionId, parentId, rootId }) => ({ name, sessionId, parentId, rootId }))).toEqual([
    { name: "recruitment", sessionId: thread, parentId: undefined, rootId: thread },
    { name: "task", sessionId: task, parentId: thread, rootId: thread },
  ]);
  for (const { definition } of actors) expect(JSON.parse(definition ?? "")).toHaveProperty("states");
  const snapshots = events.filter((event) => event.type === "@xstate.snapshot" && event.sessionId === task);
  expect(snapshots.length).toBeGreaterThan(3);
  expect(snapshots.at(-1)).toMatchObject({ snapshot: { status: "done", context: expect.any(Object) } });
  const heard = events.flatMap((event) => (event.type === "@xstate.event" && event.sessionId === task ? [event.event.type] : []));
  expect(heard.filter((type) => type === "turn.answered").length).toBe(3);
}

/** Settles when the agent is told that its thread has ended, with what it is told. */
function createEnd() {
  const end = Promise.withResolvers<{ type: string; data?: unknown }>();
  const onEvent: AgentOptions["onEvent"] = (event) => {
    if (/^nerve\.thread\.(completed|failed|cancelled|dropped)$/.test(event.type)) end.resolve(event);
  };
  return { ended: end.promise, onEvent };
}

test("[CLI1] [EXPORT5] [STATELY1] [STATELY3] a review ends, one agent by socket and one by poll, and a refused output is mended", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  const tokens = await prepare(facts);
  const refused: unknown[] = [];
  const reviewer = connect(facts, tokens.reviewer, {
    onTurn: ({ last }, { invalid }) => {
      if (invalid) refused.push(invalid.left);
      if (last?.role === "author") return { $status: "approved", summary: "fine" };
      return invalid ? { $status: "changes_requested", changes: ["name it"] } : { $status: "changes_requested" };
    },
  });
  const { ended, onEvent } = createEnd();
  const author = connect(facts, tokens.author, {
    transports: ["poll"],
    onEvent,
    onTurn: () => ({ $status: "updated", note: "named it" }),
  });
  await reviewer.ready;
  const { threads } = await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr: 115 } });
  const outcome = { output: { summary: "fine" }, prompt: "Approved: fine" };
  const inspected = await inspectThread(facts, threads[0] ?? "");
  expect(await ended).toMatchObject({ type: "nerve.thread.completed", data: { outcome } });
  checkInspection(threads[0] ?? "", inspected);
  expect(refused).toEqual([2]);
  const { messages } = (await createOperator(facts).call("GET", `v1/threads/${threads[0]}/messages`)) as {
    messages: { role: string; output: unknown }[];
  };
  expect(messages.map(({ role, output }) => ({ role, output }))).toEqual([
    { role: "reviewer", output: { $status: "changes_requested", changes: ["name it"] } },
    { role: "author", output: { $status: "updated", note: "named it" } },
    { role: "reviewer", output: { $status: "approved", summary: "fine" } },
  ]);
  expect((await reviewer.me()).turns).toEqual([]);
  const operator = createOperator(facts);
  expect(await operator.call("GET", `v1/threads/${threads[0]}`)).toMatchObject({ outcome });
  const exported = join(await makeDataFolder(), "review.json");
  const server = ["--url", facts.url, "--token", facts.adminToken];
  await runQuietly("export", threads[0] ?? "", "--test", exported, ...server);
  expect(await runQuietly("inspect", threads[0] ?? "", "--code", "task", ...server)).toContain(
    `// The thread ${threads[0]} stood at "completed" on 20`,
  );
  const said = await runQuietly("test", "workflows/code-review.yaml", "--script", exported, "--json");
  expect(JSON.parse(said)).toMatchObject({ steps: 3, differences: [] });
  const { commits } = (await operator.call("GET", "v1/metrics")) as { commits: { task: number } };
  expect(commits.task).toBeGreaterThan(0);
});

test("[CLI2] a turn that is being performed when the server dies is answered to the one that comes back, and performed once", async () => {
  const data = await makeDataFolder();
  const first = await startTestServer(data);
  const tokens = await prepare(first.facts);
  const performing = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  let performed = 0;
  const reviewer = connect(first.facts, tokens.reviewer, {
    onTurn: async () => {
      performed++;
      performing.resolve();
      await finish.promise;
      return { $status: "approved", summary: "fine" };
    },
  });
  const { ended, onEvent } = createEnd();
  const author = connect(first.facts, tokens.author, { onEvent });
  await reviewer.ready;
  await author.send({ type: "pr.ready_for_review", data: { repo: "nerve", pr: 116 } });
  await performing.promise;
  first.child.kill("SIGTERM");
  await first.ended;
  await reviewer.noted("disconnected");
  finish.resolve();
  await startTestServer(data, { port: Number(new URL(first.facts.url).port) });
  expect(await ended).toMatchObject({ type: "nerve.thread.completed" });
  expect(performed).toBe(1);
});
