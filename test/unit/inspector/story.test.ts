/** [STORY] What the inspector makes of a thread's history, log and messages, held against threads that were played. */
import { expect, test } from "vitest";
import type { CloudEvent } from "../../../src/contract/event.ts";
import type { HistoryView, LogEntry } from "../../../src/contract/views/log.ts";
import type { MessageView } from "../../../src/contract/views/thread.ts";
import { readReason } from "../../../src/inspector/data/story/because.ts";
import { readAction } from "../../../src/inspector/data/story/explained-action.ts";
import { listLeaseLines } from "../../../src/inspector/data/story/lease-lines.ts";
import type { Moment } from "../../../src/inspector/data/story/moment.ts";
import { listActive } from "../../../src/inspector/data/story/scene.ts";
import { createStory, type Story } from "../../../src/inspector/data/story/story.ts";
import { listLifelines, tellMoment } from "../../../src/inspector/data/story/tell-moment.ts";
import { beginPair } from "../durable/thread/pair.ts";
import type { Stage } from "../durable/thread/stage.ts";

const read = { $status: "read" };
const unclear = { $status: "unclear" };
const written = { $status: "written" };

async function readAll(stage: Stage) {
  const history = await stage.root().recruitment.history({ limit: 500 });
  const messages = await stage.root().recruitment.messages(null, { limit: 500 });
  if (!history.ok || !messages.ok) throw new Error("the thread was not read");
  const entries = stage.rows.flatMap((row, position): LogEntry[] => (row.table === "event" ? [{ event: row.event, position }] : []));
  return { recruitment: history.value.recruitment, task: history.value.task ?? [], messages: messages.value.messages, entries };
}

/** A whole thread with a hand-over of the page: read unclear, written again, read. */
async function play(pause = 1_000): Promise<Stage> {
  const stage = await beginPair();
  await stage.pass(pause);
  await stage.claim("ann");
  await stage.pass(pause);
  await stage.answer("ann", unclear);
  await stage.pass(pause);
  await stage.answer("lead", written);
  await stage.pass(pause);
  await stage.answer("ann", read);
  await stage.pass(pause);
  return stage;
}

async function tell(stage: Stage): Promise<Story> {
  const story = createStory();
  story.add(await readAll(stage));
  return story;
}

const places = (story: Story): string[] =>
  story
    .moments()
    .map((_, place) => story.at(place).place)
    .filter((place, index, all) => place !== all[index - 1]);

test("[STORY1] the states go the way the graph went, to the end", async () => {
  const story = await tell(await play());
  expect(places(story)).toEqual(["$START", "reader", "writer", "reader", "$END"]);
  expect(story.ways().map(({ from, edge, to }) => `${from} ${edge} ${to}`)).toEqual([
    "$START new reader",
    "reader unclear writer",
    "writer written reader",
    "reader read $END",
  ]);
  const last = story.at(story.moments().length - 1);
  expect(last).toMatchObject({ status: "completed", turn: null, recruitment: "completed", task: "completed" });
});

test("[STORY2] at any moment the context, the turn, the leases and the messages are those of then", async () => {
  const stage = await play();
  const story = await tell(stage);
  const moments = story.moments();
  const answered = moments.findIndex(({ step }) => step?.step.event.type === "turn.answered");
  const before = story.at(answered - 1);
  expect(before.context.task).toMatchObject({ round: 1, open: { turn: 1, role: "reader", agent: "ann" } });
  expect(before.turn).toMatchObject({ role: "reader", agent: "ann", prompt: "Read." });
  expect(before.leases["reader"]).toMatchObject({ agent: "ann", generation: 1, state: "held" });
  expect(story.countMessages(answered - 1)).toBe(0);
  expect(story.countMessages(answered)).toBe(1);
  expect(story.at(-1)).toMatchObject({ status: "queued", leases: {}, turn: null });
  // The end of what is remembered is what the machine remembers.
  expect(story.at(moments.length - 1).context.recruitment).toEqual((await stage.root().host.peek("t1"))?.context);
});

