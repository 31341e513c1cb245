/** Offers: whom an open role is offered to and when, what ends an offer, and what follows. */
import { afterEach, expect, test, vi } from "vitest";
import { createOpenedNotes } from "../../../../src/durable/thread/recruitment/opened-notes.ts";
import { beginPair as begin, findReader, readers, writePair } from "./pair.ts";
import { minute, openStage, type Stage, second } from "./stage.ts";

afterEach(() => void vi.restoreAllMocks());

const offered = (stage: Stage, agent: string) => stage.mail<{ offer: string }>(agent, "nerve.offer.opened").map(({ offer }) => offer);
const closed = (stage: Stage, agent: string) => stage.mail(agent, "nerve.offer.closed");
const reader = (id: string) => ({ id, capabilities: ["reading"] });

test("[RECR33] an offer says what an agent needs to decide: thread, role, goal, what is required, how long, and until when", async () => {
  const stage = await begin(writePair("capabilities: [reading]\n    turn: { timeout: 20m }\n    recruitment: { timeout: 5m }"));
  expect(stage.mail("ann", "nerve.offer.opened")).toEqual([
    {
      ...{ offer: "t1:1:1", thread: "t1", workflow: "pair", role: "reader", goal: "Know what it says." },
      ...{ requires: ["reading"], bind: "thread", turn: { timeout: "20m" }, expires: "2027-01-15T08:05:00.000Z" },
      heartbeat: expect.anything(),
    },
  ]);
  const [mail] = stage.to<{ offer: string; expires: number }>("agent/ann", "mail");
  expect(mail).toMatchObject({ channel: "open", offer: "t1:1:1", expires: Date.parse("2027-01-15T08:05:00Z") });
});

test("[RECR33] an offer goes to everybody whom the registry's card allows, and to nobody else", async () => {
  const stage = await begin(undefined, [
    ...readers,
    { id: "dan", capabilities: ["writing"] },
    { id: "eve", capabilities: ["reading"], roles: ["pair/writer"] },
    { id: "fay", capabilities: ["reading", "writing"], roles: ["pair/reader"] },
  ]);
  const asked = ["lead", "ann", "bea", "cid", "dan", "eve", "fay"].filter((agent) => offered(stage, agent).length > 0);
  expect(asked).toEqual(["ann", "bea", "cid", "fay"]);
});

test("[RECR33] the agents that a role names are asked, those that it excludes are not", async () => {
  const named = await begin(writePair("eligibility: { agents: [cid, nobody, ann] }"));
  expect(["ann", "bea", "cid", "nobody"].map((agent) => offered(named, agent).length)).toEqual([1, 0, 1, 0]);
  const excluded = await begin(writePair("eligibility: { any: true, not: [writer] }"));
  expect(["lead", "ann", "bea", "cid"].map((agent) => offered(excluded, agent).length)).toEqual([0, 1, 1, 1]);
});

test("[RECR25] an agent that comes while the role is open is shown the offer as it connects, and the others once only", async () => {
  const stage = await begin();
  await stage.pass(4 * second);
  stage.join(reader("dan"));
  await stage.pass(1);
  expect(offered(stage, "dan")).toEqual(["t1:1:1"]);
  await stage.reload();
  await stage.pass(5 * minute);
  for (const agent of ["ann", "bea", "cid", "dan"]) expect(offered(stage, agent)).toEqual(["t1:1:1"]);
  expect(await stage.claim("dan")).toBe("accepted");
  expect(await findReader(stage)).toBe("dan");
});

test("[RECR37] an offer whose thread ended before it was written to whom it was made is made again, which is logged once, and may be claimed", async () => {
  const stage = await begin();
  await stage.reload();
  await stage.pass(6 * second);
  // Under the same id: whoever knows it takes it for the same.
  for (const agent of ["ann", "bea", "cid"]) expect([...new Set(offered(stage, agent))]).toEqual(["t1:1:1"]);
  const logged = stage.rows
    .flatMap((row) => (row.table === "event" ? [row.event] : []))
    .filter(({ type }) => type === "nerve.offer.opened");
  expect(logged).toMatchObject([{ to: "agents/ann,agents/bea,agents/cid" }]);
  expect(await stage.claim("bea")).toBe("accepted");
  expect(await findReader(stage)).toBe("bea");
});

