/**
 * [AUD1] Broadcasts on a cluster where messages fail, arrive twice, any object ends between any two steps, and agents vanish:
 * each answer that was accepted in time counts once, late ones change nothing, and the output says of everybody what became of
 * them. NERVEFLARE_SEED runs one seed.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Accepted, Rejected } from "../../src/contract/frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds.ts";
import { createThreadCluster, type ThreadCluster, token } from "./thread-cluster.ts";

const seeds = 120;
const minute = 60_000;

function writeWorkflow(broadcast: string, more = ""): string {
  return `
name: roll-call
binding: cloud
description: Everybody says that they are there.
reflexes:
  - { kind: workflow, on: [roll.call] }
roles:
  fleet:
    type: broadcast
    description: Everybody.
    goal: Be there.
    ${more || "eligibility: { any: true }"}
    broadcast: ${broadcast}
    frontmatter: { type: object, properties: { ok: { type: boolean }, note: { type: string } }, required: [ok] }
graph:
  $START:
    new: { role: fleet, prompt: "Call {{ data.n }}" }
  fleet:
    $ACKED: { role: $END, prompt: "with {{ acked | join: ' ' }}" }
    $PARTIAL: { role: $END, prompt: "without {{ missing | join: ' ' }}" }
    $UNFILLED: { role: $END, prompt: "nobody" }
`;
}

/** The same behind another role: the broadcast is the second turn. */
function openFirst(workflow: string): string {
  return workflow
    .replace(
      "roles:\n",
      `roles:
  opener:
    type: named
    agent: a0
    description: O.
    frontmatter: { type: object, properties: { $status: { const: opened } }, required: [$status] }
`,
    )
    .replace("new: { role: fleet", "new: { role: opener")
    .replace("  fleet:\n    $ACKED", '  opener:\n    opened: { role: fleet, prompt: "Call" }\n  fleet:\n    $ACKED');
}

type Output = { $status: string; acked: string[]; failed: string[]; missing: string[]; answers: { agent: string; output: object }[] };

afterEach(() => void vi.restoreAllMocks());

function silence(): void {
  for (const kind of ["warn", "error"] as const) vi.spyOn(console, kind).mockImplementation(() => {});
}

const card = (id: string, capabilities: string[] = []) => ({ id, capabilities, roles: null, kinds: null });

async function open(workflow: string, ids: string[], beside = true): Promise<ThreadCluster> {
  silence();
  return createThreadCluster({ workflow, agents: ids.map((id) => card(id)), beside, fate: () => "arrives" });
}

let posted = 0;

async function post(cluster: ThreadCluster, agent: string, type: string, data: object, id = `e${++posted}`): Promise<Accepted | Rejected> {
  const answer = await cluster.agent(agent).accept({ agent, token }, [{ specversion: "1.0", id, type, data }]);
  if (!answer.ok) throw new Error(answer.problem.code);
  return answer.value[0] as Accepted | Rejected;
}

/** Starts a thread and lets everybody be asked. */
async function call(cluster: ThreadCluster, agent: string): Promise<string> {
  const answer = await post(cluster, agent, "roll.call", { n: 1 });
  if (answer.status !== "accepted") throw new Error(JSON.stringify(answer.error));
  await cluster.advance(1_000);
  return answer.threads[0] as string;
}

async function turns(cluster: ThreadCluster, agent: string): Promise<TurnAssigned[]> {
  const me = await cluster.agent(agent).me({ agent, token });
  if (!me.ok) throw new Error(me.problem.code);
  return (me.value as unknown as { turns: TurnAssigned[] }).turns;
}

async function answer(cluster: ThreadCluster, agent: string, output: object = { ok: true }, id?: string): Promise<Accepted | Rejected> {
  const [turn] = await turns(cluster, agent);
  if (!turn) throw new Error(`${agent} has no turn`);
  return post(cluster, agent, "nerve.turn.respond", { turn: turn.turn, lease: turn.lease.generation, output }, id);
}

async function show(cluster: ThreadCluster, thread: string) {
  await cluster.advance(1_000);
  const shown = await cluster.thread(thread).recruitment.show(null);
  if (!shown.ok) throw new Error(shown.problem.code);
  return shown.value;
}

