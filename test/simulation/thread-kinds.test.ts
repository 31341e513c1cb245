/**
 * [KIND] Each thread-bound kind is judged as itself: what belongs to another kind has no effect in it, and what is missing of its
 * own is malformed. Whole threads in memory, so that the way from the agent's object to the task is walked.
 */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Accepted, Rejected } from "../../src/contract/frames/server-frames.ts";
import { type AgentKind, agentKinds, isThreadKind, type ThreadKind } from "../../src/contract/kinds/agent-kinds.ts";
import { createRandom } from "./reviewers.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = readFileSync("workflows/code-review.yaml", "utf8");
const kinds = (Object.keys(agentKinds) as AgentKind[]).filter(isThreadKind);
const approved = { $status: "approved", summary: "fine" };

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

interface Stage {
  cluster: ThreadCluster;
  thread: string;
  offer: string;
  turn: string;
}

type Data = Record<string, unknown>;

async function post(cluster: ThreadCluster, agent: string, id: string, type: string, data: unknown): Promise<Accepted | Rejected> {
  const answer = await cluster.agent(agent).accept({ agent, token }, [{ id, type, data }]);
  if (!answer.ok) throw new Error(answer.problem.detail);
  return answer.value[0] as Accepted | Rejected;
}

interface Me {
  turns: { turn: string }[];
  offers: { offer: string }[];
  rolesHeld: unknown[];
}

async function readMe(cluster: ThreadCluster): Promise<Me> {
  const me = await cluster.agent("r1").me({ agent: "r1", token });
  if (!me.ok) throw new Error(me.problem.detail);
  return me.value as unknown as Me;
}

/** A review whose reviewer r1 has its turn; `to: "offered"` stops before anybody has claimed it. */
async function open(to: "offered" | "given"): Promise<Stage> {
  const agents = [
    { id: "author", capabilities: ["coding"], roles: null, kinds: null },
    ...["r1", "r2"].map((id) => ({ id, capabilities: ["code-review"], roles: null, kinds: null })),
  ];
  const cluster = await createThreadCluster({ workflow, agents, fate: () => "arrives" });
  const begun = await post(cluster, "author", "ready", "pr.ready_for_review", { repo: "n", pr: 1 });
  const [thread] = (begun as Accepted).threads as [string];
  await cluster.advance(1_000);
  const [offered] = (await readMe(cluster)).offers;
  const offer = offered?.offer as string;
  if (to === "given") {
    await post(cluster, "r1", "claim", "nerve.offer.claim", { offer });
    await cluster.advance(1_000);
  }
  const [given] = (await readMe(cluster)).turns;
  return { cluster, thread, offer, turn: given?.turn ?? `${thread}.1:1` };
}

/** The members of each kind, right for the stage. */
function rightData({ thread, offer, turn }: Stage): Record<ThreadKind, Data> {
  return {
    "nerve.offer.claim": { offer },
    "nerve.offer.decline": { offer, reason: "no" },
    "nerve.turn.respond": { turn, lease: 1, output: approved },
    "nerve.turn.progress": { turn, lease: 1, note: "half" },
    "nerve.turn.fail": { turn, lease: 1, error: "broken", retryable: false },
    "nerve.role.release": { thread, role: "reviewer", lease: 1, reason: "away" },
  };
}

/** All that can be seen of a stage from outside. */
async function look({ cluster, thread }: Stage): Promise<unknown> {
  await cluster.advance(1_000);
  const { turns, offers, rolesHeld } = await readMe(cluster);
  return {
    shown: await cluster.thread(thread).recruitment.show(null),
    messages: await cluster.thread(thread).recruitment.messages(null, { limit: 50 }),
    log: [...cluster.log.values()].map(({ row }) => row.event.type).sort(),
    mine: { turns: turns.map(({ turn }) => turn), offers, held: rolesHeld.length },
  };
}

test("[KIND1] the thread of these tests has a turn that waits for its answer", async () => {
  const { cluster, thread, turn } = await open("given");
  const shown = await cluster.thread(thread).recruitment.show(null);
  expect(shown).toMatchObject({ value: { status: "running", turn: { turn, agent: "r1" }, roles: { reviewer: { generation: 1 } } } });
});

test("[KIND2] a decline that names the turn and an output declines an offer, and fails nothing", async () => {
  const stage = await open("given");
  const { cluster, offer, turn, thread } = stage;
  const answer = await post(cluster, "r1", "x", "nerve.offer.decline", { offer, turn, lease: 1, output: "text" });
  expect(answer).toMatchObject({ status: "rejected", error: { code: "offer_closed" } });
  expect(await cluster.thread(thread).recruitment.show(null)).toMatchObject({ value: { status: "running", turn: { turn } } });
  expect(await post(cluster, "r1", "y", "nerve.turn.respond", { turn, lease: 1, output: approved })).toMatchObject({
    status: "accepted",
  });
});

