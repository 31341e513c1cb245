/** The page's one subscription: what it asks for, when it asks again, and how much it hands on. Rendering is counted, and not timed. */
import { effect } from "@preact/signals";
import { expect, test, vi } from "vitest";
import type { LogEntry } from "../../../src/contract/views/log.ts";
import type { ThreadEntry } from "../../../src/contract/views/thread.ts";
import { createLiveLog } from "../../../src/inspector/data/create-live-log.ts";
import { inspectorLimits } from "../../../src/inspector/data/limits.ts";
import { createThreadsModel } from "../../../src/inspector/data/threads-model.ts";

/** A server that answers what it is told to, a frame that is drawn when it is told to, and a clock that is set. */
function setUp() {
  const asked: (string | null)[] = [];
  const lines: ReadableStreamDefaultController<Uint8Array>[] = [];
  let frames: (() => void)[] = [];
  let answer: (() => Response) | undefined;
  let now = 1_000_000;
  const waits: number[] = [];
  let go = (): void => {};
  const live = createLiveLog({
    names: { reader: "this", replaces: "former" },
    fetch: async (address, init) => {
      expect(String(address)).toBe("/v1/events?follow=true&changes=true&reader=this&replaces=former");
      asked.push(new Headers(init?.headers).get("last-event-id"));
      if (answer) return answer();
      return new Response(new ReadableStream<Uint8Array>({ start: (controller) => void lines.push(controller) }));
    },
    schedule: (work) => void frames.push(work),
    random: () => 1,
    now: () => now,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return new Promise((resolve) => (go = resolve));
    },
  });
  const text = new TextEncoder();
  return {
    ...{ live, asked, waits, lines },
    say: (said: string) => lines.at(-1)?.enqueue(text.encode(said)),
    pass(milliseconds: number) {
      now += milliseconds;
    },
    refuse(made: (() => Response) | undefined) {
      answer = made;
    },
    again: () => go(),
    draw(): number {
      const due = frames;
      frames = [];
      for (const work of due) work();
      return due.length;
    },
  };
}

const write = (position: number, type = "a.b", thread = "t1") =>
  `id: ${position}\ndata: ${JSON.stringify({ position, event: { specversion: "1.0", id: `e${position}`, type, source: `/threads/${thread}`, time: "2026-11-20T12:00:00Z" } })}\n\n`;

test("[INSP11] a line that breaks is followed on from the last event, after a pause that grows, and nothing is read again", async () => {
  const { live, asked, waits, say, lines, again, refuse } = setUp();
  const end = live.open();
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  say(`retry: 1000\nid: 7\n\n${write(8)}`);
  await vi.waitFor(() => expect(live.state.value).toBe("live"));
  await vi.waitFor(() => expect(live.generation.value).toBe(1));
  lines[0]?.close();
  await vi.waitFor(() => expect(live.state.value).toBe("reconnecting"));
  refuse(() => new Response(JSON.stringify({ code: "starting", detail: "The server is starting." }), { status: 503 }));
  for (const [turn] of [1, 2, 3].entries()) {
    again();
    await vi.waitFor(() => expect(waits).toHaveLength(turn + 2));
  }
  expect(live.reason.value).toBe("The server is starting.");
  expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
  refuse(undefined);
  again();
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  say("retry: 1000\nid: 8\n\n");
  await vi.waitFor(() => expect(live.state.value).toBe("live"));
  expect(asked).toEqual([null, "8", "8", "8", "8"]);
  expect(live.generation.value).toBe(1);
  end();
});