describe.each([true, false])("[AUD2] with the task beside its thread: %s", (beside) => {
  test("all must acknowledge, and the last one ends it", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"], beside);
    const thread = await call(cluster, "ann");
    for (const agent of ["ann", "bea", "cid"]) {
      expect(await show(cluster, thread)).toMatchObject({ status: "running", waiting: { for: "acks", role: "fleet", then: "$PARTIAL" } });
      expect(await answer(cluster, agent)).toMatchObject({ status: "accepted", notes: [] });
    }
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      roles: { fleet: { type: "broadcast", state: "acked", asked: 3, acked: 3, failed: 0 } },
      outcome: {
        prompt: "with ann bea cid",
        output: {
          $status: "$ACKED",
          acked: ["ann", "bea", "cid"],
          failed: [],
          missing: [],
          answers: [{ agent: "ann", output: { ok: true } }, {}, {}],
        },
      },
    });
    // Who was asked takes part; nobody else does.
    expect((await cluster.thread(thread).recruitment.show("cid")).ok).toBe(true);
    expect((await cluster.thread(thread).recruitment.show("dan")).ok).toBe(false);
    expect([...cluster.audiences].sort()).toEqual(["ann", "bea", "cid"].map((agent) => `${thread} ${agent}`));
  });

  test("one is enough; the others' answers are logged and change nothing until the time to live is over", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: any }, ttl: 1h }"), ["ann", "bea", "cid"], beside);
    const thread = await call(cluster, "ann");
    await answer(cluster, "bea");
    const before = await show(cluster, thread);
    expect(before).toMatchObject({ status: "completed", outcome: { output: { acked: ["bea"], missing: ["ann", "cid"] } } });

    const late = await answer(cluster, "ann", { ok: true }, "late");
    expect(late).toMatchObject({ status: "accepted", notes: [expect.stringContaining("changes nothing")] });
    expect((await show(cluster, thread)).outcome).toEqual(before.outcome);
    expect(cluster.log.has("/agents/ann late")).toBe(true);
    expect(await turns(cluster, "ann")).toEqual([]);

    const [kept] = await turns(cluster, "cid");
    await cluster.advance(61 * minute);
    expect(await turns(cluster, "cid")).toEqual([]);
    const over = await post(cluster, "cid", "nerve.turn.respond", {
      turn: kept?.turn,
      lease: kept?.lease.generation,
      output: { ok: true },
    });
    expect(over).toMatchObject({ status: "rejected", error: { code: "turn_over" } });
  });

  test("nobody need answer: it goes out and the thread goes on", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: none } }"), ["ann", "bea"], beside);
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$ACKED", missing: ["ann", "bea"] } },
    });
    expect(await turns(cluster, "bea")).toHaveLength(1);
  });

  test("too many say no: it is partial at once, and the answers are there to read", async () => {
    const cluster = await open(writeWorkflow('{ ack: { need: 2, ok: "ok" } }'), ["ann", "bea", "cid"], beside);
    const thread = await call(cluster, "ann");
    await answer(cluster, "ann", { ok: false, note: "no" });
    await answer(cluster, "bea", { ok: false });
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: {
        prompt: "without cid",
        output: { $status: "$PARTIAL", acked: [], failed: ["ann", "bea"], missing: ["cid"], answers: [{ output: { note: "no" } }, {}] },
      },
    });
  });

  test("time is up: who has not answered is missing", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all, timeout: 10m } }"), ["ann", "bea"], beside);
    const thread = await call(cluster, "ann");
    await answer(cluster, "ann");
    await cluster.advance(10 * minute);
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$PARTIAL", acked: ["ann"], missing: ["bea"] } },
    });
  });

  test("an agent that is removed has failed, whether its turn has reached it or not", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"], beside);
    cluster.agent("cid").remove();
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$PARTIAL", failed: ["cid"], missing: ["ann", "bea"] } },
    });

    const other = await call(cluster, "bea");
    expect((await show(cluster, other)).status).toBe("completed");
    const again = await open(writeWorkflow("{ ack: { need: 1 } }"), ["ann", "bea"], beside);
    const third = await call(again, "ann");
    again.agent("bea").remove();
    expect(await show(again, third)).toMatchObject({ status: "running", roles: { fleet: { asked: 2, acked: 0, failed: 1 } } });
    await answer(again, "ann");
    expect(await show(again, third)).toMatchObject({ outcome: { output: { $status: "$ACKED", acked: ["ann"], failed: ["bea"] } } });
  });

  test("a panel is as many as it wants, the best of the eligible", async () => {
    const workflow = writeWorkflow(
      "{ ack: { need: all }, of: 2 }",
      'recruitment: { pick: best, score: "agent.labels.skill" }\n    eligibility: { any: true, where: "labels.skill > 1" }',
    );
    const cluster = await open(workflow, ["ann", "bea", "cid", "dan"], beside);
    for (const [agent, skill] of [
      ["ann", 2],
      ["bea", 5],
      ["cid", 1],
      ["dan", 5],
    ] as const)
      await post(cluster, agent, "nerve.agent.report", { labels: { skill } });
    const thread = await call(cluster, "ann");
    for (const agent of ["bea", "dan"]) await answer(cluster, agent);
    expect(await show(cluster, thread)).toMatchObject({ outcome: { prompt: "with bea dan" } });
  });

  test("nobody is eligible", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }", "capabilities: [flying]"), ["ann"], beside);
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({ status: "completed", outcome: { prompt: "nobody" } });
  });

  test("each answer is judged alone, and what is refused says why", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"], beside);
    const thread = await call(cluster, "ann");
    const [turn] = (await turns(cluster, "ann")) as [TurnAssigned];
    for (const left of [2, 1, 0])
      expect(await answer(cluster, "ann", { ok: "yes" })).toMatchObject({ status: "rejected", error: { code: "output_invalid", left } });
    expect(await post(cluster, "ann", "nerve.turn.respond", { turn: turn.turn, lease: 1, output: { ok: true } })).toMatchObject({
      error: { code: "turn_over" },
    });
    expect(await post(cluster, "bea", "nerve.turn.respond", { turn: turn.turn, lease: 7, output: { ok: true } })).toMatchObject({
      error: { code: "stale_lease" },
    });
    expect(await post(cluster, "bea", "nerve.turn.progress", { turn: turn.turn, lease: 1, note: "half" })).toMatchObject({
      status: "accepted",
    });
    expect(await answer(cluster, "bea", { ok: true }, "mine")).toMatchObject({ status: "accepted" });
    const repeat = { turn: turn.turn, lease: 1, output: { ok: true } };
    expect(await post(cluster, "bea", "nerve.turn.respond", repeat, "mine")).toMatchObject({ status: "accepted" });
    expect(await post(cluster, "bea", "nerve.turn.respond", { ...repeat, output: { ok: false } }, "mine")).toMatchObject({
      error: { code: "id_conflict" },
    });
    expect(await post(cluster, "bea", "nerve.turn.respond", repeat)).toMatchObject({ error: { code: "turn_over" } });
    expect(await show(cluster, thread)).toMatchObject({
      outcome: { output: { $status: "$PARTIAL", acked: [], failed: ["ann"], missing: ["bea", "cid"] } },
    });
  });

  test("a thread that is cancelled takes the turn back from all who have it", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea"], beside);
    const thread = await call(cluster, "ann");
    await answer(cluster, "ann");
    await cluster.thread(thread).recruitment.control("cancel", "root", {});
    await cluster.advance(1_000);
    expect(await show(cluster, thread)).toMatchObject({ status: "cancelled", roles: { fleet: { state: "cancelled" } } });
    expect(await turns(cluster, "bea")).toEqual([]);
    const revoked = [...cluster.log.values()].filter(({ row }) => row.event.type === "nerve.turn.revoked");
    expect(revoked).toHaveLength(1);
  });

  test("a registry that cannot be asked is asked again", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: 1 } }"), ["ann", "bea"], beside);
    cluster.registryDown = true;
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({ status: "running", roles: { fleet: { state: "open" } } });
    cluster.registryDown = false;
    await cluster.advance(minute);
    expect(await show(cluster, thread)).toMatchObject({ roles: { fleet: { asked: 2 } } });
  });
});

