/** Broadcasts: whom one turn goes to, whose answers count, and when it is over. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TurnAssigned } from "../../../../src/contract/kinds/turn.ts";
import { minute, openStage, type Stage, second } from "./stage.ts";

/** @param fleet what the fleet's role says of whom and when; its broadcast is last */
function writeCall(
  broadcast: string,
  { who = "eligibility: { any: true }", edges = "$PARTIAL: { role: $END, prompt: \"without {{ missing | join: ' ' }}\" }" } = {},
): string {
  return `
name: roll-call
binding: cloud
description: Everybody says that they are there.
reflexes: [ { kind: workflow, on: [wanted] } ]
roles:
  caller:
    type: named
    agent: lead
    description: Calls again.
    frontmatter: { type: object, properties: { $status: { const: again } }, required: [$status] }
  fleet:
    type: broadcast
    description: Everybody.
    ${who}
    broadcast: ${broadcast}
    frontmatter: { type: object, properties: { ok: { type: boolean }, note: { type: string } }, required: [ok] }
graph:
  $START:
    new: { role: fleet, prompt: "Are you there?" }
    resume: { role: caller, prompt: "Call again." }
  fleet:
    $ACKED: { role: $END, prompt: "with {{ acked | join: ' ' }}" }
    ${edges}
    $UNFILLED: { role: $END, prompt: "nobody" }
  caller:
    again: { role: fleet, prompt: "And now?" }
`;
}

const all = writeCall("{ ack: { need: all, timeout: 10m } }");
const crew = ["ann", "bea", "cid"];
const yes = { ok: true };

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

async function call(workflow = all, agents: Parameters<typeof openStage>[1] = crew): Promise<Stage> {
  const stage = openStage(workflow, agents.includes("lead") ? agents : [...agents, { id: "lead", roles: [] }]);
  await stage.start();
  return stage;
}

const asked = (stage: Stage) => [...stage.agents.keys()].filter((agent) => stage.mail(agent, "nerve.turn.assigned").length > 0);
const outcome = async (stage: Stage) => (await stage.show()).outcome?.output;
const fleet = async (stage: Stage) => (await stage.show()).roles.fleet;
const fail = (stage: Stage, agent: string) => {
  const { turn, lease } = stage.turn(agent);
  return stage.say(agent, "nerve.turn.fail", { turn, lease: lease.generation, error: "broken" });
};

test("[AUD10] one turn goes to everybody who is eligible when it opens, each once, under one lease and until one time", async () => {
  const stage = await call();
  expect(asked(stage)).toEqual(crew);
  const turns = crew.map((agent) => stage.turn(agent));
  expect(new Set(turns.map(({ turn, lease, deadline, prompt }) => JSON.stringify([turn, lease, deadline, prompt]))).size).toBe(1);
  expect(turns[0]).toMatchObject({ prompt: "Are you there?", lease: { expires: null }, deadline: "2027-01-15T08:10:00.000Z" });
  await stage.reload();
  stage.join("dan");
  await stage.pass(5 * minute);
  expect(crew.map((agent) => stage.mail(agent, "nerve.turn.assigned").length)).toEqual([1, 1, 1]);
  expect(asked(stage)).toEqual(crew);
  expect(await fleet(stage)).toEqual({ type: "broadcast", state: "collecting", asked: 3, acked: 0, failed: 0 });
});

test.each<[who: string, rule: string, expected: string[]]>([
  ["that have the capabilities", "capabilities: [setup]", ["ann", "cid"]],
  ["that the role names", "eligibility: { agents: [cid, zoe] }", ["cid"]],
  ["that meet `where`", "eligibility: { any: true, where: \"labels.site = 'north'\" }", ["bea"]],
  ["that hold no role that `not` names", "eligibility: { any: true, not: [caller] }", ["ann", "bea", "cid"]],
])("[AUD10] it goes to the agents %s", async (_, rule, expected) => {
  const agents = [
    { id: "ann", capabilities: ["setup"] },
    { id: "bea", labels: { site: "north" } },
    { id: "cid", capabilities: ["setup"] },
    "lead",
  ];
  const stage = await call(writeCall("{ ack: { need: all } }", { who: rule }), agents);
  expect(asked(stage)).toEqual(expected);
});

