/** Children: the threads that an edge starts, what their parent hears of them, and what becomes of them when it ends. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TaskMessage } from "../../../../src/durable/protocol/task.ts";
import type { Admit, WorkflowMessage } from "../../../../src/durable/protocol/workflow.ts";
import { openStage, type Stage, second } from "./stage.ts";

const minute = 60 * second;

/** @param spawn how the planner's edge starts builds */
function writeRelease(spawn: string, more = ""): string {
  return `
name: release
binding: cloud
description: Builds every part, then publishes.
roles:
  planner:
    type: named
    agent: lead
    description: Plans.
    frontmatter:
      type: object
      properties: { $status: { enum: [planned, given_up] }, parts: { type: array } }
      required: [$status]
  publisher:
    type: named
    agent: lead
    description: Publishes.
    frontmatter: { type: object, properties: { $status: { const: published } }, required: [$status] }
reflexes: [ { kind: workflow, on: [wanted] } ]
graph:
  $START:
    new: { role: planner, prompt: "Plan." }
  planner:
    planned:
      role: publisher
      prompt: "Publish{% for child in _children %} {{ child.workflow }}:{{ child.status }}:{{ child.output.part }}{% endfor %}."
      spawn: [ ${spawn} ]
    given_up: { role: $END, prompt: "Given up." }
    ${more}
  publisher:
    published: { role: $END, prompt: "Published." }
`;
}

const awaited = writeRelease(
  '{ workflow: build, input: "steps[-1].output.parts", await: { timeout: 10m } }',
  '$FAILED: { role: planner, prompt: "{% for child in _children %}{{ child.status }}:{{ child.error }} {% endfor %}went wrong." }',
);

const build = `
name: build
binding: cloud
description: Builds a part.
input: { type: object, properties: { part: { type: string } }, required: [part] }
reflexes: [ { kind: workflow, on: [part.wanted] } ]
roles:
  builder:
    type: named
    agent: lead
    description: Builds.
    frontmatter: { type: object, properties: { $status: { const: built }, part: { type: string } }, required: [$status] }
graph:
  $START: { new: { role: builder, prompt: "Build {{ data.part }}." } }
  builder: { built: { role: $END, prompt: "Built." } }
`;

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const admits = (stage: Stage) => stage.to<Admit>("workflow/build", "admit");
const cancels = (stage: Stage) => stage.to<WorkflowMessage<"signal">>("workflow/build", "signal").map(({ thread }) => thread);
const prompts = (stage: Stage) => stage.mail<{ prompt: string }>("lead", "nerve.turn.assigned").map(({ prompt }) => prompt);

async function plan(parts: unknown[], workflow = awaited, others = [build]): Promise<Stage> {
  const stage = openStage(workflow, ["lead"], { others });
  await stage.start();
  await stage.answer("lead", { $status: "planned", parts });
  return stage;
}

/** The child tells its parent how it ended. */
function end(stage: Stage, place: number, status: TaskMessage<"child.ended">["status"], more: object = {}, id = 1) {
  const child = admits(stage).findLast(({ parent }) => parent?.place === place) as Admit;
  const { task, round } = child.parent as NonNullable<Admit["parent"]>;
  return stage.hear(
    `recruitment/${child.thread}`,
    { type: "child.ended", thread: child.thread, round, place, status, output: null, error: null, ...more },
    { id, to: task },
  );
}

const parts = ["a", "b", "c"].map((part) => ({ part }));

test("[CHILD1] an edge asks the queue of another workflow for a thread per item, each with its own id, input and way back", async () => {
  const stage = await plan(parts);
  expect(admits(stage)).toHaveLength(3);
  expect(new Set(admits(stage).map(({ thread }) => thread)).size).toBe(3);
  expect(admits(stage).map(({ event }) => event.data)).toEqual(parts);
  expect(admits(stage)[1]).toMatchObject({
    ...{ workflow: "build", initiator: "lead", key: null, needsPlace: false, parent: { thread: "t1", place: 1 } },
    event: { type: "nerve.thread.spawned", source: "/threads/t1" },
  });
  expect(await stage.show()).toMatchObject({
    status: "running",
    children: admits(stage).map(({ thread }) => thread),
    waiting: { for: "children" },
  });
  expect(prompts(stage)).toEqual(["Plan."]);
});

