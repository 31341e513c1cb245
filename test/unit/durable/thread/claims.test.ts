/** Claims: what an agent that wants a role, or gives one back, is answered, and who has it then. */
import { expect, test } from "vitest";
import { beginPair as begin, findReader as holder, pair, readers, writePair } from "./pair.ts";
import { minute, openStage, type Stage, second } from "./stage.ts";

test("[RECR2] the first claim wins, and whoever claims while it is on its way, or after, is told who was quicker", async () => {
  const stage = await begin();
  const answers = await Promise.all(["bea", "ann", "cid"].map((agent) => stage.claim(agent)));
  expect(answers).toEqual(["accepted", "accepted", "accepted"]);
  expect(await stage.show()).toMatchObject({ status: "running", roles: { reader: { agent: "bea", generation: 1 } } });
  expect(stage.mail("bea", "nerve.claim.accepted")).toMatchObject([{ offer: "t1:1:1", role: "reader", lease: { generation: 1 } }]);
  for (const agent of ["ann", "cid"]) expect(stage.mail(agent, "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason: "taken" }]);
  expect(stage.turn("bea")).toMatchObject({ role: { name: "reader" }, prompt: "Read." });
});

test("[EVENT4] a claim again is the same claim, also after a reload; another body under its id is a conflict", async () => {
  const stage = await begin();
  expect(await stage.claim("ann", { id: "c1" })).toBe("accepted");
  await stage.reload();
  expect(await stage.claim("ann", { id: "c1" })).toBe("accepted");
  expect(stage.mail("ann", "nerve.claim.accepted")).toHaveLength(1);
  expect(await stage.claim("ann", { id: "c1", bid: 7 })).toMatch(/^id_conflict: The id c1 was sent before with another body/);
  // The id is the agent's own.
  expect(await stage.claim("bea", { id: "c1" })).toBe("accepted");
  expect(await holder(stage)).toBe("ann");
});

test("[RECR5] a claim for an offer that never was is refused, and one for the role that it names already too", async () => {
  const stage = await begin();
  for (const offer of ["t1:1:2", "t1:0:1", "t1:9:1", "t1", "t2:1:1"])
    expect(await stage.claim("ann", { offer })).toBe("not_found: There is no such offer.");
  expect(await stage.claim("ann")).toBe("accepted");
  expect(await stage.claim("ann")).toMatch(/^offer_closed/);
});

test.each<[why: string, reader: string, card: object, reason: string]>([
  ["lacks a capability", "capabilities: [reading]", { capabilities: [] }, "lacks reading"],
  ["was not granted the role", "capabilities: [reading]", { roles: ["pair/writer"] }, "not granted the role pair/reader"],
  ["is not named", "eligibility: { agents: [bea] }", {}, "not among the agents that the role names"],
  [
    "does not meet `where`",
    `eligibility: { any: true, where: "labels.lang = 'de'" }`,
    { labels: { lang: "fr" } },
    "where is not met: labels.lang = 'de'",
  ],
  ["has no slot left", "capabilities: [reading]", { capacity: { slots: 2, used: 2 } }, "at capacity (2 of 2)"],
])("[RECR4] a claim of an agent that %s is rejected with that reason, and takes nothing", async (_, reader, card, reason) => {
  const stage = await begin(writePair(reader));
  expect(await stage.claim("ann", { id: "c1", offer: "t1:1:1", card })).toBe("accepted");
  expect(stage.mail("ann", "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason }]);
  expect(await holder(stage)).toBeUndefined();
});

test("[RECR26] an agent whose card did not do may claim again under the same id, once it does", async () => {
  const stage = await begin();
  await stage.claim("ann", { id: "c1", card: { capacity: { slots: 1, used: 1 } } });
  expect(await holder(stage)).toBeUndefined();
  expect(await stage.claim("ann", { id: "c1", card: { capacity: { slots: 1, used: 0 } } })).toBe("accepted");
  expect(await holder(stage)).toBe("ann");
});

test("[RECR24] whoever holds a role that `not` names may not claim", async () => {
  const stage = await begin(writePair("eligibility: { any: true, not: [writer] }"));
  expect(stage.mail("lead", "nerve.offer.opened")).toEqual([]);
  expect(await stage.claim("lead", { offer: "t1:1:1" })).toBe("accepted");
  expect(stage.mail("lead", "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason: "holds:writer" }]);
  expect(await stage.claim("ann")).toBe("accepted");
  expect(await holder(stage)).toBe("ann");
});

const best = writePair("capabilities: [reading]\n    recruitment: { pick: best, timeout: 10m }");

test("[RECR17] where the best wins nobody has the role until all have answered or time is up", async () => {
  const answered = await begin(best);
  await answered.claim("ann", { bid: 1 });
  await answered.claim("bea", { bid: 3 });
  expect(await holder(answered)).toBeUndefined();
  expect(answered.mail("ann", "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason: "outscored" }]);
  await answered.claim("cid", { bid: 2 });
  expect(await holder(answered)).toBe("bea");

  const late = await begin(best);
  await late.claim("cid", { bid: -5 });
  await late.pass(9 * minute);
  expect(await holder(late)).toBeUndefined();
  await late.pass(2 * minute);
  expect(await holder(late)).toBe("cid");
});

test("[RECR18] at a draw the earlier claim wins, also when it was judged no earlier; a worse one of the leader changes nothing", async () => {
  const stage = await begin(best);
  await Promise.all([stage.claim("cid", { bid: 2 }), stage.claim("ann", { bid: 2 })]);
  await stage.claim("cid", { bid: 1 });
  await stage.claim("bea", { bid: 1.5 });
  expect(await holder(stage)).toBe("cid");
});

test.each<[bid: unknown, reason: string]>([
  ["cheap", 'the bid is "cheap", which is no number'],
  [{ price: 1 }, 'the bid is {"price":1}, which is no number'],
])("[RECR6] a bid of %j is refused with the reason, and loses to one that is less", async (bid, reason) => {
  const stage = await begin(best);
  await stage.claim("ann", { bid });
  expect(stage.mail("ann", "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason }]);
  await stage.claim("bea", { bid: -1 });
  await stage.pass(11 * minute);
  expect(await holder(stage)).toBe("bea");
});

test("[RECR21] no bid, and one of null, count as 0", async () => {
  const stage = await begin(best);
  await stage.claim("ann", { bid: -0.1 });
  await stage.claim("bea", { bid: null });
  await stage.claim("cid");
  expect(await holder(stage)).toBe("bea");
});

test("[RECR29] whoever declines is waited for no more; of what one has claimed, and of what is closed, one declines nothing", async () => {
  const stage = await begin(best);
  const decline = (agent: string) => stage.say(agent, "nerve.offer.decline", { offer: "t1:1:1", reason: "busy" });
  await stage.claim("ann", { bid: 1 });
  expect(await decline("ann")).toMatch(/^not_allowed_now: You have claimed this role/);
  expect(await decline("bea")).toBe("accepted");
  expect(await holder(stage)).toBeUndefined();
  expect(await decline("cid")).toBe("accepted");
  expect(await holder(stage)).toBe("ann");
  expect(await decline("cid")).toMatch(/^offer_closed/);
});

test("[RECR29] whoever has declined may still claim while the offer is open", async () => {
  const stage = await begin();
  await stage.say("ann", "nerve.offer.decline", { offer: "t1:1:1", reason: "busy" });
  expect(await stage.claim("ann")).toBe("accepted");
  expect(await holder(stage)).toBe("ann");
});

test("[RECR27] a role is given back by its present holder only, under its lease; the former one learns since when it is not theirs", async () => {
  const stage = await begin();
  await stage.claim("ann");
  const release = (agent: string, lease: number) => stage.say(agent, "nerve.role.release", { thread: "t1", role: "reader", lease });
  expect(await release("bea", 1)).toBe("stale_lease: The role reader is not yours under the lease 1 (any more).");
  expect(await release("ann", 2)).toBe("stale_lease: The role reader is not yours under the lease 2 (any more).");
  expect(await release("ann", 1)).toBe("accepted");
  expect(stage.mail("ann", "nerve.role.ended")).toMatchObject([{ role: "reader" }]);
  expect(await holder(stage)).toBeUndefined();
  await stage.claim("bea");
  expect(await stage.show()).toMatchObject({ roles: { reader: { agent: "bea", generation: 2 } } });
  expect(await release("ann", 1)).toMatch(/^stale_lease: .*you had it until 20\d\d-.*bea has it now\.$/);
});

test("[RECR30] a claim for an offer of an earlier epoch is refused as closed, and one for the present counts", async () => {
  const stage = await begin();
  expect(stage.offer("bea")).toBe("t1:1:1");
  await stage.order("cancel");
  await stage.pass(1_000);
  expect(await stage.claim("bea", { offer: "t1:1:1" })).toMatch(/^offer_closed/);
  await stage.order("resume");
  await stage.start({ epoch: 2 });
  expect(stage.offer("bea")).toBe("t1:1:2");
  expect(await stage.claim("bea", { offer: "t1:1:1" })).toMatch(/^offer_closed/);
  expect(await stage.claim("bea", { offer: "t1:1:2" })).toBe("accepted");
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2, roles: { reader: { agent: "bea" } } });
});

test("[RECR31] whoever was beaten may have the role later: by claiming the next offer, when the winner gives it back", async () => {
  const stage = await begin();
  await stage.claim("ann", { id: "ann-1" });
  await stage.claim("bea", { id: "bea-1" });
  await stage.say("ann", "nerve.role.release", { thread: "t1", role: "reader", lease: 1 });
  expect(stage.offer("bea")).toBe("t1:1:2");
  expect(await stage.claim("bea", { id: "bea-2" })).toBe("accepted");
  expect(await holder(stage)).toBe("bea");
});

test("[RECR32] nobody claims a named role, and no event of an agent gives it away", async () => {
  const stage = await begin();
  await stage.claim("ann");
  await stage.answer("ann", { $status: "unclear" });
  expect(stage.turn("lead")).toMatchObject({ role: { name: "writer" }, prompt: "Write." });
  expect(stage.sent.filter(({ message }) => JSON.stringify(message).includes('"t1:0:'))).toEqual([]);
  expect(await stage.claim("bea", { offer: "t1:0:1" })).toBe("not_found: There is no such offer.");
  expect(await stage.say("bea", "nerve.role.release", { thread: "t1", role: "writer", lease: 1 })).toMatch(/^stale_lease/);
  expect((await stage.show()).roles.writer).toMatchObject({ agent: "lead" });
});

test("[RECR5] nothing can be claimed of a thread that was never begun", async () => {
  const stage = openStage(pair, readers);
  expect(await stage.claim("ann", { offer: "t1:1:1" })).toMatch(/^not_found: There is no such offer/);
});

test("[RECR22] `random` ranks by the number that was drawn for each claim, whoever came first", async () => {
  const stage = await begin(writePair("capabilities: [reading]\n    recruitment: { pick: random }"));
  for (const [agent, draw] of [
    ["cid", 0.2],
    ["ann", 0.9],
    ["bea", 0.4],
  ] as const) {
    stage.draw = draw;
    await stage.claim(agent);
  }
  expect(await holder(stage)).toBe("ann");
});

const sticky = writePair("capabilities: [reading]\n    bind: turn\n    recruitment: { pick: sticky }");

/** The second turn of a pool whose first one `ann` had. */
async function beginSecondTurn(): Promise<Stage> {
  const stage = await begin(sticky);
  await stage.claim("ann");
  await stage.answer("ann", { $status: "unclear" });
  await stage.answer("lead", { $status: "written" });
  return stage;
}

test("[RECR20] `sticky` keeps the next turn for its last holder for half a minute, whoever else claims", async () => {
  const back = await beginSecondTurn();
  await back.claim("bea");
  expect(await holder(back)).toBeUndefined();
  await back.claim("ann");
  expect(await holder(back)).toBe("ann");
  expect(back.mail("bea", "nerve.claim.rejected")).toMatchObject([{ reason: "taken" }]);

  const away = await beginSecondTurn();
  await away.claim("bea");
  await away.pass(29 * second);
  expect(await holder(away)).toBeUndefined();
  await away.pass(2 * second);
  expect(await holder(away)).toBe("bea");
});

test("[RECR29] once the last holder of a `sticky` role has declined nobody waits for it", async () => {
  const stage = await beginSecondTurn();
  await stage.claim("bea");
  await stage.say("ann", "nerve.offer.decline", { offer: stage.offer("ann"), reason: "busy" });
  expect(await holder(stage)).toBe("bea");
});

test.each(["best", "random"])(
  "[BOARD5] `pick: %s` waits for those who were there when the role was offered, less who went away",
  async (pick) => {
    const stage = await begin(writePair(`capabilities: [reading]\n    recruitment: { pick: ${pick}, timeout: 10m }`));
    await stage.claim("ann");
    stage.join({ id: "late", capabilities: ["reading"] });
    await stage.pass(1);
    // Who comes later may claim, and is not waited for.
    expect(stage.offer("late")).toBe("t1:1:1");
    await stage.claim("bea");
    expect(await holder(stage)).toBeUndefined();
    await stage.leave("cid");
    await stage.reload();
    await stage.pass(minute);
    expect(await holder(stage)).toMatch(/^(ann|bea)$/);
  },
);

test("[BOARD5] where nobody was there when the role was offered, the first claim of who comes later decides", async () => {
  const stage = openStage(writePair("capabilities: [reading]\n    recruitment: { pick: best, timeout: 10m }"), ["lead"]);
  await stage.start();
  await stage.pass(1_000);
  stage.join({ id: "late", capabilities: ["reading"] });
  await stage.pass(1);
  await stage.claim("late");
  expect(await holder(stage)).toBe("late");
});

const readReply = (stage: Stage, agent: string): string =>
  stage.stores.root.exec<{ text: string }>(
    "SELECT body ->> '$.text' AS text FROM document WHERE collection = 'reply' AND key = ?",
    `reader ${agent}`,
  )[0]?.text ?? "none";

test.each<[pick: string, workflow: string, reply: string]>([
  ["best", best, "claimed"],
  ["first", pair, "awarded"],
])(
  "[RECR36] of two claims that an agent makes at once one that would be refused never hides the good one (`pick: %s`)",
  async (_, workflow, reply) => {
    const full = { capacity: { slots: 1, used: 1 } };
    const stage = await begin(workflow);
    await Promise.all([stage.claim("ann", { bid: 3 }), stage.claim("ann", { bid: 4, card: full })]);
    expect(readReply(stage, "ann")).toBe(reply);
    expect(stage.mail("ann", "nerve.claim.rejected")).toEqual([]);
    for (const agent of ["bea", "cid"]) await stage.claim(agent, { bid: 1 });
    expect(await holder(stage)).toBe("ann");
    expect(readReply(stage, "ann")).toBe("awarded");

    // The other way round the first is refused, and the second counts.
    const other = await begin(workflow);
    await Promise.all([other.claim("ann", { bid: 4, card: full }), other.claim("ann", { bid: 3 })]);
    expect(readReply(other, "ann")).toBe(reply);
    expect(other.mail("ann", "nerve.claim.rejected")).toEqual([{ offer: "t1:1:1", reason: "at capacity (1 of 1)" }]);
  },
);

test("[RECR36] a second good claim leaves the first as it was awarded, and one that is declined meanwhile stays claimed", async () => {
  const stage = await begin();
  const answers = await Promise.all([
    stage.claim("ann"),
    stage.claim("ann"),
    stage.say("ann", "nerve.offer.decline", { offer: "t1:1:1", reason: "busy" }),
  ]);
  expect(answers[0]).toBe("accepted");
  expect(readReply(stage, "ann")).toBe("awarded");
  expect(stage.mail("ann", "nerve.claim.rejected")).toEqual([]);
  await stage.pass(20 * second);
  expect(stage.mail("ann", "nerve.offer.closed")).toEqual([]);
});
