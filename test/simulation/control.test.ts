/**
 * [SIM5] Reviews that an operator suspends, resumes, restarts, forks, cancels and pauses, on a cluster where messages fail, arrive
 * twice, and any object ends between any two steps, in both placements. NERVEFLARE_SEED runs one seed.
 */
import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import type { Placement } from "../../src/contract/placement.ts";
import type { MessageView, ThreadView } from "../../src/contract/views/thread.ts";
import type { Admission } from "../../src/durable/workflow/admission.ts";
import { placedSeeds, timeForSeeds } from "../placement.ts";
import { act, createPlayer, createRandom, type Player } from "./reviewers.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const workflow = readFileSync("workflows/code-review.yaml", "utf8")
  .replace("concurrency: 8", "concurrency: 2")
  // Every step publishes its mark, once.
  .replace(
    `prompt: "Please address: {{ changes | join: '; ' }}"`,
    `prompt: "Please address."\n      emit: [ { kind: review.stepped, data: { mark: "{{ changes | first }}" } } ]`,
  )
  .replace(
    `updated: { role: reviewer, prompt: "New commits: {{ note }}. Review again." }`,
    `updated: { role: reviewer, prompt: "Again.", emit: [ { kind: review.stepped, data: { mark: "{{ note }}" } } ] }`,
  )
  .replace(`{ kind: review.approved, data: { summary: "{{ summary }}" } }`, `{ kind: review.stepped, data: { mark: "{{ summary }}" } }`);
const seeds = 20;
const reviews = 3;
/** Rounds of chaos, after which nothing fails, nobody interferes, and the rest must come to its end. */
const chaos = 30;
const mostForks = 3;

afterEach(() => void vi.restoreAllMocks());

const ids = ["author", "r1", "r2", "r3"];

/** Does something to a thread or to the queue; what is refused, or cut short, is no matter. */
async function interfere(cluster: ThreadCluster, random: () => number, forks: { left: number }): Promise<void> {
  const threads = [...cluster.index.keys()];
  const id = threads[Math.floor(random() * threads.length)];
  if (id === undefined) return;
  const drawn = random();
  const root = cluster.thread(id).recruitment;
  const queue = cluster.workflow("code-review");
  try {
    if (drawn < 0.1) await queue.pause({ by: "admin", reason: null, since: "2026-01-01T00:00:00Z" });
    else if (drawn < 0.25) await queue.pause(null);
    else if (drawn < 0.4) await root.control("suspend", "admin", {});
    else if (drawn < 0.6) await root.control("resume", "admin", { supplement: { drawn } });
    else if (drawn < 0.65) await root.control("cancel", "admin", {});
    else {
      const steps = (await readSteps(cluster, id)).filter(({ until }) => until === undefined);
      const at = steps[Math.floor(random() * (steps.length + 1))]?.round;
      const body = at === undefined ? {} : { at };
      if (drawn < 0.85) await root.restart("admin", body);
      else if (forks.left-- > 0) await root.fork("admin", { ...body, ...(random() < 0.5 && { roles: { reviewer: "r3" } }) });
    }
  } catch {
    // Its object ended meanwhile.
  }
}

async function readSteps(cluster: ThreadCluster, id: string): Promise<MessageView[]> {
  const shown = await cluster.thread(id).recruitment.messages(null, { limit: 200 });
  if (!shown.ok) throw new Error(shown.problem.detail);
  return shown.value.messages;
}

async function show(cluster: ThreadCluster, id: string): Promise<ThreadView> {
  const shown = await cluster.thread(id).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.detail);
  return shown.value;
}

const isOver = (status: string): boolean => ["completed", "cancelled"].includes(status);

