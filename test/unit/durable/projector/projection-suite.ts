/** What the projection keeps, and what `/v1/events` and `/v1/threads` then show of it, on any D1. */
import { expect, test } from "vitest";
import type { CloudEvent } from "../../../../src/contract/event.ts";
import { encodeRow, prepareProjection } from "../../../../src/durable/projector/projection-statements.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import { createTestApp } from "../../worker/test-app.ts";
import { createUnique } from "../../worker/unique.ts";

type ThreadRow = Extract<ProjectionRow, { table: "thread" }>;

export function testProjection(openDb: () => D1Database): void {
  const unique = createUnique("projected");

  function setUp() {
    const db = openDb();
    const write = (...rows: ProjectionRow[]) => db.batch(prepareProjection(db, rows.map(encodeRow)));
    return { db, app: createTestApp(db), write };
  }

  function eventRow(attributes: Partial<CloudEvent>, thread: string | null = null): ProjectionRow {
    return {
      table: "event",
      thread,
      event: { specversion: "1.0", id: unique(), source: "/agents/a", type: "t.t", time: "2026-11-20T12:00:00Z", ...attributes },
    };
  }

  function threadRow(attributes: Partial<ThreadRow>): ThreadRow {
    return {
      table: "thread",
      id: unique(),
      revisionNumber: 1,
      workflow: "w",
      revision: "r",
      status: "running",
      createdAt: "2026-11-20T12:00:00.000Z",
      updatedAt: "2026-11-20T12:00:00.000Z",
      initiator: "/agents/a",
      key: null,
      agents: [],
      waiting: null,
      parent: null,
      ...attributes,
    };
  }

  const listIds = (body: { events: { event: { id: string } }[] }) => body.events.map(({ event }) => event.id);
  const listThreadIds = (body: { threads: { id: string }[] }) => body.threads.map(({ id }) => id);

  test("[ROOM6] of an event that a mailbox refused, its deliveries say why", async () => {
    const { app, write } = setUp();
    const id = unique();
    const refusal = { source: "/agents/a", agent: "bob", code: "mailbox_full", detail: "the mailbox has no room" };
    const routing = { verdicts: [], recipients: ["bob", "ann"] };
    await write(
      { ...eventRow({ id }), routing } as ProjectionRow,
      eventRow({ source: "/mailboxes/bob", type: "nerve.delivery.refused", causationid: id, data: refusal }),
    );
    for (const agent of ["bob", "ann"]) app.objects.agent(agent).delivered = async () => ({ agent, status: "absent" });
    const { body } = await app.call("GET", `/v1/events/${id}`);
    expect(body.deliveries).toEqual([
      { agent: "bob", status: "refused", code: "mailbox_full", detail: "the mailbox has no room" },
      { agent: "ann", status: "absent" },
    ]);
  });

  test("[LOG7] a receiver that cannot be reached is shown by the status until nothing waits for it; a late word changes nothing", async () => {
    const { app, write } = setUp();
    const receiver = `agent/${unique()}`;
    const row = (sender: string, order: number, messages: number): ProjectionRow => ({
      ...{ table: "unreachable", sender, receiver, order, since: 1_000, messages, error: "no route", thread: "t" },
    });
    const shown = async () =>
      ((await app.call("GET", "/v1/status")).body.unreachable as { receiver: string }[]).filter((each) => each.receiver === receiver);
    await write(row("recruitment/t", 5, 3), row("workflow/w", 5, 2));
    expect(await shown()).toEqual([{ receiver, senders: 2, messages: 5, since: "1970-01-01T00:00:01.000Z", error: "no route" }]);
    await write(row("recruitment/t", 7, 0), row("workflow/w", 6, 0));
    await write(row("recruitment/t", 6, 9));
    expect(await shown()).toEqual([]);
  });

  test("[LOG2] an event is kept once per source and id, as it was first", async () => {
    const { app, write } = setUp();
    const [id, source] = [unique(), `/agents/${unique()}`];
    await write(eventRow({ id, source, data: { n: 1, text: "ü \u0000 \ud83d\ude00 \"'" } }));
    await write(eventRow({ id, source, data: 2 }), eventRow({ id, source: `${source}-other` }));
    expect((await app.call("GET", `/v1/events?source=${source}`)).body).toMatchObject({
      events: [{ event: { id, source, data: { n: 1, text: "ü \u0000 \ud83d\ude00 \"'" } }, position: expect.any(Number) }],
      next: null,
    });
  });

  test("[LOG8] a thousand rows go in one batch, and a large one too", async () => {
    const { app, write } = setUp();
    const type = `bulk.${unique()}`;
    const rows = Array.from({ length: 1000 }, () => eventRow({ type }));
    const large = eventRow({ type, data: "\u0001".repeat(200_000) });
    await write(...rows, large, ...rows);
    const last = await app.call("GET", `/v1/events?type=${type}&before=${Number.MAX_SAFE_INTEGER.toString().slice(0, 15)}&limit=1`);
    expect(last.body.events[0].event.data).toHaveLength(200_000);
    let count = 0;
    for (let after: number | null = 0; after !== null; ) {
      const page: { events: unknown[]; next: number | null } = (await app.call("GET", `/v1/events?type=${type}&after=${after}&limit=200`))
        .body;
      count += page.events.length;
      after = page.next;
    }
    expect(count).toBe(1001);
  });

  test("[LOG3] the log is read by type, prefix of types, source, thread and cause", async () => {
    const { app, write } = setUp();
    const [kind, source, thread, cause] = [unique(), `/agents/${unique()}`, unique(), unique()];
    await write(
      eventRow({ id: `${kind}1`, type: `${kind}.a` }),
      eventRow({ id: `${kind}2`, type: `${kind}.a.b`, source }),
      eventRow({ id: `${kind}3`, type: `${kind}.b`, causationid: cause }, thread),
      eventRow({ id: `${kind}4`, type: kind }),
      eventRow({ id: `${kind}5`, type: `${kind}x.a`, correlationid: thread }),
    );
    const query = async (text: string) => listIds((await app.call("GET", `/v1/events?${text}`)).body);
    expect(await query(`type=${kind}.a`)).toEqual([`${kind}1`]);
    expect(await query(`type=${kind}.*`)).toEqual([`${kind}1`, `${kind}2`, `${kind}3`]);
    expect(await query(`source=${encodeURIComponent(source)}`)).toEqual([`${kind}2`]);
    expect(await query(`correlationid=${thread}`)).toEqual([`${kind}3`, `${kind}5`]);
    expect(await query(`causationid=${cause}`)).toEqual([`${kind}3`]);
    expect(await query(`type=${kind}.*&causationid=${cause}&correlationid=${thread}`)).toEqual([`${kind}3`]);
    expect(await query(`type=${kind}.a&causationid=${cause}`)).toEqual([]);
  });

  test("[LOG3] the log is read in pages, forwards and backwards", async () => {
    const { app, write } = setUp();
    const type = `pages.${unique()}`;
    await write(...["1", "2", "3", "4", "5"].map((n) => eventRow({ id: `${type}.${n}`, type })));
    const query = async (text: string) => {
      const { body } = await app.call("GET", `/v1/events?type=${type}&limit=2${text}`);
      return {
        ids: listIds(body).map((id) => id.slice(-1)),
        next: body.next,
        positions: body.events.map((entry: { position: number }) => entry.position),
      };
    };
    const first = await query("");
    expect(first.ids).toEqual(["1", "2"]);
    const second = await query(`&after=${first.next}`);
    expect(second.ids).toEqual(["3", "4"]);
    const third = await query(`&after=${second.next}`);
    expect(third).toMatchObject({ ids: ["5"], next: null });
    const back = await query(`&before=${third.positions[0]}`);
    expect(back.ids).toEqual(["3", "4"]);
    expect(await query(`&before=${back.next}`)).toMatchObject({ ids: ["1", "2"], next: null });
    expect((await query(`&after=${first.positions[0]}&before=${third.positions[0]}`)).ids).toEqual(["2", "3"]);
  });

  test.each(["type=", "after=x", "before=-1", "limit=0", "colour=red"])("[LOG3] a log query with %s is malformed", async (query) => {
    const { app } = setUp();
    expect(await app.call("GET", `/v1/events?${query}`)).toMatchObject({ status: 400, body: { code: "malformed" } });
  });

  test("[ACC24] an agent sees what it sent and what belongs to its threads, and nothing else", async () => {
    const { app, write } = setUp();
    const [id, thread, type] = [unique(), unique(), `seen.${unique()}`];
    const token = await app.register(id);
    await write(
      threadRow({ id: thread, agents: ["someone", id] }),
      eventRow({ id: `${type}.own`, type, source: `/agents/${id}` }),
      eventRow({ id: `${type}.thread`, type }, thread),
      eventRow({ id: `${type}.foreign`, type }, unique()),
      eventRow({ id: `${type}.none`, type, correlationid: thread }),
    );
    expect(listIds((await app.call("GET", `/v1/events?type=${type}`, { token })).body)).toEqual([`${type}.own`, `${type}.thread`]);
    expect((await app.call("GET", `/v1/events/${type}.own`, { token })).status).toBe(200);
    expect(await app.call("GET", `/v1/events/${type}.none`, { token })).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(listIds((await app.call("GET", `/v1/events?type=${type}`)).body)).toHaveLength(4);
  });

  test("[LOG4] one event is found by its id; where several senders used it, its source decides", async () => {
    const { app, write } = setUp();
    const [id, alice, bob] = [unique(), unique(), unique()];
    const token = await app.register(alice);
    await write(eventRow({ id, source: `/agents/${alice}` }));
    expect(await app.call("GET", `/v1/events/${id}`)).toMatchObject({ status: 200, body: { event: { id }, position: expect.any(Number) } });
    await write(eventRow({ id, source: `/agents/${bob}` }));
    expect(await app.call("GET", `/v1/events/${id}`)).toMatchObject({
      status: 400,
      body: { sources: [`/agents/${alice}`, `/agents/${bob}`] },
    });
    expect(await app.call("GET", `/v1/events/${id}?source=/agents/${bob}`)).toMatchObject({
      status: 200,
      body: { event: { source: `/agents/${bob}` } },
    });
    expect(await app.call("GET", `/v1/events/${id}`, { token })).toMatchObject({
      status: 200,
      body: { event: { source: `/agents/${alice}` } },
    });
    expect((await app.call("GET", `/v1/events/${unique()}`)).status).toBe(404);
  });

  test("[LOG5] of a thread's rows the greatest revision stands, in whatever order they come, and so do its agents", async () => {
    const { app, write } = setUp();
    const [id, workflow, gone, stays, comes] = [unique(), unique(), unique(), unique(), unique()];
    const rows = [
      threadRow({ id, workflow, revisionNumber: 2, status: "running", agents: [gone, stays] }),
      threadRow({
        id,
        workflow,
        revisionNumber: 3,
        status: "suspended",
        agents: [stays, comes],
        waiting: "agent",
        updatedAt: "2026-11-20T13:00:00.000Z",
      }),
      threadRow({ id, workflow, revisionNumber: 1, status: "recruiting", agents: [] }),
    ] as const;
    for (const row of [...rows, ...rows]) await write(row);
    const { body } = await app.call("GET", `/v1/threads?workflow=${workflow}`);
    const { table: _, revisionNumber: __, waiting: reason, ...newest } = rows[1];
    const waiting = { for: "person", reason, text: "a person", since: newest.updatedAt, then: expect.any(String) };
    expect(body).toEqual({ threads: [{ ...newest, reason, waiting }], next: null });
    const count = async (agent: string) => (await app.call("GET", `/v1/threads?agent=${agent}`)).body.threads.length;
    expect([await count(gone), await count(stays), await count(comes)]).toEqual([0, 1, 1]);

    const other = unique();
    await write(
      threadRow({ id: other, workflow, revisionNumber: 2, status: "completed" }),
      threadRow({ id: other, workflow, revisionNumber: 1 }),
    );
    expect((await app.call("GET", `/v1/threads?workflow=${workflow}&status=completed`)).body.threads).toMatchObject([{ id: other }]);
  });

  test("[LOG6] threads are listed newest first, in pages, by what is asked", async () => {
    const { app, write } = setUp();
    const [workflow, agent, a, b, c] = [unique(), unique(), unique(), unique(), unique()];
    await write(
      threadRow({ id: a, workflow, status: "queued", waiting: "place" }),
      threadRow({ id: b, workflow, agents: [agent] }),
      threadRow({ id: c, workflow }),
    );
    const list = async (query: string) => (await app.call("GET", `/v1/threads?workflow=${workflow}${query}`)).body;
    const first = await list("&limit=2");
    expect(listThreadIds(first)).toEqual([c, b]);
    expect(await list(`&limit=2&after=${first.next}`)).toMatchObject({ threads: [{ id: a }], next: null });
    expect(listThreadIds(await list("&status=queued"))).toEqual([a]);
    expect(listThreadIds(await list("&waiting=place"))).toEqual([a]);
    expect(listThreadIds(await list(`&agent=${agent}`))).toEqual([b]);
    expect((await app.call("GET", "/v1/threads?status=sleeping")).status).toBe(400);
    expect((await app.call("GET", "/v1/threads?state=queued")).status).toBe(400);
  });

  test("[WAIT1] rows and filters with the words of before mean the words of now", async () => {
    const { app, write } = setUp();
    const [workflow, acks, person] = [unique(), unique(), unique()];
    const wait = { role: "fleet", since: 1_000 };
    // As an object of the version before wrote it.
    const before = { for: "acks", ...wait } as unknown as { for: "answered"; since: number };
    await write(
      threadRow({ id: acks, workflow }),
      threadRow({ id: person, workflow, status: "suspended", waiting: "asked to" }),
      { table: "wait", thread: acks, part: "task", at: 1, waiting: before },
      { table: "wait", thread: person, part: "task", at: 1, waiting: { for: "person", role: "dev", agent: "bob", since: 1_000 } },
    );
    const list = async (query: string) => (await app.call("GET", `/v1/threads?workflow=${workflow}${query}`)).body;
    const expected = { for: "answered", role: "fleet", text: "fleet to be answered", since: "1970-01-01T00:00:01.000Z" };
    for (const word of ["answered", "acks", "answers"])
      expect((await list(`&waiting=${word}`)).threads, word).toMatchObject([{ id: acks, waiting: expected }]);
    for (const word of ["person", "operator"])
      expect((await list(`&waiting=${word}`)).threads, word).toMatchObject([{ id: person, waiting: { role: "dev", agent: "bob" } }]);
    for (const word of ["decision", "engine"]) expect((await list(`&waiting=${word}`)).threads, word).toEqual([]);
    // It is a person that it waits for, not the agent whose turn it was.
    expect((await list("&on=bob")).threads).toEqual([]);
  });

  test("[LOG6] threads that wait come longest first, each with what it waits for and on whom", async () => {
    const { app, write } = setUp();
    const [workflow, answer, claim, place, person, engine, done] = [unique(), unique(), unique(), unique(), unique(), unique(), unique()];
    const at = (minute: number) => `2026-11-20T12:${String(minute).padStart(2, "0")}:00.000Z`;
    const ms = (minute: number) => Date.parse(at(minute));
    await write(
      threadRow({ id: answer, workflow: workflow, updatedAt: at(50) }),
      threadRow({ id: claim, workflow: workflow, status: "recruiting", updatedAt: at(50) }),
      threadRow({ id: place, workflow: workflow, status: "queued", updatedAt: at(3) }),
      threadRow({ id: person, workflow: workflow, status: "suspended", updatedAt: at(4), waiting: "asked to" }),
      threadRow({ id: engine, workflow: workflow, updatedAt: at(5) }),
      threadRow({ id: done, workflow: workflow, status: "completed" }),
      {
        table: "wait",
        thread: answer,
        part: "task",
        at: 2,
        waiting: { for: "answer", role: "dev", agent: "bob", since: ms(1), until: ms(9) },
      },
      { table: "wait", thread: answer, part: "recruitment", at: 1, waiting: { for: "claim", role: "other", since: ms(0) } },
      { table: "wait", thread: claim, part: "recruitment", at: 1, waiting: { for: "claim", role: "dev", since: ms(2) } },
      { table: "wait", thread: engine, part: "task", at: 2, waiting: null },
      { table: "wait", thread: engine, part: "task", at: 1, waiting: { for: "answer", agent: "old", since: ms(0) } },
      { table: "wait", thread: done, part: "task", at: 1, waiting: { for: "answer", agent: "bob", since: ms(0) } },
    );
    const list = async (query: string) => (await app.call("GET", `/v1/threads?workflow=${workflow}${query}`)).body;
    const all = await list("&waiting=any");
    expect(listThreadIds(all)).toEqual([answer, claim, place, person, engine]);
    expect(all.threads.map(({ waiting }: { waiting: { for: string } }) => waiting.for)).toEqual([
      "answer",
      "claim",
      "place",
      "person",
      "decision",
    ]);
    expect(all.threads[0].waiting).toMatchObject({ role: "dev", agent: "bob", since: at(1), until: at(9) });
    expect(all.threads[3]).toMatchObject({ reason: "asked to", waiting: { since: at(4) } });
    const pages: string[] = [];
    for (let after = ""; ; ) {
      const page = await list(`&waiting=any&limit=2${after}`);
      pages.push(...listThreadIds(page));
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    expect(pages).toEqual(listThreadIds(all));
    expect(listThreadIds(await list("&waiting=claim"))).toEqual([claim]);
    expect(listThreadIds(await list("&on=bob"))).toEqual([answer]);
    expect((await app.call("GET", "/v1/threads?waiting=godot")).status).toBe(400);
    const { body: status } = await app.call("GET", "/v1/status");
    expect(status.waiting.on).toContainEqual({ agent: "bob", threads: 1, since: at(1) });
    expect(status.log).toMatchObject({ lagMs: 12, failing: null });
  });

  test("[LOG3] the log is asked for what was recorded in a span of time, and its pages stay whole while more arrives", async () => {
    const { app, write } = setUp();
    const source = `/agents/${unique()}`;
    const sent = Array.from({ length: 7 }, () => eventRow({ source }));
    for (const row of sent.slice(0, 4)) await write(row);
    const read: string[] = [];
    for (let after = 0, left = sent.slice(4); ; left = left.slice(1)) {
      const { body } = await app.call("GET", `/v1/events?source=${source}&limit=2&after=${after}`);
      read.push(...listIds(body));
      if (left[0]) await write(left[0]);
      if (body.next === null && !left.length) break;
      after = body.events.at(-1)?.position ?? after;
    }
    expect(read).toEqual(sent.map((row) => (row as { event: { id: string } }).event.id));
    const now = Date.now();
    const within = async (since: number, until: number) => {
      const query = `since=${new Date(since).toISOString()}&until=${new Date(until).toISOString()}`;
      return listIds((await app.call("GET", `/v1/events?source=${source}&${query}`)).body);
    };
    expect(await within(now - 60_000, now + 60_000)).toHaveLength(7);
    expect(await within(now - 120_000, now - 60_000)).toEqual([]);
    expect(await within(now + 60_000, now + 120_000)).toEqual([]);
    expect((await app.call("GET", "/v1/events?since=yesterday")).status).toBe(400);
    expect((await app.call("GET", "/v1/events?since=2026-13-01")).status).toBe(400);
  });

  test("[ACC24] an agent lists only threads that it takes part in, whoever it asks for", async () => {
    const { app, write } = setUp();
    const [id, other, workflow, own, shared, foreign] = [unique(), unique(), unique(), unique(), unique(), unique()];
    const token = await app.register(id);
    await write(
      threadRow({ id: own, workflow, agents: [id] }),
      threadRow({ id: shared, workflow, agents: [id, other] }),
      threadRow({ id: foreign, workflow, agents: [other] }),
    );
    expect(listThreadIds((await app.call("GET", `/v1/threads?workflow=${workflow}`, { token })).body)).toEqual([shared, own]);
    expect(listThreadIds((await app.call("GET", `/v1/threads?agent=${other}`, { token })).body)).toEqual([shared]);
  });
}
