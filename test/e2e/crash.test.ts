/**
 * The promise that a crash loses nothing and doubles nothing, on a real server: all its processes are killed again and again at
 * random moments of running reviews. Set NERVEFLARE_SEED to the printed seed to see a run's choices again.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFailed, onTestFinished, test, vi } from "vitest";
import { ClientError } from "../../src/client/client-error.ts";
import { systemClock } from "../../src/client/clock.ts";
import { createHttpCaller, type HttpCaller } from "../../src/client/http.ts";
import { type Agent, connectAgent, type TurnAssigned, type TurnOutput } from "../../src/client/index.ts";
import type { CloudEvent } from "../../src/contract/event.ts";
import { createRandom } from "../../src/explore/index.ts";
import { readRecord } from "../../src/local-server/data-folder.ts";
import type { Ended } from "../../src/local-server/spawn-server.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

const reviewsPerLife = 2;

type Server = Awaited<ReturnType<typeof startTestServer>>;

/** Takes a server down, and gives the one that serves the same data on the same port afterwards. */
type Crash = (server: Server, restart: () => Promise<Server>) => Promise<Server>;

const crashes: { name: string; kills: number; crash: Crash }[] = [
  {
    name: "[CRASH1] 20 kills of all server processes",
    kills: 20,
    async crash({ facts: { pids }, ended }, restart) {
      // The parent first: it would start its runtime again.
      for (const pid of [pids.server, pids.workerd]) process.kill(pid, "SIGKILL");
      await ended;
      return restart();
    },
  },
  {
    name: "[CRASH2] 6 kills of the server's parent process, with which its runtime ends",
    kills: 6,
    async crash({ child, ended }, restart) {
      child.kill("SIGKILL");
      await ended;
      return restart();
    },
  },
  {
    name: "[CRASH3] 6 kills of the runtime, which its parent starts again",
    kills: 6,
    async crash(server) {
      const record = join(server.facts.data, "server.json");
      const before = readRecord(record)?.workerd;
      if (before) process.kill(before.pid, "SIGKILL");
      await vi.waitFor(() => expect(readRecord(record)?.workerd).not.toEqual(before), { timeout: 10_000, interval: 20 });
      await vi.waitFor(() => fetch(`${server.facts.url}/healthz`), { timeout: 10_000, interval: 20 });
      return server;
    },
  },
];

for (const { name, kills, crash } of crashes) {
  test(`${name}: every review completes, no turn is performed twice, no accepted event is lost`, { timeout: 600_000 }, async () => {
    const seed = Number(process.env.NERVEFLARE_SEED ?? Date.now() % 1_000_000);
    console.log(`NERVEFLARE_SEED=${seed}`);
    const random = createRandom(seed);
    const data = await makeDataFolder();
    // Always the same port: the agents know no other.
    const port = await findFreePort();
    const said: Promise<Ended>[] = [];
    async function start(): Promise<Server> {
      const server = await startTestServer(data, { port });
      said.push(server.ended);
      return server;
    }
    let server = await start();
    onTestFailed(async () => {
      server.child.kill("SIGTERM");
      console.log((await Promise.all(said)).map(({ stderr }) => stderr).join("\n-- the next server --\n"));
    });
    const operator = createHttpCaller({ url: server.facts.url, token: server.facts.adminToken, fetch, clock: systemClock });
    const workflow = (await readFile("workflows/code-review.yaml", "utf8"))
      // All reviews at once, and no reviewer too busy: only crashes may hold them up.
      .replace("concurrency: 8", "concurrency: 100")
      .replace(/^ +where: "load < 3".*\n/m, "");
    await operator.call("PUT", "v1/workflows/code-review", { body: workflow, contentType: "text/yaml" });

    /** How often each turn's handler was run. */
    const performed = new Map<string, number>();
    const happenings = createCounter();
    const connect = (id: string, capabilities: string[]) =>
      connectPlayer(operator, server.facts.url, { id, capabilities, performed, happen: happenings.count });
    const author = await connect("author", ["coding"]);
    const reviewers = [await connect("reviewer-1", ["code-review"]), await connect("reviewer-2", ["code-review"])];

    const sent: Promise<string[]>[] = [];
    const ids: string[] = [];
    for (let life = 0; life < kills; life++) {
      for (let n = 0; n < reviewsPerLife; n++) {
        const id = `ready:${life}:${n}`;
        ids.push(id);
        const accepted = author.send({ type: "pr.ready_for_review", id, data: { repo: "nerve", pr: life * reviewsPerLife + n } });
        const threads = accepted.then((answer) => answer.threads);
        // Awaited, and so judged, when the killing is over.
        threads.catch(() => {});
        sent.push(threads);
      }
      // So many offers, turns and answers later, and then at any instruction.
      await happenings.reach(1 + Math.floor(random() * 12), 20_000);
      await delay(random() * 25);
      server = await crash(server, start);
    }

    const threads = (await Promise.all(sent)).flat();
    expect(new Set(threads).size).toBe(kills * reviewsPerLife);
    await expectCompleted(operator, threads, [author, ...reviewers]);

    // A review is: changes requested, updated, approved.
    expect([...performed].filter(([, times]) => times > 1)).toEqual([]);
    expect(performed.size).toBe(threads.length * 3);
    // The log may lag, but misses nothing that was accepted.
    await vi.waitFor(
      async () => {
        const posted = await listLogged(operator, { type: "pr.ready_for_review", source: "/agents/author" });
        expect(posted.map(({ id }) => id).sort()).toEqual(ids.toSorted());
        const answered = await listLogged(operator, { type: "nerve.turn.respond" });
        expect(answered.map((event) => (event.data as { turn: string }).turn).sort()).toEqual([...performed.keys()].sort());
      },
      { timeout: 30_000, interval: 500 },
    );
  });
}

interface PlayerOptions {
  id: string;
  capabilities: string[];
  performed: Map<string, number>;
  happen: () => void;
}

async function connectPlayer(operator: HttpCaller, url: string, { id, capabilities, performed, happen }: PlayerOptions): Promise<Agent> {
  const { token } = (await operator.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) })) as { token: string };
  function perform(turn: TurnAssigned): TurnOutput {
    performed.set(turn.turn, (performed.get(turn.turn) ?? 0) + 1);
    happen();
    if (turn.role.name === "author") return { $status: "updated", note: "done" };
    return turn.last?.role === "author" ? { $status: "approved", summary: "good" } : { $status: "changes_requested", changes: ["one"] };
  }
  const agent = connectAgent({
    url,
    token,
    slots: 1_000,
    onTurn: perform,
    onOffer: () => {
      happen();
      return "claim";
    },
    onNote: ({ what }) => {
      if (what === "turn.answered" || what === "claim.accepted") happen();
    },
    // The shortest back-off: the server is back in a second.
    random: () => 0,
  });
  onTestFinished(() => agent.close());
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

/** Counts happenings, and lets one wait for the next few. */
function createCounter() {
  let count = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
  return {
    count() {
      count++;
      for (const { at, resolve } of waiting) if (count >= at) resolve();
    },
    /** Waits for `more` happenings, or for `timeout` milliseconds: few are left when all reviews stand at their end. */
    reach(more: number, timeout: number): Promise<unknown> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ at: count + more, resolve });
      return Promise.race([promise, delay(timeout, undefined, { ref: false })]);
    },
  };
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  probe.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = probe.address() as { port: number };
  await new Promise((closed) => probe.close(closed));
  return port;
}