async function simulate(seed: number, placement: Placement): Promise<void> {
  const random = createRandom(seed);
  let calm = false;
  const faulty = random() * 0.25;
  const cluster = await createThreadCluster({
    placement,
    workflow,
    agents: ids.map((id) => ({ id, capabilities: [id === "author" ? "coding" : "code-review"], roles: null, kinds: null })),
    fate: () => {
      if (!calm && random() < 0.03) endAny();
      const drawn = calm ? 1 : random();
      return drawn < faulty / 2 ? "is lost" : drawn < faulty ? "arrives, and its answer is lost" : "arrives";
    },
  });
  function endAny(): void {
    const living = cluster.living();
    if (living.length) cluster.end(living[Math.floor(random() * living.length)] as string);
  }
  const players = ids.map(createPlayer);
  const accepted = new Map<string, object>();
  for (let pr = 1; pr <= reviews; pr++)
    players[0]?.outgoing.push({ id: `ready:${pr}`, type: "pr.ready_for_review", data: { repo: "n", pr } });
  const forks = { left: mostForks };
  const ended = (): boolean =>
    players.every(({ outgoing }) => !outgoing.length) && [...cluster.index.values()].every(({ status }) => isOver(status));
  for (let round = 0; !(round > chaos && ended()) && round < chaos + 100; round++) {
    calm = round >= chaos;
    const acts = (calm ? players : players.filter(() => random() < 0.6)).map((player) => act(cluster, player, random, accepted));
    if (!calm && random() < 0.3) endAny();
    // Nobody waits for it: what an object that ended was asked is never answered.
    if (!calm && random() < 0.5) void interfere(cluster, random, forks);
    await Promise.all(acts);
    await cluster.advance(calm ? 20_000 : random() * 1_500);
    if (!calm) continue;
    await cluster.workflow("code-review").pause(null);
    for (const [id, { status }] of cluster.index)
      if (status === "suspended") await cluster.thread(id).recruitment.control("resume", "admin", {});
  }
  await cluster.advance(120_000);
  await check(cluster, players, accepted);
}

async function check(cluster: ThreadCluster, players: Player[], accepted: Map<string, object>): Promise<void> {
  const queue: Admission = cluster.workflow("code-review");
  expect(queue.admission(), "places come back").toMatchObject({ running: 0, queued: [] });
  expect(cluster.index.size).toBeGreaterThanOrEqual(reviews);
  const marks = new Map<string, Set<string>>();
  for (const id of cluster.index.keys()) {
    const thread = await show(cluster, id);
    expect(isOver(thread.status), `${id} is ${JSON.stringify(thread)}`).toBe(true);
    expect(cluster.index.get(id)?.status).toBe(thread.status);
    expect(cluster.index.get(id)?.parent ?? undefined).toBe(thread.parent);
    const steps = await readSteps(cluster, id);
    marks.set(id, new Set(steps.map(readMark)));
    expect(marks.get(id)?.size, "each answer is one step").toBe(steps.length);
    expectOneStory(thread, steps);
    const copied = steps.filter((step) => !isOf(id, readMark(step)));
    expect(copied.every(({ round }) => thread.fork !== undefined && round <= thread.fork.at)).toBe(true);
    expectPublished(cluster, id, steps);
    expectGrowth(cluster, id);
  }
  for (const [key, event] of accepted) {
    expect(cluster.log.has(key), `${key} is in the log`).toBe(true);
    const { type, data } = event as { type: string; data: { turn: string } };
    if (type !== "nerve.turn.respond") continue;
    const thread = data.turn.split(/[-.:]/)[0] as string;
    expect(marks.get(thread)?.has(data.turn), `the answer to ${data.turn} is a step`).toBe(true);
  }
  for (const { id, seen } of players) {
    expect(await cluster.agent(id).me({ agent: id, token })).toMatchObject({ ok: true, value: { turns: [], rolesHeld: [], offers: [] } });
    expectOrder([...seen].sort(([a], [b]) => a - b).map(([, { event }]) => event));
  }
}

/** The turn that a step answered, as whoever answered wrote it there. */
function readMark({ output }: MessageView): string {
  const { note, summary, changes } = output as { note?: string; summary?: string; changes?: string[] };
  return note ?? summary ?? changes?.[0] ?? "";
}

function isOf(thread: string, turn: string): boolean {
  return turn.split(/[-.:]/)[0] === thread;
}

/** Of the steps that count, each follows from the one before it, or begins after a resume. */
function expectOneStory({ id, status }: ThreadView, steps: MessageView[]): void {
  const counted = steps.filter(({ until }) => until === undefined);
  const told = counted.map(({ role, output }) => `${role} ${(output as { $status: string }).$status}`);
  told.forEach((step, index) => {
    const before = told[index - 1];
    const follows = {
      "author updated": before === "reviewer changes_requested",
      "reviewer changes_requested": before === undefined,
      "reviewer approved": before !== undefined,
    }[step];
    expect(follows, `${id}: ${told.join(", ")}`).toBe(true);
  });
  if (status === "completed") expect(told.at(-1), id).toBe("reviewer approved");
}

/** What a step publishes comes once, from its own thread, and not before it is decided on. */
function expectPublished({ log }: ThreadCluster, id: string, steps: MessageView[]): void {
  const published = [...log.values()].flatMap(({ row: { event, thread } }) =>
    event.type === "review.stepped" && thread === id ? [(event.data as { mark: string }).mark] : [],
  );
  expect(published.toSorted(), `${id} published each once`).toEqual([...new Set(published)].toSorted());
  expect(
    published.filter((mark) => !isOf(id, mark)),
    `${id} published what it copied`,
  ).toEqual([]);
  for (const step of steps)
    if (step.decision && isOf(id, readMark(step))) expect(published, `${id} published step ${step.round}`).toContain(readMark(step));
}

