/** The tools as a client of MCP sees them, with a fake nerveflare server behind. */
import { expect, test } from "vitest";
import type { Json } from "../../../src/contract/event.ts";
import { createProblem } from "../../../src/contract/problem.ts";
import { token } from "../client/fake-server.ts";
import { makeOffer, makeTurn } from "../client/fixture.ts";
import { createStage, type Stage } from "./stage.ts";

const schema: Json = { type: "object", properties: { $status: { const: "done" }, n: { type: "integer" } }, required: ["$status"] };
const role = { name: "reviewer", schema };
const done = { $status: "done" };

const give = ({ server }: Stage, turn = "t1.1:1", more: { [member: string]: Json } = {}) =>
  server.give("nerve.turn.assigned", makeTurn(turn, { role, ...more }));
const answers = ({ server }: Stage) => server.accepted.filter(({ type }) => type === "nerve.turn.respond").map(({ data }) => data);

test("[STDIO5] a client that only looks is told of all tools, in schemas that every provider takes, and connects no agent", async () => {
  const stage = await createStage();
  const { tools } = await stage.client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    ...["wait_for_turn", "offers", "claim", "decline", "get_turn", "report_progress", "respond", "fail", "release", "start", "thread"],
  ]);
  for (const { inputSchema, description } of tools) {
    expect(inputSchema.type).toBe("object");
    expect(JSON.stringify(inputSchema)).not.toMatch(/"\$ref"|"\$schema"/);
    for (const keyword of ["oneOf", "anyOf", "allOf", "not", "enum"]) expect(inputSchema).not.toHaveProperty(keyword);
    expect(description?.length).toBeGreaterThan(40);
  }
  expect(stage.client.getInstructions()).toContain("wait_for_turn");
  const { messages } = await stage.client.getPrompt({ name: "work", arguments: { roles: "reviews of Rust" } });
  expect(messages).toMatchObject([
    { role: "user", content: { text: expect.stringMatching(/^Work as a nerveflare agent, on reviews of Rust/) } },
  ]);
  expect(stage.server.connects).toBe(0);
});

test("[STDIO6] a turn is waited for, seen, and answered by the role's own schema, which the list of tools has as long as the turn is open", async () => {
  const stage = await createStage();
  const waiting = stage.call("wait_for_turn");
  await stage.server.until(() => stage.server.sockets() === 1);
  give(stage);
  const { text, code } = await waiting;
  expect(code).toBeUndefined();
  expect(text).toContain("# Turn t1.1:1");
  await stage.toolsChanged(1);
  expect(await stage.respondSchema()).toMatchObject({ properties: { turn: { enum: ["t1.1:1"] }, output: schema } });
  expect((await stage.call("report_progress", { turn: "t1.1:1", note: "half", details: { at: 3 } })).text).toContain("Noted");
  expect(stage.server.accepted.at(-1)).toMatchObject({ type: "nerve.turn.progress", data: { note: "half", details: { at: 3 }, lease: 1 } });
  const changes = stage.toolsChanged(2);
  expect(await stage.call("respond", { turn: "t1.1:1", output: done, body: "# All of it" })).toMatchObject({
    code: undefined,
    text: expect.stringContaining("The answer counts"),
  });
  await changes;
  expect(answers(stage)).toEqual([{ turn: "t1.1:1", lease: 1, output: done, body: "# All of it" }]);
  expect(await stage.respondSchema()).toMatchObject({
    properties: { output: { description: expect.stringContaining("No turn is open") } },
  });
});

