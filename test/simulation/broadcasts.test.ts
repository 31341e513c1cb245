/** Broadcasts, rule by rule, on a cluster where every message arrives: who has to answer, by when, and what the output then says. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { answer, call, card, type Output, open, post, show, turns, writeWorkflow } from "./roll-call.ts";

const minute = 60_000;

afterEach(() => void vi.restoreAllMocks());

describe("[AUD2]", () => {
  test("all must acknowledge, and the last one ends it", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"]);
    const thread = await call(cluster, "ann");
    for (const agent of ["ann", "bea", "cid"]) {
      expect(await show(cluster, thread)).toMatchObject({
        status: "running",
        waiting: { for: "answered", role: "fleet", then: expect.stringContaining("$PARTIAL") },
      });
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
    const cluster = await open(writeWorkflow("{ ack: { need: any }, ttl: 1h }"), ["ann", "bea", "cid"]);
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

  test("with no acknowledgement needed it goes out and the thread goes on", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: none } }"), ["ann", "bea"]);
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$ACKED", missing: ["ann", "bea"] } },
    });
    expect(await turns(cluster, "bea")).toHaveLength(1);
  });

  test("too many say no: it is partial at once, and the answers are there to read", async () => {
    const cluster = await open(writeWorkflow('{ ack: { need: 2, ok: "ok" } }'), ["ann", "bea", "cid"]);
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
    const cluster = await open(writeWorkflow("{ ack: { need: all, timeout: 10m } }"), ["ann", "bea"]);
    const thread = await call(cluster, "ann");
    await answer(cluster, "ann");
    await cluster.advance(10 * minute);
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$PARTIAL", acked: ["ann"], missing: ["bea"] } },
    });
  });

  test("an agent that is removed has failed, whether its turn has reached it or not", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"]);
    cluster.agent("cid").remove();
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({
      status: "completed",
      outcome: { output: { $status: "$PARTIAL", failed: ["cid"], missing: ["ann", "bea"] } },
    });

    const other = await call(cluster, "bea");
    expect((await show(cluster, other)).status).toBe("completed");
    const again = await open(writeWorkflow("{ ack: { need: 1 } }"), ["ann", "bea"]);
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
    const cluster = await open(workflow, ["ann", "bea", "cid", "dan"]);
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
    const cluster = await open(writeWorkflow("{ ack: { need: all } }", "capabilities: [flying]"), ["ann"]);
    const thread = await call(cluster, "ann");
    expect(await show(cluster, thread)).toMatchObject({ status: "completed", outcome: { prompt: "nobody" } });
  });

  test("each answer is judged alone, and what is refused says why", async () => {
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea", "cid"]);
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
    const cluster = await open(writeWorkflow("{ ack: { need: all } }"), ["ann", "bea"]);
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
    const cluster = await open(writeWorkflow("{ ack: { need: 1 } }"), ["ann", "bea"]);
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
  const task = cluster.task(thread);
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

describe("[AUD6] a thread that is resumed while its broadcast is open", () => {
  test("gives the turn again, with what was added and with its time, to whoever has not answered", async () => {
    const workflow = writeWorkflow("{ ack: { need: all, timeout: 10m }, ttl: 20m }");
    const cluster = await open(workflow, ["ann", "bea", "cid"]);
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
    // What was added is in the log too: whoever decides the thread again needs it.
    const logged = [...cluster.log.values()].flatMap(({ row }) => (row.event.type === "nerve.turn.assigned" ? [row.event.data] : []));
    expect(logged).toMatchObject([{}, { asked: 2, resumed: { reason: "a question", supplement: { hurry: true } } }]);
    const { waiting } = await show(cluster, thread);
    expect(waiting).toMatchObject({ for: "answered", until: given[0]?.deadline });
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
