/** What a thread's page reads, and when it reads again: nothing by a clock, nothing twice, and no more than one reading at a time. */
import { expect, test, vi } from "vitest";
import type { LogEntry } from "../../../src/contract/views/log.ts";
import { ApiError } from "../../../src/inspector/data/api.ts";
import { inspectorLimits } from "../../../src/inspector/data/limits.ts";
import { findPath, readEvents, readHistory, readMessages } from "../../../src/inspector/data/read-thread.ts";
import { createStory } from "../../../src/inspector/data/story/story.ts";
import { createThreadFeed, type FeedPorts } from "../../../src/inspector/data/thread-feed.ts";

type Ask = { path: string; query: { [name: string]: unknown } };
const at = "2026-11-20T12:00:00Z";
const message = (round: number, to?: string) => ({
  ...{ round, role: "reviewer", agent: "rob", at, output: {} },
  ...(to !== undefined && { decision: { to, prompt: null, because: "" } }),
});
const step = (revision: number) => ({ revision, at: revision, event: { type: "go" }, before: null, after: "active", effects: [] });
const entry = (position: number, thread = "t1"): LogEntry => ({
  position,
  event: { specversion: "1.0", id: `e${position}`, type: "a.b", source: "/agents/rob", time: at, correlationid: thread },
});

/** A server that answers by a table, and notes what it was asked. */
function serve(answers: { [path: string]: (query: Ask["query"]) => unknown }) {
  const asked: Ask[] = [];
  const read = (async (path: string, { query = {} }: { query?: Ask["query"] } = {}) => {
    asked.push({ path, query });
    const answer = answers[path];
    if (!answer) throw new ApiError(`There is no ${path}.`, 404);
    return answer(query);
  }) as FeedPorts["read"];
  return { asked, read };
}

function reading(read: FeedPorts["read"]) {
  const heard = vi.fn();
  return { id: "t1", read, signal: new AbortController().signal, story: createStory(), heard };
}

test("[STORY13] steps are read page by page from behind what is known, and the last again, for its decision may have come", async () => {
  const all = Array.from({ length: 450 }, (_, index) => message(index + 1, "author"));
  const { asked, read } = serve({
    "/v1/threads/t1/messages": ({ after, limit }) => {
      const messages = all.slice(Number(after), Number(after) + Number(limit));
      return { messages, next: Number(after) + messages.length < all.length ? (messages.at(-1)?.round ?? null) : null };
    },
  });
  const of = reading(read);
  expect(await readMessages(of, 0)).toBe(450);
  expect(asked.map(({ query }) => query["after"])).toEqual([0, 200, 400]);
  expect(of.story.messages()).toHaveLength(450);
  all.push(message(451));
  expect(await readMessages(of, 450)).toBe(451);
  all[450] = message(451, "author");
  const before = of.heard.mock.calls.length;
  expect(await readMessages(of, 451)).toBe(451);
  expect(asked.at(-1)?.query["after"]).toBe(450);
  expect([of.story.messages().at(-1)?.decision?.to, of.heard.mock.calls.length - before]).toEqual(["author", 1]);
  await readMessages(of, 451);
  expect(of.heard.mock.calls.length - before).toBe(1);
});

test("[STORY13] the history of both machines is read to the end of the longer, each from behind what is known of it", async () => {
  const [recruitment, task] = [30, 410].map((length) => Array.from({ length }, (_, index) => step(index + 1)));
  const page = (steps: ReturnType<typeof step>[] = [], after: unknown) =>
    steps.filter(({ revision }) => revision > Number(after)).slice(0, 200);
  const { asked, read } = serve({
    "/v1/threads/t1/history": ({ after, taskAfter }) => ({ recruitment: page(recruitment, after), task: page(task, taskAfter) }),
  });
  const of = reading(read);
  await readHistory(of, 1);
  expect(asked.map(({ query }) => [query["after"], query["taskAfter"]])).toEqual([
    [0, 0],
    [30, 200],
    [30, 400],
  ]);
  expect(of.story.revisions(1)).toEqual({ recruitment: 30, task: 410 });
  task?.push(step(411));
  await readHistory(of, 1);
  expect(asked.slice(3).map(({ query }) => [query["after"], query["taskAfter"]])).toEqual([[30, 410]]);
  expect(of.story.revisions(1).task).toBe(411);
  // Each beginning counts its steps anew.
  await readHistory(of, 2);
  expect(asked[4]?.query).toMatchObject({ after: 0, taskAfter: 0 });
});

