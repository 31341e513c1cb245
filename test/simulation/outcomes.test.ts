/**
 * [BECAME] The answer to an event says what became of it at each reflex that listens, as the workflow's queue decided, and a
 * repeat says the same. On the cluster in memory.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

function write(more = "", name = "task"): string {
  return `name: ${name}
binding: cloud
description: One task a key.
${more}
input: { type: object, properties: { n: { type: integer } } }
reflexes:
  - { kind: workflow, on: [task.posted], when: "$not(data.draft = true)", key: data.id }
  - { kind: signal, on: [task.stopped], key: data.id, signal: suspend }
  - { kind: signal, on: [task.resumed], key: data.id, signal: resume }
  - { kind: signal, on: [task.closed], key: data.id, signal: cancel }
  - { kind: emit, on: [task.noted], emit: [ { kind: note.taken, data: "data" } ] }
roles:
  worker:
    type: named
    agent: w
    description: Works.
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: worker, prompt: "Do." } }
  worker: { done: { role: $END, prompt: "Done." } }
`;
}

/** @param fate of calls between objects; in a cell none is lost */
async function open(workflow: string | string[], fate?: Parameters<typeof createThreadCluster>[0]["fate"]) {
  const agents = ["ann", "w"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow, agents, ...(fate ? { fate, placement: "own" } : { fate: () => "arrives" }) });
  let count = 0;
  const send = async (type: string, data: object, id: string): Promise<Accepted> => {
    const answer = await cluster.agent("ann").accept({ agent: "ann", token }, [{ specversion: "1.0", id, type, data }]);
    const [item] = answer.ok ? answer.value : [];
    if (item?.status !== "accepted") throw new Error(JSON.stringify(answer));
    return item;
  };
  /** Posts, lets it sink in, posts it again: the answer is one. */
  const post = async (type: string, data: object = {}): Promise<Accepted> => {
    const id = `e${++count}`;
    const item = await send(type, data, id);
    await cluster.advance(1_000);
    expect(await send(type, data, id)).toEqual(item);
    return item;
  };
  return { cluster, post, send };
}

const statusOf = ({ reflexes = [] }: Accepted) => reflexes.map(({ verdict, outcome }) => outcome?.status ?? verdict);

async function finish(cluster: ThreadCluster): Promise<void> {
  const me = await cluster.agent("w").me({ agent: "w", token });
  const turns = me.ok ? (me.value as unknown as { turns: { turn: string; lease: { generation: number } }[] }).turns : [];
  for (const { turn, lease } of turns)
    await cluster
      .agent("w")
      .accept({ agent: "w", token }, [
        { id: turn, type: "nerve.turn.respond", data: { turn, lease: lease.generation, output: { $status: "done" } } },
      ]);
  await cluster.advance(1_000);
}