test.each<[need: string, answers: [agent: string, output: object | "fail"][], output: object]>([
  [
    "all",
    [
      ["ann", yes],
      ["cid", yes],
      ["bea", yes],
    ],
    { $status: "$ACKED", acked: crew, failed: [], missing: [] },
  ],
  ["all", [["bea", { ok: false }]], { $status: "$PARTIAL", acked: [], failed: ["bea"], missing: ["ann", "cid"] }],
  [
    "any",
    [
      ["ann", "fail"],
      ["bea", yes],
    ],
    { $status: "$ACKED", acked: ["bea"], failed: ["ann"], missing: ["cid"] },
  ],
  [
    "any",
    [
      ["ann", "fail"],
      ["bea", "fail"],
      ["cid", { ok: false }],
    ],
    { $status: "$PARTIAL", acked: [], failed: crew, missing: [] },
  ],
  [
    "2",
    [
      ["ann", yes],
      ["bea", "fail"],
      ["cid", yes],
    ],
    { $status: "$ACKED", acked: ["ann", "cid"], failed: ["bea"] },
  ],
  [
    "2",
    [
      ["ann", "fail"],
      ["cid", "fail"],
    ],
    { $status: "$PARTIAL", failed: ["ann", "cid"], missing: ["bea"] },
  ],
  ["4", [], { $status: "$PARTIAL", missing: crew }],
  ["none", [], { $status: "$ACKED", acked: [], missing: crew }],
])("[AUD2] with `need: %s` the answers %j end it at once, and not before", async (need, answers, output) => {
  const stage = await call(writeCall(`{ ack: { need: ${need}, ok: "ok" } }`));
  for (const [agent, said] of answers) {
    expect(await stage.show()).toMatchObject({ status: "running" });
    expect(await (said === "fail" ? fail(stage, agent) : stage.answer(agent, said))).toBe("accepted");
  }
  expect(await stage.show()).toMatchObject({ status: "completed" });
  expect(await outcome(stage)).toMatchObject(output);
});

test("[AUD2] when time is up whoever has not answered is missing, and what was said is told in the order of ids", async () => {
  const stage = await call();
  await stage.answer("cid", { ok: true, note: "here" });
  await stage.pass(9 * minute);
  expect(await stage.show()).toMatchObject({ status: "running", waiting: { for: "answered", role: "fleet" } });
  await stage.pass(2 * minute);
  expect(await outcome(stage)).toEqual({
    ...{ $status: "$PARTIAL", acked: ["cid"], failed: [], missing: ["ann", "bea"] },
    answers: [{ agent: "cid", output: { ok: true, note: "here" } }],
  });
});

test("[AUD11] an answer that comes late is accepted, says that it changes nothing, and is refused once the turn's time to live is over", async () => {
  const stage = await call(writeCall("{ ack: { need: any }, ttl: 1h }"));
  await stage.answer("bea", yes);
  const before = await outcome(stage);
  const late = /^accepted: the broadcast is closed \(\$ACKED\): your answer is in the log and changes nothing$/;
  expect(await stage.answer("ann", yes, { id: "a1" })).toMatch(late);
  expect(await stage.answer("ann", yes, { id: "a1" })).toMatch(late);
  expect(await stage.answer("ann", yes, { id: "a2" })).toMatch(/^turn_over/);
  await stage.pass(61 * minute);
  expect(await stage.answer("cid", yes)).toMatch(/^turn_over/);
  expect(await outcome(stage)).toEqual(before);
});

test("[AUD5] the first answer of each agent counts: a repeat is the same answer, another one is refused, and two at once are one", async () => {
  const stage = await call();
  expect(await stage.answer("ann", yes, { id: "a1" })).toBe("accepted");
  expect(await stage.answer("ann", yes, { id: "a1" })).toBe("accepted");
  expect(await stage.answer("ann", { ok: false }, { id: "a1" })).toMatch(/^id_conflict/);
  expect(await stage.answer("ann", yes, { id: "a2" })).toMatch(/^turn_over/);
  const both = await Promise.all([stage.answer("bea", yes, { id: "b1" }), stage.answer("bea", { ok: false }, { id: "b2" })]);
  expect(both.filter((answer) => answer === "accepted")).toHaveLength(1);
  expect(await fleet(stage)).toMatchObject({ acked: 2, failed: 0 });
});