test("[STORY13] of what was said no more is read than a page holds", async () => {
  let position = 0;
  const { asked, read } = serve({
    "/v1/events": ({ limit, correlationid }) => {
      expect(correlationid).toBe("t1");
      const events = Array.from({ length: Number(limit) }, () => entry(++position));
      return { events, next: position };
    },
  });
  const last = await readEvents(reading(read), 0);
  expect(last).toBe(inspectorLimits.moments);
  expect(asked).toHaveLength(inspectorLimits.moments / 200);
});

/** A feed over a server whose thread is as it is said to be. */
function open() {
  let listener: (entries: LogEntry[]) => void = () => {};
  const rests: (() => void)[] = [];
  const view = { id: "t1", workflow: "w", revision: "r1", status: "running", event: { id: "e0" }, roles: {}, children: [] };
  const thread = { view: view as object | undefined, history: true };
  const answers = {
    [findPath("t1")]: () => {
      if (!thread.view) throw new ApiError("The server does not answer.", 0);
      return thread.view;
    },
    "/v1/threads/t1/explain": () => ({ thread: "t1", waits: [], unfilled: [] }),
    "/v1/threads/t1/history": () => {
      if (!thread.history) throw new ApiError("It was archived.", 404);
      return { recruitment: [step(1)], task: [] };
    },
    "/v1/threads/t1/messages": () => ({ messages: [], next: null }),
    "/v1/events": () => ({ events: [], next: null }),
    "/v1/workflows/w/machines": ({ revision }: Ask["query"]) => ({ revision }),
  };
  const { asked, read } = serve(answers);
  const deaf = vi.fn();
  const feed = createThreadFeed("t1", {
    read,
    listen: (hear) => {
      listener = hear;
      return deaf;
    },
    wait: () => new Promise<void>((resolve) => void rests.push(resolve)),
  });
  const count = (path: string) => asked.filter((each) => each.path === path).length;
  return {
    ...{ feed, thread, view, asked, count, deaf, rests },
    say: (...entries: LogEntry[]) => listener(entries),
    rest: () => rests.shift()?.(),
  };
}

test("[STORY14] what is heard of the thread is shown at once and read once more, however much comes meanwhile; of others nothing is", async () => {
  const { feed, count, say, rest, rests } = open();
  void feed.refresh();
  await vi.waitFor(() => expect(rests).toHaveLength(1));
  expect([feed.loading.value, count("/v1/threads/t1"), feed.story.moments().length]).toEqual([false, 1, 1]);
  say(entry(7, "t2"));
  expect(feed.story.moments()).toHaveLength(1);
  for (let position = 10; position < 60; position++) say(entry(position));
  expect(feed.story.moments()).toHaveLength(51);
  expect(count("/v1/threads/t1")).toBe(1);
  rest();
  await vi.waitFor(() => expect(rests).toHaveLength(1));
  expect(count("/v1/threads/t1")).toBe(2);
  rest();
  await new Promise((resolve) => setTimeout(resolve));
  // Nothing came, so nothing is asked.
  expect([count("/v1/threads/t1"), count("/v1/workflows/w/machines")]).toEqual([2, 1]);
  // The event that began the thread bears another thread's id, or none.
  say({ ...entry(70), event: { ...entry(70, "t0").event, id: "e0" } });
  await vi.waitFor(() => expect(count("/v1/threads/t1")).toBe(3));
  feed.close();
});

test("[STORY14] machines are read again with another revision, what can't be read is noted until it can, and an error leaves what was shown", async () => {
  const { feed, thread, view, count, say, rest, rests, deaf } = open();
  thread.history = false;
  void feed.refresh();
  await vi.waitFor(() => expect(rests).toHaveLength(1));
  expect(feed.gaps.value).toEqual([{ part: "history", why: "It was archived." }]);
  thread.history = true;
  thread.view = { ...view, revision: "r2" };
  say(entry(1));
  rest();
  await vi.waitFor(() => expect(feed.machines.value).toMatchObject({ revision: "r2" }));
  await vi.waitFor(() => expect(rests).toHaveLength(1));
  expect([feed.gaps.value, count("/v1/workflows/w/machines")]).toEqual([[], 2]);
  thread.view = undefined;
  say(entry(2));
  rest();
  await vi.waitFor(() => expect(feed.error.value?.message).toBe("The server does not answer."));
  expect(feed.view.value).toMatchObject({ revision: "r2" });
  feed.close();
  expect(deaf).toHaveBeenCalledOnce();
  const asked = count("/v1/threads/t1");
  rest();
  await feed.refresh();
  expect(count("/v1/threads/t1")).toBe(asked);
});