test("[STORY16] messages of one millisecond are each said at a moment of its own, by the machines' steps or by the answers in the log", async () => {
  const { messages, ...all } = await readAll(await play(0));
  expect(new Set(messages.map(({ at }) => at)).size).toBe(1);
  const answers = messages.map(({ round, agent, at }): LogEntry => {
    const event: CloudEvent = {
      specversion: "1.0",
      id: `a${round}`,
      source: `/agents/${agent}`,
      type: "nerve.turn.respond",
      time: at,
      data: { turn: `t1:${round}` },
    };
    return { event, position: 100 + round };
  });
  for (const known of [
    { messages, ...all },
    { messages, entries: answers },
  ]) {
    const story = createStory();
    story.add(known);
    const places = [1, 2, 3].map((round) => story.placeMessage(round));
    expect(places.map((place) => story.countMessages(place))).toEqual([1, 2, 3]);
    expect(places.map((place) => story.countMessages(place - 1))).toEqual([0, 1, 2]);
    // The start's way, and those that follow from what was said.
    if (known.entries !== answers) expect(places.map((place) => story.countWays(place))).toEqual([1, 2, 3]);
  }
});

test("[STORY17] a moment is found again at its place of then, whatever is read before it: an event with the step that took it", async () => {
  const all = await readAll(await play());
  const story = createStory();
  story.add({ entries: all.entries });
  const heard = story.moments();
  story.add({ task: all.task, messages: all.messages });
  const known = story.moments();
  story.add(all);
  expect(story.moments().length).toBeGreaterThan(known.length);
  const find = (moment: Moment) => story.moments()[story.placeMoment(moment)];
  for (const moment of known) if (moment.step) expect(find(moment)?.step).toBe(moment.step);
  for (const { entry, ...moment } of [...heard, ...known]) if (entry) expect(find({ entry, ...moment })?.entry).toBe(entry);
});

test("[STORY3] in whatever parts and order it comes, it is the same story; what is known already changes nothing", async () => {
  const all = await readAll(await play());
  const whole = createStory();
  whole.add(all);
  const bits = createStory();
  const parts = [
    ...all.messages.map((message) => ({ messages: [message] })),
    ...all.recruitment.toReversed().map((step) => ({ recruitment: [step] })),
    ...all.entries.toReversed().map((entry) => ({ entries: [entry] })),
    ...all.task.map((step) => ({ task: [step] })),
  ];
  for (const part of parts) {
    expect(bits.add(part)).toBe(true);
    bits.at(bits.moments().length - 1);
  }
  expect(bits.add(all)).toBe(false);
  expect(bits.moments()).toEqual(whole.moments());
  for (const place of whole.moments().keys()) expect(bits.at(place)).toEqual(whole.at(place));
});

test("[STORY4] an agent whose clock is an hour off speaks where it was heard", async () => {
  const all = await readAll(await play());
  const entries = all.entries.map(({ event, position }) => ({
    position,
    event: event.source === "/agents/ann" ? { ...event, time: new Date(Date.parse(event.time ?? "") + 3_600_000).toISOString() } : event,
  }));
  const order = (given: LogEntry[], more: object): string[] => {
    const story = createStory();
    story.add({ ...more, entries: given, messages: all.messages });
    return story.moments().flatMap(({ entry }) => (entry ? [entry.event.id] : []));
  };
  const { recruitment, task } = all;
  expect(order(entries, { recruitment, task })).toEqual(order(all.entries, { recruitment, task }));
  // Also for whoever may not read what the machines did.
  const answers = (ids: string[]) =>
    ids.filter((id) => all.entries.some(({ event }) => event.id === id && /respond|turn.assigned/.test(event.type)));
  expect(answers(order(entries, {}))).toEqual(answers(order(all.entries, {})));
});