test("[AUD5] an agent that answers twice at once, under two ids, counts once", async () => {
  const cluster = await open(writeWorkflow("{ ack: { need: 2 } }"), ["ann", "bea"]);
  const thread = await call(cluster, "ann");
  const [{ turn, lease }] = (await turns(cluster, "ann")) as [TurnAssigned];
  const task = cluster.thread(thread).task(turn.slice(0, turn.lastIndexOf(":")));
  // Past the agent's object, in one step of the event loop: both are judged while nothing has come of either.
  const say = (id: string) =>
    task.take(
      { ...card("ann"), labels: {}, load: 0 },
      {
        specversion: "1.0",
        id,
        source: "/agents/ann",
        type: "nerve.turn.respond",
        time: new Date(cluster.now()).toISOString(),
        data: { turn, lease: lease.generation, output: { ok: true } },
      },
      id,
    );
  const answers = await Promise.all([say("one"), say("two")]);
  expect(answers.map((each) => (each.ok ? "accepted" : each.problem.code))).toEqual(["accepted", "turn_over"]);
  expect(await show(cluster, thread)).toMatchObject({ status: "running", roles: { fleet: { asked: 2, acked: 1, failed: 0 } } });
  await answer(cluster, "bea");
  expect(await show(cluster, thread)).toMatchObject({ status: "completed", outcome: { output: { acked: ["ann", "bea"] } } });
});

