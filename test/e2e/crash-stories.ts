/**
 * The promise that a crash loses nothing and doubles nothing, on a real server: its processes are killed again and again at
 * random moments of running reviews, and while offers are open. Set NERVEFLARE_SEED to the printed seed to see a run's choices again.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFailed, test, vi } from "vitest";
import { ClientError } from "../../src/client/client-error.ts";
import { systemClock } from "../../src/client/clock.ts";
import { createHttpCaller, type HttpCaller } from "../../src/client/http.ts";
import { type Agent, connectAgent, type TurnAssigned, type TurnOutput } from "../../src/client/index.ts";
import type { CloudEvent } from "../../src/contract/event.ts";
import { createRandom } from "../../src/explore/index.ts";
import { type CrashStage, createCounter, type Kill, openCrashStage } from "./crash-stage.ts";
import { createOpenOffers, type OpenOffers } from "./open-offers.ts";

const reviewsPerLife = 2;

const seed = Number(process.env.NERVEFLARE_SEED ?? Date.now() % 1_000_000);
const random = createRandom(seed);
const ends: (() => Promise<void>)[] = [];
/** How often each turn's handler was run. */
const performed = new Map<string, number>();
const happenings = createCounter();
let failed = false;
let stage: CrashStage;
let operator: HttpCaller;
let author: Agent;
let reviewers: Agent[];
let offers: OpenOffers;

/** Opens the one server of a file. @param env of the server */
async function openStories(env: Record<string, string>): Promise<void> {
  console.log(`NERVEFLARE_SEED=${seed}`);
  stage = await openCrashStage((end) => void ends.push(end), env);
  operator = createHttpCaller({ url: stage.url, token: stage.adminToken, fetch, clock: systemClock });
  const workflow = (await readFile("workflows/code-review.yaml", "utf8"))
    // All reviews at once, and no reviewer too busy: only crashes may hold them up.
    .replace("concurrency: 8", "concurrency: 100")
    .replace(/^ +where: "load < 3".*\n/m, "");
  await operator.call("PUT", "v1/workflows/code-review", { body: workflow, contentType: "text/yaml" });
  author = await connectPlayer("author", ["coding"]);
  reviewers = [await connectPlayer("reviewer-1", ["code-review"]), await connectPlayer("reviewer-2", ["code-review"])];
  offers = await createOpenOffers(stage);
  ends.push(offers.close);
}

async function closeStories(): Promise<void> {
  if (failed) console.log(await stage.readLogs());
  for (const end of ends.reverse()) await end();
}

/** Tests of one file. @param kills how often each is killed; what is never killed has no test @param env of the server */
export function tellCrashes(kills: Record<Kill, number>, env: Record<string, string> = {}): void {
  beforeAll(() => openStories(env));
  afterAll(closeStories);

  const stories: { name: string; kill: Kill; withOffers: number[] }[] = [
    { name: "[CRASH1] kills of all server processes", kill: "all", withOffers: [2] },
    { name: "[CRASH2] kills of the server's parent process, with which its runtime ends", kill: "parent", withOffers: [] },
    { name: "[CRASH3] kills of the runtime, which its parent starts again", kill: "runtime", withOffers: [1] },
  ];

  for (const { name, kill, withOffers } of stories.filter((story) => kills[story.kill] > 0))
    test(`${name}: every review completes, no turn is performed twice, no accepted event is lost`, { timeout: 600_000 }, async () => {
      onTestFailed(() => {
        failed = true;
      });
      const sent: Promise<string[]>[] = [];
      const ids: string[] = [];
      for (let life = 0; life < kills[kill]; life++) {
        for (let n = 0; n < reviewsPerLife; n++) {
          const id = `ready:${kill}:${life}:${n}`;
          ids.push(id);
          const accepted = author.send({ type: "pr.ready_for_review", id, data: { repo: "nerve", pr: life * reviewsPerLife + n } });
          const threads = accepted.then((answer) => answer.threads);
          // Awaited, and so judged, when the killing is over.
          threads.catch(() => {});
          sent.push(threads);
        }
        // So many offers, turns and answers later, and then at any instruction.
        await happenings.reach(1 + Math.floor(random() * 12), 20_000);
        if (withOffers.includes(life)) await offers.open();
        await delay(random() * 25);
        await stage.crash(kill);
        if (withOffers.includes(life)) await offers.goOn();
      }

      const threads = (await Promise.all(sent)).flat();
      expect(new Set(threads).size).toBe(kills[kill] * reviewsPerLife);
      await expectCompleted(operator, threads, [author, ...reviewers]);

      // A review is: changes requested, updated, approved.
      const turns = [...performed].filter(([turn]) => threads.some((thread) => turn.startsWith(thread)));
      expect(turns.filter(([, times]) => times > 1)).toEqual([]);
      expect(turns).toHaveLength(threads.length * 3);
      // The log may lag, but misses nothing that was accepted.
      await vi.waitFor(
        async () => {
          const posted = await listLogged(operator, { type: "pr.ready_for_review", source: "/agents/author" });
          expect(
            posted
              .map(({ id }) => id)
              .filter((id) => id.startsWith(`ready:${kill}:`))
              .sort(),
          ).toEqual(ids.toSorted());
          const answered = (await listLogged(operator, { type: "nerve.turn.respond" })).map(
            (event) => (event.data as { turn: string }).turn,
          );
          const known = new Set(turns.map(([turn]) => turn));
          expect(answered.filter((turn) => known.has(turn)).sort()).toEqual([...known].sort());
        },
        { timeout: 30_000, interval: 500 },
      );
    });

  test("[CRASH4] of offers that were open as the server was killed one claim each wins, whoever was shown one hears that it closed, and no number names two", async () => {
    onTestFailed(() => {
      failed = true;
    });
    await offers.expectWhole();
  });
}