/** A turn's number is of one epoch, a generation is one agent's, and an epoch ends once. */
function expectGrowth({ log }: ThreadCluster, id: string): void {
  const events = [...log.values()].flatMap(({ row }) => (row.thread === id ? [row.event] : []));
  const tasks = new Map<number, string>();
  const holders = new Map<string, string>();
  for (const event of events) {
    if (event.type !== "nerve.turn.assigned") continue;
    const { turn, role, agent, lease } = event.data as unknown as {
      turn: string;
      role: string;
      agent: string;
      lease: { generation: number };
    };
    const [task = "", number] = turn.split(":");
    expect(tasks.get(Number(number)) ?? task, turn).toBe(task);
    tasks.set(Number(number), task);
    const key = `${role} ${lease.generation}`;
    expect(holders.get(key) ?? agent, `${id} ${key}`).toBe(agent);
    holders.set(key, agent);
  }
  const epochs = [...tasks].sort(([a], [b]) => a - b).map(([, task]) => Number(/-(\d+)/.exec(task)?.[1] ?? 1));
  expect(epochs, `${id}: turns grow with epochs`).toEqual(epochs.toSorted((a, b) => a - b));
  for (const types of [["started"], ["completed", "failed", "cancelled"]]) {
    const said = events
      .filter(({ type }) => types.includes(type.slice("nerve.thread.".length)) && type.startsWith("nerve.thread."))
      .map(({ data }) => (data as { epoch?: number }).epoch ?? 1);
    expect(said.toSorted(), `${id} ${types[0]} once an epoch`).toEqual([...new Set(said)].toSorted());
  }
}

/** To one agent a thread's turns and its roles' generations only grow. */
function expectOrder(events: { type: string; id: string; data?: unknown }[]): void {
  const last = new Map<string, number>();
  const first = events.filter((event, index) => events.findIndex(({ id }) => id === event.id) === index);
  for (const { type, data } of first) {
    if (type !== "nerve.turn.assigned") continue;
    const { turn, thread, role, lease } = data as TurnAssigned;
    for (const [key, number] of [
      [thread, Number(turn.split(":")[1])],
      [`${thread} ${role.name}`, lease.generation],
    ] as const) {
      expect(number, key).toBeGreaterThanOrEqual(last.get(key) ?? 0);
      last.set(key, number);
    }
  }
}

test("[THREAD23] a thread that begins again, and a copy, wait with the priority of their reflex", async () => {
  const cluster = await createThreadCluster({
    workflow: workflow.replace(/^ +key: .*\n/m, (key) => `${key}    priority: "data.pr"\n`),
    agents: ids.map((id) => ({ id, capabilities: [], roles: null, kinds: null })),
    fate: () => "arrives",
  });
  const queue = cluster.workflow("code-review");
  const begin = async (pr: number): Promise<string> => {
    const before = new Set(cluster.index.keys());
    const event = { id: `ready:${pr}`, type: "pr.ready_for_review", data: { repo: "n", pr } };
    await cluster.agent("author").accept({ agent: "author", token }, [event]);
    await cluster.advance(1_000);
    return [...cluster.index.keys()].find((id) => !before.has(id)) ?? "";
  };
  const urgent = await begin(9);
  await cluster.thread(urgent).recruitment.control("cancel", "admin", {});
  await cluster.advance(1_000);
  await queue.pause({ by: "admin", reason: null, since: "2026-01-01T00:00:00Z" });
  const usual = await begin(5);
  await cluster.thread(urgent).recruitment.restart("admin", {});
  const copy = await cluster.thread(urgent).recruitment.fork("admin", {});
  await cluster.advance(1_000);
  const id = copy.ok ? copy.value.id : "";
  expect(queue.admission().queued).toEqual([urgent, id, usual]);
  expect(cluster.index.get(id)).toMatchObject({ status: "queued", parent: urgent });
  await queue.pause(null);
  await cluster.advance(1_000);
  expect(cluster.index.get(id)).toMatchObject({ status: "recruiting", parent: urgent });
});

test.each(placedSeeds(seeds))(
  "[SIM5] seeds of $placement: whatever an operator orders, every review ends as it was told to",
  async ({ placement, seeds: list }) => {
    for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
    const failures: string[] = [];
    for (const seed of list) {
      try {
        await simulate(seed, placement);
      } catch (error) {
        failures.push(`NERVEFLARE_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    expect(failures).toEqual([]);
  },
  timeForSeeds(120_000),
);
