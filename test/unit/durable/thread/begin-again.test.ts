/** How a thread goes on after its end, is restarted from a step, or copied: each asks the queue for a place, and begins with what was there. */
import { expect, test } from "vitest";
import type { Admit } from "../../../../src/durable/protocol/workflow.ts";
import { beginPair, pair, readers, writePair } from "./pair.ts";
import { openStage, type Stage, second } from "./stage.ts";

const read = { $status: "read" };
const unclear = { $status: "unclear" };
const written = { $status: "written" };

/** Two steps: `ann` could not read it, `lead` wrote again; the third turn is `ann`'s. */
async function playTwo(workflow = pair): Promise<Stage> {
  const stage = await beginPair(workflow);
  await stage.claim("ann");
  await stage.answer("ann", unclear);
  await stage.answer("lead", written);
  return stage;
}

async function playAll(workflow = pair): Promise<Stage> {
  const stage = await playTwo(workflow);
  await stage.answer("ann", read);
  expect(await stage.show()).toMatchObject({ status: "completed" });
  return stage;
}

const root = (stage: Stage) => stage.root().recruitment;
const admits = (stage: Stage) => stage.to<Admit>("workflow/pair", "admit");
const refused = (code: string, detail: RegExp) => ({ ok: false, problem: { code, detail: expect.stringMatching(detail) } });
const steps = async (stage: Stage) => {
  const page = await root(stage).messages(null, { limit: 100 });
  return page.ok ? page.value.messages.filter(({ until }) => until === undefined).map(({ round, role }) => `${round} ${role}`) : [];
};

test("[THREAD21] an ended thread that has an edge for it waits for a place and goes on: with those who held its roles, under new leases", async () => {
  const stage = await playAll();
  const resumed = await stage.order("resume", { reason: "once more", supplement: { page: 9 } });
  expect(resumed).toMatchObject({ ok: true, value: { status: "queued", waiting: { for: "place" } } });
  expect(admits(stage)).toMatchObject([{ thread: "t1", epoch: 2, initiator: "lead" }]);
  expect(stage.mail("ann", "nerve.role.assigned")).toEqual([]);
  await stage.start({ epoch: 2 });
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2, roles: { reader: { agent: "ann", generation: 2 } } });
  const turn = stage.turn("ann");
  expect(turn).toMatchObject({ prompt: "Read on.", lease: { generation: 2 }, resumed: { supplement: { page: 9 } } });
  expect(turn.round).toBeGreaterThan(3);
  expect(await stage.answer("ann", read)).toBe("accepted");
  expect(await stage.show()).toMatchObject({ status: "completed", epoch: 2 });
});

test("[THREAD21] without that edge the answer says what else can be done, and nothing is asked of the queue", async () => {
  const stage = await playAll(writePair("capabilities: [reading]", { start: "" }));
  expect(await stage.order("resume")).toMatchObject(
    refused("not_allowed_now", /^The thread is completed, and its workflow has no \$START\.resume\. `restart` .* `fork`/),
  );
  expect(admits(stage)).toEqual([]);
  expect(await stage.show()).toMatchObject({ status: "completed" });
});

test("[THREAD18] an ended thread begins again after a step: what was said later counts no more, and the same holders are asked", async () => {
  const stage = await playAll();
  expect(await root(stage).restart("admin", { at: 1, reason: "wrong page" })).toMatchObject({ ok: true, value: { status: "queued" } });
  expect(admits(stage)).toMatchObject([{ epoch: 2 }]);
  await stage.start({ epoch: 2 });
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2 });
  expect(await steps(stage)).toEqual(["1 reader"]);
  expect(stage.turn("lead")).toMatchObject({ prompt: "Write.", last: { output: unclear } });
  await stage.answer("lead", written);
  expect(await stage.answer("ann", read)).toBe("accepted");
  expect(await stage.show()).toMatchObject({ status: "completed", epoch: 2 });
});

test.each<[at: number | undefined]>([[undefined], [0]])(
  "[THREAD18] a restart after %s begins at `$START`, and no step counts",
  async (at) => {
    const stage = await playAll();
    await root(stage).restart("admin", at === undefined ? {} : { at });
    await stage.start({ epoch: 2 });
    expect(await steps(stage)).toEqual([]);
    expect(stage.turn("ann")).toMatchObject({ prompt: "Read." });
  },
);