test("[RECR37] of a step that is not written neither the board nor an agent hears", async () => {
  const stage = await begin();
  const { root } = stage.stores;
  const { exec } = root;
  root.exec = (sql, ...values) => {
    if (sql.includes("INTO document") && values.some((value) => String(value).includes('"filled"')))
      throw new Error("database or disk is full: SQLITE_FULL");
    return exec(sql, ...values);
  };
  await expect(stage.claim("ann")).rejects.toThrow("SQLITE_FULL");
  root.exec = exec;
  await stage.pass(second);
  for (const agent of ["ann", "bea", "cid"]) expect(closed(stage, agent)).toEqual([]);
  expect(await stage.claim("ann")).toBe("accepted");
  await stage.pass(10 * second);
  expect(closed(stage, "bea")).toMatchObject([{ why: "filled" }]);
});

test("[STORE13] to whom an offer was made is logged again after a transaction that was rolled back, and not after one that did not begin", () => {
  const logged: string[] = [];
  const notes = createOpenedNotes({ noteAsked: () => {}, writeAsked: () => {} }, ({ id }) => void logged.push(id));
  const event = {
    specversion: "1.0" as const,
    id: "opened",
    source: "/threads/t1",
    type: "nerve.offer.opened",
    time: "2026-11-20T12:00:00Z",
  };
  notes.add({ offer: "t1:1:1", asked: ["ann"], event, thread: "t1" });
  notes.write();
  notes.undo();
  expect(notes.isEmpty()).toBe(false);
  notes.write();
  notes.keep();
  notes.undo();
  expect([notes.isEmpty(), logged]).toEqual([true, ["opened", "opened"]]);
});

test("[RECR26] whom the card did not allow is offered the role again at the next reading; who declined is not", async () => {
  const stage = await begin();
  await stage.claim("ann", { card: { capacity: { slots: 1, used: 1 } } });
  await stage.say("bea", "nerve.offer.decline", { offer: "t1:1:1", reason: "busy" });
  await stage.pass(6 * second);
  expect(["ann", "bea", "cid"].map((agent) => offered(stage, agent).length)).toEqual([2, 1, 1]);
});

test("[RECR34] while the registry cannot be asked the offer is open and known to nobody; it is made as soon as the registry answers", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const stage = openStage(writePair("capabilities: [reading]"), ["lead", ...readers]);
  stage.registryDown = true;
  await stage.start();
  expect(await stage.show()).toMatchObject({ status: "recruiting", waiting: { role: "reader" } });
  expect(offered(stage, "ann")).toEqual([]);
  expect(warned).toHaveBeenCalled();
  stage.registryDown = false;
  await stage.pass(6 * second);
  expect(offered(stage, "ann")).toEqual(["t1:1:1"]);
});

test("[RECR8] a filled offer closes for everybody who was shown it but the winner, who knows; whoever comes later hears of nothing", async () => {
  const stage = await begin();
  await stage.claim("bea");
  stage.join(reader("dan"));
  await stage.pass(6 * second);
  const filled = [{ offer: "t1:1:1", why: "filled" }];
  expect(["ann", "bea", "cid", "dan"].map((agent) => closed(stage, agent))).toEqual([filled, [], filled, []]);
  await stage.pass(10 * minute);
  expect(offered(stage, "dan")).toEqual([]);
});

test.for(["the board", "the thread", "both"])(
  "[BOARD12] whoever was shown an offer hears that it closed, once, though %s was lost before it was told",
  async (lost) => {
    const stage = await begin();
    await stage.claim("bea");
    await stage.pass(second);
    if (lost !== "the thread") stage.loseBoard();
    if (lost !== "the board") await stage.reload();
    await stage.pass(minute);
    const filled = [{ offer: "t1:1:1", why: "filled" }];
    expect(["ann", "bea", "cid"].map((agent) => closed(stage, agent))).toEqual([filled, [], filled]);
  },
);

test("[RECR16] an offer that nobody takes expires, is made again after the backoff under the next number, and then `on_unfilled` acts", async () => {
  const stage = await begin(writePair("capabilities: [reading]\n    recruitment: { timeout: 5m, retries: 1, backoff: 1m }"));
  await stage.pass(5 * minute + 6 * second);
  expect(closed(stage, "ann")).toEqual([{ offer: "t1:1:1", why: "expired" }]);
  expect(await stage.claim("ann", { offer: "t1:1:1" })).toMatch(/^offer_closed: The offer t1:1:1 is closed/);
  expect(offered(stage, "ann")).toEqual(["t1:1:1"]);
  await stage.pass(minute);
  expect(offered(stage, "ann")).toEqual(["t1:1:1", "t1:1:2"]);
  expect(await stage.show()).toMatchObject({ status: "recruiting" });
  await stage.pass(5 * minute);
  expect(await stage.show()).toMatchObject({ status: "suspended", error: "unfilled:reader" });
  await stage.pass(6 * second);
  expect(closed(stage, "cid")).toEqual([
    { offer: "t1:1:1", why: "expired" },
    { offer: "t1:1:2", why: "expired" },
  ]);
});

