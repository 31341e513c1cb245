/**
 * What turns took of language models, from an agent's answer to everything that shows it, and budgets of it: whole threads in memory.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderExplanation } from "../../src/cli/commands/explain.ts";
import { renderThread } from "../../src/cli/commands/threads.ts";
import { createTerminal } from "../../src/cli/lib/terminal.ts";
import type { Accepted, Rejected } from "../../src/contract/frames/server-frames.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const schema = "frontmatter: { properties: { $status: { enum: [more, done] } }, required: [$status] }";
const write = ({
  role = "",
  whole = "",
  type = "type: named, agent: w",
}: {
  role?: string;
  whole?: string;
  type?: string;
} = {}) => `name: work
binding: cloud
description: W.
${whole}
reflexes: [ { kind: workflow, on: [work.go] } ]
roles:
  worker: { ${type}, description: W., ${role} ${schema} }
graph:
  $START: { new: { role: worker, prompt: "Do." }, resume: { role: worker, prompt: "Do more." } }
  worker:
${type.includes("broadcast") ? '    $ACKED: { role: $END, prompt: "Done." }' : edges}
`;

const edges = `    more: { role: worker, prompt: "Do." }
    done: { role: $END, prompt: "Done." }`;

type Said = Accepted | Rejected;

interface Stage {
  cluster: ThreadCluster;
  thread: string;
  post(agent: string, id: string, type: string, data: object): Promise<Said>;
  /** The open turn, as answers name it. */
  readTurn(agent: string): Promise<{ turn: string; lease: number }>;
  /** Answers the open turn of `w`, under an id. */
  answer(status: string, usage?: unknown, id?: string, agent?: string): Promise<Said>;
  fail(usage: unknown, id?: string): Promise<Said>;
  resume(): Promise<void>;
}

async function open(workflow: string): Promise<Stage> {
  const agents = ["w", "v"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });
  let sent = 0;
  async function post(agent: string, id: string, type: string, data: object): Promise<Said> {
    const answer = await cluster.agent(agent).accept({ agent, token }, [{ id, type, data } as never]);
    if (!answer.ok) throw new Error(answer.problem.detail);
    await cluster.advance(1_000);
    return answer.value[0] as Said;
  }
  async function readTurn(agent: string): Promise<{ turn: string; lease: number }> {
    const me = await cluster.agent(agent).me({ agent, token });
    const [open] = me.ok ? (me.value as unknown as { turns: { turn: string; lease: { generation: number } }[] }).turns : [];
    if (!open) throw new Error(`${agent} has no turn`);
    return { turn: open.turn, lease: open.lease.generation };
  }
  const say = async (agent: string, id: string | undefined, type: string, data: object): Promise<Said> =>
    post(agent, id ?? `e${++sent}`, type, { ...(await readTurn(agent)), ...data });
  const begun = await post("w", "go", "work.go", {});
  const thread = (begun as Accepted).threads[0] as string;
  return {
    cluster,
    thread,
    post,
    readTurn,
    answer: (status, usage, id, agent = "w") =>
      say(agent, id, "nerve.turn.respond", { output: { $status: status }, ...(usage !== undefined && { usage }) }),
    fail: (usage, id) => say("w", id, "nerve.turn.fail", { error: "no", usage }),
    async resume() {
      await cluster.thread(thread).recruitment.control("resume", "admin", {});
      await cluster.advance(1_000);
    },
  };
}

async function show({ cluster, thread }: Stage) {
  const { recruitment } = cluster.thread(thread);
  const [shown, page, explained] = [
    await recruitment.show(null),
    await recruitment.messages(null, { limit: 50 }),
    await recruitment.explain(),
  ];
  if (!shown.ok || !page.ok || !explained.ok) throw new Error("not shown");
  const terminal = createTerminal({ stdout: { write: () => true }, stderr: { write: () => true } });
  return {
    thread: shown.value,
    messages: page.value.messages,
    explained: explained.value,
    text: `${renderThread(terminal, shown.value as never, page.value.messages as never)}\n${renderExplanation(terminal, explained.value as never)}`,
  };
}