test("[THREAD9] the numbers of turns grow on over restarts, and an answer to a turn of an earlier epoch is refused", async () => {
  const stage = await playTwo();
  const old = stage.turn("ann");
  await root(stage).restart("admin", { at: 1 });
  await stage.pass(second);
  await stage.start({ epoch: 2 });
  await stage.answer("lead", written);
  expect(stage.turn("ann").round).toBeGreaterThan(old.round);
  expect(stage.turn("ann").turn).not.toBe(old.turn);
  expect(await stage.answer("ann", read, { turn: old })).toMatch(/^(turn_over|stale_lease)/);
  expect(await stage.answer("ann", read)).toBe("accepted");
});

test("[THREAD32] a restart after a step that is not there, or counts no more, is refused and changes nothing", async () => {
  const stage = await playAll();
  for (const at of [4, 99, -1])
    expect(await root(stage).restart("admin", { at })).toMatchObject(
      refused("malformed", new RegExp(`^The thread has no step ${at} that counts`)),
    );
  await root(stage).restart("admin", { at: 1 });
  await stage.start({ epoch: 2 });
  expect(await root(stage).restart("admin", { at: 3 })).toMatchObject(refused("malformed", /no step 3 that counts/));
  expect(admits(stage)).toHaveLength(1);
});

test("[THREAD19] a running thread that is restarted stops first: its turn is revoked, its end is its wait for a place, and nobody hears of an end", async () => {
  const stage = await playTwo();
  await stage.pass(second);
  const before = stage.rows.length;
  expect(await root(stage).restart("admin", { at: 1 })).toMatchObject({ ok: true });
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({ status: "queued", waiting: { for: "place" } });
  expect(stage.mail("ann", "nerve.turn.revoked")).toMatchObject([{ turn: stage.turn("ann").turn }]);
  for (const agent of ["ann", "lead"])
    for (const end of ["cancelled", "failed", "completed"]) expect(stage.mail(agent, `nerve.thread.${end}`)).toEqual([]);
  // From running to queued at once: no list shows an end between.
  const statuses = stage.rows.slice(before).flatMap((row) => (row.table === "thread" ? [row.status] : []));
  expect(statuses).toEqual(["queued"]);
  expect(stage.to("workflow/pair", "thread.ended")).toEqual([]);
  expect(admits(stage)).toMatchObject([{ epoch: 2 }]);
});

test("[THREAD33] of two restarts at once one is followed and the other refused, whether the thread runs or has ended", async () => {
  for (const stage of [await playTwo(), await playAll()]) {
    const [first, other] = await Promise.all([root(stage).restart("admin", { at: 1 }), root(stage).restart("root", { at: 2 })]);
    expect(first).toMatchObject({ ok: true });
    expect(other).toMatchObject({ ok: false, problem: { code: "not_allowed_now" } });
    await stage.pass(second);
    expect(admits(stage).map(({ epoch }) => epoch)).toEqual([2]);
    await stage.start({ epoch: 2 });
    expect(await steps(stage)).toEqual(["1 reader"]);
    expect(await root(stage).restart("root", { at: 1 })).toMatchObject({ ok: true });
  }
});

test("[THREAD33] of two orders at once to go on after the end one is followed, and the other finds what it left", async () => {
  const stage = await playAll();
  const answers = await Promise.all([stage.order("resume"), stage.order("resume")]);
  expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
  expect(admits(stage)).toHaveLength(1);
});

test("[THREAD33] two forks at once are two threads", async () => {
  const stage = await playTwo();
  const forks = await Promise.all([root(stage).fork("admin", {}), root(stage).fork("admin", { at: 1 })]);
  expect(new Set(forks.map((fork) => (fork.ok ? fork.value.id : "none"))).size).toBe(2);
  expect(admits(stage).map(({ fork }) => fork?.at)).toEqual([2, 1]);
});

