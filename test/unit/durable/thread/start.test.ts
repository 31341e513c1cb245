/** How a thread begins: what the workflow's queue says to its root, and what follows at once. */
import { expect, test } from "vitest";
import { pair, readers, writePair } from "./pair.ts";
import { compile, openStage, type Stage, second } from "./stage.ts";

const open = (workflow = pair): Stage => openStage(workflow, ["lead", ...readers]);

/** What the queue says, with a reason where it has no place. */
const say = (stage: Stage, type: string, more: object = {}) =>
  stage.start({ type, ...(type !== "thread.start" && { reason: "no place: 1 of 1 are taken" }), ...more });

test("[RECR1] a thread tells its named agents at once, offers its open roles, and begins its turns when all are there", async () => {
  const stage = open();
  expect(await stage.start()).toEqual({ status: "stored" });
  expect(stage.mail("lead", "nerve.role.assigned")).toMatchObject([{ thread: "t1", role: "writer", lease: { generation: 1 } }]);
  expect(stage.offer("ann")).toBe("t1:1:1");
  expect(await stage.show()).toMatchObject({
    ...{ id: "t1", status: "recruiting", round: 0, children: [], createdAt: "2027-01-15T08:00:00.000Z" },
    roles: { writer: { agent: "lead", generation: 1 }, reader: { type: "open" } },
  });
  await stage.claim("ann");
  expect(stage.mail("lead", "nerve.thread.started")).toMatchObject([{ thread: "t1", workflow: "pair", roles: expect.any(Array) }]);
  expect(stage.turn("ann")).toMatchObject({ thread: "t1", prompt: "Read.", round: 1, lease: { generation: 1 } });
  await stage.pass(second);
  const index = stage.rows.filter((row) => row.table === "thread");
  expect(index.map(({ status }) => status)).toEqual(["recruiting", "running"]);
  expect(index.at(-1)).toMatchObject({ id: "t1", initiator: "lead", agents: expect.arrayContaining(["lead", "ann"]), parent: null });
});

test("[THREAD27] a start that arrives twice begins the thread once, also after a reload", async () => {
  const stage = open();
  await stage.hear("workflow/pair", { ...startOf(stage) }, { id: 5 });
  await stage.reload();
  expect(await stage.hear("workflow/pair", { ...startOf(stage) }, { id: 5 })).toEqual({ status: "stored" });
  expect(stage.mail("lead", "nerve.role.assigned")).toHaveLength(1);
  expect(stage.mail("ann", "nerve.offer.opened")).toHaveLength(1);
});

function startOf({ thread }: Stage, type = "thread.start") {
  const event = { specversion: "1.0" as const, id: "e0", source: "/agents/lead", type: "wanted", time: "2027-01-15T08:00:00Z", data: {} };
  return { type, thread, workflow: "pair", revision: compile(pair).revision, event, initiator: "lead", key: null };
}

test("[THREAD28] a start whose revision is not to be found leaves nothing behind, and begins the thread once it is there", async () => {
  const stage = open();
  await expect(stage.start({ revision: "gone" })).rejects.toThrow(/the revision gone is not to be found/);
  await expect(stage.show()).rejects.toThrow(/There is no thread t1/);
  await stage.start();
  expect(await stage.show()).toMatchObject({ status: "recruiting" });
});

test("[QUE4] a thread that waits for a place says so, begins when it has one, and keeps the time since which it is there", async () => {
  const stage = open();
  expect(await say(stage, "thread.queued")).toEqual({ status: "stored" });
  expect(await stage.show()).toMatchObject({ status: "queued", waiting: { for: "place" }, roles: {} });
  expect(stage.sent.filter(({ to }) => to.startsWith("agent/"))).toEqual([]);
  await stage.pass(10 * second);
  await say(stage, "thread.start");
  expect(await stage.show()).toMatchObject({
    status: "recruiting",
    createdAt: "2027-01-15T08:00:00.000Z",
    updatedAt: "2027-01-15T08:00:10.000Z",
  });
});

test("[QUE4] a thread that is cancelled in the queue has ended: its initiator and the queue are told, and a start that comes late begins nothing", async () => {
  const stage = open();
  await say(stage, "thread.queued");
  const cancelled = await stage.order("cancel", { reason: "not today" });
  expect(cancelled).toMatchObject({ ok: true, value: { status: "cancelled", outcome: { status: "cancelled", error: "not today" } } });
  await stage.pass(second);
  expect(stage.to("workflow/pair", "thread.ended")).toMatchObject([{ thread: "t1", epoch: 1 }]);
  expect(stage.mail("lead", "nerve.thread.cancelled")).toMatchObject([{ thread: "t1", reason: "not today" }]);
  expect(await say(stage, "thread.start")).toEqual({ status: "stored" });
  expect(await stage.show()).toMatchObject({ status: "cancelled" });
  expect(stage.mail("ann", "nerve.offer.opened")).toEqual([]);
});

