/**
 * [WAIT2] What a thread waits for is one word, role, agent and span of time on every surface: the thread itself, its explanation, its
 * row in the index as D1 lists it, and what the commands print. On the cluster in memory, with the real statements of the index.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderExplanation } from "../../src/cli/commands/explain.ts";
import { renderThread } from "../../src/cli/commands/threads.ts";
import { renderWaiting } from "../../src/cli/lib/describe-wait.ts";
import { createTerminal } from "../../src/cli/lib/terminal.ts";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { Wait } from "../../src/contract/views/wait.ts";
import { describeWait, type WaitFor, waitWords } from "../../src/contract/waits.ts";
import { encodeRow, prepareProjection } from "../../src/durable/projector/projection-statements.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import { listThreads } from "../../src/worker/thread-index.ts";
import { openSqliteD1 } from "../unit/worker/sqlite-d1.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const done = "frontmatter: { properties: { $status: { const: done } }, required: [$status] }";

/** One role that does all, or what `graph` says. */
const write = (roles: string, graph: string, more = ""): string => `name: work
binding: cloud
description: W.
${more}
reflexes: [ { kind: workflow, on: [work.go] } ]
roles:
${roles}
graph:
${graph}
`;
const only = (role: string): string => `  $START: { new: { role: ${role}, prompt: "Do." } }
  ${role}: { done: { role: $END, prompt: "Done." } }`;
const worker = `  worker: { type: named, agent: w, description: W., turn: { timeout: 1h }, ${done} }`;

interface Stage {
  cluster: ThreadCluster;
  thread: string;
  send(agent: string, type: string, data: object): Promise<Accepted>;
  claim(agent: string): Promise<void>;
  /** The messages between objects are lost from now on, or no more. */
  lose(lost: boolean): void;
}

/** @param placement where calls may be lost: not in a cell */
async function open(workflow: string | string[], rows: ProjectionRow[], placement: { placement?: "own" } = {}): Promise<Stage> {
  let lost = false;
  const agents = ["w", "r1", "r2"].map((id) => ({ id, capabilities: id === "w" ? [] : ["read"], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow, agents, ...placement, fate: () => (lost ? "is lost" : "arrives") });
  cluster.told = (row) => void rows.push(structuredClone(row));
  let sent = 0;
  const stage: Stage = {
    cluster,
    thread: "",
    async send(agent, type, data) {
      const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id: `e${++sent}`, type, data }]);
      const [item] = answer.ok ? answer.value : [];
      if (item?.status !== "accepted") throw new Error(JSON.stringify(answer));
      await cluster.advance(1_000);
      return item;
    },
    async claim(agent) {
      const me = await cluster.agent(agent).me({ agent, token });
      const [offer] = me.ok ? (me.value as unknown as { offers: { offer: string }[] }).offers : [];
      await stage.send(agent, "nerve.offer.claim", { offer: offer?.offer });
    },
    lose(value) {
      lost = value;
    },
  };
  const { threads } = await stage.send("w", "work.go", {});
  stage.thread = threads[0] as string;
  return stage;
}

async function answer({ cluster, send }: Stage, agent: string, output: object): Promise<void> {
  const me = await cluster.agent(agent).me({ agent, token });
  const [turn] = me.ok ? (me.value as unknown as { turns: { turn: string; lease: { generation: number } }[] }).turns : [];
  await send(agent, "nerve.turn.respond", { turn: turn?.turn, lease: turn?.lease.generation, output });
}

const openRole = (more: string): string =>
  `  reader: { type: open, capabilities: [read], description: R., turn: { timeout: 1h }, ${more}, ${done} }`;
const away = { heartbeat: "heartbeat: { every: 2s, miss: 3 }", silent: 7_000 };

interface Case {
  name: string;
  workflow: string | string[];
  reach(stage: Stage): Promise<void>;
  expected: Omit<Partial<Wait>, "since" | "until"> & { for: WaitFor };
  /** Milliseconds from `since` to `until`; null: there is no `until`. */
  length: number | null;
}