test("[THREAD33] of two orders at once to give a role to the same agent one is followed, under one lease", async () => {
  const stage = await playTwo();
  const give = () => root(stage).assign("admin", "reader", { agent: "bea" });
  const answers = await Promise.all([give(), give()]);
  await stage.pass(second);
  expect(answers).toMatchObject([{ ok: true }, refused("not_allowed_now", /^bea holds reader already/)]);
  expect(await stage.show()).toMatchObject({ roles: { reader: { agent: "bea", generation: 2 } } });
});

test("[KEY1] a restart under a key is one restart: again it gets the same answer, and asks for no second place", async () => {
  const stage = await playAll();
  const once = { key: "k1", hash: "h1" };
  const first = await root(stage).restart("admin", { at: 1 }, once);
  await stage.start({ epoch: 2 });
  expect(await root(stage).restart("admin", { at: 1 }, once)).toMatchObject({ ok: true });
  await stage.reload();
  expect(await root(stage).restart("admin", { at: 1 }, once)).toMatchObject({ ok: true });
  expect(first).toMatchObject({ ok: true });
  expect(admits(stage)).toHaveLength(1);
  expect(await root(stage).restart("admin", { at: 2 }, { key: "k1", hash: "h2" })).toMatchObject({ ok: false });
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2 });
});

test("[QUE10] the place that a thread gets is for the epoch that asked: earlier and later ones, and a second one, are ignored", async () => {
  const stage = await playAll();
  await root(stage).restart("admin", { at: 1 });
  for (const epoch of [3, 1]) {
    expect(await stage.start({ epoch })).toEqual({ status: "stored" });
    expect(await stage.show()).toMatchObject({ status: "queued" });
  }
  await stage.start({ epoch: 2 });
  const turns = stage.mail("lead", "nerve.turn.assigned").length;
  await stage.start({ epoch: 2 });
  expect(stage.mail("lead", "nerve.turn.assigned")).toHaveLength(turns);
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2 });
});

test("[THREAD24] a thread that waits for its place again can be cancelled there; whoever was kept for it is told, and the place is not taken", async () => {
  const stage = await playAll();
  await root(stage).restart("admin", { at: 1 });
  expect(await stage.order("cancel", { reason: "enough" })).toMatchObject({ ok: true, value: { status: "cancelled" } });
  await stage.pass(second);
  for (const agent of ["ann", "lead"]) expect(stage.mail(agent, "nerve.thread.cancelled")).toMatchObject([{ reason: "enough", epoch: 2 }]);
  await stage.start({ epoch: 2 });
  expect(await stage.show()).toMatchObject({ status: "cancelled" });
  // The epoch's number is used up: the next one has its own.
  await root(stage).restart("admin", { at: 1 });
  expect(admits(stage).map(({ epoch }) => epoch)).toEqual([2, 3]);
});

test("[THREAD34] where the queue refuses a thread that was there before, it stays as it had ended", async () => {
  const stage = await playAll();
  await root(stage).restart("admin", { at: 1 });
  await stage.start({ type: "thread.dropped", reason: "another thread of its key is live", epoch: 2 });
  expect(await stage.show()).toMatchObject({ status: "completed", outcome: { status: "completed" } });
  expect(await steps(stage)).toEqual(["1 reader", "2 writer", "3 reader"]);
  expect(await stage.order("resume")).toMatchObject({ ok: true, value: { status: "queued" } });
});

test("[THREAD35] whoever held an open role and is gone since is not kept: the role is recruited again, under the next lease", async () => {
  const stage = await playAll();
  stage.agents.delete("ann");
  await root(stage).restart("admin", {});
  await stage.start({ epoch: 2 });
  expect(await stage.show()).toMatchObject({ status: "recruiting", roles: { writer: { agent: "lead", generation: 2 } } });
  await stage.claim("bea");
  expect(await stage.show()).toMatchObject({ status: "running", roles: { reader: { agent: "bea", generation: 2 } } });
});

test("[THREAD23] a thread begins again, and is copied, with the priority of its first start", async () => {
  const stage = openStage(pair, ["lead", ...readers]);
  await stage.start({ priority: 7 });
  await stage.claim("ann");
  await stage.answer("ann", unclear);
  await root(stage).fork("admin", {});
  await root(stage).restart("admin", {});
  await stage.pass(second);
  expect(admits(stage).map(({ priority }) => priority)).toEqual([7, 7]);
});

