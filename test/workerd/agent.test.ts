/** What an agent may say, over HTTP and sockets: each mistake has a clear answer with a stable code, and loses nothing. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import codeReview from "../../workflows/code-review.yaml?raw";
import { hasObject, listTables } from "./actors.ts";
import { type Answer, call, connect, expectThread, join, type Player, publish, readLog } from "./stage.ts";

const id = "t".padEnd(26, "a");

let author: Player;
let reviewer: Player;
let second: Player;
let pr = 0;

beforeAll(async () => {
  await publish("code-review", codeReview.replace(/^ +where: .*\n/m, "").replace("concurrency: 8", "concurrency: 100"));
  author = await join("author", ["coding"]);
  reviewer = await join("reviewer", ["code-review"]);
  second = await join("second", ["code-review"]);
});

async function beginTurn() {
  pr += 1;
  const { threads } = await author.say("pr.ready_for_review", { repo: "nerve", pr });
  const thread = threads[0] as string;
  const offer = await reviewer.claim("reviewer", thread);
  return { thread, offer, turn: await reviewer.turn("reviewer", thread) };
}

const refused = (status: number, code: string, more: object = {}): object => ({ status, body: { code, ...more } });

describe("refuses, and says why:", () => {
  const post = (text: string, type?: string): Promise<Answer> =>
    call("POST", "/v1/events", { token: author.token, text, ...(type && { type }) });
  const event = (more: object): string => JSON.stringify({ specversion: "1.0", id: "x", type: "a.b", ...more });

  test("[EVENT1] what is not JSON, or no event", async () => {
    expect(await post("{")).toMatchObject(refused(400, "malformed"));
    expect(await post('"x"')).toMatchObject(refused(400, "malformed"));
    expect(await post(event({ id: "with space" }))).toMatchObject(refused(400, "malformed", { errors: [{ path: "id" }] }));
    expect(await post(event({ type: "Not A Kind" }))).toMatchObject(refused(400, "malformed"));
    expect(await post(event({ extension: { an: "object" } }))).toMatchObject(refused(400, "malformed"));
    expect(await post(event({ type: "nerve.offer.claim", data: { offer: 7 } }))).toMatchObject(refused(400, "malformed"));
    expect(await post("{}", "application/cloudevents-batch+json")).toMatchObject(refused(400, "malformed"));
  });

  test("[EVENT2] kinds that only the orchestrator sends, or that are not there", async () => {
    expect(await post(event({ type: "nerve.thread.started" }))).toMatchObject(refused(400, "unknown_kind"));
    expect(await post(event({ type: "xstate.done.actor.task" }))).toMatchObject(refused(400, "unknown_kind"));
  });

  test("[EVENT2] another's source, and kinds that were not granted", async () => {
    expect(await post(event({ source: "/agents/reviewer" }))).toMatchObject(refused(400, "source_mismatch"));
    const narrow = await join("narrow", [], { kinds: ["pr.closed"] });
    expect(await narrow.post("pr.ready_for_review", {})).toMatchObject(refused(403, "forbidden"));
    expect(await narrow.post("nerve.agent.report", { slots: 1 })).toMatchObject({ status: 202 });
  });

  test("[EVENT3] what is too large or nests too deep, without harm to the rest of its batch", async () => {
    expect(await post(event({ data: "x".repeat(256 * 1024) }))).toMatchObject(refused(413, "too_large", { limit: 262144 }));
    const deep = JSON.parse("[".repeat(70) + "]".repeat(70));
    const batch = [
      { id: "batch.1", type: "a.b" },
      { id: "batch.2", type: "a.b", data: deep },
      { id: "batch.3", type: "nerve.nothing" },
      { id: "batch.1", type: "a.other" },
      { type: "a.b" },
      null,
      { id: "batch.4", type: "a.b", causationid: "batch.1" },
    ];
    const { status, body } = await call("POST", "/v1/events", { token: author.token, body: batch as never });
    expect(status).toBe(202);
    expect(body).toMatchObject([
      { id: "batch.1", status: "accepted" },
      { id: "batch.2", status: "rejected", error: { code: "malformed" } },
      { id: "batch.3", status: "rejected", error: { code: "unknown_kind" } },
      { id: "batch.1", status: "rejected", error: { code: "id_conflict" } },
      { id: null, status: "rejected", error: { code: "malformed" } },
      { id: null, status: "rejected", error: { code: "malformed" } },
      { id: "batch.4", status: "accepted" },
    ]);
  });

  test("[EVENT4] an id with another body; the same body gets the same answer, and starts nothing twice", async () => {
    const data = { repo: "same", pr: 1 };
    const first = await author.post("pr.ready_for_review", data, { id: "same" });
    expect(await author.post("pr.ready_for_review", data, { id: "same" })).toEqual(first);
    expect(await author.post("pr.ready_for_review", { repo: "other", pr: 1 }, { id: "same" })).toMatchObject(refused(409, "id_conflict"));
    expect(await author.post("xstate.x", {}, { id: "free" })).toMatchObject({ status: 400 });
    expect(await author.post("a.b", {}, { id: "free" })).toMatchObject({ status: 202 });
    const log = await readLog(first.body.threads[0], "pr.ready_for_review", "nerve.offer.opened");
    expect(log.filter(({ type }) => type === "pr.ready_for_review")).toHaveLength(1);
  });

  test("[EVENT5] threads, offers and turns that are not there; a made-up id leaves no object behind", async () => {
    expect(await author.post("nerve.offer.claim", { offer: `${id}:0:1` })).toMatchObject(refused(404, "not_found"));
    expect(await author.post("nerve.turn.respond", { turn: `${id}.1.1:1`, lease: 1, output: {} })).toMatchObject({ status: 404 });
    expect(await author.post("nerve.role.release", { thread: id, role: "x", lease: 1 })).toMatchObject(refused(404, "not_found"));
    expect(await author.post("nerve.turn.respond", { turn: "up:to:you", lease: 1, output: {} })).toMatchObject(refused(404, "not_found"));
    for (const path of ["", "/messages", "/history"])
      expect(await call("GET", `/v1/threads/${id}${path}`)).toMatchObject(refused(404, "not_found"));
    expect(await call("POST", `/v1/threads/${id}/cancel`, { body: {} })).toMatchObject(refused(404, "not_found"));
    expect(await call("GET", "/v1/threads/../../etc")).toMatchObject({ status: 404 });
    const token = `stranger.${"A".repeat(43)}`;
    expect(await call("GET", "/v1/me", { token })).toMatchObject(refused(401, "unauthenticated"));
    expect(await call("GET", "/v1/inbox", { token })).toMatchObject(refused(401, "unauthenticated"));
    expect(await call("POST", "/v1/events", { token, body: { id: "x", type: "a.b" } })).toMatchObject(refused(401, "unauthenticated"));
    expect(await hasObject("agent", "author")).toBe(true);
    expect(await hasObject("agent", "stranger")).toBe(false);
    expect(await listTables("recruitment", id)).toEqual([]);
  });

  test("[WFLOW2] a workflow that does not compile, and keeps what was published", async () => {
    const before = (await call("GET", "/v1/workflows/code-review")).body.revision;
    const answer = await call("PUT", "/v1/workflows/code-review", { text: "name: code-review\nroles: 7\n", type: "text/yaml" });
    expect(answer).toMatchObject(
      refused(422, "workflow_invalid", { diagnostics: expect.arrayContaining([expect.objectContaining({ line: 2 })]) }),
    );
    expect((await call("GET", "/v1/workflows/code-review")).body.revision).toBe(before);
  });
});

describe("a turn's answer", () => {
  test("[TASK2] counts from its holder, under its lease, once", async () => {
    const { thread, turn } = await beginTurn();
    const output = { $status: "approved", summary: "good" };
    expect(await second.answer(turn, output)).toMatchObject(refused(409, "stale_lease"));
    expect(await reviewer.post("nerve.turn.respond", { turn: turn.turn, lease: 7, output })).toMatchObject(refused(409, "stale_lease"));
    expect(await reviewer.post("nerve.turn.respond", { turn: turn.turn.replace(/\d+$/, "9"), lease: 1, output })).toMatchObject(
      refused(409, "turn_over"),
    );
    const first = await reviewer.answer(turn, output, `answer:${turn.turn}`);
    expect(first).toMatchObject({ status: 202 });
    expect(await reviewer.answer(turn, output, `answer:${turn.turn}`)).toEqual(first);
    expect(await reviewer.answer(turn, { ...output, summary: "bad" }, `answer:${turn.turn}`)).toMatchObject(refused(409, "id_conflict"));
    expect(await reviewer.answer(turn, output)).toMatchObject(refused(409, "turn_over"));
    await expectThread(thread, { status: "completed", outcome: { output } });
  });

  test("[TASK3] that does not fit is told what is wrong, twice; the third ends the turn by its policy", async () => {
    const { thread, turn } = await beginTurn();
    const bad = { $status: "approved" };
    expect(await reviewer.answer(turn, bad, "bad")).toMatchObject(
      refused(422, "output_invalid", { left: 2, errors: [{ path: expect.any(String), message: expect.any(String) }] }),
    );
    expect(await reviewer.answer(turn, { $status: "$TIMEOUT" })).toMatchObject(
      refused(422, "output_invalid", { left: 1, errors: [{ path: "/$status" }] }),
    );
    expect((await reviewer.get("/v1/me")).turns).toMatchObject([{ turn: turn.turn }]);
    expect(await reviewer.answer(turn, bad)).toMatchObject(refused(422, "output_invalid", { left: 0 }));
    await expectThread(thread, { status: "suspended", error: expect.stringContaining("invalid_output") });
    expect(await reviewer.answer(turn, { $status: "approved", summary: "good" })).toMatchObject({ status: 409 });
    await call("POST", `/v1/threads/${thread}/resume`, { body: {} });
    const again = await reviewer.turn("reviewer", thread);
    expect(again.turn).toBe(turn.turn);
    // The id of a refused answer is free.
    expect(await reviewer.answer(again, { $status: "approved", summary: "good" }, "bad")).toMatchObject({ status: 202 });
    await expectThread(thread, { status: "completed" });
  });

  test("[TASK4] [EVENT9] may be a failure; progress is noted, and a released role is recruited again", async () => {
    const { thread, turn } = await beginTurn();
    const lease = turn.lease.generation;
    expect(await reviewer.post("nerve.turn.progress", { turn: turn.turn, lease, note: "half", details: { n: 1 } })).toMatchObject({
      status: 202,
    });
    expect(await reviewer.post("nerve.role.release", { thread, role: "reviewer", lease: 5 })).toMatchObject(refused(409, "stale_lease"));
    await reviewer.say("nerve.role.release", { thread, role: "reviewer", lease, reason: "tired" });
    await reviewer.expect("nerve.role.ended", (data) => data.thread === thread && data.reason === "released");
    expect((await reviewer.get("/v1/me")).rolesHeld).toEqual([]);
    await second.claim("reviewer", thread);
    const handed = await second.turn("reviewer", thread);
    expect(handed).toMatchObject({ turn: turn.turn, lease: { generation: 2 }, handover: { agent: "reviewer", why: "released" } });
    await second.say("nerve.turn.fail", { turn: handed.turn, lease: 2, error: "no disk", retryable: false });
    await expectThread(thread, { status: "suspended" });
    await call("POST", `/v1/threads/${thread}/cancel`, { body: {} });
  });
});

describe("a socket", () => {
  test("[EVENT8] answers what it cannot read, and stays open", async () => {
    const socket = await connect(author, "?channel=my");
    socket.send("{");
    await socket.expect((frame) => frame.type === "rejected" && frame.id === null && frame.error.code === "malformed");
    socket.send({ type: "dance" });
    socket.socket.send(new Uint8Array([1, 2, 3]));
    socket.send(JSON.stringify({ type: "event", event: { id: "big", type: "a.b", data: "x".repeat(300_000) } }));
    await socket.expect((frame) => frame.error?.code === "too_large");
    await vi.waitFor(() => expect(socket.frames.filter(({ type }) => type === "rejected")).toHaveLength(4));
    socket.send({ type: "event", event: { id: "bad kind", type: "a.b" } });
    await socket.expect((frame) => frame.type === "rejected" && frame.id === "bad kind" && frame.error.code === "malformed");
    socket.send("ping");
    await socket.expect((frame) => frame === "pong");
    socket.send({ type: "event", event: { id: "after-all", type: "a.b" } });
    await socket.expect((frame) => frame.type === "accepted" && frame.id === "after-all");
    expect(socket.closed).toBeUndefined();
    socket.socket.close();
  });

  test("[EVENT7] has its events accepted in the order in which it sent them", async () => {
    const socket = await connect(author, "?channel=my");
    const ids = Array.from({ length: 40 }, (_, index) => `ordered.${index}`);
    for (const [index, each] of ids.entries())
      socket.send({ type: "event", event: { id: each, type: "ordered.one", data: index % 7 === 0 ? "x".repeat(100_000) : null } });
    await vi.waitFor(() => expect(socket.frames.filter(({ type }) => type === "accepted")).toHaveLength(ids.length));
    expect(socket.frames.filter(({ type }) => type === "accepted").map((frame) => frame.id)).toEqual(ids);
    await vi.waitFor(async () => {
      const { body } = await call("GET", "/v1/events?type=ordered.one&limit=200");
      expect(body.events.map(({ event }: { event: { id: string } }) => event.id)).toEqual(ids);
    });
    socket.socket.close();
  });

  test("[CONN5] is closed when its agent is deleted, and opens no more", async () => {
    const guest = await join("guest", []);
    const socket = await connect(guest);
    expect((await call("DELETE", "/v1/agents/guest")).status).toBe(204);
    await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4401 }));
    const again = await connect(guest);
    await vi.waitFor(() => expect(again.closed).toMatchObject({ code: 4401 }));
  });
});