test("[STORY5] without the machines' history, as of an archived thread, the log says where it was", async () => {
  const { entries, messages } = await readAll(await play());
  const story = createStory();
  story.add({ entries, messages });
  expect(places(story)).toEqual(["$START", "reader", "writer", "reader", "$END"]);
  expect(story.ways().map(({ from, edge, to }) => `${from} ${edge} ${to}`)).toEqual([
    "$START null reader",
    "reader unclear writer",
    "writer written reader",
    "reader read $END",
  ]);
  expect(story.at(story.moments().length - 1)).toMatchObject({
    status: "completed",
    context: { recruitment: null, task: null },
    leases: { reader: { agent: "ann", generation: 1 } },
  });
});

test("[STORY6] the lines of leases show offers, holders, losses and hand-overs, each with its generation", async () => {
  const stage = await beginPair();
  await stage.pass(1_000);
  await stage.claim("ann");
  await stage.pass(1_000);
  await stage.root().recruitment.assign("admin", "reader", { agent: "bea", reason: "ann is on leave" });
  await stage.pass(1_000);
  await stage.answer("bea", read);
  const moments = (await tell(stage)).moments();
  const lines = listLeaseLines(moments);
  const line = lines.find(({ role }) => role === "reader");
  expect(line?.spans.filter(({ agent }) => agent !== null).map(({ agent, generation }) => `${agent} ${generation}`)).toEqual([
    "ann 1",
    "bea 2",
  ]);
  expect(line?.spans[0]).toMatchObject({ state: "offered", agent: null });
  expect(line?.spans.every(({ to }) => to !== null)).toBe(true);
  expect(line?.signs.length).toBeGreaterThan(0);
  for (const { spans } of lines)
    for (const [place, span] of spans.entries()) {
      expect(span.from).toBe(place === 0 ? span.from : spans[place - 1]?.to);
      expect(moments[span.place]?.at).toBe(span.from);
    }
});

test("[STORY7] who says what to whom is told in words, and what agents wrote stands in them as text, cut short", async () => {
  const story = await tell(await play());
  const told = story.moments().map((moment) => tellMoment(moment));
  expect(told.map(({ from, title }) => `${from}: ${title}`)).toEqual(
    expect.arrayContaining([
      "ann: answers unclear",
      "lead: answers written",
      "orchestrator: reader: read → $END",
      "orchestrator: thread completed",
    ]),
  );
  // What follows from a step stands behind it, and names whom it went to.
  const claim = told.findIndex(({ title }) => title.startsWith("claims the role"));
  const given = told.findIndex(({ title }) => title === "gives reader");
  expect(claim).toBeGreaterThanOrEqual(0);
  expect(given).toBeGreaterThan(claim);
  expect(told[given]).toMatchObject({ to: ["ann"], tone: "good" });
  const { lifelines } = listLifelines(story.moments(), 10);
  expect(lifelines[0]).toBe("orchestrator");
  expect(lifelines.toSorted()).toEqual(["ann", "bea", "cid", "lead", "orchestrator"]);
  expect(listLifelines(story.moments(), 2)).toMatchObject({ left: 3 });
  const hostile = `<img src=x onerror=alert(1)>${"x".repeat(500)}`;
  const event = {
    specversion: "1.0",
    time: "2026-01-01T00:00:00Z",
    id: "e",
    source: "/agents/mallory",
    type: "nerve.turn.progress",
    data: { turn: "t:1", note: hostile },
  };
  const line = tellMoment({ key: "e", at: 0, entry: { event: event as CloudEvent, position: 1 } });
  expect(line.title.length).toBeLessThan(120);
  expect(line.title).toContain("<img src=x");
  for (const type of ["constructor", "__proto__", "nerve.unheard.of"])
    expect(tellMoment({ key: "e", at: 0, entry: { event: { ...event, type } as CloudEvent, position: 1 } }).title).toBe(type);
});