test("[THREAD20] a fork is a new thread with the steps up to one, without a key; each has an id of its own, and the first thread goes on", async () => {
  const stage = await playTwo();
  const first = await root(stage).fork("admin", { at: 1, roles: { reader: "bea" } });
  const other = await root(stage).fork("admin", { at: 1 });
  if (!first.ok || !other.ok) throw new Error("no fork was made");
  expect(first.value).toMatchObject({ status: "queued", parent: "t1", fork: { at: 1 }, round: 1, waiting: { for: "place" } });
  expect(new Set(["t1", first.value.id, other.value.id]).size).toBe(3);
  const [admit] = admits(stage);
  expect(admit).toMatchObject({
    thread: first.value.id,
    key: null,
    fork: { parent: "t1", at: 1, node: "reader", roles: { reader: "bea" } },
  });
  const copied = stage.to<{ messages: { turn: number }[] }>(`task/${first.value.id}`, "thread.copy");
  expect(copied.flatMap(({ messages }) => messages.map(({ turn }) => turn))).toEqual([1]);
  // The steps leave before the thread can begin.
  const places = stage.sent.map(({ to, message }) => `${to} ${message.type}`);
  expect(places.indexOf(`task/${first.value.id} thread.copy`)).toBeLessThan(places.indexOf("workflow/pair admit"));
  expect(await stage.answer("ann", read)).toBe("accepted");
});

test.each<[what: string, body: object, code: string, detail: RegExp]>([
  ["a step that is not there", { at: 9 }, "malformed", /^The thread has no step 9 that counts/],
  ["a role that is not there", { roles: { boss: "ann" } }, "malformed", /^pair has no role boss that one agent holds for a thread/],
  ["an agent that is not there", { roles: { reader: "zoe" } }, "malformed", /^There is no agent zoe/],
  ["a revision that is not there", { revision: "r9" }, "malformed", /^pair has no revision r9/],
])("[THREAD36] a fork with %s is refused with the reason, and makes nothing", async (_, body, code, detail) => {
  const stage = await playTwo();
  const sent = stage.sent.length;
  expect(await root(stage).fork("admin", body)).toMatchObject(refused(code, detail));
  expect(stage.sent.slice(sent)).toEqual([]);
});

test("[THREAD37] a thread whose steps are long, in whatever script, is copied whole, in messages that each fit a row", async () => {
  const stage = await beginPair();
  await stage.claim("ann");
  for (let turn = 0; turn < 14; turn++) {
    expect(await stage.answer("ann", { ...unclear, note: "語".repeat(80_000) })).toBe("accepted");
    expect(await stage.answer("lead", written)).toBe("accepted");
  }
  const fork = await root(stage).fork("admin", {});
  const copies = fork.ok ? stage.to<{ messages: { output: string }[] }>(`task/${fork.value.id}`, "thread.copy") : [];
  const said = copies.flatMap(({ messages }) => messages.map(({ output }) => (JSON.parse(output) as { note?: string }).note?.length ?? 0));
  expect(said).toEqual(Array.from({ length: 14 }, () => [80_000, 0]).flat());
});

test("[THREAD37] what a step's edge published is not copied, however much it was", async () => {
  const publishing = pair.replace(
    '{ role: writer, prompt: "Write." }',
    `{ role: writer, prompt: "Write.", emit: [ ${Array(6).fill("{ kind: said, data: 'steps[-1].output' }").join(", ")} ] }`,
  );
  const stage = await beginPair(publishing);
  await stage.claim("ann");
  expect(await stage.answer("ann", { ...unclear, note: '"'.repeat(110_000) })).toBe("accepted");
  const fork = await root(stage).fork("admin", {});
  expect(fork).toMatchObject({ ok: true });
  expect(stage.to(`task/${fork.ok ? fork.value.id : ""}`, "thread.copy")).toHaveLength(1);
});

/** What follows the first step is published: so it is seen whether a changed one counts as decided already. */
const telling = pair
  .replace('{ role: writer, prompt: "Write." }', '{ role: writer, prompt: "Write.", emit: [ { kind: said, data: { what: unclear } } ] }')
  .replace('{ role: $END, prompt: "Read." }', '{ role: $END, prompt: "Read.", emit: [ { kind: said, data: { what: read } } ] }');
