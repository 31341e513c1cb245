/**
 * [SIM1] Reviews on a cluster where messages fail, arrive twice, and any object ends between any two steps: every review
 * ends, each accepted answer counts once, the log misses nothing, and causes come before effects. NERVEFLARE_SEED runs one seed.
 */
import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { Placement } from "../../src/contract/placement.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { act, createPlayer, createRandom, type Player } from "./reviewers.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = readFileSync("workflows/code-review.yaml", "utf8").replace("concurrency: 8", "concurrency: 2");
const seeds = 80;
const reviews = 3;
/** Rounds of chaos, after which nothing fails any more and the rest must come to its end. */
const chaos = 25;

afterEach(() => void vi.restoreAllMocks());

async function simulate(seed: number, placement: Placement): Promise<void> {
  const random = createRandom(seed);
  let calm = false;
  const faulty = random() * 0.3;
  const cluster = await createThreadCluster({
    placement,
    workflow,
    agents: [
      { id: "author", capabilities: ["coding"], roles: null, kinds: null },
      ...["r1", "r2", "r3"].map((id) => ({ id, capabilities: ["code-review"], roles: null, kinds: null })),
    ],
    fate: () => {
      // In the middle of whatever they do.
      if (!calm && random() < 0.05) endAny();
      const drawn = calm ? 1 : random();
      return drawn < faulty / 2 ? "is lost" : drawn < faulty ? "arrives, and its answer is lost" : "arrives";
    },
  });
  function endAny(): void {
    const living = cluster.living();
    if (living.length) cluster.end(living[Math.floor(random() * living.length)] as string);
  }
  const players = ["author", "r1", "r2", "r3"].map(createPlayer);
  const accepted = new Map<string, object>();
  for (let pr = 1; pr <= reviews; pr++)
    players[0]?.outgoing.push({ id: `ready:${pr}`, type: "pr.ready_for_review", data: { repo: "n", pr } });

  const ended = (): boolean =>
    players.every(({ outgoing }) => !outgoing.length) &&
    [...cluster.index.values()].filter(({ status }) => status === "completed").length === reviews;
  for (let round = 0; !(round >= chaos && ended()) && round < chaos + 200; round++) {
    calm = round >= chaos;
    const acting = calm ? players : players.filter(() => random() < 0.5);
    const acts = acting.map((player) => act(cluster, player, random, accepted));
    if (!calm && random() < 0.5) endAny();
    await Promise.all(acts);
    // An alarm's safety net is seconds away; a turn's time is not to run out.
    await cluster.advance(calm ? 20_000 : random() * 1_000);
  }
  calm = true;
  await cluster.advance(120_000);
  await check(cluster, players, accepted);
}

async function check(cluster: ThreadCluster, players: Player[], accepted: Map<string, object>): Promise<void> {
  expect([...cluster.index.values()].map(({ status }) => status)).toEqual(Array(reviews).fill("completed"));
  for (const key of accepted.keys()) expect(cluster.log.has(key), `${key} is in the log`).toBe(true);
  expectCompleteLog(cluster);
  let counted = 0;
  for (const thread of cluster.index.keys()) {
    const shown = await cluster.thread(thread).recruitment.messages(null, { limit: 50 });
    if (!shown.ok) throw new Error(shown.problem.detail);
    const { messages } = shown.value;
    expect(messages.map(({ role, output }) => [role, (output as { $status: string }).$status])).toEqual([
      ["reviewer", "changes_requested"],
      ["author", "updated"],
      ["reviewer", "approved"],
    ]);
    counted += messages.length;
    const events = [...cluster.log.values()].flatMap(({ row }) => (row.thread === thread ? [row.event] : []));
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    expect([count("nerve.thread.started"), count("nerve.turn.assigned"), count("nerve.turn.respond")]).toEqual([1, 3, 3]);
    expect([count("review.approved"), count("nerve.thread.completed"), count("nerve.claim.accepted")]).toEqual([1, 1, 1]);
    for (const event of events) if (event.type !== "pr.ready_for_review") expect(event.causationid, event.type).toBeDefined();
  }
  expect([...accepted.values()].filter((event) => (event as { type: string }).type === "nerve.turn.respond")).toHaveLength(counted);
  for (const { id, seen, outgoing } of players) {
    expect(outgoing).toEqual([]);
    const order = [...seen].sort(([a], [b]) => a - b).map(([, { event }]) => event);
    expectCausalOrder(id, order);
    const me = await cluster.agent(id).me({ agent: id, token });
    expect(me).toMatchObject({ ok: true, value: { turns: [], rolesHeld: [], offers: [] } });
  }
}

/** Whatever the engine says has its thread, and a cause in the log; causes lead back to somebody outside, in one trace. */
function expectCompleteLog({ log }: ThreadCluster): void {
  const rows = [...log.values()].map(({ row }) => row);
  const byId = new Map(rows.map(({ event }) => [event.id, event]));
  for (const { event, thread } of rows) {
    if (!event.source.startsWith("/threads/")) continue;
    expect(thread, event.type).toBe(event.source.slice("/threads/".length));
    const seen = new Set<string>();
    let at = event;
    while (at.source.startsWith("/threads/") && !seen.has(at.id)) {
      seen.add(at.id);
      const cause = byId.get(at.causationid ?? "");
      expect(cause, `the cause ${at.causationid} of ${at.type} is in the log`).toBeDefined();
      at = cause as typeof at;
    }
    expect(at.source, `causes of ${event.type} lead to an agent`).toMatch(/^\/(agents|operators)\//);
    const root = at.type === "pr.ready_for_review" ? at : undefined;
    if (root) expect(event.traceparent?.split("-")[1], event.type).toBe(root.traceparent?.split("-")[1]);
  }
}

/** In a thread: bound before its turns, turns in order, the end last. */
function expectCausalOrder(agent: string, events: InboxItem["event"][]): void {
  for (const [thread, own] of Map.groupBy(events, (event) => event.correlationid)) {
    const rank = (event: InboxItem["event"]): number => {
      if (event.type === "nerve.claim.accepted" || event.type === "nerve.role.assigned") return 0;
      if (event.type === "nerve.turn.assigned") return (event.data as { round: number }).round;
      return event.type === "nerve.thread.completed" ? 1_000 : Number.NaN;
    };
    // What came twice has the same id.
    const first = own.filter((event, index) => own.findIndex(({ id }) => id === event.id) === index);
    const ranks = first.map(rank).filter((each) => !Number.isNaN(each));
    expect(ranks, `${agent} in ${thread}`).toEqual(ranks.toSorted((a, b) => a - b));
  }
}

test.each(placedSeeds(seeds))(
  "[SIM1] seeds of $placement: every review ends, and each accepted answer counts once",
  async ({ placement, seeds: list }) => {
    for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
    for (const seed of list) {
      try {
        await simulate(seed, placement);
      } catch (error) {
        throw new Error(`NERVEFLARE_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  },
  timeForSeeds(120_000),
);