test.each<[order: number[]]>([[[0, 1, 2]], [[2, 0, 1]], [[1, 2, 0]]])(
  "[CHILD1] ends in the order %j lead to one turn that sees them all, in their places",
  async (order) => {
    const stage = await plan(parts);
    for (const place of order) {
      expect(prompts(stage)).toEqual(["Plan."]);
      await end(stage, place, "completed", { output: parts[place] });
    }
    expect(prompts(stage)).toEqual(["Plan.", "Publish build:completed:a build:completed:b build:completed:c."]);
  },
);

test("[CHILD1] ends that come at once, or in a repeat, count once each", async () => {
  const stage = await plan(parts);
  await Promise.all([0, 1, 2, 0].map((place) => end(stage, place, "completed", { output: parts[place] })));
  await stage.reload();
  expect(await end(stage, 1, "failed", { error: "late" }, 2)).toEqual({ status: "stored" });
  expect(prompts(stage)).toEqual(["Plan.", "Publish build:completed:a build:completed:b build:completed:c."]);
});

test("[CHILD9] an edge that does not wait goes on at once, and its children's ends change nothing", async () => {
  const stage = await plan([{ part: "a" }], writeRelease('{ workflow: build, input: "steps[-1].output.parts" }'));
  expect(prompts(stage)).toHaveLength(2);
  expect(admits(stage)).toMatchObject([{ parent: { place: 0 } }]);
  expect(admits(stage)[0]).not.toHaveProperty("needsPlace");
  await end(stage, 0, "failed", { error: "no" });
  expect(await stage.show()).toMatchObject({ status: "running", turn: { role: "publisher" } });
  await stage.answer("lead", { $status: "published" });
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({ status: "completed" });
  expect(cancels(stage)).toEqual([]);
});

test.each<[status: "failed" | "cancelled" | "dropped"]>([["failed"], ["cancelled"], ["dropped"]])(
  "[CHILD3] a child that is %s is the source's `$FAILED` at once, which is told how and why",
  async (status) => {
    const stage = await plan(parts);
    await end(stage, 0, "completed", { output: parts[0] });
    await end(stage, 1, status, { error: "no compiler" });
    expect(prompts(stage).at(-1)).toBe(`completed: ${status}:no compiler running: went wrong.`);
  },
);

test("[CHILD3] a child that is late is the source's `$FAILED`; its end, when it comes, changes nothing", async () => {
  const stage = await plan(parts);
  await end(stage, 0, "completed", { output: parts[0] });
  await stage.pass(9 * minute);
  expect(prompts(stage)).toHaveLength(1);
  await stage.pass(2 * minute);
  expect(prompts(stage).at(-1)).toMatch(/^completed: running: running: went wrong\.$/);
  await end(stage, 1, "completed", { output: parts[1] });
  expect(prompts(stage)).toHaveLength(2);
  expect(await stage.answer("lead", { $status: "given_up" })).toBe("accepted");
});

test("[CHILD3] without an edge for it a failed child suspends its parent, which says so", async () => {
  const stage = await plan(parts, writeRelease('{ workflow: build, input: "steps[-1].output.parts", await: { timeout: 10m } }'));
  await end(stage, 2, "failed", { error: "no" });
  expect(await stage.show()).toMatchObject({ status: "suspended", error: expect.stringContaining("child") });
});