async function connectPlayer(id: string, capabilities: string[]): Promise<Agent> {
  const { token } = (await operator.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) })) as { token: string };
  function perform(turn: TurnAssigned): TurnOutput {
    performed.set(turn.turn, (performed.get(turn.turn) ?? 0) + 1);
    happenings.count();
    if (turn.role.name === "author") return { $status: "updated", note: "done" };
    return turn.last?.role === "author" ? { $status: "approved", summary: "good" } : { $status: "changes_requested", changes: ["one"] };
  }
  const agent = connectAgent({
    url: stage.url,
    token,
    slots: 1_000,
    onTurn: perform,
    onOffer: () => {
      happenings.count();
      return "claim";
    },
    onNote: ({ what }) => {
      if (what === "turn.answered" || what === "claim.accepted") happenings.count();
    },
    // The shortest back-off: the server is back in a second.
    random: () => 0,
  });
  ends.push(() => agent.close());
  await agent.ready;
  return agent;
}

/** Waits until all threads are completed; what is not by then is shown with all that is known of it. */
async function expectCompleted(operator: HttpCaller, threads: string[], agents: Agent[]): Promise<void> {
  const timeout = performance.now() + 120_000;
  let open = threads;
  while (open.length > 0 && performance.now() < timeout) {
    const statuses = await Promise.all(open.map(async (thread) => ({ thread, status: await readStatus(operator, thread) })));
    open = statuses.filter(({ status }) => status !== "completed").map(({ thread }) => thread);
    await delay(500);
  }
  if (open.length === 0) return;
  const known = await Promise.all(
    open.map(async (thread) => ({
      view: await operator.call("GET", `v1/threads/${thread}`).catch(String),
      events: await operator.call("GET", `v1/events?correlationid=${thread}&limit=200`),
    })),
  );
  const seen = await Promise.all(agents.map((agent) => agent.me()));
  expect.fail(`not completed: ${JSON.stringify({ known, seen }, null, 1)}`);
}

/** A thread that was decided on may not have begun: its queue hears of it when the sender's object is tried again. */
async function readStatus(operator: HttpCaller, thread: string): Promise<string> {
  try {
    return ((await operator.call("GET", `v1/threads/${thread}`)) as { status: string }).status;
  } catch (error) {
    if (error instanceof ClientError && error.code === "not_found") return "not begun";
    throw error;
  }
}

/** All logged events that match. */
async function listLogged(operator: HttpCaller, match: Record<string, string>): Promise<CloudEvent[]> {
  const found: CloudEvent[] = [];
  for (let after: string | number | null = 0; after !== null; ) {
    const query = new URLSearchParams({ ...match, after: String(after), limit: "200" });
    const page = (await operator.call("GET", `v1/events?${query}`)) as { events: { event: CloudEvent }[]; next: string | number | null };
    found.push(...page.events.map(({ event }) => event));
    after = page.events.length > 0 ? page.next : null;
  }
  return found;
}
