/**
 * [RACE1] 64 agents claim two roles that exclude each other, on a cluster where messages fail and come twice and objects end
 * between any two steps: each role is awarded once, nobody has both, and whoever claimed in vain is told why.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { Placement } from "../../src/contract/placement.ts";
import { createRandom } from "../../src/explore/create-random.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { createThreadCluster, token } from "./thread-cluster.ts";

const seeds = 6;
const count = 64;

const workflow = (pick: string) => `
name: race
description: Two of many.
binding: cloud
reflexes: [ { kind: workflow, on: [race.called] } ]
roles:
  left: &role
    type: open
    description: One side.
    goal: To be one side.
    capabilities: [racing]
    eligibility: { not: [right] }
    recruitment: { timeout: 10m, pick: ${pick} }
    procedure: Be it.
    output: That it was.
    frontmatter: { properties: { $status: { const: done } }, required: [$status] }
  right:
    <<: *role
    eligibility: { not: [left] }
graph:
  $START:
    new: { role: left, prompt: "Go." }
  left:
    done: { role: right, prompt: "Go." }
  right:
    done: { role: $END, prompt: "Done." }
`;

afterEach(() => void vi.restoreAllMocks());

async function race(seed: number, placement: Placement): Promise<void> {
  const random = createRandom(seed);
  const pick = seed % 2 ? "first" : "best";
  let calm = false;
  const ids = Array.from({ length: count }, (_, index) => `a${String(index).padStart(2, "0")}`);
  const cluster = await createThreadCluster({
    placement,
    workflow: workflow(pick),
    agents: [
      { id: "caller", capabilities: [], roles: null, kinds: null },
      ...ids.map((id) => ({ id, capabilities: ["racing"], roles: null, kinds: null })),
    ],
    fate: () => {
      const drawn = calm ? 1 : random();
      return drawn < 0.05 ? "is lost" : drawn < 0.1 ? "arrives, and its answer is lost" : "arrives";
    },
  });
  /** Sends until it is answered, under the same id. */
  const say = async (id: string, event: { id: string; type: string; data: object }): Promise<{ status: string; code?: string }> => {
    for (;;) {
      const answer = await cluster
        .agent(id)
        .accept({ agent: id, token }, [event])
        .catch(() => undefined);
      const first = answer?.ok ? answer.value[0] : undefined;
      if (first?.status === "accepted") return { status: "accepted" };
      if (first && !first.error.retryable) return { status: "rejected", code: first.error.code };
    }
  };
  const called = await cluster.agent("caller").accept({ agent: "caller", token }, [{ id: "call", type: "race.called", data: {} }]);
  if (!called.ok || called.value[0]?.status !== "accepted") throw new Error("the race was not called");
  const [thread] = called.value[0].threads as [string];
  await cluster.advance(10_000);
  const offers = [`${thread}:0:1`, `${thread}:1:1`];
  const claims = ids.flatMap((id) => offers.map((offer) => ({ id, offer, at: random() }))).toSorted((a, b) => a.at - b.at);
  const answers = claims.map(async ({ id, offer }) => {
    if (random() < 0.05) cluster.end(`recruitment/${thread}`);
    return say(id, { id: `claim:${offer}`, type: "nerve.offer.claim", data: { offer, bid: Math.floor(random() * 5) } });
  });
  const settled = Promise.all(answers);
  // Nobody is silent for so long as to lose what they were given.
  await cluster.advance(40_000);
  const answered = await settled;
  calm = true;
  await cluster.advance(20_000);

  const view = await cluster.thread(thread).recruitment.show(null);
  if (!view.ok) throw new Error(view.problem.detail);
  const { left, right } = view.value.roles;
  expect(left?.agent).toBeDefined();
  expect(right?.agent).toBeDefined();
  expect(left?.agent).not.toBe(right?.agent);
  expect([left?.generation, right?.generation]).toEqual([1, 1]);
  const verdicts = [...cluster.log.values()].flatMap(({ row }) =>
    row.thread === thread && row.event.type.startsWith("nerve.claim.") ? [row.event] : [],
  );
  expect(verdicts.filter(({ type }) => type === "nerve.claim.accepted")).toHaveLength(2);
  const told = new Set<string>();
  for (const id of ids) {
    const inbox = await cluster.agent(id).inbox({ agent: id, token }, { channels: ["my", "open"], waitSeconds: 0, limit: 200 });
    if (!inbox.ok) throw new Error(inbox.problem.code);
    for (const { event } of inbox.value.events)
      if (event.type.startsWith("nerve.claim.")) {
        const data = event.data as { offer: string; reason?: string };
        if (event.type === "nerve.claim.rejected") expect(data.reason).toMatch(/^(taken|outscored|offer_closed|holds:(left|right))$/);
        told.add(`${id} ${data.offer}`);
      }
  }
  for (const [index, { id, offer }] of claims.entries()) {
    const { status, code } = answered[index] as { status: string; code?: string };
    if (status === "rejected") expect(code).toBe("offer_closed");
    else expect(told.has(`${id} ${offer}`), `${id} was told of ${offer}`).toBe(true);
  }
}

test.each(placedSeeds(seeds))(
  "[RACE1] seeds of $placement: each of two roles is awarded once, and nobody has both",
  async ({ placement, seeds: list }) => {
    for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
    for (const seed of list) {
      try {
        await race(seed, placement);
      } catch (error) {
        throw new Error(`NERVEFLARE_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  },
  timeForSeeds(120_000),
);