test.each<[what: string, parts: unknown[], others: string[], reason: RegExp]>([
  [
    "does not fit its workflow's input",
    [{ part: 7 }],
    [build],
    /^failed:what is spawned does not fit the input of build: \/part: must be a string/,
  ],
  [
    "names a workflow that is not published",
    [{ part: "a" }],
    [build.replace("name: build", "name: built")],
    /^failed:no workflow build is published; did you mean built\?/,
  ],
])("[CHILD4] a child that %s fails at once with the reason, and no queue is asked", async (_, wrong, others, reason) => {
  const stage = await plan(wrong, awaited, others);
  expect(prompts(stage).at(-1)).toMatch(reason);
  expect(stage.sent.filter(({ message }) => message.type === "admit")).toEqual([]);
});

test("[CHILD7] an edge starts a hundred children at most, and fails its thread with the number beyond", async () => {
  const crowd = Array.from({ length: 101 }, (_, at) => ({ part: String(at) }));
  const most = await plan(crowd.slice(0, 100));
  expect(admits(most)).toHaveLength(100);
  const beyond = await plan(crowd);
  expect(await beyond.show()).toMatchObject({
    status: "failed",
    error: expect.stringContaining("would spawn 101 children, and 100 is the most"),
  });
  expect(admits(beyond)).toEqual([]);
});

test("[ROUTE5] a chain of threads that start each other ends at its depth: the child is refused with the reason", async () => {
  const stage = openStage(awaited, ["lead"], { others: [build] });
  const event = {
    specversion: "1.0" as const,
    id: "deep",
    source: "/agents/lead",
    type: "wanted",
    time: "2027-01-15T08:00:00Z",
    data: {},
    nrvdepth: 16,
  };
  await stage.start({ event });
  await stage.answer("lead", { $status: "planned", parts });
  expect(prompts(stage).at(-1)).toMatch(/^failed:the chain of threads and reflexes is 16 deep and ends here/);
});

test("[CHILD5] a cancelled thread cancels each child that has not ended, once, by way of its queue", async () => {
  const stage = await plan(parts);
  const threads = admits(stage).map(({ thread }) => thread);
  await end(stage, 1, "completed", { output: parts[1] });
  await stage.order("cancel");
  await stage.pass(second);
  expect(await stage.show()).toMatchObject({ status: "cancelled" });
  expect(cancels(stage)).toEqual([threads[0], threads[2]]);
  await stage.reload();
  await stage.pass(minute);
  expect(cancels(stage)).toHaveLength(2);
});

/** The planner's answer is taken, and the registry does not say yet what its edge may start. */
async function planSlowly() {
  const stage = openStage(awaited, ["lead"], { others: [build] });
  await stage.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.registryBusy = promise;
  const planning = stage.answer("lead", { $status: "planned", parts });
  await new Promise((done) => setImmediate(done));
  return { stage, planning, goOn: resolve };
}

test("[CHILD5] a child that is being started as its parent is cancelled is not left behind", async () => {
  const { stage, planning, goOn } = await planSlowly();
  const cancelling = stage.order("cancel");
  await new Promise((done) => setImmediate(done));
  goOn();
  await Promise.all([planning, cancelling]);
  await stage.pass(minute);
  expect(await stage.show()).toMatchObject({ status: "cancelled" });
  expect(cancels(stage)).toEqual(admits(stage).map(({ thread }) => thread));
});

test("[CHILD5] a child whose parent's end overtakes its start, as it may from an object of its own, is never started", async () => {
  const { stage, planning, goOn } = await planSlowly();
  const task = `task/${stage.turn("lead").turn.replace(/:\d+$/, "")}`;
  await stage
    .task()
    .deliver({ from: "recruitment/t1", id: 1_000_000_000, to: task, message: { type: "children.end", status: "cancelled", event: null } });
  goOn();
  await planning;
  await stage.pass(second);
  expect(admits(stage)).toEqual([]);
});