test("[AUD12] an answer of an agent that was not asked, or under another lease, is refused and counts for nobody", async () => {
  const stage = await call();
  const turn = stage.turn("ann");
  expect(await stage.answer("zoe", yes, { turn })).toMatch(/^stale_lease/);
  expect(await stage.answer("ann", yes, { turn: { ...turn, lease: { ...turn.lease, generation: 9 } } as TurnAssigned })).toMatch(
    /^stale_lease/,
  );
  expect(await fleet(stage)).toMatchObject({ asked: 3, acked: 0, failed: 0 });
});

test("[AUD13] an output that does not fit may be sent again twice; the third is that agent's failure alone", async () => {
  const stage = await call();
  for (const left of [2, 1]) expect(await stage.answer("ann", { ok: "yes" })).toMatch(new RegExp(`^output_invalid: .*${left} left`));
  expect(await fleet(stage)).toMatchObject({ failed: 0 });
  expect(await stage.answer("ann", { ok: "yes" })).toMatch(/^output_invalid: .*for the last time/);
  expect(await outcome(stage)).toMatchObject({ $status: "$PARTIAL", failed: ["ann"], missing: ["bea", "cid"] });
});

test("[AUD13] an answer of `$SUSPEND` speaks for one of many: it is that agent's failure, and the thread runs", async () => {
  const stage = await call(writeCall("{ ack: { need: any } }"));
  await stage.answer("ann", { $status: "$SUSPEND", ok: true, reason: "no" });
  expect(await stage.show()).toMatchObject({ status: "running", roles: { fleet: { failed: 1 } } });
});

test("[AUD14] an agent that is deleted, that never was there, or whose mailbox is full has failed", async () => {
  const stage = openStage(writeCall("{ ack: { need: 1 } }"), [...crew, { id: "lead", roles: [] }]);
  stage.refusals.set("agent/bea", "not_found").set("agent/cid", "mailbox_full");
  await stage.start();
  await stage.pass(second);
  expect(await fleet(stage)).toMatchObject({ asked: 3, acked: 0, failed: 2 });
  const left = { type: "audience.left", agent: "ann", turn: stage.turn("ann").turn };
  await stage.hear("agent/ann", left, { id: 7, to: `task/${left.turn.replace(/:\d+$/, "")}` });
  expect(await outcome(stage)).toMatchObject({ $status: "$PARTIAL", acked: [], failed: crew });
  expect(await stage.hear("agent/ann", left, { id: 7, to: `task/${left.turn.replace(/:\d+$/, "")}` })).toEqual({ status: "stored" });
});

test("[AUD14] an agent that is deleted after it has acknowledged has acknowledged", async () => {
  const stage = await call();
  await stage.answer("ann", yes);
  const { turn } = stage.turn("ann");
  await stage.hear("agent/ann", { type: "audience.left", agent: "ann", turn }, { to: `task/${turn.replace(/:\d+$/, "")}` });
  expect(await fleet(stage)).toMatchObject({ acked: 1, failed: 0 });
});

test("[AUD9] with nobody eligible it is `$UNFILLED`; without an edge for that the thread waits for a person", async () => {
  const none = writeCall("{ ack: { need: all } }", { who: "capabilities: [magic]" });
  const ended = await call(none);
  expect(await ended.show()).toMatchObject({ status: "completed", outcome: { prompt: "nobody" } });
  const waits = await call(none.replace(/\n.*UNFILLED.*\n/, "\n"));
  expect(await waits.show()).toMatchObject({ status: "suspended", error: expect.stringContaining("fleet") });
});