describe("the answer to an event says", () => {
  test("[BECAME1] that it started a thread; of a repeat of a live key which thread has it, and that it is suspended", async () => {
    const { post, cluster } = await open(write());
    const first = await post("task.posted", { id: "a" });
    const [thread] = first.threads as [string];
    expect(first).toMatchObject({
      notes: [],
      reflexes: [{ verdict: "fired", key: "a", thread, outcome: { status: "started", thread, state: "running" } }],
    });

    const second = await post("task.posted", { id: "a" });
    expect(second).toMatchObject({
      notes: [expect.stringContaining(thread)],
      reflexes: [{ key: "a", outcome: { status: "repeat", thread, state: "running" } }],
    });
    await post("task.stopped", { id: "a" });
    const third = await post("task.posted", { id: "a" });
    expect(third.reflexes).toMatchObject([
      { outcome: { status: "repeat", thread, state: "suspended", detail: expect.stringMatching(/suspended.*resume or cancel/) } },
    ]);
    expect(third.notes).toEqual([`task: ${third.reflexes?.[0]?.outcome?.detail}`]);

    await post("task.resumed", { id: "a" });
    await finish(cluster);
    expect(statusOf(await post("task.posted", { id: "a" }))).toEqual(["started"]);
  });

  test("[BECAME10] what the queue said as it was told, without another question; of a signal it is asked", async () => {
    const { cluster, post } = await open(write());
    const asked = vi.spyOn(cluster.workflow("task"), "outcomes");
    expect(statusOf(await post("task.posted", { id: "a" }))).toEqual(["started"]);
    expect(statusOf(await post("task.posted", { id: "a" }))).toEqual(["repeat"]);
    expect(asked).not.toHaveBeenCalled();
    await post("task.stopped", { id: "a" });
    expect(asked).toHaveBeenCalled();
  });

  test("[BECAME2] what a signal did: told, nothing to tell, nothing to do", async () => {
    const { post, cluster } = await open(write());
    expect((await post("task.closed", { id: "a" })).reflexes).toMatchObject([
      { signal: "cancel", outcome: { status: "nothing", detail: expect.stringContaining("no live thread has the key a") } },
    ]);
    const [thread] = (await post("task.posted", { id: "a" })).threads;
    const told = async (type: string) => (await post(type, { id: "a" })).reflexes?.[0]?.outcome;
    expect(await told("task.resumed")).toMatchObject({
      status: "signalled",
      thread,
      state: "running",
      detail: expect.stringContaining("nothing to resume"),
    });
    expect(await told("task.stopped")).toMatchObject({ status: "signalled", thread, state: "running" });
    expect(await told("task.stopped")).toMatchObject({
      status: "signalled",
      thread,
      state: "suspended",
      detail: expect.stringContaining("already"),
    });
    expect(await told("task.resumed")).toMatchObject({ status: "signalled", thread, state: "suspended" });
    await finish(cluster);
    expect(await told("task.resumed")).toMatchObject({
      status: "signalled",
      thread,
      state: "ended",
      detail: expect.stringContaining("$START.resume"),
    });
    expect(await told("task.closed")).toMatchObject({ status: "nothing" });
  });

  test("[BECAME3] that it waits, for a place or for a workflow that is paused, or was dropped for want of one", async () => {
    const { post } = await open([write("concurrency: 1\nmax_queue: 1"), write("concurrency: 1\noverflow: drop", "strict")]);
    expect(statusOf(await post("task.posted", { id: "a" }))).toEqual(["started", "started"]);
    const second = await post("task.posted", { id: "b" });
    expect(statusOf(second)).toEqual(["queued", "dropped"]);
    expect(second.notes).toEqual([
      "task: 1 threads run, which is the workflow's concurrency",
      "strict: 1 threads run, which is the workflow's concurrency",
    ]);
    expect(statusOf(await post("task.stopped", { id: "b" }))).toEqual(["nothing", "nothing"]);
    expect(statusOf(await post("task.closed", { id: "b" }))).toEqual(["signalled", "nothing"]);
    const paused = await open(write());
    await paused.cluster.workflow("task").pause({ by: "root", reason: "deploy", since: "now" });
    expect(await paused.post("task.posted", { id: "c" })).toMatchObject({
      reflexes: [{ outcome: { status: "queued", state: "queued", detail: "paused by root: deploy" } }],
    });
  });

  test("[BECAME4] why a reflex did not fire, and that nobody listens", async () => {
    const { post } = await open(write());
    expect(await post("task.posted", {})).toMatchObject({
      threads: [],
      reflexes: [{ verdict: "key", detail: expect.stringContaining("key") }],
    });
    expect(statusOf(await post("task.posted", { id: "a", draft: true }))).toEqual(["when"]);
    expect(statusOf(await post("task.posted", { id: "a", n: "x" }))).toEqual(["input"]);
    expect(await post("task.noted", { x: 1 })).toMatchObject({
      reflexes: [{ verdict: "fired", kind: "emit", emitted: [expect.any(String)] }],
    });
    expect(await post("task.postd", { id: "a" })).toMatchObject({ threads: [], unheard: { nearest: "task.posted" } });
    expect((await post("task.posted", { id: "a" })).unheard).toBeUndefined();
  });

  test("[BECAME5] events of one key that come at once are told apart: one started, the others are its repeats", async () => {
    const { send, cluster } = await open(write());
    const answers = await Promise.all(["1", "2", "3", "4"].map((id) => send("task.posted", { id: "a" }, id)));
    expect(answers.flatMap(statusOf).toSorted()).toEqual(["repeat", "repeat", "repeat", "started"]);
    const started = answers.flatMap(({ reflexes = [] }) => reflexes.filter(({ outcome }) => outcome?.status === "started"));
    for (const { reflexes } of answers) expect(reflexes?.[0]?.outcome?.thread).toBe(started[0]?.thread);
    await cluster.advance(1_000);
  });

  test("[BECAME6] that a queue which cannot be reached has not said yet; the same again, although it has decided since", async () => {
    let lost = true;
    const { send, cluster } = await open(write(), () => (lost ? "is lost" : "arrives"));
    const first = await send("task.posted", { id: "a" }, "x");
    expect(first.reflexes).toMatchObject([{ outcome: { status: "pending", detail: expect.stringContaining("events show") } }]);
    lost = false;
    await cluster.advance(60_000);
    expect(await send("task.posted", { id: "a" }, "x")).toEqual(first);
    expect(cluster.index.get(first.threads[0] as string)?.status).toBe("running");
    expect(cluster.workflow("task").outcomes([first.threads[0] as string])).toMatchObject([{ status: "started" }]);
  });
});