test("[CHILD6] a restart cancels the children of the epoch before; the step's edge starts new ones, and the old ones' ends count for nothing", async () => {
  const stage = await plan(parts);
  const old = admits(stage);
  await stage.root().recruitment.restart("admin", { at: 1 });
  await stage.pass(second);
  expect(cancels(stage)).toEqual(old.map(({ thread }) => thread));
  await stage.start({ epoch: 2 });
  const fresh = admits(stage).slice(3);
  expect(fresh).toHaveLength(3);
  expect(fresh.map(({ thread }) => thread)).not.toEqual(expect.arrayContaining(old.map(({ thread }) => thread)));
  for (const { thread, parent } of old) {
    const { task, round, place } = parent as NonNullable<Admit["parent"]>;
    await stage.hear(
      `recruitment/${thread}`,
      { type: "child.ended", thread, round, place, status: "cancelled", output: null, error: null },
      { to: task },
    );
  }
  expect(prompts(stage)).toEqual(["Plan."]);
  for (const place of [0, 1, 2]) await end(stage, place, "completed", { output: parts[place] });
  expect(prompts(stage).at(-1)).toBe("Publish build:completed:a build:completed:b build:completed:c.");
});

test("[CHILD8] children are still waited for after a suspension, also those that end meanwhile", async () => {
  const stage = await plan(parts);
  await stage.order("suspend");
  await end(stage, 0, "completed", { output: parts[0] });
  expect(await stage.show()).toMatchObject({ status: "suspended" });
  await stage.order("resume");
  for (const place of [1, 2]) await end(stage, place, "completed", { output: parts[place] });
  expect(prompts(stage).at(-1)).toBe("Publish build:completed:a build:completed:b build:completed:c.");
});

test("[CHILD10] a child's root tells its parent how it ended, once: with its last output, or with the reason", async () => {
  const parent = { thread: "t0", task: "task/t0.2.3" as const, round: 1, place: 2 };
  const event = {
    specversion: "1.0" as const,
    id: "s1",
    source: "/threads/t0",
    type: "nerve.thread.spawned",
    time: "2027-01-15T08:00:00Z",
    data: { part: "a" },
  };
  const done = openStage(build, ["lead"]);
  await done.start({ parent, event });
  expect(await done.show()).toMatchObject({ parent: "t0" });
  await done.answer("lead", { $status: "built", part: "a" });
  await done.reload();
  await done.pass(minute);
  expect(done.to("task/t0.2.3", "child.ended")).toEqual([
    { type: "child.ended", thread: "t1", round: 1, place: 2, status: "completed", output: { $status: "built", part: "a" }, error: null },
  ]);

  const stopped = openStage(build, ["lead"]);
  await stopped.start({ parent, event });
  await stopped.order("cancel", { reason: "not today" });
  await stopped.pass(minute);
  expect(stopped.to("task/t0.2.3", "child.ended")).toMatchObject([{ status: "cancelled", error: "not today" }]);

  const dropped = openStage(build, ["lead"]);
  await dropped.start({ type: "thread.dropped", reason: "the queue is full", parent, event });
  await dropped.pass(minute);
  expect(dropped.to("task/t0.2.3", "child.ended")).toMatchObject([{ status: "dropped", error: "the queue is full" }]);
});

test("[CHILD11] of a child's output that is too long its parent keeps the size, and the child is where to read it", async () => {
  const event = {
    specversion: "1.0" as const,
    id: "s1",
    source: "/threads/t0",
    type: "nerve.thread.spawned",
    time: "2027-01-15T08:00:00Z",
    data: { part: "a" },
  };
  const stage = openStage(build, ["lead"]);
  await stage.start({ parent: { thread: "t0", task: "task/t0.2.3", round: 1, place: 0 }, event });
  const output = { $status: "built", part: "語".repeat(30_000) };
  await stage.answer("lead", output);
  await stage.pass(second);
  expect(stage.to("task/t0.2.3", "child.ended")).toMatchObject([
    { status: "completed", output: { $truncated: true, bytes: Buffer.byteLength(JSON.stringify(output)) } },
  ]);
});