test("[KIND3] a release that brings a turn and an output gives the role back, and answers nothing", async () => {
  const stage = await open("given");
  const { cluster, thread, turn } = stage;
  const data = { thread, role: "reviewer", lease: 1, turn, output: approved };
  expect(await post(cluster, "r1", "x", "nerve.role.release", data)).toMatchObject({ status: "accepted" });
  await cluster.advance(1_000);
  const shown = await cluster.thread(thread).recruitment.show(null);
  expect(shown).toMatchObject({ value: { status: "running", roles: { reviewer: { state: "offering" } } } });
  expect(await cluster.thread(thread).recruitment.messages(null, { limit: 50 })).toMatchObject({ value: { messages: [] } });
});

test("[KIND4] a claim with a turn that is no text is a claim", async () => {
  const stage = await open("offered");
  const { cluster, offer } = stage;
  for (const [index, turn] of [5, null, {}, [], true, stage.turn].entries()) {
    const answer = await post(cluster, "r1", `x${index}`, "nerve.offer.claim", { offer, turn });
    // Once it has won, the offer is closed.
    expect(answer).toMatchObject(index === 0 ? { status: "accepted" } : { status: "rejected", error: { code: "offer_closed" } });
    await cluster.advance(1_000);
  }
});

test("[KIND5] what a kind lacks of its own is malformed, whatever else is there", async () => {
  const stage = await open("given");
  const right = rightData(stage);
  const all: Data = Object.assign({}, ...Object.values(right));
  const before = await look(stage);
  let count = 0;
  for (const kind of kinds) {
    for (const member of Object.keys(right[kind])) {
      if (agentKinds[kind].data.safeParse({ ...right[kind], [member]: undefined }).success) continue;
      const { [member]: _, ...rest } = all;
      const answer = await post(stage.cluster, "r1", `m${++count}`, kind, rest);
      expect(answer, `${kind} without ${member}`).toMatchObject({ status: "rejected", error: { code: "malformed", retryable: false } });
    }
  }
  expect(count).toBeGreaterThan(9);
  expect(await look(stage)).toEqual(before);
});

const seeds = 60;

test(`[KIND6] ${seeds} seeds: members of other kinds, of any type, change neither the answer nor the thread`, async () => {
  const only = process.env.NERVEFLARE_SEED;
  for (const seed of only ? [Number(only)] : Array.from({ length: seeds }, (_, index) => index + 1)) {
    const random = createRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const to = random() < 0.3 ? "offered" : "given";
    const plain = await open(to);
    const mixed = await open(to);
    const right = rightData(plain);
    for (let step = 0; step < 3; step++) {
      const kind = pick(kinds);
      const own = right[kind];
      const foreign: Data = {};
      for (const other of kinds)
        for (const [member, value] of Object.entries(right[other]))
          if (!Object.hasOwn(agentKinds[kind].data.shape, member) && random() < 0.7)
            foreign[member] = pick([value, 5, -1, null, "text", [], {}, true, { [member]: value }, [value]]);
      for (const name of ["type", "kind", "event", "agent", "generation", "__proto__", "constructor"])
        if (random() < 0.3) Object.defineProperty(foreign, name, { value: pick(kinds), enumerable: true });
      const id = `s${step}`;
      const [one, two] = [
        await post(plain.cluster, "r1", id, kind, own),
        await post(mixed.cluster, "r1", id, kind, { ...foreign, ...own }),
      ];
      expect(two, `NERVEFLARE_SEED=${seed}: ${kind} with ${JSON.stringify(foreign)}`).toEqual(one);
      if (two.status === "rejected") expect(["bug", "unavailable"]).not.toContain(two.error.code);
      expect(await look(mixed), `NERVEFLARE_SEED=${seed}: after ${kind} with ${JSON.stringify(foreign)}`).toEqual(await look(plain));
    }
  }
}, 60_000);

test("[KIND7] a turn has one id: another spelling of its number names none", async () => {
  const stage = await open("given");
  const { cluster, turn } = stage;
  for (const [index, number] of ["01", "1.0", "1e0", "0x1", "-1", "", "one", "1:1"].entries()) {
    const data = { turn: `${turn.slice(0, turn.lastIndexOf(":"))}:${number}`, lease: 1, output: approved };
    const answer = await post(cluster, "r1", `n${index}`, "nerve.turn.respond", data);
    expect(answer, number).toMatchObject({ status: "rejected" });
    expect(["not_found", "malformed"], number).toContain((answer as Rejected).error.code);
  }
  expect(await post(cluster, "r1", "right", "nerve.turn.respond", { turn, lease: 1, output: approved })).toMatchObject({
    status: "accepted",
  });
});
