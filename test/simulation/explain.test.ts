/**
 * [EXPL] What an explanation names: who of a broadcast is missing, which children are waited for, whose turn it was when the
 * thread was suspended, that the workflow was withdrawn; and that it ends in the commands to run. On the cluster in memory.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { ThreadExplanation } from "../../src/contract/views/explanation.ts";
import { waitWords } from "../../src/contract/waits.ts";
import { suggestCommands } from "../../src/durable/thread/explain/suggest-commands.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const child = `name: child
binding: cloud
description: C.
roles: { worker: { type: named, agent: w, description: W., frontmatter: { properties: { $status: { const: done } }, required: [$status] } } }
graph:
  $START: { new: { role: worker, prompt: "Do." } }
  worker: { done: { role: $END, prompt: "Done." } }
`;
const workflow = `name: news
binding: cloud
description: One writes, all read.
concurrency: 1
reflexes:
  - { kind: workflow, on: [news.go] }
roles:
  writer:
    type: named
    agent: w
    description: W.
    frontmatter: { properties: { $status: { enum: [written, split] } }, required: [$status] }
  readers: { type: broadcast, description: R., capabilities: [read], broadcast: { ack: { need: all, timeout: 1h } } }
graph:
  $START: { new: { role: writer, prompt: "Write." } }
  writer:
    written: { role: readers, prompt: "Read." }
    split: { role: writer, prompt: "Again.", spawn: [ { workflow: child, input: "[1, 2]", await: true } ] }
  readers: { $ACKED: { role: $END, prompt: "Done." } }
`;

async function open() {
  const agents = ["w", "r1", "r2", "r3"].map((id) => ({ id, capabilities: id === "w" ? [] : ["read"], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow: [workflow, child], agents, fate: () => "arrives" });
  let count = 0;
  const post = async (agent: string, type: string, data: object): Promise<Accepted> => {
    const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id: `e${++count}`, type, data }]);
    const [item] = answer.ok ? answer.value : [];
    if (item?.status !== "accepted") throw new Error(JSON.stringify(answer));
    await cluster.advance(1_000);
    return item;
  };
  const say = async (agent: string, output: object): Promise<void> => {
    const me = await cluster.agent(agent).me({ agent, token });
    const [turn] = me.ok ? (me.value as unknown as { turns: { turn: string; lease: { generation: number } }[] }).turns : [];
    await post(agent, "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output });
  };
  const [thread] = (await post("w", "news.go", {})).threads as [string];
  return { cluster, thread, post, say };
}

async function explain(cluster: ThreadCluster, thread: string): Promise<ThreadExplanation> {
  const explained = await cluster.thread(thread).recruitment.explain();
  if (!explained.ok) throw new Error(explained.problem.detail);
  return explained.value;
}

test("[EXPL1] explain says who of a broadcast has not answered and, before anybody is asked, that the registry is waited for", async () => {
  const { cluster, thread, say } = await open();
  cluster.registryDown = true;
  await say("w", { $status: "written" });
  const asking = await explain(cluster, thread);
  expect(asking.waits).toMatchObject([{ for: "answered", then: expect.stringContaining("tried again") }]);
  expect(asking.waits[0]?.then).not.toMatch(/suspended/);
  cluster.registryDown = false;
  await cluster.advance(60_000);
  await say("r2", { ok: true });
  expect(await explain(cluster, thread)).toMatchObject({
    waits: [{ for: "answered", agents: ["r1", "r3"], text: "1 of 3 have answered readers; missing: r1, r3" }],
    run: ["nerveflare agents show r1"],
  });
});

test("[EXPL2] explain names the children that are waited for", async () => {
  const { cluster, thread, say } = await open();
  await say("w", { $status: "split" });
  const children = [...cluster.index.values()].flatMap(({ id, parent }) => (parent === thread ? [id] : []));
  expect(children).toHaveLength(2);
  const { waits, run } = await explain(cluster, thread);
  expect(waits).toMatchObject([{ for: "children", threads: expect.arrayContaining(children) }]);
  for (const id of children) {
    expect(waits[0]?.text).toContain(id);
    expect(run).toContain(`nerveflare explain ${id}`);
  }
});

test("[EXPL3] explain says whose turn it was when the thread was suspended, and which thread has the place that another waits for", async () => {
  const { cluster, thread, post } = await open();
  const queued = (await post("w", "news.go", {})).threads[0] as string;
  expect(await explain(cluster, queued)).toMatchObject({
    waits: [{ for: "place" }],
    run: ["nerveflare threads --workflow news --status running"],
  });
  await cluster.workflow("news").pause({ by: "root", reason: null, since: "now" });
  expect(await explain(cluster, queued)).toMatchObject({ run: ["nerveflare unpause news"] });
  await cluster.thread(thread).recruitment.control("suspend", "root", { reason: "a look" });
  await cluster.advance(1_000);
  expect(await explain(cluster, thread)).toMatchObject({
    waits: [{ for: "person", role: "writer", agent: "w", text: "suspended: a look, in the turn of writer (w)" }],
    run: [`nerveflare resume ${thread}`],
  });
});

test("[EXPL4] explain says that the workflow was withdrawn, of a thread that goes on and of one that has ended", async () => {
  const { cluster, thread, say } = await open();
  expect(await explain(cluster, thread)).not.toHaveProperty("withdrawn");
  cluster.withdraw("news");
  expect(await explain(cluster, thread)).toMatchObject({ withdrawn: true, waits: [{ for: "answer", agent: "w" }] });
  await say("w", { $status: "written" });
  await cluster.thread(thread).recruitment.control("cancel", "root", {});
  await cluster.advance(1_000);
  expect(await explain(cluster, thread)).toMatchObject({
    withdrawn: true,
    waits: [],
    run: [`nerveflare threads show ${thread}`, `nerveflare restart ${thread}`],
  });
});

test("[EXPL5] every wait that somebody can end has a command, and a thread that waits for nothing known leads to its dead letters", () => {
  const base = { thread: "t", workflow: "w", status: "running" as const };
  const wait = { text: "x", since: "", then: "", role: "r", agent: "a" };
  for (const what of waitWords.filter((word) => word !== "children"))
    expect(suggestCommands({ ...base, waits: [{ ...wait, for: what }] }).join(), what).toMatch(/^nerveflare /);
  expect(suggestCommands({ ...base, waits: [] })).toEqual(["nerveflare dead-letters --thread t"]);
  expect(suggestCommands({ ...base, waits: [{ ...wait, for: "person", reason: "dead letter: x" }] })).toEqual([
    "nerveflare dead-letters retry --all --thread t",
  ]);
});

test("[EXPL6] explain says agent by agent why nobody may have a broadcast's turn", async () => {
  const panel = `name: panel
binding: cloud
description: P.
reflexes: [ { kind: workflow, on: [panel.go] } ]
roles:
  best:
    type: broadcast
    description: B.
    capabilities: [read]
    recruitment: { pick: best, score: "agent.labels.speed" }
    broadcast: { ack: { need: all }, of: 2 }
graph:
  $START: { new: { role: best, prompt: "Go." } }
  best: { $ACKED: { role: $END, prompt: "Done." } }
`;
  const agents = ["r1", "w"].map((id) => ({ id, capabilities: id === "w" ? [] : ["read"], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow: panel, agents, fate: () => "arrives" });
  const begun = await cluster.agent("w").accept({ agent: "w", token }, [{ specversion: "1.0", id: "e", type: "panel.go", data: {} }]);
  const [item] = begun.ok ? begun.value : [];
  await cluster.advance(5_000);
  const explained = await explain(cluster, item?.status === "accepted" ? (item.threads[0] as string) : "");
  expect(explained).toMatchObject({
    status: "suspended",
    unfilled: [
      {
        role: "best",
        agents: [
          { agent: "r1", code: "not_eligible", why: "score gives nothing, which is no number" },
          { agent: "w", code: "not_eligible", why: "lacks read" },
        ],
      },
    ],
  });
});