test("[AUD3] partial without an edge: the thread waits for a person, and the next turn goes to those who have not acknowledged", async () => {
  const workflow = writeWorkflow("{ ack: { need: all, timeout: 10m } }").replace(/ {4}\$PARTIAL.*\n/, "");
  const cluster = await open(workflow, ["ann", "bea", "cid"]);
  const thread = await call(cluster, "ann");
  await answer(cluster, "ann");
  await cluster.advance(10 * minute);
  expect(await show(cluster, thread)).toMatchObject({
    status: "suspended",
    error: "partial:fleet",
    roles: { fleet: { state: "partial" } },
  });
  await cluster.thread(thread).recruitment.control("resume", "root", { supplement: { hurry: true } });
  expect(await show(cluster, thread)).toMatchObject({ status: "running", roles: { fleet: { asked: 2, acked: 0 } } });
  // Of two turns, who had seen neither keeps the newer one.
  const held = await turns(cluster, "bea");
  expect(held).toMatchObject([{ round: 2, resumed: { supplement: { hurry: true } } }]);
  expect(await turns(cluster, "ann")).toEqual([]);
  for (const agent of ["bea", "cid"]) await answer(cluster, agent);
  expect(await show(cluster, thread)).toMatchObject({ status: "completed", outcome: { prompt: "with bea cid" } });
});

describe.each([true, false])("[AUD6] a thread that is resumed while its broadcast is open, with the task beside it: %s", (beside) => {
  test("gives the turn again, with what was added and with its time, to whoever has not answered", async () => {
    const workflow = writeWorkflow("{ ack: { need: all, timeout: 10m }, ttl: 20m }");
    const cluster = await open(workflow, ["ann", "bea", "cid"], beside);
    const thread = await call(cluster, "ann");
    await answer(cluster, "ann");
    const [first] = await turns(cluster, "bea");
    const order = (what: "suspend" | "resume", body: object) => cluster.thread(thread).recruitment.control(what, "root", body);
    await order("suspend", { reason: "a question" });
    await cluster.advance(30 * minute);
    await order("resume", { supplement: { hurry: true } });
    await cluster.advance(1_000);
    const given = await turns(cluster, "bea");
    expect(given).toMatchObject([
      { turn: first?.turn, lease: first?.lease, prompt: first?.prompt, resumed: { reason: "a question", supplement: { hurry: true } } },
    ]);
    expect(Date.parse(given[0]?.deadline ?? "") - cluster.now()).toBeGreaterThan(9 * minute);
    expect(await turns(cluster, "ann")).toEqual([]);
    const { waiting } = await show(cluster, thread);
    expect(waiting).toMatchObject({ for: "acks", until: given[0]?.deadline });
    for (const agent of ["bea", "cid"]) await answer(cluster, agent);
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      round: 1,
      outcome: { output: { acked: ["ann", "bea", "cid"], answers: { length: 3 } } },
    });
  });
});

test("[AUD4] an output tells answers up to a size and counts the rest", async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `a${String(index).padStart(2, "0")}`);
  const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ids);
  const thread = await call(cluster, "a00");
  for (const id of ids) await answer(cluster, id, { ok: true, note: "x".repeat(10_000) });
  const { outcome } = await show(cluster, thread);
  const output = outcome?.output as unknown as Output & { answersLeftOut: number };
  expect(output.acked).toEqual(ids);
  expect(output.answers).toHaveLength(6);
  expect(output.answersLeftOut).toBe(6);
});

function createRandom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function simulate(seed: number): Promise<void> {
  const random = createRandom(seed);
  const draw = (below: number): number => Math.floor(random() * below);
  const ids = Array.from({ length: 2 + draw(4) }, (_, index) => `a${index}`);
  const need = ["all", "any", "none", "2"][draw(4)];
  let calm = false;
  const faulty = random() * 0.3;
  const workflow = writeWorkflow(`{ ack: { need: ${need}, timeout: 30m, ok: "ok" }, ttl: 24h }`);
  const turn = seed % 2 ? 1 : 2;
  const cluster = await createThreadCluster({
    workflow: turn === 1 ? workflow : openFirst(workflow),
    agents: ids.map((id) => card(id)),
    beside: random() < 0.5,
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

test(`[AUD1] ${seeds} seeds`, async () => {
  silence();
  const only = process.env.NERVEFLARE_SEED;
  for (const seed of only ? [Number(only)] : Array.from({ length: seeds }, (_, index) => index + 1)) {
    try {
      await simulate(seed);
    } catch (error) {
      throw new Error(`NERVEFLARE_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}, 120_000);