test("[STDIO6] what the server refuses comes back as one thing to change, for the same turn, until no try is left", async () => {
  const stage = await createStage();
  give(stage);
  await stage.call("wait_for_turn");
  let left = 3;
  stage.server.judge = ({ type }) =>
    type === "nerve.turn.respond"
      ? createProblem("output_invalid", "The output does not fit.", { errors: [{ path: "/n", message: "must be even" }], left: --left })
      : undefined;
  const answer = (n: number) => stage.call("respond", { turn: "t1.1:1", output: { ...done, n } });
  expect(await answer(1)).toMatchObject({
    code: "output_invalid",
    text: expect.stringMatching(/`output\/n`: must be even\..*2 tries are left/),
  });
  expect(await answer(3)).toMatchObject({ code: "output_invalid", text: expect.stringContaining("one try is left") });
  expect(await answer(5)).toMatchObject({
    code: "output_invalid",
    text: expect.stringContaining("No try is left: turn t1.1:1 has failed"),
  });
  expect(await answer(6)).toMatchObject({ code: "turn_over" });
});

test("[STDIO7] an answer that comes twice counts once; another one, one for a turn that is over or unknown, is told so", async () => {
  const stage = await createStage();
  give(stage);
  await stage.call("wait_for_turn");
  const both = await Promise.all([1, 2].map(() => stage.call("respond", { turn: "t1.1:1", output: done })));
  expect(both.map(({ code }) => code)).toEqual([undefined, undefined]);
  expect((await stage.call("respond", { turn: "t1.1:1", output: done })).text).toContain("has this answer already");
  expect(await stage.call("respond", { turn: "t1.1:1", output: { ...done, n: 7 } })).toMatchObject({
    code: "turn_over",
    text: expect.stringMatching(/^NRV8009 turn_over: Turn t1\.1:1 is over: you have answered it/),
  });
  expect(answers(stage)).toHaveLength(1);
  expect(await stage.call("respond", { turn: "t9.1:1", output: done })).toMatchObject({
    code: "not_found",
    text: expect.stringContaining("None is open: call `wait_for_turn`."),
  });
  expect(await stage.call("respond", { output: done })).toMatchObject({
    code: "malformed",
    text: expect.stringContaining("No turn is open"),
  });
  expect(await stage.call("claim", {})).toMatchObject({ code: "malformed", text: expect.stringMatching(/claim: `offer`/) });
});

test("[STDIO7] a turn that is taken back while a model thinks is told with the next result, and its answer is not sent", async () => {
  const stage = await createStage();
  give(stage);
  await stage.call("wait_for_turn");
  stage.server.give("nerve.turn.revoked", { turn: "t1.1:1", reason: "the deadline is over" });
  await stage.noted("turn.dropped");
  expect((await stage.call("get_turn")).text).toMatch(
    /No turn is in hand[\s\S]*Since your last call[\s\S]*t1\.1:1.*is over.*the deadline is over.*Drop the work/,
  );
  expect(await stage.call("respond", { turn: "t1.1:1", output: done })).toMatchObject({ code: "turn_over" });
  expect(answers(stage)).toEqual([]);
});

