/**
 * [AUD1] Broadcasts on a cluster where messages fail, arrive twice, any object ends between any two steps, and agents vanish:
 * each answer that was accepted in time counts once, late ones change nothing, and the output says of everybody what became of
 * them. NERVEFLARE_SEED runs one seed.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { Accepted } from "../../src/contract/frames/server-frames.ts";
import type { Placement } from "../../src/contract/placement.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { createRandom } from "./reviewers.ts";
import { card, type Output, openFirst, post, silence, turns, writeWorkflow } from "./roll-call.ts";
import { createThreadCluster } from "./thread-cluster.ts";

const seeds = 80;
const minute = 60_000;

afterEach(() => void vi.restoreAllMocks());

async function simulate(seed: number, placement: Placement): Promise<void> {
  const random = createRandom(seed);
  const draw = (below: number): number => Math.floor(random() * below);
  const ids = Array.from({ length: 2 + draw(4) }, (_, index) => `a${index}`);
  const need = ["all", "any", "none", "2"][draw(4)];
  let calm = false;
  const faulty = random() * 0.3;
  const workflow = writeWorkflow(`{ ack: { need: ${need}, timeout: 30m, ok: "ok" }, ttl: 24h }`);
  const turn = seed % 2 ? 1 : 2;
  const cluster = await createThreadCluster({
    placement,
    workflow: turn === 1 ? workflow : openFirst(workflow),
    agents: ids.map((id) => card(id)),
    fate: () => {
      if (!calm && random() < 0.05) endAny();
      const drawn = calm ? 1 : random();
      return drawn < faulty / 2 ? "is lost" : drawn < faulty ? "arrives, and its answer is lost" : "arrives";
    },
  });
  function endAny(): void {
    const living = cluster.living();
    if (living.length) cluster.end(living[draw(living.length)] as string);
  }
  const accepted = new Map<string, Accepted>();
  const removed = new Set<string>();
  let failure: unknown;
  /** What each has not heard of: sent again under the same id. */
  const outgoing = new Map<string, { id: string; type: string; data: object }[]>(ids.map((id) => [id, []]));
  outgoing.get("a0")?.push({ id: "call", type: "roll.call", data: { n: seed } });

  async function act(id: string): Promise<void> {
    const core = cluster.agent(id);
    const waiting = outgoing.get(id) as { id: string; type: string; data: object }[];
    try {
      // The first one calls, and has to stay for it.
      if (!calm && id !== "a0" && random() < 0.02) {
        core.remove();
        removed.add(id);
      }
      if (removed.has(id)) return;
      for (const turn of await turns(cluster, id)) {
        const event = `answer:${turn.turn}`;
        // One that it sees again, it answers again, under the same id.
        if (!waiting.some((each) => each.id === event))
          waiting.push({
            id: event,
            type: "nerve.turn.respond",
            data: {
              turn: turn.turn,
              lease: turn.lease.generation,
              output: turn.role.name === "opener" ? { $status: "opened" } : { ok: (turn.round * (seed + id.charCodeAt(1))) % 4 !== 0 },
            },
          });
      }
      const [event] = waiting;
      if (!event) return;
      const heard = await post(cluster, id, event.type, event.data, event.id);
      if (heard.status === "rejected" && heard.error.retryable) return;
      waiting.shift();
      const before = accepted.get(`${id} ${event.id}`);
      if (before && JSON.stringify(before) !== JSON.stringify(heard)) throw new Error(`${event.id} had another answer before`);
      if (heard.status === "accepted") accepted.set(`${id} ${event.id}`, heard);
      else if (heard.error.code !== "turn_over") throw new Error(JSON.stringify(heard.error));
    } catch (error) {
      if (/another answer|turn_over|stale_lease|malformed/.test(String(error))) failure ??= error;
      if (/unauthenticated/.test(String(error))) removed.add(id);
      // Its object ended meanwhile: it comes again.
    }
  }

  const ended = (): boolean => [...cluster.index.values()].some(({ status }) => status === "completed");
  for (
    let round = 0;
    round < 25 || (!ended() && round < 200) || [...outgoing].some(([id, each]) => each.length && !removed.has(id));
    round++
  ) {
    if (round > 300) throw new Error(`it does not end: ${JSON.stringify([...cluster.index.values()])}`);
    calm = round >= 25;
    const acts = ids.filter(() => calm || random() < 0.4).map(act);
    if (!calm && random() < 0.4) endAny();
    await Promise.all(acts);
    await cluster.advance(calm ? 20_000 : random() * 2_000);
  }
  calm = true;
  // Who was given the turn last may not have looked since.
  for (let look = 0; look < 3; look++) {
    await Promise.all(ids.map(act));
    await cluster.advance(20_000);
  }
  if (failure) throw failure;
  await cluster.advance(31 * minute);

  const [thread] = [...cluster.index.values()];
  expect(thread?.status).toBe("completed");
  const shown = await cluster.thread(thread?.id as string).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.code);
  const { roles, outcome } = shown.value;
  const output = outcome?.output as unknown as Output;
  if (output.$status === "$UNFILLED") return;
  // Everybody who was asked is in one list, once.
  const told = [...output.acked, ...output.failed, ...output.missing];
  expect(new Set(told).size).toBe(told.length);
  expect(told).toHaveLength(roles.fleet?.asked as number);
  if (need === "all" && output.$status === "$ACKED") expect(output.acked).toHaveLength(told.length);
  if (need === "any" && output.$status === "$ACKED") expect(output.acked).toHaveLength(1);
  // What was accepted in time counts, and nothing else does.
  const answers = [...accepted].filter(([key]) => key.includes(" answer:") && key.endsWith(`:${turn}`));
  const inTime = answers.filter(([, { notes }]) => !notes.length).map(([key]) => key.slice(0, key.indexOf(" ")));
  const counted = output.answers.map(({ agent }) => agent);
  for (const agent of inTime) expect(counted, `${agent} was told that its answer counts`).toContain(agent);
  for (const agent of counted) if (!removed.has(agent)) expect(inTime, `${agent}'s answer counts`).toContain(agent);
  for (const [key, { notes }] of answers) {
    if (notes.length) expect(output.missing).toContain(key.slice(0, key.indexOf(" ")));
    expect(cluster.log.has(`/agents/${key}`), `${key} is in the log`).toBe(true);
  }
  const events = [...cluster.log.values()].map(({ row }) => row.event);
  expect(events.filter(({ type }) => type === "nerve.turn.assigned")).toHaveLength(turn);
  for (const id of ids) if (!removed.has(id)) expect(await turns(cluster, id)).toEqual([]);
}

test.each(placedSeeds(seeds))(
  "[AUD1] seeds of $placement: every broadcast closes by its rule, and each agent counts once",
  async ({ placement, seeds: list }) => {
    silence();
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