test("[AUD3] without an edge for it a partial broadcast waits for a person; resumed, it goes to those who have not acknowledged", async () => {
  const stage = await call(writeCall("{ ack: { need: all, timeout: 10m } }", { edges: "" }));
  await stage.answer("bea", yes);
  await stage.pass(11 * minute);
  expect(await stage.show()).toMatchObject({ status: "suspended" });
  await stage.order("resume");
  await stage.pass(second);
  expect(crew.map((agent) => stage.mail(agent, "nerve.turn.assigned").length)).toEqual([2, 1, 2]);
  await stage.answer("ann", yes);
  await stage.answer("cid", yes);
  expect(await outcome(stage)).toMatchObject({ $status: "$ACKED", acked: ["ann", "cid"] });
});

test("[AUD6] a thread that is resumed while its broadcast is open gives the turn again, with its time, to whoever has not answered", async () => {
  const stage = await call();
  await stage.answer("bea", yes);
  await stage.pass(8 * minute);
  await stage.order("suspend");
  expect(await stage.answer("cid", yes)).toBe("accepted");
  await stage.order("resume", { supplement: { hurry: true } });
  expect(crew.map((agent) => stage.mail(agent, "nerve.turn.assigned").length)).toEqual([2, 1, 1]);
  expect(stage.turn("ann")).toMatchObject({ resumed: { supplement: { hurry: true } }, deadline: "2027-01-15T08:18:00.000Z" });
  await stage.pass(9 * minute);
  expect(await stage.show()).toMatchObject({ status: "running" });
  await stage.answer("ann", yes);
  expect(await outcome(stage)).toMatchObject({ $status: "$ACKED", acked: crew });
});

test("[AUD15] when the thread is cancelled the turn is taken back from whoever has not answered, and no answer counts", async () => {
  const stage = await call();
  await stage.answer("bea", yes);
  await stage.order("cancel");
  await stage.pass(second);
  expect(crew.map((agent) => stage.mail(agent, "nerve.turn.revoked").length)).toEqual([1, 0, 1]);
  expect(await stage.answer("ann", yes)).toMatch(/^turn_over/);
});

const panel = (pick: string) =>
  writeCall("{ of: 2, ack: { need: all } }", { who: `eligibility: { any: true }\n    recruitment: { ${pick} }` });

test.each<[pick: string, expected: string[]]>([
  ["pick: first", ["ann", "bea"]],
  ['pick: best, score: "agent.labels.skill"', ["bea", "cid"]],
])("[AUD16] a panel with `%s` goes to as many as it wants, the best of the eligible", async (pick, expected) => {
  const agents = [
    { id: "ann", labels: { skill: 1 } },
    { id: "bea", labels: { skill: 3 } },
    { id: "cid", labels: { skill: 2 } },
    { id: "dan", labels: { skill: "?" } },
  ];
  expect(asked(await call(panel(pick), agents))).toEqual(expected);
});

test("[AUD17] while the registry cannot be asked nobody has the turn, and its time has not begun; then everybody is asked, once", async () => {
  const stage = openStage(all.replace("agent: lead", "agent: { from: event.agent }"), crew);
  stage.registryDown = true;
  await stage.start();
  await stage.pass(5 * minute);
  expect(asked(stage)).toEqual([]);
  expect(await stage.show()).toMatchObject({ status: "running" });
  stage.registryDown = false;
  await stage.pass(minute);
  expect(crew.map((agent) => stage.mail(agent, "nerve.turn.assigned").length)).toEqual([1, 1, 1]);
  // Ten minutes from when it was given.
  expect(Date.parse(stage.turn("ann").deadline)).toBeGreaterThan(Date.parse("2027-01-15T08:15:00Z"));
});

test("[AUD4] it asks a thousand agents at most and counts the others; answers are told up to a size, and the rest counted", async () => {
  const crowd = Array.from({ length: 1_003 }, (_, at) => ({ id: `a${String(at).padStart(4, "0")}` }));
  const stage = await call(writeCall("{ ack: { need: 3 } }"), crowd);
  expect(asked(stage)).toHaveLength(1_000);
  for (const { id } of crowd.slice(0, 3)) await stage.answer(id, { ok: true, note: "n".repeat(30_000) });
  expect(await outcome(stage)).toMatchObject({
    acked: ["a0000", "a0001", "a0002"],
    answers: [{ agent: "a0000" }, { agent: "a0001" }],
    answersLeftOut: 1,
    notAsked: 3,
  });
});
