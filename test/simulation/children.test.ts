/**
 * [SIM2] Threads that spawn threads, on a cluster where messages fail, arrive twice, and any object ends between any two steps:
 * each child begins once, its end is counted once, and the turn that waited sees what became of all. NERVEFLARE_SEED runs one seed.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { Placement } from "../../src/contract/placement.ts";
import type { ThreadView } from "../../src/contract/views/thread.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { createRandom } from "./reviewers.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const seeds = 20;

const parent = `
name: release
description: Builds every part, then publishes.
binding: cloud
roles:
  planner:
    description: plans
    type: named
    agent: { from: "event.agent" }
    turn: { on_fail: forfeit }
    frontmatter:
      type: object
      properties: { $status: { enum: [planned, given_up] }, parts: { type: array } }
      required: [$status]
  publisher:
    description: publishes
    type: named
    agent: { from: "event.agent" }
    frontmatter: { type: object, properties: { $status: { const: published } }, required: [$status] }
reflexes:
  - { kind: workflow, on: [release.wanted] }
  - { kind: signal, on: [release.unwanted], key: "data.name", signal: cancel }
graph:
  $START:
    new: { role: planner, prompt: "Plan." }
  planner:
    planned:
      role: publisher
      prompt: "Publish{% for child in _children %} {{ child.workflow }}:{{ child.output.part }}{% endfor %}."
      spawn: [ { workflow: build, input: "steps[-1].output.parts", await: { timeout: 1h } } ]
    given_up: { role: $END, prompt: "Given up." }
    $FAILED: { role: planner, prompt: "{% for child in _children %}{{ child.status }} {% endfor %}went wrong." }
  publisher:
    published: { role: $END, prompt: "Published." }
`;

const child = `
name: build
description: Builds a part.
binding: cloud
concurrency: 1
input: { type: object, properties: { part: { type: string } }, required: [part] }
roles:
  builder:
    description: builds
    type: named
    agent: builder
    frontmatter: { type: object, properties: { $status: { enum: [built] }, part: { type: string } }, required: [$status] }
graph:
  $START:
    new: { role: builder, prompt: "Build {{ data.part }}." }
  builder:
    built: { role: $END, prompt: "Built {{ part }}." }
`;

/** Its child is a release, whose children are builds. */
const grand = `
name: world
description: Makes a release.
binding: cloud
roles:
  maker: { description: makes, type: named, agent: lead, frontmatter: { type: object, properties: { $status: { enum: [made] } }, required: [$status] } }
reflexes:
  - { kind: workflow, on: [world.wanted] }
graph:
  $START:
    new: { role: maker, prompt: "Make." }
  maker:
    made: { role: $END, prompt: "Made.", spawn: [ { workflow: release, input: "{}", await: { timeout: 1h } } ] }
`;

beforeEach(() => {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
});

afterEach(() => void vi.restoreAllMocks());

/** Answers a turn, or fails it; undefined leaves it open. */
type Perform = (turn: TurnAssigned) => object | "fail" | undefined;

interface Stage {
  cluster: ThreadCluster;
  /** Turns that were given, by the role and prompt. */
  given: Map<string, TurnAssigned>;
  /** Lets everybody do something once. */
  play(perform: Perform): Promise<void>;
  /** Plays on until it is so; what never comes fails the test by what is expected after it. */
  playUntil(perform: Perform, done: () => boolean): Promise<void>;
  post(id: string, type: string, data: object): Promise<void>;
}