const cases: Case[] = [
  {
    name: "a place in the queue",
    workflow: write(worker, only("worker"), "concurrency: 1"),
    async reach(stage) {
      stage.thread = (await stage.send("w", "work.go", {})).threads[0] as string;
    },
    expected: { for: "place" },
    length: null,
  },
  {
    name: "a claim",
    workflow: write(openRole("recruitment: { timeout: 10m }"), only("reader")),
    reach: async ({ cluster }) => cluster.advance(5_000),
    expected: { for: "claim", role: "reader" },
    length: 600_000,
  },
  {
    name: "a claim, of whoever had the role last",
    workflow: write(openRole("recruitment: { timeout: 10m, pick: sticky }"), only("reader")),
    reach: async ({ cluster }) => cluster.advance(5_000),
    expected: { for: "claim", role: "reader" },
    length: 600_000,
  },
  {
    name: "a claim, once the last holder's time is over",
    workflow: write(openRole("recruitment: { timeout: 10m, pick: sticky }"), only("reader")),
    reach: async ({ cluster }) => cluster.advance(60_000),
    expected: { for: "claim", role: "reader" },
    length: 600_000,
  },
  {
    name: "a pause",
    workflow: write(openRole("recruitment: { timeout: 1m, retries: 2, backoff: 5m }"), only("reader")),
    reach: async ({ cluster }) => cluster.advance(70_000),
    expected: { for: "pause", role: "reader" },
    length: 300_000,
  },
  {
    name: "a holder who is away",
    workflow: write(openRole(`${away.heartbeat}, offline: { grace: 10m, then: rerecruit }`), only("reader")),
    async reach({ cluster, claim }) {
      await claim("r1");
      await cluster.advance(away.silent);
      await cluster.advance(60_000);
    },
    expected: { for: "holder", role: "reader", agent: "r1" },
    length: 600_000,
  },
  {
    name: "a holder who is away, for ever",
    workflow: write(worker.replace("turn:", `${away.heartbeat}, offline: { then: wait }, turn:`), only("worker")),
    async reach({ cluster }) {
      await cluster.advance(away.silent);
      await cluster.advance(60_000);
    },
    expected: { for: "holder", role: "worker", agent: "w" },
    length: null,
  },
  {
    name: "an answer, after a word on its progress",
    workflow: write(worker, only("worker")),
    async reach({ cluster, send }) {
      const me = await cluster.agent("w").me({ agent: "w", token });
      const [turn] = me.ok ? (me.value as unknown as { turns: { turn: string; lease: { generation: number } }[] }).turns : [];
      await send("w", "nerve.turn.progress", { turn: turn?.turn, lease: turn?.lease.generation, note: "half" });
    },
    expected: { for: "answer", role: "worker", agent: "w" },
    length: 3_600_000,
  },
  {
    name: "the registry, for a broadcast",
    workflow: write(
      `${worker}\n  all: { type: broadcast, description: A., capabilities: [read], broadcast: { ack: { need: all, timeout: 1h } } }`,
      `  $START: { new: { role: worker, prompt: "Do." } }
  worker: { done: { role: all, prompt: "Read." } }
  all: { $ACKED: { role: $END, prompt: "Done." } }`,
    ),
    async reach(stage) {
      stage.cluster.registryDown = true;
      await answer(stage, "w", { $status: "done" });
    },
    expected: { for: "answered", role: "all" },
    length: null,
  },
  {
    name: "the answers of a broadcast",
    workflow: write(
      `  all: { type: broadcast, description: A., capabilities: [read], broadcast: { ack: { need: all, timeout: 1h } } }`,
      `  $START: { new: { role: all, prompt: "Read." } }
  all: { $ACKED: { role: $END, prompt: "Done." } }`,
    ),
    reach: (stage) => answer(stage, "r1", { ok: true }),
    expected: { for: "answered", role: "all" },
    length: 3_600_000,
  },
  {
    name: "children",
    workflow: [
      write(
        worker,
        `  $START: { new: { role: worker, prompt: "Do." } }
  worker: { done: { role: $END, prompt: "Done.", spawn: [ { workflow: child, input: "[1, 2]", await: { timeout: 2h } } ] } }`,
      ),
      write(worker, only("worker"))
        .replace("name: work", "name: child")
        .replace(/^reflexes.*\n/m, ""),
    ],
    reach: (stage) => answer(stage, "w", { $status: "done" }),
    expected: { for: "children", role: "worker" },
    length: 7_200_000,
  },
  {
    name: "a person, in somebody's turn",
    workflow: write(worker, only("worker")),
    async reach({ cluster, thread }) {
      await cluster.thread(thread).recruitment.control("suspend", "ann", { reason: "lunch" });
      await cluster.advance(1_000);
    },
    expected: { for: "person", role: "worker", agent: "w", reason: "lunch" },
    length: null,
  },
  {
    name: "a person, before the party is complete",
    workflow: write(openRole("recruitment: { timeout: 10m }"), only("reader")),
    async reach({ cluster, thread }) {
      await cluster.thread(thread).recruitment.control("suspend", "ann", { reason: "lunch" });
      await cluster.advance(1_000);
    },
    expected: { for: "person", reason: "lunch" },
    length: null,
  },
  {
    name: "a dead letter",
    workflow: write(worker, only("worker")),
    async reach({ cluster, thread }) {
      const message = { type: "agent.away", agent: "x" };
      await cluster.thread(thread).deliver({ from: "agent/x", id: 1, to: `recruitment/${thread}`, park: true, message });
      await cluster.advance(1_000);
    },
    expected: { for: "person", role: "worker", agent: "w", reason: expect.stringMatching(/^dead letter: agent\.away/) },
    length: null,
  },
];

