/**
 * [HOST23] Causal order over real agents' objects and mailboxes: directed events, broadcasts and replies among three to five agents,
 * while calls are lost, answers are lost and objects end: nobody is given an event before another one, also addressed to it, that
 * caused it. NERVEFLARE_SEED runs one seed.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CloudEvent } from "../../src/contract/event.ts";
import type { Placement } from "../../src/contract/placement.ts";
import { createRandom } from "../../src/explore/create-random.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { pick } from "./random-machine.ts";
import { createThreadCluster, token } from "./thread-cluster.ts";

const seeds = 100;

const workflow = `
name: idle
description: Starts nothing here.
binding: cloud
roles:
  nobody:
    description: does nothing
    type: named
    agent: a
    frontmatter: { type: object, properties: { $status: { const: done } }, required: [$status] }
graph:
  $START: { new: { role: nobody, prompt: "Do nothing." } }
  nobody: { done: { role: $END, prompt: "Done." } }
`;

interface Post {
  to: string[];
  /** What its sender had been given or had sent before. */
  causes: string[];
}

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});

afterEach(() => void vi.restoreAllMocks());

/** @returns how many events were given after a cause that their reader was given too: what there was to get wrong */
async function simulate(seed: number, placement: Placement): Promise<number> {
  const random = createRandom(seed);
  const names = ["a", "b", "c", "d", "e"].slice(0, 3 + Math.floor(random() * 3));
  const faulty = random() * 0.4;
  let calm = false;
  const cluster = await createThreadCluster({
    placement,
    workflow,
    agents: names.map((id) => ({ id, capabilities: [], roles: null, kinds: null })),
    fate() {
      if (calm) return "arrives";
      if (random() < 0.05) endAny();
      const drawn = random();
      return drawn < faulty / 2 ? "is lost" : drawn < faulty ? "arrives, and its answer is lost" : "arrives";
    },
  });
  function endAny(): void {
    const living = cluster.living();
    if (living.length) cluster.end(pick(random, living));
  }
  const posts = new Map<string, Post>();
  const known = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  let judged = 0;
  let budget = 16;

  /** Posts until it is accepted, as clients do: what was not answered may have been taken. */
  async function post(name: string, to: string[] | "*"): Promise<void> {
    const id = `${name}-${posts.size}`;
    const own = known.get(name) as Set<string>;
    posts.set(id, { to: to === "*" ? names.filter((each) => each !== name) : to, causes: [...own] });
    const event = {
      ...{ id, type: "chat.said", to: to === "*" ? "*" : to.map((each) => `agents/${each}`).join(",") },
      data: null,
      ...(own.size && { causationid: [...own].at(-1) }),
    };
    for (let tries = 0; ; tries++) {
      const answer = await cluster
        .agent(name)
        .accept({ agent: name, token }, [event])
        .catch(() => undefined);
      if (answer?.ok && answer.value[0]?.status === "accepted") break;
      if (tries > 20) throw new Error(`${id} was never accepted: ${JSON.stringify(answer)}`);
    }
    own.add(id);
  }

  /** Reads what there is, in order, and now and then answers it, tells all, or tells some. */
  async function read(name: string): Promise<void> {
    const core = cluster.agent(name);
    const page = await core
      .inbox({ agent: name, token }, { channels: ["my"], waitSeconds: 0, limit: 1 + Math.floor(random() * 3) })
      .catch(() => undefined);
    if (!page?.ok) return;
    const own = known.get(name) as Set<string>;
    for (const { event } of page.value.events as { event: CloudEvent }[]) {
      const said = posts.get(event.id);
      if (!said || own.has(event.id)) continue;
      for (const cause of said.causes) {
        if (!posts.get(cause)?.to.includes(name)) continue;
        judged += 1;
        if (!own.has(cause)) throw new Error(`${name} was given ${event.id} before ${cause}`);
      }
      own.add(event.id);
      if (budget <= 0 || random() > 0.6) continue;
      budget -= 1;
      const drawn = random();
      const others = names.filter((each) => each !== name);
      const some = others.filter(() => random() < 0.6);
      const author = event.id.split("-")[0] as string;
      await post(name, drawn < 0.3 ? [author] : drawn < 0.6 || !some.length ? "*" : some);
    }
    // Some are given again: an acknowledgement may be late, or lost with its object.
    if (random() < 0.8) await core.ack({ agent: name, token }, { seqs: page.value.events.map(({ seq }) => seq) }).catch(() => undefined);
  }

  for (let first = 0; first < 3; first++) await post(pick(random, names), "*");
  for (let round = 0; round < 14; round++) {
    calm = round >= 10;
    if (!calm && random() < 0.4) endAny();
    await Promise.all(names.filter(() => calm || random() < 0.7).map(read));
    await cluster.advance(calm ? 30_000 : random() * 2_000);
  }
  for (let round = 0; round < 20; round++) for (const name of names) await read(name);
  for (const [id, { to }] of posts) for (const name of to) if (!known.get(name)?.has(id)) throw new Error(`${name} was never given ${id}`);
  return judged;
}

test.each(placedSeeds(seeds))(
  "[HOST23] seeds of $placement: random runs of real agents: nobody is given an event before its cause, and everybody is given all",
  {
    timeout: timeForSeeds(120_000),
  },
  async ({ placement, seeds: list }) => {
    const only = process.env.NERVEFLARE_SEED;
    let judged = 0;
    for (const seed of list) {
      try {
        judged += await simulate(seed, placement);
      } catch (error) {
        throw new Error(`NERVEFLARE_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    expect(judged).toBeGreaterThan(only ? -1 : list.length * 5);
  },
);