const published = (stage: Stage) =>
  stage.rows.flatMap((row) => (row.table === "event" && row.event.type === "said" ? [(row.event.data as { what: string }).what] : []));

test("[THREAD38] a restart with another output for its step goes on from that: the step itself counts no more, and its edge publishes", async () => {
  const stage = await playAll(telling);
  expect(await root(stage).restart("admin", { at: 1, output: { ...read, note: "I can" } })).toMatchObject({ ok: true });
  await stage.start({ epoch: 2 });
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({ status: "completed", epoch: 2, outcome: { output: { note: "I can" } } });
  expect(await steps(stage)).toEqual(["4 reader"]);
  const page = await root(stage).messages(null, { limit: 100 });
  const all = page.ok ? page.value.messages : [];
  expect(all.map(({ round, until, by }) => [round, until, by])).toEqual([
    [1, 2, undefined],
    [2, 2, undefined],
    [3, 2, undefined],
    [4, undefined, "admin"],
  ]);
  expect(all.at(-1)).toMatchObject({ agent: "ann", output: { $status: "read" }, decision: { to: "$END" } });
  expect(published(stage)).toEqual(["unclear", "read", "read"]);
});

test("[THREAD38] a later step that is changed keeps those before it, and whoever has the next turn is told the other output", async () => {
  const stage = await playAll(telling);
  await root(stage).restart("admin", { at: 3, output: { ...unclear, note: "page 9" } });
  await stage.reload();
  await stage.start({ epoch: 2 });
  expect(await steps(stage)).toEqual(["1 reader", "2 writer", "4 reader"]);
  expect(stage.turn("lead")).toMatchObject({ prompt: "Write.", last: { role: "reader", output: { note: "page 9" } } });
  await stage.answer("lead", written);
  expect(await stage.answer("ann", read)).toBe("accepted");
  expect(await stage.show()).toMatchObject({ status: "completed", epoch: 2 });
  // And after that the thread is what it was: a restart that changes nothing finds the step that was changed.
  await root(stage).restart("admin", { at: 4 });
  await stage.start({ epoch: 3 });
  expect(await steps(stage)).toEqual(["1 reader", "2 writer", "4 reader"]);
});

test("[THREAD38] a fork with another output copies the steps with it, and nothing of what was decided on the one that was there", async () => {
  const stage = await playAll(telling);
  const fork = await root(stage).fork("admin", { at: 1, output: read });
  if (!fork.ok) throw new Error(fork.problem.detail);
  const [copy] = stage.to<{ messages: object[]; decisions: { round: number }[] }>(`task/${fork.value.id}`, "thread.copy");
  expect(copy?.messages).toEqual([
    expect.objectContaining({
      turn: 1,
      role: "reader",
      agent: "ann",
      output: JSON.stringify(read),
      body: null,
      by: "admin",
      changed: true,
    }),
  ]);
  expect(copy?.decisions.filter(({ round }) => round === 1)).toEqual([]);
  expect(await steps(stage)).toEqual(["1 reader", "2 writer", "3 reader"]);
});

test.each<[what: string, body: object, code: string, detail: RegExp]>([
  [
    "that the role's schema refuses",
    { at: 1, output: { $status: "bored" } },
    "output_invalid",
    /^The output does not fit the schema of reader: \/\$status: .*not "bored"\.$/,
  ],
  ["that is the engine's to say", { at: 1, output: { $status: "$TIMEOUT" } }, "output_invalid", /schema of reader/],
  ["of no step", { at: 0, output: read }, "malformed", /say after which step, by `at`/],
  ["of a step that is not there", { at: 9, output: read }, "malformed", /^The thread has no step 9 that counts/],
])("[THREAD38] an output %s is refused with the reason, by a restart and a fork, and changes nothing", async (_, body, code, detail) => {
  const stage = await playAll();
  const sent = stage.sent.length;
  expect(await root(stage).restart("admin", body)).toMatchObject(refused(code, detail));
  expect(await root(stage).fork("admin", body)).toMatchObject(
    code === "malformed" ? { ok: false, problem: { code } } : refused(code, detail),
  );
  expect(stage.sent.slice(sent)).toEqual([]);
  expect(await stage.show()).toMatchObject({ status: "completed" });
});