test("[RECR16] `on_unfilled: end` ends the thread, whose initiator is told why", async () => {
  const stage = await begin(writePair("capabilities: [reading]\n    recruitment: { timeout: 5m, on_unfilled: end }"));
  await stage.pass(6 * minute);
  expect(await stage.show()).toMatchObject({ status: "failed", error: "unfilled:reader" });
  expect(stage.mail("lead", "nerve.thread.failed")).toMatchObject([{ thread: "t1", reason: "unfilled:reader" }]);
  expect(stage.to("workflow/pair", "thread.ended")).toMatchObject([{ thread: "t1" }]);
});

test("[THREAD15] a suspended thread has no open offer, and makes a new one when it is resumed", async () => {
  const stage = await begin();
  await stage.order("suspend");
  await stage.pass(6 * second);
  expect(closed(stage, "ann")).toEqual([{ offer: "t1:1:1", why: "suspended" }]);
  expect(await stage.claim("ann")).toMatch(/^offer_closed/);
  await stage.order("resume");
  await stage.pass(second);
  expect(offered(stage, "ann")).toEqual(["t1:1:1", "t1:1:2"]);
  expect(await stage.claim("ann")).toBe("accepted");
});

test("[TASK11] a role whose holder is lost is offered again, and who takes it gets the open turn with a hand-over", async () => {
  const stage = await begin();
  await stage.claim("ann");
  const turn = stage.turn("ann");
  await stage.say("ann", "nerve.turn.progress", { turn: turn.turn, lease: 1, note: "half read", details: { page: 7 } });
  await stage.hear("agent/ann", { type: "agent.away", agent: "ann", role: "reader", generation: 1 });
  await stage.pass(2 * minute);
  expect(stage.mail("ann", "nerve.role.ended")).toMatchObject([{ role: "reader", reason: "lost" }]);
  expect(offered(stage, "bea")).toEqual(["t1:1:1", "t1:1:2"]);
  await stage.claim("bea");
  expect(stage.turn("bea")).toMatchObject({
    turn: turn.turn,
    lease: { generation: 2 },
    handover: {
      agent: "ann",
      progress: { agent: "ann", note: "half read", details: { page: 7 } },
      thread: { messages: [], total: 0, leftOut: 0 },
    },
  });
  expect(await stage.answer("ann", { $status: "read" })).toMatch(/^stale_lease/);
  expect(await stage.answer("bea", { $status: "read" })).toBe("accepted");
  expect(await stage.show()).toMatchObject({ status: "completed" });
});

test("[RECR27] an award that could not be delivered is given to somebody else", async () => {
  const stage = await begin();
  stage.refusals.set("agent/ann", "not_found");
  await stage.claim("ann", { offer: "t1:1:1" });
  await stage.pass(second);
  expect(await findReader(stage)).toBeUndefined();
  expect(stage.offer("bea")).toBe("t1:1:2");
  await stage.claim("bea");
  expect(await findReader(stage)).toBe("bea");
});

test("[MAIL17] an agent whose mailbox is full keeps the role that it was given, and its turn has failed", async () => {
  const stage = await begin();
  const offer = stage.offer("ann");
  stage.refusals.set("agent/ann", "mailbox_full");
  await stage.claim("ann", { offer });
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({
    ...{ status: "suspended", error: "undeliverable", roles: { reader: { agent: "ann" } } },
  });
});

test("[RECR35] an offer is made to a thousand agents at most, in the order of their ids, and each may claim", async () => {
  const crowd = Array.from({ length: 1_010 }, (_, index) => reader(`r${String(index).padStart(4, "0")}`));
  const stage = await begin(undefined, crowd);
  const asked = crowd.filter(({ id }) => offered(stage, id).length > 0).map(({ id }) => id);
  expect(asked).toHaveLength(1_000);
  expect(asked.at(-1)).toBe("r0999");
  expect(await stage.claim("r0999")).toBe("accepted");
  expect(await findReader(stage)).toBe("r0999");
});

test("[BOARD8] an offer that closes while the board cannot be asked is told to those that were shown it as soon as it can", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const stage = await begin();
  await stage.pass(1);
  stage.registryDown = true;
  expect(await stage.claim("ann")).toBe("accepted");
  await stage.pass(6 * second);
  expect(closed(stage, "bea")).toEqual([]);
  stage.registryDown = false;
  await stage.pass(11 * second);
  expect(closed(stage, "bea")).toHaveLength(1);
});
