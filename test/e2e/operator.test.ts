/** An operator's day at the command line, against a real server: each order to a thread and to a queue, and what it prints. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCli } from "../../src/cli/main.ts";
import { connectAgent } from "../../src/client/index.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { makeDataFolder, startTestServer } from "./server-process.ts";

/** What `watch` says of the story below. */
const toldLines = [
  ...[/bob +holds +reviewer/, /bob +turn +1 reviewer: Review n#1/, /thread +suspended +.*lunch/],
  ...[/carol +turn/, /thread +cancelled +.*enough/],
];

const within = { interval: 50 };

test("[THREAD25] [WAIT2] [MANY15] [TOP1] suspend, resume, restart, fork, take a role, pause, cancel, and see dead letters", async () => {
  const { facts } = await startTestServer(await makeDataFolder());
  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ["", ""];
    const code = await runCli(args, {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      env: { NERVEFLARE_URL: facts.url, NERVEFLARE_ADMIN_TOKEN: facts.adminToken },
    });
    return { code, out, err };
  }
  /** What it prints, of a command that must succeed. */
  async function say(...args: string[]): Promise<string> {
    const { code, out, err } = await run(...args);
    expect(code, `${args.join(" ")}: ${err}`).toBe(0);
    return out;
  }
  expect(await say("publish", "workflows/code-review.yaml")).toContain("code-review");

  const turns: TurnAssigned[] = [];
  async function add(id: string, capability: string): Promise<ReturnType<typeof connectAgent>> {
    const token = (await say("agents", "add", id, "--capability", capability)).trim();
    const agent = connectAgent({
      ...{ url: facts.url, token, onNote: () => {} },
      // Works on until it is told to stop.
      onTurn: (turn, { signal }) => {
        turns.push(turn);
        return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    onTestFinished(() => agent.close());
    await agent.ready;
    return agent;
  }
  const author = await add("alice", "coding");
  await add("bob", "code-review");
  const findTurn = (role: string, thread: string, generation = 1): Promise<TurnAssigned> =>
    vi.waitFor(() => {
      const found = turns.findLast((turn) => turn.thread === thread && turn.role.name === role && turn.lease.generation >= generation);
      if (!found) throw new Error(`no turn of ${role} in ${thread}`);
      return found;
    }, within);
  const seeStatus = (thread: string, status: string): Promise<string> =>
    vi.waitFor(async () => {
      const out = await say("threads", "show", thread);
      expect(out.split("\n")[0]).toContain(status);
      return out;
    }, within);

  const { threads } = await author.send({ type: "pr.ready_for_review", data: { repo: "n", pr: 1 } });
  const thread = threads[0] as string;
  await findTurn("reviewer", thread);
  const watched = run("watch", thread);
  const renamed = join(await makeDataFolder(), "code-review.yaml");
  await writeFile(renamed, (await readFile("workflows/code-review.yaml", "utf8")).replaceAll(/\breviewer\b/g, "examiner"));
  // The index is written behind.
  await vi.waitFor(async () => {
    const [{ publish }] = JSON.parse(await say("check", renamed, "--server", facts.url, "--json"));
    expect(publish.revisions).toMatchObject([
      { threads: 1, verdict: "mapping", looked: [{ thread, at: 0, hint: expect.stringContaining("--role examiner=bob") }] },
    ]);
  }, within);
  expect(await say("suspend", thread, "--reason", "lunch")).toMatch(/suspended|suspend is under way/);
  const words = "waits for a person, over reviewer (bob)";
  expect(await seeStatus(thread, "suspended")).toContain(words);
  expect((await say("explain", thread)).replace(/waits +for/, "waits for")).toContain(words);
  const { waiting } = JSON.parse(await say("threads", "show", thread, "--json"));
  const expected = { for: "person", role: "reviewer", agent: "bob", since: waiting.since };
  expect(waiting).toMatchObject(expected);
  expect(JSON.parse(await say("explain", thread, "--json")).waits).toMatchObject([expected]);
  // The index is written behind.
  await vi.waitFor(async () => {
    expect(await say("threads", "--waiting", "person")).toContain(words);
    expect(JSON.parse(await say("threads", "--waiting", "operator", "--json")).threads).toMatchObject([{ id: thread, waiting: expected }]);
    expect(JSON.parse(await say("status", "--json")).waiting.oldest).toMatchObject({ thread, ...expected });
    expect(await say("top")).toMatch(
      new RegExp(`${thread} +code-review +suspended .* a person, over reviewer \\(bob\\)\n(.*\n)*bob +online`),
    );
  }, within);
  await say("resume", thread, "--supplement", '{"note": "be kind"}');
  await seeStatus(thread, "running");
  expect(await run("resume", thread)).toMatchObject({ code: 1, err: expect.stringContaining("running takes no resume") });

  await add("carol", "code-review");
  expect(await say("threads", "role", thread, "reviewer", "--give", "carol", "--reason", "asleep")).toContain("running");
  await findTurn("reviewer", thread, 2);
  await say("threads", "role", thread, "reviewer", "--vacate");
  expect(await run("threads", "role", thread, "reviewer")).toMatchObject({ code: 2 });
  await findTurn("reviewer", thread, 3);
  expect(await say("restart", thread, "--reason", "wrong base")).toContain(thread);
  await vi.waitFor(async () => expect(await say("threads", "show", thread)).toContain("begun anew: epoch 2"), within);

  const fork = (JSON.parse(await say("fork", thread, "--role", "reviewer=bob", "--json")) as { id: string }).id;
  expect(await seeStatus(fork, "running")).toContain(`copy of ${thread}`);
  await vi.waitFor(async () => expect(await say("threads", "--parent", thread)).toContain(fork), within);

  expect(await say("pause", "code-review", "--reason", "deploy")).toContain("paused by admin");
  expect(await say("status")).toContain("code-review is paused by admin");
  const { threads: more } = await author.send({ type: "pr.ready_for_review", data: { repo: "n", pr: 2 } });
  expect(await seeStatus(more[0] as string, "queued")).toContain("deploy");
  expect(await say("workflows", "show", "code-review")).toContain(`1 ${more[0]}`);
  expect(await say("unpause", "code-review")).toContain("unpaused code-review");
  // Who of the two reviewers has room is no matter here: it waits for a place no more.
  await vi.waitFor(async () => expect(await say("threads", "show", more[0] as string)).not.toContain("queued"), within);

  for (const id of [thread, fork, more[0] as string]) {
    expect(await say("cancel", id, "--reason", "enough")).toMatch(/cancelled|cancel is under way/);
    expect(await seeStatus(id, "cancelled")).toContain("enough");
  }
  const { code, out } = await watched;
  expect(code).toBe(1);
  for (const line of toldLines) expect(out).toMatch(line);
  for (const name of ["dead-letters", "parked"]) expect(await say(name)).toBe("There are no dead letters.\n");
  expect(await run("dead-letters", "drop", "nothing")).toMatchObject({ code: 1, err: expect.stringContaining("nothing") });
  expect(await run("cancel", "t-none")).toMatchObject({ code: 1, err: expect.stringContaining("t-none") });
});