async function open(
  fate: Parameters<typeof createThreadCluster>[0]["fate"] = () => "arrives",
  more: string[] = [],
  placement?: Placement,
): Promise<Stage> {
  const agents = ["lead", "builder"].map((id) => ({ id, capabilities: [], roles: null, kinds: null }));
  const cluster = await createThreadCluster({ workflow: [parent, child, ...more], agents, fate, ...(placement && { placement }) });
  const given = new Map<string, TurnAssigned>();
  async function act(agent: string, perform: Perform): Promise<void> {
    const me = await cluster.agent(agent).me({ agent, token });
    if (!me.ok) return;
    for (const turn of (me.value as unknown as { turns: TurnAssigned[] }).turns) {
      given.set(turn.turn, turn);
      const output = perform(turn);
      if (output === undefined) continue;
      const { turn: name, lease } = turn;
      const of = { turn: name, lease: lease.generation };
      const [type, data] =
        output === "fail" ? ["nerve.turn.fail", { ...of, error: "no", retryable: false }] : ["nerve.turn.respond", { ...of, output }];
      await cluster.agent(agent).accept({ agent, token }, [{ id: `answer:${name}`, type, data }]);
    }
  }
  async function play(perform: Perform): Promise<void> {
    await Promise.all(agents.map(({ id }) => act(id, perform).catch(() => {})));
    await cluster.advance(1_000);
  }
  return {
    cluster,
    given,
    play,
    async playUntil(perform, done) {
      for (let round = 0; round < 60 && !done(); round++) await play(perform);
    },
    async post(id, type, data) {
      await cluster.agent("lead").accept({ agent: "lead", token }, [{ id, type, data }]);
      await cluster.advance(1_000);
    },
  };
}

const parts = ["a", "b", "c"];

const perform: Perform = ({ role, event }) => {
  if (role.name === "planner") return { $status: "planned", parts: parts.map((part) => ({ part })) };
  if (role.name === "publisher") return { $status: "published" };
  return { $status: "built", part: (event.data as { part: string }).part };
};

/** Whether all threads of the workflow, of which there are so many, are in this state. */
function are(cluster: ThreadCluster, workflow: string, status: ThreadView["status"], number: number): boolean {
  const found = find(cluster, workflow);
  return found.length === number && found.every((row) => row.status === status);
}

function find(cluster: ThreadCluster, workflow: string): { id: string; status: ThreadView["status"]; parent: string | null }[] {
  return [...cluster.index.values()].filter((row) => row.workflow === workflow);
}

async function show(cluster: ThreadCluster, id: string): Promise<ThreadView> {
  const shown = await cluster.thread(id).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.detail);
  return shown.value;
}