test("[STDIO8] a wait that is cancelled loses no turn; two waits share none; a wait with all slots taken says what is in hand", async () => {
  const stage = await createStage({ slots: 2 });
  const cancel = new AbortController();
  const cancelled = stage.call("wait_for_turn", {}, { signal: cancel.signal });
  await stage.server.until(() => stage.server.sockets() === 1);
  cancel.abort();
  await expect(cancelled).rejects.toThrow();
  const waits = [stage.call("wait_for_turn"), stage.call("wait_for_turn")];
  give(stage, "t1.1:1");
  give(stage, "t2.1:1", { thread: "t2" });
  const turns = (await Promise.all(waits)).map(({ text }) => /^# Turn (\S+)/.exec(text)?.[1]);
  expect(turns.sort()).toEqual(["t1.1:1", "t2.1:1"]);
  expect(await stage.respondSchema()).toMatchObject({
    properties: { turn: { enum: ["t1.1:1", "t2.1:1"] }, output: { anyOf: [schema, schema] } },
  });
  expect((await stage.call("wait_for_turn")).text).toMatch(/You have 2 turns in hand, and no slot[\s\S]*t1\.1:1.*not answered yet/);
  await stage.call("respond", { turn: "t2.1:1", output: done });
  expect(answers(stage)).toMatchObject([{ turn: "t2.1:1" }]);
});

test("[STDIO8] a turn that comes as its wait is cancelled is there for the next one", async () => {
  const stage = await createStage();
  const cancel = new AbortController();
  const cancelled = stage.call("wait_for_turn", {}, { signal: cancel.signal });
  await stage.server.until(() => stage.server.sockets() === 1);
  give(stage);
  cancel.abort();
  await expect(cancelled).rejects.toThrow();
  await stage.noted("turn.assigned");
  expect((await stage.call("wait_for_turn")).text).toContain("# Turn t1.1:1");
});

test("[STDIO8] a wait ends in time, with what to do then, and shows progress to clients that ask", async () => {
  const stage = await createStage();
  expect((await stage.call("wait_for_turn", { seconds: 0 })).text).toMatch(/^Nothing yet after 0 s\. Call `wait_for_turn` again\./);
  const shown: number[] = [];
  const waiting = stage.call("wait_for_turn", {}, { onprogress: ({ progress }) => shown.push(progress) });
  // One that is not open any more ends no wait.
  stage.server.give("nerve.offer.opened", makeOffer("t5:0:1"), { channel: "open" });
  await stage.server.until(() => stage.server.unacknowledged().length === 0);
  give(stage);
  await waiting;
  expect(shown.length).toBeGreaterThan(0);
});

test("[STDIO9] an offer is shown once, and claimed or declined by the model; what becomes of it is told", async () => {
  const stage = await createStage();
  const offered = (id: string) => {
    stage.server.me.offers = [...stage.server.me.offers, makeOffer(id)];
    stage.server.give("nerve.offer.opened", makeOffer(id), { channel: "open" });
  };
  offered("t1:0:1");
  expect((await stage.call("wait_for_turn")).text).toMatch(/\*\*t1:0:1\*\*: code-review\/reviewer[\s\S]*Say whether it may be merged/);
  expect((await stage.call("wait_for_turn", { seconds: 0 })).text).toContain("Nothing yet");
  expect((await stage.call("decline", { offer: "t1:0:1", reason: "not mine" })).text).toContain("Declined");
  offered("t2:0:1");
  await stage.call("wait_for_turn");
  stage.server.judge = ({ type, data }) => {
    if (type === "nerve.offer.claim")
      stage.server.give("nerve.claim.rejected", { offer: data["offer"] ?? null, reason: "somebody bid more" });
    return undefined;
  };
  expect(await stage.call("claim", { offer: "t2:0:1", bid: { price: 3 } })).toMatchObject({
    code: "offer_closed",
    text: expect.stringContaining("somebody bid more"),
  });
  offered("t3:0:1");
  await stage.call("wait_for_turn");
  stage.server.judge = ({ type, data }) => {
    const lease = { generation: 1, expires: null };
    if (type === "nerve.offer.claim")
      stage.server.give("nerve.claim.accepted", { offer: data["offer"] ?? null, thread: "t3", role: "reviewer", lease });
    return undefined;
  };
  expect((await stage.call("claim", { offer: "t3:0:1" })).text).toContain("is yours");
  stage.server.me.rolesHeld = [{ thread: "t3", workflow: "code-review", role: "reviewer", lease: { generation: 1, expires: null } }];
  offered("t4:0:1");
  expect((await stage.call("offers")).text).toMatch(/t4:0:1[\s\S]*You hold, of 1 that you may:[\s\S]*thread t3/);
  expect(await stage.call("claim", { offer: "t4:0:1" })).toMatchObject({
    code: "not_allowed_now",
    text: expect.stringMatching(/All 1 slots are taken: you hold code-review\/reviewer of thread t3/),
  });
  expect(await stage.call("claim", { offer: "t9:0:1" })).toMatchObject({ code: "offer_closed" });
  expect(
    stage.server.accepted.filter(({ type }) => type.startsWith("nerve.offer.")).map(({ type, data }) => [type, data["offer"], data["bid"]]),
  ).toEqual([
    ["nerve.offer.decline", "t1:0:1", undefined],
    ["nerve.offer.claim", "t2:0:1", { price: 3 }],
    ["nerve.offer.claim", "t3:0:1", undefined],
  ]);
});

test("[STDIO9] offers that are claimed without asking are claimed while a model waits, and not before", async () => {
  const stage = await createStage({ claims: (_, name) => name === "reviewer" });
  const claims = () => stage.server.accepted.filter(({ type }) => type === "nerve.offer.claim").map(({ data }) => data["offer"]);
  await stage.call("get_turn");
  stage.server.give("nerve.offer.opened", makeOffer("t1:0:1"), { channel: "open" });
  await stage.server.until(() => stage.server.connects > 0 && stage.server.unacknowledged().length === 0);
  expect(claims()).toEqual([]);
  const waiting = stage.call("wait_for_turn");
  await stage.server.until(() => claims().length === 1);
  give(stage);
  expect((await waiting).text).toContain("# Turn");
});

test("[STDIO10] without a token, with one that is refused, or without a server, results say what a person does; then it goes on by itself", async () => {
  let kept: string | undefined;
  const url = "http://127.0.0.1:1";
  const stage = await createStage({
    access() {
      if (kept === undefined)
        throw Object.assign(new Error("No agent's token is kept on this machine."), { hint: "Run `nerveflare init`." });
      return { url, token: kept };
    },
  });
  expect(await stage.call("wait_for_turn")).toMatchObject({
    code: "unauthenticated",
    text: expect.stringMatching(/No agent's token.*Run `nerveflare init`/),
  });
  kept = token;
  expect((await stage.call("wait_for_turn", { seconds: 0 })).text).toMatch(/Nothing yet[\s\S]*can't be reached/);
  expect(await stage.call("offers")).toMatchObject({
    code: "unavailable",
    text: expect.stringMatching(/127\.0\.0\.1:1 can't be reached.*connected to again by itself/),
  });
});

test("[STDIO10] a token that is not taken any more is told of, and another one is used as soon as it is kept", async () => {
  let kept = `alice.${"y".repeat(43)}`;
  const stage: Stage = await createStage({ access: () => ({ url: stage.server.url, token: kept }) });
  await stage.call("get_turn");
  await stage.noted("refused");
  const said = await stage.call("wait_for_turn");
  expect(said).toMatchObject({
    code: "unauthenticated",
    text: expect.stringMatching(/does not take this agent's token[\s\S]*nerveflare agents rotate/),
  });
  expect(said.text).not.toContain("yyyy");
  kept = token;
  give(stage);
  expect((await stage.call("wait_for_turn")).text).toContain("# Turn t1.1:1");
});

test("[STDIO11] what was cut, the hand-over and the schema are resources, and pages of `get_turn`", async () => {
  const stage = await createStage();
  const prompt = `Begin. ${"long ".repeat(10_000)} End.`;
  const handover = { agent: "carol", why: "lost", progress: { details: { done: 3 } } };
  give(stage, "t1.1:1", { prompt, handover });
  const { text, links } = await stage.call("wait_for_turn");
  expect(text).toContain("[cut here:");
  expect(links).toEqual(["nerveflare://turns/t1.1:1/prompt"]);
  const { resources } = await stage.client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual([
    ...["nerveflare://turns/t1.1:1/turn", "nerveflare://turns/t1.1:1/handover", "nerveflare://threads/t1/messages"],
  ]);
  const read = async (uri: string) => ((await stage.client.readResource({ uri })).contents[0] as { text: string }).text;
  expect(await read("nerveflare://turns/t1.1:1/prompt")).toBe(prompt);
  expect(JSON.parse(await read("nerveflare://turns/t1.1:1/handover"))).toEqual(handover);
  await expect(read("nerveflare://turns/t9:1/prompt")).rejects.toThrow(/NRV8006 not_found/);
  await expect(read("nerveflare://turns/t1.1:1/last")).rejects.toThrow(/There is no last of a turn t1\.1:1/);
  let paged = "";
  for (let from: number | undefined = 0; from !== undefined; ) {
    const { text: page } = await stage.call("get_turn", { turn: "t1.1:1", part: "prompt", from });
    const [, next] = /\n\[more: .* from (\d+)\]$/.exec(page) ?? [];
    paged += page.replace(/\n\[more: .*\]$/, "");
    from = next === undefined ? undefined : Number(next);
  }
  expect(paged).toBe(prompt);
});

test("[STDIO12] a turn may be given up, and a role given back, with the reason", async () => {
  const stage = await createStage();
  give(stage, "t1.1:1");
  await stage.call("wait_for_turn");
  expect((await stage.call("fail", { turn: "t1.1:1", error: "no access to the repository", retryable: true })).text).toContain("given up");
  expect(stage.server.accepted.at(-1)).toMatchObject({
    type: "nerve.turn.fail",
    data: { error: "no access to the repository", retryable: true },
  });
  give(stage, "t2.1:1", { thread: "t2" });
  await stage.call("wait_for_turn");
  stage.server.judge = ({ type }) => {
    if (type === "nerve.role.release") stage.server.give("nerve.turn.revoked", { turn: "t2.1:1", reason: "released" });
    return undefined;
  };
  expect((await stage.call("release", { turn: "t2.1:1", reason: "lunch" })).text).toContain("The role reviewer of thread t2 is free again");
  expect(stage.server.accepted.at(-1)).toMatchObject({
    type: "nerve.role.release",
    data: { thread: "t2", role: "reviewer", lease: 1, reason: "lunch" },
  });
  expect(await stage.call("release", {})).toMatchObject({ code: "not_found", text: expect.stringContaining("You hold: none") });
});

test("[STDIO13] an event that the agent was sent is told with the next result, and acknowledged only then", async () => {
  const stage = await createStage();
  await stage.call("get_turn");
  stage.server.give("news.flash", { about: "x".repeat(20_000) });
  stage.server.give("nerve.thread.started", { thread: "t1", workflow: "code-review" });
  const { text } = await stage.call("wait_for_turn");
  expect(text).toMatch(/No turn yet, but you were sent something[\s\S]*Event news\.flash from \/threads\/t1[\s\S]*\[cut here/);
  expect(text).not.toContain("nerve.thread.started");
  await stage.server.until(() => stage.server.unacknowledged().length === 0);
});

test("[STDIO13] a thread is started by an event; where none starts, the result says why", async () => {
  const stage = await createStage();
  stage.server.told = { threads: ["t7"] };
  expect((await stage.call("start", { type: "pr.opened", data: { pr: 7 }, id: "pr-7" })).text).toMatch(
    /^Started by the event pr-7 \(pr\.opened\):\n- thread t7/,
  );
  stage.server.told = { threads: [], unheard: { nearest: "pr.opened" } };
  expect((await stage.call("start", { type: "pr.opend" })).text).toMatch(
    /started no thread\.\n- No workflow listens to pr\.opend, and nobody is sent it\. Is pr\.opened meant\?/,
  );
  await stage.call("start", { workflow: "code-review", data: { pr: 8 }, to: "agents/bob" });
  expect(stage.server.accepted.at(-1)).toMatchObject({ to: "workflows/code-review,agents/bob", data: { pr: 8 } });
  expect(await stage.call("start", {})).toMatchObject({ code: "malformed", text: expect.stringContaining("give `workflow`") });
  expect(await stage.call("start", { type: "Not a type" })).toMatchObject({
    code: "malformed",
    text: expect.stringContaining("start: `type`"),
  });
  expect(await stage.call("start", { type: "pr.opened", turn: "t9:1" })).toMatchObject({ code: "not_found" });
});