test.each([
  ["a server that was restored ends before it", 0, "id: 3", 2],
  ["the page slept for longer than anybody wants to catch up", inspectorLimits.hidden + 1, "id: 900", 2],
])("[INSP11] where the position is gone, for %s, all that is shown is read again", async (_, slept, first, generation) => {
  const { live, asked, say, lines, again, pass } = setUp();
  const end = live.open();
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  say(`retry: 1000\nid: 7\n\n`);
  await vi.waitFor(() => expect(live.generation.value).toBe(1));
  lines[0]?.close();
  await vi.waitFor(() => expect(live.state.value).toBe("reconnecting"));
  pass(slept);
  again();
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  say(`retry: 1000\n${first}\n\n`);
  await vi.waitFor(() => expect(live.generation.value).toBe(generation));
  expect(asked[1]).toBe(slept > 0 ? null : "7");
  end();
});

test("[INSP11] too many readers are told from a line that broke, and what can be read is shown all the same", async () => {
  const { live, refuse } = setUp();
  refuse(() => new Response(JSON.stringify({ code: "rate_limited", detail: "64 readers follow the log here already." }), { status: 429 }));
  const end = live.open();
  await vi.waitFor(() => expect(live.state.value).toBe("refused"));
  expect(live.reason.value).toBe("64 readers follow the log here already.");
  expect(live.generation.value).toBe(1);
  end();
});

test("[INSP12] a second of 100 threads that move at 20 events each is drawn once a frame, each thread once, and a thread that rests not at all", async () => {
  const { live, lines, say, draw } = setUp();
  const end = live.open();
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  say("retry: 1000\nid: 0\n\n");
  const model = createThreadsModel();
  const time = "2026-11-20T12:00:00Z";
  const entry = (id: string): ThreadEntry => ({
    ...{ id, workflow: "w", revision: "r", status: "running", createdAt: time, updatedAt: time },
    ...{ initiator: "a", key: null, agents: [], waiting: null, reason: null, parent: null },
  });
  model.take(
    Array.from({ length: 101 }, (_, index) => entry(`t${index}`)),
    "first",
  );
  const drawn = { list: -1, rows: new Map<string, number>() };
  effect(() => {
    model.order.value;
    drawn.list += 1;
  });
  for (const row of model.order.peek())
    effect(() => {
      const { id } = row.value;
      drawn.rows.set(id, (drawn.rows.get(id) ?? -1) + 1);
    });
  let handed = 0;
  const deaf = live.listen((entries: LogEntry[]) => {
    handed += entries.length;
    model.hear(entries);
  });
  const framesInSecond = 60;
  for (let frame = 0, position = 0; frame < framesInSecond; frame += 1) {
    const before = handed;
    const due = Math.floor((2_000 * (frame + 1)) / framesInSecond) - position;
    for (let each = 0; each < due; each += 1) {
      position += 1;
      say(write(position, "nerve.turn.assigned", `t${position % 100}`));
    }
    let scheduled = 0;
    await vi.waitFor(() => {
      scheduled = Math.max(scheduled, draw());
      expect(handed - before).toBe(due);
    });
    expect(scheduled).toBeLessThanOrEqual(1);
  }
  expect(handed).toBe(2_000);
  expect(drawn.list).toBe(0);
  for (let index = 0; index < 100; index += 1) expect(drawn.rows.get(`t${index}`)).toBeLessThanOrEqual(20);
  expect(drawn.rows.get("t100")).toBe(0);
  deaf();
  end();
});

test("[INSP12] a page that is not drawn keeps no more than the last of what comes, and is read again", async () => {
  const { live, lines, say, draw } = setUp();
  const end = live.open();
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  say("retry: 1000\nid: 0\n\n");
  await vi.waitFor(() => expect(live.generation.value).toBe(1));
  const handed: LogEntry[] = [];
  live.listen((entries) => void handed.push(...entries));
  const most = inspectorLimits.batch;
  say(Array.from({ length: most + 5 }, (_, index) => write(index + 1)).join(""));
  await vi.waitFor(() => expect(draw()).toBe(1));
  expect(handed.length).toBe(most);
  expect(handed.at(-1)?.position).toBe(most + 5);
  expect(live.generation.value).toBe(2);
  end();
});