test("[USAGE4] what a turn took is kept with it once, summed by role and thread, and shown", async () => {
  const stage = await open(write());
  const turn = await stage.readTurn("w");
  expect(await stage.answer("more", { tokens: { input: 900, output: 100 }, cost: 0.1 }, "a1")).toMatchObject({ status: "accepted" });
  const { thread, messages, text } = await show(stage);
  expect(messages[0]).toMatchObject({ usage: { tokens: 1_000, input: 900, output: 100, cost: 0.1 } });
  expect(thread.usage).toEqual({ tokens: 1_000, input: 900, output: 100, cost: 0.1 });
  expect(thread.roles.worker?.usage).toEqual(thread.usage);
  expect(text).toContain("took 1,000 tokens (900 in, 100 out), cost 0.1");
  // A repeat, under the same id and body, counts once; under another id the turn is over, and counts not at all.
  const again = { ...turn, output: { $status: "more" }, usage: { tokens: { input: 900, output: 100 }, cost: 0.1 } };
  expect(await stage.post("w", "a1", "nerve.turn.respond", again)).toMatchObject({ status: "accepted" });
  expect(await stage.post("w", "a2", "nerve.turn.respond", again)).toMatchObject({ status: "rejected" });
  expect((await show(stage)).thread.usage).toEqual(thread.usage);
  // Old agents say nothing.
  await stage.answer("more");
  await stage.answer("done", { tokens: 5, cost: 0.2 });
  const ended = await show(stage);
  expect(ended.thread).toMatchObject({ status: "completed", usage: { tokens: 1_005, input: 900, output: 100, cost: 0.3 } });
  expect(ended.messages.map(({ usage }) => usage?.tokens)).toEqual([1_000, undefined, 5]);
});

test("[USAGE4] a turn's failed attempts and refused answers are its own, and a refused answer that comes again took nothing more", async () => {
  const stage = await open(write({ role: "turn: { retries: 1 }," }));
  const wrong = { ...(await stage.readTurn("w")), output: { $status: "what" }, usage: { tokens: 10 } };
  for (let time = 0; time < 2; time++)
    expect(await stage.post("w", "bad", "nerve.turn.respond", wrong)).toMatchObject({ status: "rejected" });
  expect((await show(stage)).thread.usage).toEqual({ tokens: 10 });
  await stage.post("w", "f1", "nerve.turn.fail", {
    turn: wrong.turn,
    lease: wrong.lease,
    error: "no",
    retryable: true,
    usage: { tokens: 100 },
  });
  await stage.answer("done", { tokens: 1_000 });
  // Each giving of it is a past turn of its agent's.
  expect([...stage.cluster.turns.values()].map(({ outcome, tokens }) => [outcome, tokens])).toEqual([
    ["failed", 110],
    ["answered", 1_000],
  ]);
  const { messages, thread } = await show(stage);
  expect(messages[0]?.usage).toEqual({ tokens: 1_110 });
  expect(thread).toMatchObject({ status: "completed", usage: { tokens: 1_110 } });
});

test("[USAGE2] usage that cannot be is refused by name, and the turn stays open", async () => {
  const stage = await open(write());
  for (const [bad, said] of [
    [{ tokens: -1 }, "usage.tokens"],
    [{ tokens: "12" }, "usage.tokens"],
    [{ cost: 1e300 }, "usage.cost"],
    ["much", "usage"],
  ] as const) {
    const answer = await stage.answer("done", bad);
    expect(answer).toMatchObject({ status: "rejected", error: { code: "malformed", detail: expect.stringContaining(said) } });
  }
  const { thread } = await show(stage);
  expect(thread).toMatchObject({ status: "running", turn: { role: "worker" } });
  expect(thread).not.toHaveProperty("usage");
  expect(await stage.answer("done", { tokens: 1 })).toMatchObject({ status: "accepted" });
});