const terminal = createTerminal({ stdout: { write: () => true }, stderr: { write: () => true }, json: false, env: {} });

async function list(rows: ProjectionRow[], thread: string, waiting: WaitFor) {
  const db = openSqliteD1();
  // Each as it came: of a part's rows the newest stands.
  for (const row of rows) await db.batch(prepareProjection(db, [encodeRow(row)]));
  const { threads } = await listThreads(db, null, { waiting, limit: 50 });
  const found = threads.find(({ id }) => id === thread);
  if (!found?.waiting)
    throw new Error(
      `the index does not list ${thread} as waiting for ${waiting}: ${JSON.stringify(rows.filter((row) => row.table === "wait"))}`,
    );
  return { ...found, waiting: found.waiting };
}

const toFacts = ({ for: what, role, agent, since, until }: Wait) => ({ for: what, role, agent, since, until });

test.each(cases)("[WAIT2] $name: every surface says the same", async ({ workflow, reach, expected, length }) => {
  const rows: ProjectionRow[] = [];
  const stage = await open(workflow, rows);
  await reach(stage);
  const { cluster, thread } = stage;
  const { recruitment } = cluster.thread(thread);
  const [shown, explained] = [await recruitment.show(null), await recruitment.explain()];
  if (!shown.ok || !explained.ok) throw new Error(JSON.stringify([shown, explained]));
  const waiting = shown.value.waiting as Wait;
  expect(waiting).toMatchObject(expected);
  const { role, agent } = expected;
  expect({ role: waiting.role, agent: waiting.agent }).toEqual({ role, agent });
  expect(waiting.until === undefined ? null : Date.parse(waiting.until) - Date.parse(waiting.since)).toBe(length);
  expect(Date.parse(waiting.since)).toBeLessThanOrEqual(cluster.now());
  const listed = await list(rows, thread, expected.for);
  expect(toFacts(explained.value.waits[0] as Wait), "explained").toEqual(toFacts(waiting));
  expect(toFacts(listed.waiting), "listed").toEqual(toFacts(waiting));
  const words = `waits for ${describeWait(waiting)}`;
  expect(renderThread(terminal, shown.value, [])).toContain(words);
  expect(renderWaiting(terminal, listed, cluster.now())).toContain(words);
  expect(renderExplanation(terminal, explained.value, cluster.now()).replace(/waits +for/, "waits for")).toContain(words);
  // Whoever reads the word in one place can ask for it in the next.
  expect(describeWait(waiting).split(/\W+/)).toContain(expected.for);
});

test("[WAIT2] while nothing that waits is known, it is the engine's move", async () => {
  const stage = await open(write(openRole("recruitment: { timeout: 10m }"), only("reader")), [], { placement: "own" });
  const { cluster, thread } = stage;
  const me = await cluster.agent("r1").me({ agent: "r1", token });
  const [offer] = me.ok ? (me.value as unknown as { offers: { offer: string }[] }).offers : [];
  // The claim is taken, and the task does not hear that it begins.
  const claimed = cluster.thread(thread).take(
    { id: "r1", capabilities: ["read"], roles: null, kinds: null, labels: {}, load: 0, presence: "online" } as never,
    {
      specversion: "1.0",
      id: "claim",
      source: "/agents/r1",
      type: "nerve.offer.claim",
      time: new Date(cluster.now()).toISOString(),
      data: { offer: offer?.offer },
    } as never,
    "hash",
  );
  stage.lose(true);
  await claimed;
  await cluster.settle();
  stage.lose(false);
  const { recruitment } = cluster.thread(thread);
  const [shown, explained] = [await recruitment.show(null), await recruitment.explain()];
  if (!shown.ok || !explained.ok) throw new Error(JSON.stringify([shown, explained]));
  expect(shown.value).toMatchObject({ status: "running", waiting: { for: "decision" } });
  expect(explained.value.waits).toMatchObject([{ for: "decision", since: shown.value.waiting?.since }]);
});

test("[WAIT2] every word has a case above", () => {
  const reached = new Set([...cases.map(({ expected }) => expected.for), "decision"]);
  expect([...reached].sort()).toEqual([...waitWords].sort());
});