test("[THREAD33] a thread that is cancelled just as it gets its place begins first and ends then: nobody holds anything of it", async () => {
  const stage = open();
  await say(stage, "thread.queued");
  const [, cancelled] = await Promise.all([say(stage, "thread.start"), stage.order("cancel")]);
  await stage.pass(6 * second);
  expect(cancelled).toMatchObject({ ok: true });
  expect(await stage.show()).toMatchObject({ status: "cancelled" });
  expect(stage.to("workflow/pair", "thread.ended")).toHaveLength(1);
  expect(stage.mail("lead", "nerve.thread.cancelled")).toHaveLength(1);
  expect(stage.mail("ann", "nerve.offer.closed")).toHaveLength(stage.mail("ann", "nerve.offer.opened").length);
});

test.each<[order: "suspend" | "resume"]>([["suspend"], ["resume"]])(
  "[THREAD29] a thread that waits for a place takes no %s, and waits on",
  async (order) => {
    const stage = open();
    await say(stage, "thread.queued");
    expect(await stage.order(order)).toMatchObject({
      ok: false,
      problem: { code: "not_allowed_now", detail: `A thread that is queued takes no ${order}.` },
    });
    expect(await stage.show()).toMatchObject({ status: "queued" });
  },
);

test("[QUE6] a thread that is dropped never begins, and takes no order", async () => {
  const stage = open();
  await say(stage, "thread.dropped");
  expect(await stage.show()).toMatchObject({ status: "dropped" });
  await say(stage, "thread.start");
  expect(await stage.show()).toMatchObject({ status: "dropped" });
  for (const order of ["cancel", "suspend", "resume"] as const)
    expect(await stage.order(order)).toMatchObject({ ok: false, problem: { code: "not_allowed_now" } });
  expect(await stage.root().recruitment.restart("admin", {})).toMatchObject({ ok: false, problem: { code: "not_allowed_now" } });
});

test("[QUE4] what the queue says late of a thread that has begun changes nothing", async () => {
  const stage = open();
  await stage.start();
  await say(stage, "thread.queued");
  await say(stage, "thread.dropped");
  expect(await stage.show()).toMatchObject({ status: "recruiting" });
});

test.each<[from: string, reason: RegExp]>([
  ["nobody", /^the role writer names the agent nobody, and there is none$/],
  ["{ from: event.data.writer }", /^the agent of the role writer comes out empty: event\.data\.writer names nobody in this event$/],
  ["{ from: '$error(\"no\")' }", /^the agent of the role writer: /],
])(
  "[THREAD11] a thread whose named agent is `%s` fails before anybody is asked, frees its place, and tells its initiator why",
  async (agent, reason) => {
    const stage = open(pair.replace("agent: lead", `agent: ${agent}`));
    await stage.start();
    await stage.pass(second);
    expect(await stage.show()).toMatchObject({ status: "failed", error: expect.stringMatching(reason) });
    expect(stage.mail("lead", "nerve.thread.failed")).toMatchObject([{ reason: expect.stringMatching(reason) }]);
    expect(stage.to("workflow/pair", "thread.ended")).toHaveLength(1);
    expect(stage.mail("ann", "nerve.offer.opened")).toEqual([]);
  },
);

test("[THREAD30] the agent that a role takes from the event is the sender's own word, and need not be in the registry", async () => {
  const stage = openStage(pair.replace("agent: lead", "agent: { from: event.agent }"), readers);
  await stage.start();
  expect(await stage.show()).toMatchObject({ status: "recruiting", roles: { writer: { agent: "lead" } } });
});

test("[THREAD31] a thread that an operator's event started has no initiator among its agents, and sends them no mail", async () => {
  const stage = open();
  await stage.start({ initiator: "admin", event: { ...startOf(stage).event, source: "/operators/admin" } });
  await stage.order("cancel");
  await stage.pass(second);
  expect(stage.sent.filter(({ to }) => to === "agent/admin")).toEqual([]);
  expect(stage.rows.filter((row) => row.table === "thread").at(-1)).toMatchObject({ initiator: "admin", agents: ["lead"] });
});

test("[RECR15] the roles of another group are offered when the first of them is needed", async () => {
  const stage = open(
    writePair("capabilities: [reading]").replace(
      "type: named\n    agent: lead",
      "type: open\n    capabilities: [reading]\n    recruitment: { group: later }",
    ),
  );
  await stage.start();
  expect(stage.mail("ann", "nerve.offer.opened")).toMatchObject([{ role: "reader" }]);
  await stage.claim("ann");
  await stage.answer("ann", { $status: "unclear" });
  expect(stage.mail("bea", "nerve.offer.opened")).toMatchObject([{ role: "reader" }, { role: "writer" }]);
});

test("[THREAD20] a fork begins with the agents that were named for it, says whose copy it is, and goes on after the copied step", async () => {
  const stage = open();
  const steps = {
    messages: [{ turn: 1, role: "reader", agent: "ann", output: '{"$status":"unclear"}', body: null, at: 0 }],
    decisions: [],
  };
  await stage.hear("recruitment/t0", { type: "thread.copy", ...steps }, { to: "task/t1" });
  const fork = { parent: "t0", at: 1, node: "reader", roles: { reader: "bea" }, last: { reader: "ann" } };
  await stage.start({ fork });
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({
    ...{ status: "running", parent: "t0", fork: { at: 1 }, roles: { reader: { agent: "bea" }, writer: { agent: "lead" } } },
  });
  expect(stage.turn("lead")).toMatchObject({ prompt: "Write.", last: { output: { $status: "unclear" } } });
  expect(stage.mail("ann", "nerve.offer.opened")).toEqual([]);
});
