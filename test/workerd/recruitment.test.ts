/** Recruitment in the real runtime: pools, bids and the past, races, claims of every wrong kind, and why nobody takes a role. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import pool from "../../workflows/triage-pool.yaml?raw";
import { isOnlyOwn, ringAll } from "./actors.ts";
import { arrive, call, disturbances, expectThread, join, type Loose, type Player, publish, readLog, ring } from "./stage.ts";

const duty = (
  name: string,
  more: string,
  edges = "",
  frontmatter = "{ properties: { $status: { const: done } }, required: [$status] }",
) => `
name: ${name}
description: One duty.
binding: cloud
reflexes: [ { kind: workflow, on: [${name}.needed] } ]
roles:
  doer:
    description: Does it.
    goal: It is done.
    procedure: Do it.
    output: That it is done.
    frontmatter: ${frontmatter}
${more.replaceAll(/^/gm, "    ")}
graph:
  $START:
    new: { role: doer, prompt: "Do it." }
  doer:
    done: { role: $END, prompt: "Done." }
${edges}`;

let asker: Player;

beforeAll(async () => {
  asker = await join("asker", []);
});

async function begin(name: string, data: object = {}): Promise<string> {
  return (await asker.say(`${name}.needed`, data as never)).threads[0] as string;
}

async function offerTo(player: Player, thread: string): Promise<string> {
  return (await player.expect("nerve.offer.opened", (data) => data.thread === thread)).data.offer;
}

describe.each(Object.entries(disturbances))("a pool where %s between two events", (how, disturb) => {
  test("[RECR11] gives each turn to the best of those who may have it, never twice running to the same", async () => {
    const tag = how.replaceAll(" ", "-");
    await publish("triage-pool", pool.replaceAll("[triage]", `[triage-${tag}]`));
    const players = await Promise.all(["ann", "ben", "cleo"].map((id) => arrive(`${id}-${tag}`, [`triage-${tag}`])));
    const [ann, ben, cleo] = players as [Player, Player, Player];
    const [thread] = (await asker.say("issue.opened", { repo: tag, issue: 1, title: "It breaks" })).threads as [string];
    const bids = new Map([
      [ann, 3],
      [ben, 1],
      [cleo, 2],
    ]);
    const claim = async (player: Player): Promise<void> => {
      const { data } = await player.expect("nerve.offer.opened", (each) => each.thread === thread);
      expect(data).toMatchObject({
        workflow: "triage-pool",
        role: "triager",
        bind: "turn",
        requires: [`triage-${tag}`],
        turn: { timeout: "10m" },
      });
      await player.say("nerve.offer.claim", { offer: data.offer, bid: { minutes: bids.get(player) as number } });
      await disturb();
    };
    for (const player of players) await claim(player);
    // All three have answered: nobody waits for the two minutes.
    const first = await ben.turn("triager", thread);
    expect(first.prompt).toBe(`Triage ${tag}#1: It breaks`);
    await disturb();
    await ben.answer(first, { $status: "labelled", label: "bug" });
    await disturb();
    // Ben had the last turn and is not even asked.
    await claim(ann);
    await claim(cleo);
    const second = await cleo.turn("triager", thread);
    expect(second.prompt).toBe("Another agent says: bug.  Do you agree?");
    await cleo.answer(second, { $status: "agreed", label: "bug" });
    const shown = await expectThread(thread, { status: "completed", outcome: { prompt: "Labelled bug." } });
    expect(shown.roles.triager).toMatchObject({ generation: 2 });
    expect(ben.seen.filter(({ event }) => event.type === "nerve.offer.opened")).toHaveLength(1);
    for (const loser of [ann, cleo]) expect((await loser.expect("nerve.claim.rejected")).data.reason).toBe("outscored");
    const turns = await vi.waitFor(async () => {
      const { results } = await env.DB.prepare(
        "SELECT agent, value ->> 1 AS outcome, role FROM agent_turns, json_each(turns) WHERE agent IN (?, ?) ORDER BY agent = ?2",
      )
        .bind(ben.id, cleo.id)
        .all();
      expect(results).toHaveLength(2);
      return results;
    });
    expect(turns).toEqual([
      { agent: ben.id, outcome: "answered", role: "triager" },
      { agent: cleo.id, outcome: "answered", role: "triager" },
    ]);
  });
});

test("[RECR3] 64 agents claim one role at once: one is given it, 63 are told why not", async () => {
  await publish("race", duty("race", "type: open\ncapabilities: [racing]"));
  const players = await Promise.all(Array.from({ length: 64 }, (_, index) => join(`racer-${index}`, ["racing"])));
  const thread = await begin("race");
  const offer = await offerTo(players[0] as Player, thread);
  const answers = await Promise.all(players.map((player) => player.post("nerve.offer.claim", { offer })));
  const refused = answers.filter(({ body }) => body.status !== "accepted");
  for (const { body } of refused) expect(body.code).toBe("offer_closed");
  // The log has every verdict; so many agents that poll for theirs would only measure the machine.
  const verdicts = await vi.waitFor(
    async () => {
      const events = (await readLog(thread, "nerve.claim.accepted")).filter(({ type }) => type.startsWith("nerve.claim."));
      expect(events.length + refused.length).toBe(64);
      return events;
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(verdicts.filter(({ type }) => type === "nerve.claim.accepted")).toHaveLength(1);
  for (const { type, data } of verdicts) if (type === "nerve.claim.rejected") expect(data).toMatchObject({ offer, reason: "taken" });
  const shown = await expectThread(thread, { status: "running" });
  expect(shown.roles.doer).toMatchObject({ generation: 1 });
  // What is in the log is what the agents were told.
  const winner = players.find(({ id }) => id === shown.roles.doer.agent) as Player;
  await winner.turn("doer", thread);
  const told = players.findIndex((player, index) => player !== winner && answers[index]?.body.status === "accepted");
  if (told >= 0) expect((await (players[told] as Player).expect("nerve.claim.rejected")).data.reason).toBe("taken");
});

describe("a claim that is wrong", () => {
  let ann: Player;
  let thread: string;
  let offer: string;

  beforeAll(async () => {
    await publish(
      "picky",
      duty(
        "picky",
        "type: open\ncapabilities: [picking]\neligibility: { all: [picking], where: \"labels.region = 'eu'\" }\nrecruitment: { pick: best, score: bid.price * -1, timeout: 5m }",
      ),
    );
    ann = await join("picky-ann", ["picking"]);
    await ann.say("nerve.agent.report", { labels: { region: "eu" } });
    // Asked as well, and silent: else the offer would end when all others have answered.
    await arrive("picky-dan", ["picking"]);
    thread = await begin("picky");
    offer = await offerTo(ann, thread);
  });

  const why = async (player: Player): Promise<string> => (await player.expect("nerve.claim.rejected")).data.reason;

  test("[RECR5] for an offer that never was, or in a wrong shape, is refused", async () => {
    const unknown = await ann.post("nerve.offer.claim", { offer: `${thread}:0:99` });
    expect(unknown).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await ann.post("nerve.offer.claim", { offer: "rubbish" })).toMatchObject({ status: 404 });
    expect(await ann.post("nerve.offer.claim", {})).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(await ann.post("nerve.offer.claim", { offer: 7 })).toMatchObject({ status: 400, body: { code: "malformed" } });
  });

  test("[RECR4] by an agent whose card does not fit is refused, each for its reason", async () => {
    const eve = await join("picky-eve", []);
    await eve.say("nerve.offer.claim", { offer });
    expect(await why(eve)).toBe("lacks picking");
    // What it says of itself grants nothing.
    await eve.say("nerve.agent.report", { capabilities: ["picking"], labels: { region: "eu" } });
    await eve.say("nerve.offer.claim", { offer, bid: { price: 1 }, card: { capabilities: ["picking"] } });
    expect(await why(eve)).toBe("lacks picking");
    const kim = await join("picky-kim", ["picking"], { roles: ["other/doer"] });
    await kim.say("nerve.offer.claim", { offer });
    expect(await why(kim)).toBe("not granted the role picky/doer");
    const us = await join("picky-us", ["picking"]);
    await us.say("nerve.agent.report", { labels: { region: "us" } });
    await us.say("nerve.offer.claim", { offer });
    expect(await why(us)).toBe("where is not met: labels.region = 'eu'");
  });

  test("[RECR6] with a bid that `score` can't use is refused", async () => {
    await ann.say("nerve.offer.claim", { offer });
    expect(await why(ann)).toBe("score gives nothing, which is no number");
    await ann.say("nerve.offer.claim", { offer, bid: { price: "cheap" } });
    expect(await why(ann)).toMatch(/^score fails: /);
    await ann.say("nerve.offer.claim", { offer, bid: [1, 2] });
    expect(await why(ann)).toBe("score gives nothing, which is no number");
  });

  test("[RECR7] that comes twice under one id is one claim, under another id it changes nothing, and one for an offer that was not made to its sender is judged alike", async () => {
    // Registered after the offer was made: never asked, and eligible.
    const late = await join("picky-late", ["picking"]);
    await late.say("nerve.agent.report", { labels: { region: "eu" } });
    await late.say("nerve.offer.claim", { offer, bid: { price: 5 } }, { id: "late-1" });
    await late.say("nerve.offer.claim", { offer, bid: { price: 5 } }, { id: "late-1" });
    expect(await late.post("nerve.offer.claim", { offer, bid: { price: 4 } }, { id: "late-1" })).toMatchObject({
      status: 409,
      body: { code: "id_conflict" },
    });
    await late.say("nerve.offer.claim", { offer, bid: { price: 9 } });
    // Its score gives nothing.
    await late.say("nerve.offer.claim", { offer });
    // Who has claimed has claimed.
    expect(await late.post("nerve.offer.decline", { offer, reason: "no" })).toMatchObject({
      status: 409,
      body: { code: "not_allowed_now" },
    });
    await ann.say("nerve.offer.claim", { offer, bid: { price: 5 } });
    // The same price, and later.
    expect(await why(ann)).toBe("outscored");
    const explained = (await call("GET", `/v1/threads/${thread}/explain`)).body;
    expect(reasonsOf(explained)).toMatchObject({
      "picky-ann": ["outscored", "picky-late has the same score (-5) and came earlier"],
      "picky-late": ["claimed", "claimed, and leads until the offer ends"],
      "picky-eve": ["not_eligible", "lacks picking"],
      "picky-kim": ["not_eligible", "not granted the role picky/doer"],
      "picky-us": ["not_eligible", "where is not met: labels.region = 'eu'"],
      asker: ["not_eligible", "lacks picking"],
    });
    expect(explained.waits).toMatchObject([{ for: "claim", role: "doer", then: "the best claim so far, that of picky-late, is awarded" }]);
    await ring(thread, 6 * 60_000);
    await expectThread(thread, { status: "running", roles: { doer: { agent: "picky-late" } } });
    expect(await late.post("nerve.offer.claim", { offer, bid: { price: 1 } })).toMatchObject({
      status: 409,
      body: { code: "offer_closed" },
    });
  });
});

function reasonsOf(explained: Loose): { [agent: string]: [string, string] } {
  return Object.fromEntries(explained.unfilled[0].agents.map(({ agent, code, why }: Loose) => [agent, [code, why]]));
}

test("[RECR8] offers are repeated after a pause and close for everybody, and a claim for one that has closed is refused", async (context) => {
  if (isOnlyOwn("whoever turns the clock ahead for one actor of it turns it for all: the agent falls silent as well"))
    return context.skip();
  // All of it within the 90 s for which the board holds who was there to be there, for its clock is turned ahead with the thread's.
  await publish("slow", duty("slow", "type: open\ncapabilities: [slowness]\nrecruitment: { timeout: 20s, retries: 1, backoff: 10s }"));
  const sam = await arrive("slow-sam", ["slowness"]);
  const thread = await begin("slow");
  const first = await offerTo(sam, thread);
  const explain = async (): Promise<Loose> => (await call("GET", `/v1/threads/${thread}/explain`)).body;
  // Sam has acknowledged it and says nothing.
  let explained = await explain();
  expect(explained).toMatchObject({
    status: "recruiting",
    waits: [
      {
        for: "claim",
        text: "doer is offered (pick: first); 1 were asked, 0 answered",
        then: "the offer expires; then it is offered again after a pause of 10s (1 of 1 retries), after that on_unfilled: suspend, the thread is suspended until a person resumes it",
      },
    ],
  });
  expect(reasonsOf(explained)["slow-sam"]).toEqual(["unanswered", "has seen the offer and does not answer"]);
  await sam.say("nerve.offer.decline", { offer: first, reason: "lunch" });
  explained = await explain();
  expect(reasonsOf(explained)["slow-sam"]).toEqual(["declined", "declined: lunch"]);
  await ring(thread, 21_000);
  expect((await sam.expect("nerve.offer.closed", (data) => data.offer === first)).data.why).toBe("expired");
  expect(await sam.post("nerve.offer.claim", { offer: first })).toMatchObject({ status: 409, body: { code: "offer_closed" } });
  explained = await explain();
  expect(explained.waits).toMatchObject([{ for: "pause", role: "doer", then: "it is offered again" }]);
  await ring(thread, 35_000);
  const second = await offerTo(sam, thread);
  expect(second).not.toBe(first);
  await ring(thread, 60_000);
  await expectThread(thread, { status: "suspended" });
  explained = await explain();
  expect(explained.waits).toMatchObject([{ for: "person", text: "suspended: unfilled:doer" }]);
  expect(explained.unfilled).toMatchObject([{ role: "doer", state: "unfilled" }]);
});

test("[RECR9] explain says who has not seen an offer, and who is not asked yet", async () => {
  await publish("unseen", duty("unseen", "type: open\ncapabilities: [hiding]"));
  const hider = await join("hider", ["hiding"]);
  await join("never", ["hiding"]);
  await hider.say("nerve.agent.report", {});
  const thread = await begin("unseen");
  await vi.waitFor(async () => {
    const { body } = await call("GET", `/v1/threads/${thread}/explain`);
    expect(reasonsOf(body).hider).toEqual(["unseen", "has not seen the offer: it waits in its mailbox"]);
    expect(reasonsOf(body).never).toEqual(["offline", "was never there"]);
  });
  await (await join("newcomer", ["hiding"])).say("nerve.agent.report", {});
  const explained = (await call("GET", `/v1/threads/${thread}/explain`)).body;
  expect(reasonsOf(explained).newcomer?.[0]).toBe("not_offered");
  expect(explained.unfilled[0].offer.nextLook).toBeDefined();
  await ring(thread, 6_000);
  await ringAll();
  expect(await call("GET", `/v1/threads/t${"a".repeat(25)}/explain`)).toMatchObject({ status: 404 });
});

test("[EXPL7] explain says whose turn is waited for, until when, and what happens when its time is up", async () => {
  await publish("turn", duty("turn", "type: open\ncapabilities: [turning]\nturn: { timeout: 5m, retries: 2, on_timeout: rerecruit }"));
  const tom = await join("turner", ["turning"]);
  const thread = await begin("turn");
  await tom.claim("doer", thread);
  const turn = await tom.turn("doer", thread);
  const explained = (await call("GET", `/v1/threads/${thread}/explain`)).body;
  expect(explained).toMatchObject({
    status: "running",
    unfilled: [],
    waits: [
      {
        for: "answer",
        role: "doer",
        agent: "turner",
        until: turn.deadline,
        then: "the turn is given again (1 of 2 retries), after that turn.on_timeout: rerecruit, the role is taken back and offered anew",
      },
    ],
  });
  await tom.answer(turn, { $status: "done" });
  await expectThread(thread, { status: "completed" });
  expect((await call("GET", `/v1/threads/${thread}/explain`)).body).toMatchObject({ status: "completed", waits: [], unfilled: [] });
});

test("[THREAD11] a named role whose agent is not registered refuses the start, with the name", async () => {
  await publish("ghost", duty("ghost", "type: named\nagent: nobody-9"));
  const thread = await begin("ghost");
  await expectThread(thread, { status: "failed", error: "the role doer names the agent nobody-9, and there is none" });
  await publish("ghost2", duty("ghost2", "type: named\nagent: { from: event.data.who }"));
  await expectThread(await begin("ghost2", { who: "ghost-of-nobody" }), {
    status: "failed",
    error: "the role doer names the agent ghost-of-nobody, and there is none",
  });
  const { data } = await asker.expect("nerve.thread.failed", (each) => each.workflow === "ghost2");
  expect(data.reason).toContain("ghost-of-nobody");
});

test("[RECR23] an agent that failed before is outscored by one that did not", async () => {
  await publish(
    "past",
    duty("past", "type: open\ncapabilities: [past]\nrecruitment: { pick: best, score: stats.success }\nturn: { on_fail: end }"),
  );
  const bad = await arrive("past-bad", ["past"]);
  const good = await arrive("past-good", ["past"]);
  // With nothing known of either, the first wins.
  const first = await begin("past");
  await bad.claim("doer", first);
  await good.claim("doer", first);
  const turn = await bad.turn("doer", first);
  await bad.say("nerve.turn.fail", { turn: turn.turn, lease: turn.lease.generation, error: "broke" });
  await expectThread(first, { status: "failed" });
  await vi.waitFor(async () => {
    const { results } = await env.DB.prepare(
      "SELECT value ->> 1 AS outcome FROM agent_turns, json_each(turns) WHERE agent = 'past-bad'",
    ).all();
    expect(results).toEqual([{ outcome: "failed" }]);
  });
  // What was read for the race before may be as old as that.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10_000 });
  try {
    const second = await begin("past");
    await bad.claim("doer", second);
    await good.claim("doer", second);
    await expectThread(second, { status: "running", roles: { doer: { agent: "past-good" } } });
    expect((await bad.expect("nerve.claim.rejected", (data) => data.offer.startsWith(second))).data.reason).toBe("outscored");
  } finally {
    vi.useRealTimers();
  }
});