test("[STORY8] ten thousand steps are put in order once, and any of them is a few steps from a scene that is kept", () => {
  const rounds = 10_000;
  const task: HistoryView[] = [];
  const messages: MessageView[] = [];
  for (let round = 1; round <= rounds; round++) {
    const at = round * 1_000;
    const step = (revision: number, type: string, after: object, context: object): HistoryView =>
      ({ revision, at, event: { type }, before: null, after, effects: [], context }) as HistoryView;
    task.push(step(2 * round - 1, "turn.answered", { active: { r: "deciding" } }, { open: null }));
    task.push(
      step(
        2 * round,
        "xstate.done.actor.moderate",
        { active: { r: "waiting" } },
        { round, open: { turn: round + 1, role: "r", agent: "a", attempt: 1 } },
      ),
    );
    messages.push({ round, role: "r", agent: "a", output: {}, at: new Date(at).toISOString() });
  }
  const story = createStory();
  story.add({ task, messages });
  expect(story.moments()).toHaveLength(2 * rounds);
  expect(story.at(2 * rounds - 1).context.task).toMatchObject({ round: rounds });
  // Were it counted from the beginning each time, this would be forty million steps.
  const began = performance.now();
  for (let place = 2 * rounds - 1; place >= 0; place -= 10) expect(story.at(place).at).toBe(Math.ceil((place + 1) / 2) * 1_000);
  expect(performance.now() - began).toBeLessThan(5_000);
  const before = story.moments();
  story.add({ messages: [{ round: rounds + 1, role: "r", agent: "a", output: {}, at: new Date(rounds * 1_000 + 1).toISOString() }] });
  expect(story.moments()[0]).toBe(before[0]);
  expect(story.countMessages(2 * rounds - 1)).toBe(rounds + 1);
});

test("[STORY9] of a history that was cut the states are known and what was remembered before is not made up", () => {
  const story = createStory();
  const step = {
    revision: 41,
    at: 5_000,
    event: { type: "turn.answered" },
    before: null,
    after: { active: { r: "deciding" } },
    effects: [],
    context: { round: 9 },
  };
  story.add({ task: [step] });
  expect(story.at(0)).toMatchObject({ task: { active: { r: "deciding" } }, context: { task: null } });
});

test("[STORY10] each condition that was tried is shown with what it saw, and which was taken; what can't be read is shown as it is", () => {
  const tried = [
    { condition: "small", expression: "lines < 10", saw: false },
    { condition: "calm", expression: "mood = 'calm'", saw: true },
  ];
  expect(readReason(JSON.stringify({ form: "list", tried }))).toMatchObject({
    form: "list",
    tried: [{ chosen: false }, { chosen: true, saw: true }],
  });
  expect(readReason(JSON.stringify({ form: "list", tried: tried.slice(0, 1) }))).toMatchObject({ tried: [{ chosen: false }] });
  expect(readReason('{"form":"status","status":"done"}')).toEqual({ form: "status", status: "done" });
  expect(readReason('{"form":"moderator","saw":{"role":"a"}}')).toEqual({ form: "moderator", saw: { role: "a" } });
  for (const because of ["the status is done", "null", "7", '{"form":"new"}'])
    expect(readReason(because)).toEqual({ form: "text", text: because });
});

test("[STORY11] a command that an explanation ends in is what a button does", () => {
  expect(readAction("nerveflare resume t1")).toEqual({ do: "resume" });
  expect(readAction("nerveflare threads role t1 reviewer --give <agent>")).toEqual({ do: "role", role: "reviewer" });
  expect(readAction("nerveflare agents show bob")).toMatchObject({ do: "open", path: "/ui/agents/bob" });
  expect(readAction("nerveflare explain t2")).toMatchObject({ do: "open", path: "/ui/threads/t2" });
  expect(readAction("nerveflare threads --workflow review --status running")).toMatchObject({ path: "/ui/threads?workflow=review" });
  expect(readAction("nerveflare dead-letters retry --all --thread t1")).toEqual({ do: "copy" });
});

test("[STORY12] the active states are all from the outermost to the innermost", () => {
  expect(listActive({ open: { $thread: { running: "going" }, reviewer: { held: "here" } } })).toEqual([
    ...["open", "open.$thread", "open.$thread.running", "open.$thread.running.going"],
    ...["open.reviewer", "open.reviewer.held", "open.reviewer.held.here"],
  ]);
  expect(listActive("completed")).toEqual(["completed"]);
  expect(listActive(null)).toEqual([]);
});