test("[USAGE4] of a broadcast all count, late answers too", async () => {
  const stage = await open(write({ type: "type: broadcast, broadcast: { ack: { need: any } }" }));
  const late = { ...(await stage.readTurn("w")), output: { $status: "done" }, usage: { tokens: 4 } };
  await stage.answer("done", { tokens: 30 }, undefined, "v");
  expect(await stage.post("w", "late", "nerve.turn.respond", late)).toMatchObject({ status: "accepted" });
  expect(await stage.post("w", "late", "nerve.turn.respond", late)).toMatchObject({ status: "accepted" });
  const { thread, messages } = await show(stage);
  expect(thread).toMatchObject({ status: "completed", roles: { worker: { usage: { tokens: 34 } } } });
  expect(messages[0]?.usage).toEqual({ tokens: 34 });
});

test("[BUDGET7] a thread that has spent its budget is suspended, says so everywhere, and goes on when it is resumed", async () => {
  const stage = await open(write({ whole: "budget: { tokens: 100, cost: 5 }", role: "budget: { tokens: 80 }," }));
  await stage.answer("more", { tokens: 50, cost: 0.5 });
  const before = await show(stage);
  expect(before.explained.budgets).toEqual([
    { role: null, tokens: { of: 100, spent: 50, left: 50 }, cost: { of: 5, spent: 0.5, left: 4.5 } },
    { role: "worker", tokens: { of: 80, spent: 50, left: 30 } },
  ]);
  expect(before.text).toContain("budget of the workflow: 50 of 100 tokens left, 4.5 of a cost of 5 left");
  await stage.answer("more", { tokens: 40, cost: 0.5 });
  const spent = await show(stage);
  expect(spent.thread).toMatchObject({
    status: "suspended",
    waiting: { for: "person", role: "worker", reason: expect.stringContaining("budget spent: that of worker, 90 of 80 tokens") },
  });
  expect(spent.messages).toHaveLength(2);
  expect(spent.text).toContain("grants the same budget once more");
  const suspended = [...stage.cluster.log.values()].map(({ row }) => row.event).find(({ type }) => type === "nerve.thread.suspended");
  expect(suspended?.data).toMatchObject({ reason: expect.stringContaining("budget spent") });
  await stage.resume();
  const resumed = await show(stage);
  expect(resumed.thread).toMatchObject({ status: "running", turn: { role: "worker" }, usage: { tokens: 90, cost: 1 } });
  expect(resumed.explained.budgets).toEqual([
    { role: null, tokens: { of: 100, spent: 90, left: 10 }, cost: { of: 5, spent: 1, left: 4 } },
    { role: "worker", tokens: { of: 80, spent: 0, left: 80 } },
  ]);
  await stage.answer("done", { tokens: 99 });
  expect((await show(stage)).thread).toMatchObject({ status: "completed", usage: { tokens: 189 } });
});

test("[BUDGET7] refused answers of a broadcast count against its budget", async () => {
  const stage = await open(write({ whole: "budget: { tokens: 100 }", type: "type: broadcast" }));
  const bad = { ...(await stage.readTurn("w")), output: { $status: "what" }, usage: { tokens: 60 } };
  await stage.post("w", "b1", "nerve.turn.respond", bad);
  expect((await show(stage)).explained.budgets).toEqual([{ role: null, tokens: { of: 100, spent: 60, left: 40 } }]);
});

test("[BUDGET7] a restart and a copy begin with nothing spent; what was spent stays shown", async () => {
  const stage = await open(write({ whole: "budget: { tokens: 100 }" }));
  await stage.answer("more", { tokens: 90 });
  const { recruitment } = stage.cluster.thread(stage.thread);
  const copy = await recruitment.fork("admin", {});
  await recruitment.restart("admin", {});
  await stage.cluster.advance(2_000);
  const { thread, explained } = await show(stage);
  expect(thread).toMatchObject({ epoch: 2, usage: { tokens: 90 } });
  expect(explained.budgets).toEqual([{ role: null, tokens: { of: 100, spent: 0, left: 100 } }]);
  const copied = await show({ ...stage, thread: copy.ok ? copy.value.id : "" });
  expect(copied.thread).not.toHaveProperty("usage");
  expect(copied.explained.budgets).toEqual([{ role: null, tokens: { of: 100, spent: 0, left: 100 } }]);
});