test("[CHILD1] an input that is a list spawns a child per item, and the turn that waited sees them all", async () => {
  const { cluster, given, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  await playUntil(perform, () => are(cluster, "release", "completed", 1) && are(cluster, "build", "completed", 3));
  const [release] = find(cluster, "release");
  if (!release) throw new Error("nothing was started");
  const shown = await show(cluster, release.id);
  expect(shown).toMatchObject({ status: "completed", round: 2 });
  expect(shown.children).toHaveLength(3);
  const builds = find(cluster, "build");
  expect(builds.map(({ id, status, parent: of }) => [id, status, of]).sort()).toEqual(
    shown.children.map((id) => [id, "completed", release.id]).sort(),
  );
  const [first] = builds;
  const built = await show(cluster, first?.id ?? "");
  expect(built).toMatchObject({
    parent: release.id,
    event: { type: "nerve.thread.spawned", source: `/threads/${release.id}`, agent: "lead", data: { part: expect.any(String) } },
  });
  const publishing = [...given.values()].find(({ role }) => role.name === "publisher");
  expect(publishing?.prompt).toBe("Publish build:a build:b build:c.");
});

test("[CHILD2] the index lists a thread as waiting for its children, until when, and for an answer once they are done", async () => {
  const { cluster, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  const planOnly: Perform = (turn) => (turn.role.name === "planner" ? perform(turn) : undefined);
  await playUntil(planOnly, () => are(cluster, "build", "running", 3));
  const wait = () => cluster.waits.get(`${find(cluster, "release")[0]?.id} task`)?.waiting;
  const first = wait();
  expect(first).toMatchObject({ for: "children", role: "planner", since: expect.any(Number) });
  expect((first?.until ?? 0) - (first?.since ?? 0)).toBe(3_600_000);
  const buildOnly: Perform = (turn) => (turn.role.name === "builder" ? perform(turn) : undefined);
  await playUntil(buildOnly, () => wait()?.for !== "children");
  expect(wait()).toMatchObject({ for: "answer", role: "publisher" });
});

test("[CHILD3] a child that fails is the source's $FAILED, whose prompt sees who failed", async () => {
  const { cluster, given, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  let planned = 0;
  const failing: Perform = (turn) => {
    if (turn.role.name === "builder") return (turn.event.data as { part: string }).part === "b" ? "fail" : undefined;
    if (turn.role.name !== "planner") return perform(turn);
    planned += turn.prompt === "Plan." ? 1 : 0;
    return turn.prompt === "Plan." ? perform(turn) : { $status: "given_up" };
  };
  await playUntil(failing, () => find(cluster, "build").some(({ status }) => status === "suspended"));
  // The failed turn suspends its thread: a person ends it.
  const stuck = find(cluster, "build").find(({ status }) => status === "suspended");
  await cluster.thread(stuck?.id ?? "").recruitment.control("cancel", "admin", {});
  await playUntil(failing, () => are(cluster, "release", "completed", 1) && are(cluster, "build", "cancelled", 3));
  const [release] = find(cluster, "release");
  expect((await show(cluster, release?.id ?? "")).outcome).toMatchObject({ status: "completed", prompt: "Given up." });
  expect(planned).toBeGreaterThan(0);
  const prompts = [...given.values()].filter(({ role }) => role.name === "planner").map(({ prompt }) => prompt);
  expect(prompts).toContain("running cancelled running went wrong.");
  // Nobody waits for the other two any more.
  expect(find(cluster, "build").map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
});

test("[CHILD4] a child that does not fit its workflow's input, or has none, fails at once with the reason", async () => {
  const { cluster, playUntil, post, given } = await open();
  await post("wanted", "release.wanted", {});
  const wrong: Perform = (turn) => {
    if (turn.role.name !== "planner") return undefined;
    return turn.prompt === "Plan." ? { $status: "planned", parts: [{ part: 7 }] } : { $status: "given_up" };
  };
  await playUntil(wrong, () => are(cluster, "release", "completed", 1));
  const [release] = find(cluster, "release");
  expect((await show(cluster, release?.id ?? "")).status).toBe("completed");
  expect(find(cluster, "build")).toEqual([]);
  expect([...given.values()].map(({ prompt }) => prompt)).toContain("failed went wrong.");
  const refused = [...cluster.log.values()].find(({ row }) => row.event.type === "nerve.spawn.refused");
  expect(refused?.row.event.data).toMatchObject({ workflow: "build", reason: expect.stringContaining("does not fit the input of build") });
});

test("[CHILD5] whoever cancels a thread cancels its children", async () => {
  const { cluster, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  const planOnly: Perform = (turn) => (turn.role.name === "planner" ? perform(turn) : undefined);
  await playUntil(planOnly, () => are(cluster, "build", "running", 3));
  const [release] = find(cluster, "release");
  expect(find(cluster, "build").map(({ status }) => status)).toEqual(["running", "running", "running"]);
  await cluster.thread(release?.id ?? "").recruitment.control("cancel", "admin", { reason: "not today" });
  await playUntil(planOnly, () => are(cluster, "build", "cancelled", 3));
  await cluster.advance(10_000);
  expect([...cluster.index.values()].map(({ status }) => status)).toEqual(Array(4).fill("cancelled"));
  for (const agent of ["lead", "builder"])
    expect(await cluster.agent(agent).me({ agent, token })).toMatchObject({ ok: true, value: { turns: [], rolesHeld: [] } });
});

test("[CHILD6] a restart ends the children of the epoch before, and a step whose edge waits for children starts them again", async () => {
  const { cluster, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  const planOnly: Perform = (turn) => (turn.role.name === "planner" ? perform(turn) : undefined);
  await playUntil(planOnly, () => are(cluster, "build", "running", 3));
  const [release] = find(cluster, "release");
  const old = find(cluster, "build").map(({ id }) => id);
  const restarted = await cluster.thread(release?.id ?? "").recruitment.restart("admin", { at: 1 });
  expect(restarted).toMatchObject({ ok: true });
  const is = (status: string) => find(cluster, "build").filter((row) => row.status === status);
  await playUntil(planOnly, () => is("cancelled").length === 3 && is("running").length === 3);
  expect(
    is("cancelled")
      .map(({ id }) => id)
      .sort(),
  ).toEqual(old.sort());
  await playUntil(perform, () => are(cluster, "release", "completed", 1));
  expect(await show(cluster, release?.id ?? "")).toMatchObject({ status: "completed", epoch: 2 });
  expect(is("completed")).toHaveLength(3);
  expect(is("cancelled")).toHaveLength(3);
});

test("[CHILD5] whoever cancels a thread cancels its grandchildren", async () => {
  const { cluster, playUntil, post } = await open(undefined, [grand]);
  await post("wanted", "world.wanted", {});
  const planOnly: Perform = (turn) => {
    if (turn.role.name === "maker") return { $status: "made" };
    return turn.role.name === "planner" ? perform(turn) : undefined;
  };
  await playUntil(planOnly, () => are(cluster, "build", "running", 3));
  const [world] = find(cluster, "world");
  await cluster.thread(world?.id ?? "").recruitment.control("cancel", "admin", {});
  await playUntil(planOnly, () => are(cluster, "build", "cancelled", 3));
  await cluster.advance(10_000);
  expect([...cluster.index.values()].map(({ status }) => status)).toEqual(Array(5).fill("cancelled"));
});

test("[CHILD7] an edge that would spawn more children than one prompt can see fails its thread with the number", async () => {
  const { cluster, playUntil, post } = await open();
  await post("wanted", "release.wanted", {});
  const many = Array.from({ length: 101 }, (_, index) => ({ part: String(index) }));
  const planMany: Perform = (turn) => (turn.role.name === "planner" ? { $status: "planned", parts: many } : undefined);
  await playUntil(planMany, () => are(cluster, "release", "failed", 1));
  const [release] = find(cluster, "release");
  expect(await show(cluster, release?.id ?? "")).toMatchObject({
    status: "failed",
    error: expect.stringContaining("would spawn 101 children"),
  });
  expect(find(cluster, "build")).toEqual([]);
});

async function simulate(seed: number, placement: Placement): Promise<void> {
  const random = createRandom(seed);
  const faulty = random() * 0.3;
  let calm = false;
  const stage = await open(
    () => {
      if (!calm && random() < 0.05) endAny();
      const drawn = calm ? 1 : random();
      return drawn < faulty / 2 ? "is lost" : drawn < faulty ? "arrives, and its answer is lost" : "arrives";
    },
    [],
    placement,
  );
  const { cluster, given, play } = stage;
  function endAny(): void {
    const living = cluster.living();
    if (living.length) cluster.end(living[Math.floor(random() * living.length)] as string);
  }
  const releases = 2;
  const ended = (): boolean => find(cluster, "release").filter(({ status }) => status === "completed").length === releases;
  for (let round = 0; round < 120 && !(round > 15 && ended()); round++) {
    calm = round > 15;
    if (!calm && random() < 0.5) endAny();
    for (let release = 1; release <= releases; release++) await stage.post(`wanted:${release}`, "release.wanted", {}).catch(() => {});
    await play(perform);
    await cluster.advance(calm ? 20_000 : random() * 1_000);
  }
  calm = true;
  await cluster.advance(120_000);
  expect(find(cluster, "release").map(({ status }) => status)).toEqual(Array(releases).fill("completed"));
  expect(find(cluster, "build").map(({ status }) => status)).toEqual(Array(releases * parts.length).fill("completed"));
  for (const { id } of find(cluster, "release")) {
    const { children } = await show(cluster, id);
    const own = find(cluster, "build").filter((row) => row.parent === id);
    expect(own.map((row) => row.id).sort()).toEqual([...children].sort());
    const spawned = [...cluster.log.values()].filter(({ row }) => row.thread === id && row.event.type === "nerve.thread.spawned");
    expect(spawned).toHaveLength(parts.length);
  }
  for (const { role, prompt } of given.values()) if (role.name === "publisher") expect(prompt).toBe("Publish build:a build:b build:c.");
}

test.each(placedSeeds(seeds))(
  "[SIM2] seeds of $placement: every child begins once and is counted once",
  async ({ placement, seeds: list }) => {
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
