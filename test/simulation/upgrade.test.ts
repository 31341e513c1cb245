/**
 * [VER4] A folder of an earlier version under the code of now. The fixture was written by the version before the messages between
 * objects were schemas: threads in every state, and messages in flight under the names of then (`along`, `park`).
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { type Frozen, type FrozenThread, readFrozen, thaw } from "./frozen-objects.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

beforeEach(() => {
  for (const way of ["warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

/** Where the version of then kept tasks: beside their thread's root, or in objects of their own. */
const placements = ["beside", "apart"] as const;

async function open(placement: (typeof placements)[number]): Promise<{ cluster: ThreadCluster; frozen: Frozen }> {
  const frozen = readFrozen("objects-before-schemas", placement);
  const { now, published, agents } = frozen;
  const from = { now, published, stores: thaw(frozen) };
  // The version of then knew no cells.
  const cluster = await createThreadCluster({ workflow: [], agents, fate: () => "arrives", from, placement: "own" });
  return { cluster, frozen };
}

async function show(cluster: ThreadCluster, thread: string) {
  const shown = await cluster.thread(thread).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.detail);
  return shown.value;
}

/** What each waits for now. `answered`: the answer was in flight, and where tasks are apart it still is. */
const waits: Record<string, string | null> = {
  completed: null,
  cancelled: null,
  offered: "claim",
  given: "answer",
  suspended: "person",
  dead: "person",
  broadcast: "answered",
  queued: "place",
  children: "children",
  unclear: "person",
  restarted: "answer",
  planning: "children",
  claimed: "claim",
  parking: "answer",
};

test.each(placements)("[VER4] each thread is shown as it was, and waits in a word of now (%s)", async (placement) => {
  const { cluster, frozen } = await open(placement);
  for (const [name, word] of Object.entries(waits)) {
    const { id, status, error } = frozen.threads[name] as FrozenThread;
    const view = await show(cluster, id);
    expect({ status: view.status, error: view.error ?? null, waiting: view.waiting?.for ?? null }, name).toEqual({
      ...{ status, error, waiting: word },
    });
    const explained = await cluster.thread(id).recruitment.explain();
    expect(explained.ok && explained.value.waits.map((each) => each.for), name).toEqual(word === null ? [] : [word]);
  }
  // Its reason begins with a word of then, and still says what to do.
  const dead = await cluster.thread(frozen.threads.dead?.id ?? "").recruitment.explain();
  expect(dead.ok && dead.value.waits[0]?.then).toContain("retries or drops the dead letter");
});

/** What the holder of each role answers. */
const outputs: Record<string, object> = {
  reviewer: { $status: "approved", summary: "good" },
  author: { $status: "updated", note: "done" },
  fleet: { ok: true },
  triager: { $status: "agreed", label: "bug" },
  planner: { $status: "planned", parts: [{ part: "z" }] },
  publisher: { $status: "published" },
  builder: { $status: "built", part: "z" },
};

/** Claims what is offered and answers what is open, once. Returns the turns that it answered. */
async function act(cluster: ThreadCluster, agent: string): Promise<string[]> {
  const principal = { agent, token };
  const core = cluster.agent(agent);
  const page = await core.inbox(principal, { channels: ["my", "open"], waitSeconds: 0, limit: 200 });
  const items: InboxItem[] = page.ok ? page.value.events : [];
  const offers = items.flatMap(({ event }) => (event.type === "nerve.offer.opened" ? [(event.data as { offer: string }).offer] : []));
  const claims = offers.map((offer) => ({ id: `claim:${offer}`, type: "nerve.offer.claim", data: { offer } }));
  const me = await core.me(principal);
  const turns = me.ok ? (me.value as unknown as { turns: TurnAssigned[] }).turns : [];
  const answers = turns.map(({ turn, lease, role }) => ({
    id: `answer:${turn}:${lease.generation}`,
    type: "nerve.turn.respond",
    data: { turn, lease: lease.generation, output: outputs[role.name] },
  }));
  if (claims.length + answers.length) await core.accept(principal, [...claims, ...answers]);
  await core.ack(principal, { seqs: items.map(({ seq }) => seq) });
  return turns.map(({ turn }) => `${turn} of ${agent}`);
}

test.each(placements)("[VER4] every thread goes on to its end, and no turn is given to be answered twice (%s)", async (placement) => {
  const { cluster, frozen } = await open(placement);
  await cluster.advance(60_000);
  const { dead, suspended, unclear } = frozen.threads;
  expect(await cluster.thread(dead?.id ?? "").settleDeadLetter("retry", "1")).toMatchObject({ ok: true });
  for (const thread of [dead, suspended, unclear])
    expect(await cluster.thread(thread?.id ?? "").recruitment.control("resume", "admin", {})).toMatchObject({ ok: true });
  const answered: string[] = [];
  const ids = Object.values(frozen.threads).map(({ id }) => id);
  const statuses = async (): Promise<string[]> => Promise.all(ids.map(async (id) => (await show(cluster, id)).status));
  const over = (status: string): boolean => ["completed", "cancelled"].includes(status);
  for (let minute = 0; minute < 60 && !(await statuses()).every(over); minute++) {
    for (const { id } of frozen.agents) answered.push(...(await act(cluster, id)));
    await cluster.advance(60_000);
  }
  const ends = Object.fromEntries(Object.keys(frozen.threads).map((name) => [name, "completed"]));
  const found = await statuses();
  expect(Object.fromEntries(Object.keys(frozen.threads).map((name, at) => [name, found[at]]))).toEqual({ ...ends, cancelled: "cancelled" });
  expect(answered.length).toBeGreaterThan(ids.length);
  expect(answered.filter((turn, at) => answered.indexOf(turn) !== at)).toEqual([]);
});
