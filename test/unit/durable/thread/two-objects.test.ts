/** A thread's two objects: what each tells the other, what a wrong id leaves, and a task that an earlier version kept in its root's object. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderExplanation } from "../../../../src/cli/commands/explain.ts";
import { renderThread } from "../../../../src/cli/commands/threads.ts";
import { createTerminal } from "../../../../src/cli/lib/terminal.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import type { TaskRpc } from "../../../../src/durable/protocol/task.ts";
import { createTaskPort, taskAnswer } from "../../../../src/durable/thread/task/task-port.ts";
import { createTaskDoor } from "../../../../src/durable/thread/task-door.ts";
import { beginPair, pair, writePair } from "./pair.ts";
import { type Stage, second } from "./stage.ts";

const terminal = createTerminal({ stdout: { write: () => true }, stderr: { write: () => true }, json: false, env: {} });
const minute = 60 * second;
const read = { $status: "read", note: "all of it" };

async function playOne(workflow = pair): Promise<Stage> {
  const stage = await beginPair(workflow);
  await stage.claim("ann");
  return stage;
}

/** What those who take part are told of the end. */
const readEnd = (stage: Stage, kind: string) => stage.mail<{ outcome: object }>("lead", kind).map(({ outcome }) => outcome);

test("[OWN1] the end of a task is one message, with the last output and prompt beside it; everybody is told both, and the root keeps them", async () => {
  const stage = await playOne();
  expect(await stage.answer("ann", read)).toBe("accepted");
  const outcome = { status: "completed", role: "reader", output: read, prompt: "Read." };
  expect(stage.to("recruitment/t1", "host.done")).toMatchObject([{ along: { output: read, prompt: "Read." } }]);
  expect(readEnd(stage, "nerve.thread.completed")).toEqual([outcome]);
  stage.taskDown = true;
  expect(await stage.show()).toMatchObject({ status: "completed", outcome });
});

test("[OWN1] so is that of a task that fails, of one that is cancelled, and of a later epoch", async () => {
  const failing = await beginPair(writePair("capabilities: [reading]\n    turn: { on_fail: end, retries: 0 }"));
  await failing.claim("ann");
  await failing.answer("ann", { $status: "unclear" });
  await failing.answer("lead", { $status: "written" });
  const { turn, lease } = failing.turn("ann");
  await failing.say("ann", "nerve.turn.fail", { turn, lease: lease.generation, error: "no light", retryable: false });
  expect(readEnd(failing, "nerve.thread.failed")).toMatchObject([{ status: "failed", prompt: "Read again." }]);

  const stage = await playOne();
  await stage.answer("ann", { $status: "unclear" });
  await stage.order("cancel", { reason: "enough" });
  expect(readEnd(stage, "nerve.thread.cancelled")).toMatchObject([{ output: { $status: "unclear" }, prompt: "Write.", error: "enough" }]);

  const again = await playOne();
  await again.answer("ann", read);
  await again.order("resume");
  await again.start({ epoch: 2 });
  await again.answer("ann", { $status: "read", note: "once more" });
  expect(readEnd(again, "nerve.thread.completed").at(-1)).toMatchObject({ output: { note: "once more" }, prompt: "Read." });
});

test("[OWN5] a thread that is cancelled while its task's object cannot be reached ends after a minute, and the task stops once it can be", async () => {
  const stage = await playOne();
  stage.taskDown = true;
  await stage.order("cancel", { reason: "enough" });
  await stage.pass(2 * minute);
  expect(await stage.show()).toMatchObject({ status: "cancelled", outcome: { output: null, error: "enough" } });
  // Once the task's messages wait in a queue of their own, everybody else is told.
  await stage.pass(15 * minute);
  expect(stage.mail("lead", "nerve.thread.cancelled")).toMatchObject([{ outcome: { status: "cancelled", output: null, error: "enough" } }]);
  stage.taskDown = false;
  await stage.pass(20 * minute);
  expect(await stage.task().peek(stage.turn("ann").turn.split(":")[0] as string)).toMatchObject({
    status: expect.not.stringMatching("active"),
  });
  expect(await stage.answer("ann", read)).toMatch(/^turn_over/);
  expect(readEnd(stage, "nerve.thread.cancelled")).toHaveLength(1);
});

test("[OWN2] what a resume adds before the task began is there when it begins", async () => {
  const stage = await beginPair();
  await stage.order("suspend");
  expect(await stage.order("resume", { supplement: { page: 9 } })).toMatchObject({ ok: true });
  await stage.claim("ann");
  expect(stage.to("task/t1", "thread.supplement")).toEqual([]);
  await stage.order("suspend");
  await stage.order("resume");
  // The later resume adds nothing, and takes the place of the earlier.
  expect(stage.turn("ann")).toMatchObject({ resumed: { supplement: null } });

  const seen = await beginPair(
    writePair("capabilities: [reading]").replace('prompt: "Read."', 'prompt: "Read page {{ _supplement.page }}."'),
  );
  await seen.order("suspend");
  await seen.order("resume", { supplement: { page: 9 } });
  await seen.claim("ann");
  expect(seen.turn("ann").prompt).toBe("Read page 9.");
});

test("[OWN2] what it adds later reaches the task before the resume, also when its object was away", async () => {
  const stage = await playOne();
  await stage.order("suspend");
  stage.taskDown = true;
  expect(await stage.order("resume", { supplement: { page: 9 } })).toMatchObject({ ok: true });
  stage.taskDown = false;
  await stage.pass(minute);
  expect(stage.turn("ann")).toMatchObject({ resumed: { supplement: { page: 9 } } });
});

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const table = (storage: ReturnType<typeof createNodeStorage>) => storage.exec("SELECT name FROM sqlite_master");

test("[OWN3] whatever is asked of a task that is not there, and said to it, leaves nothing behind", async () => {
  const storage = createNodeStorage();
  const door = createTaskDoor({
    name: () => "t1",
    storage,
    make: () => {
      throw new Error("it is made");
    },
    empty: async () => {},
    isBuried: () => false,
    oldTask: async () => null,
  });
  const say = (type: string) => door.deliver({ from: "recruitment/t1", id: 1, to: "task/t1.1.2", message: { type } });
  for (const type of [
    "host.event",
    "host.stop",
    "children.end",
    "child.ended",
    "thread.supplement",
    "audience.left",
    "thread.start",
    "no.such",
  ])
    expect(await say(type), type).toMatchObject({ status: "refused", code: "gone" });
  expect(await say("thread.forget")).toEqual({ status: "stored" });
  expect(await door.take({ id: "ann" } as never, { type: "nerve.turn.respond" } as never, "hash")).toMatchObject({
    problem: { code: "not_found" },
  });
  expect(await door.peek("t1.1.2")).toBeUndefined();
  expect(await door.steps({ after: 0, through: 9, limit: 9 })).toEqual({ messages: [], decisions: [] });
  expect(await door.asked("ann")).toBe(false);
  expect(await door.messages({ limit: 9 })).toEqual({ messages: [], next: null });
  expect(await door.history("t1.1.2", { limit: 9 })).toBeNull();
  expect(await door.settleDeadLetter("retry", 1)).toMatchObject({ problem: { code: "not_found" } });
  await door.alarm();
  expect(table(storage)).toEqual([]);
  expect(storage.alarm).toBeUndefined();
});

/** What is said of a task that does not answer. */
const named = (stage: Stage) => [
  { receiver: `task/${stage.turn("ann").turn.split(":")[0]}`, error: "the task's object cannot be reached" },
];

test("[OWN6] the page of a thread whose task cannot be reached says all that its root knows, and names that object", async () => {
  const stage = await playOne();
  stage.taskDown = true;
  const unreachable = named(stage);
  expect(await stage.show()).toMatchObject({
    ...{ id: "t1", status: "running", round: 0, children: [], unreachable },
    roles: { reader: { agent: "ann", generation: 1, state: "held" }, writer: { agent: "lead" } },
    waiting: { for: "decision", text: expect.stringContaining(`${unreachable[0]?.receiver} cannot be reached`) },
  });
  expect(renderThread(terminal, await stage.show(), [])).toContain(`${unreachable[0]?.receiver} cannot be reached: the task's object`);
  const { recruitment } = stage.root();
  expect(await recruitment.show("ann")).toMatchObject({ ok: true, value: { unreachable } });
  // Nobody but those who hold a role takes part where there is no broadcast.
  expect(await recruitment.show("bea")).toMatchObject({ ok: false, problem: { code: "not_found" } });
  expect(await recruitment.history({ limit: 9 })).toMatchObject({
    ok: true,
    value: { recruitment: expect.any(Array), task: null, unreachable },
  });
  const refused = { ok: false, problem: { code: "unavailable", retryable: true, unreachable: [unreachable[0]?.receiver] } };
  expect(await recruitment.messages(null, { limit: 9 })).toMatchObject(refused);
  expect(await recruitment.restart("admin", { at: 1 })).toMatchObject(refused);
  expect(await recruitment.fork("admin", {})).toMatchObject(refused);
  stage.taskDown = false;
  expect(await stage.show()).not.toHaveProperty("unreachable");
});

test("[OWN6] so does its explanation, with the queue that waits for it, once", async () => {
  const stage = await playOne();
  stage.taskDown = true;
  const [silent] = named(stage);
  expect(await stage.root().recruitment.explain()).toMatchObject({
    ok: true,
    value: { waits: [{ for: "decision" }], unreachable: [{ ...silent, messages: 0 }] },
  });
  await stage.order("suspend");
  await stage.pass(20 * minute);
  const explained = await stage.root().recruitment.explain();
  expect(explained.ok && renderExplanation(terminal, explained.value)).toContain(
    `${silent?.receiver} cannot be reached: the task's object`,
  );
  expect(explained).toMatchObject({ ok: true, value: { unreachable: [{ receiver: silent?.receiver, messages: 1 }] } });
});

test("[OWN6] a task that does not answer within three seconds counts as one that cannot be reached", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const never = new Proxy({} as TaskRpc, { get: () => () => new Promise(() => {}) });
    const { peek, messages } = createTaskPort("task/t1.1.2", never);
    const asked = Promise.allSettled([peek(), messages({ limit: 1 })]);
    await vi.advanceTimersByTimeAsync(taskAnswer);
    const reason = expect.objectContaining({ code: "task_unreachable", receiver: "task/t1.1.2", message: "no answer within 3 s" });
    expect(await asked).toEqual([
      { status: "rejected", reason },
      { status: "rejected", reason },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("[OWN7] a thread begins anew once its task can be reached, however long that takes, and its start is no dead letter", async () => {
  const stage = await playOne();
  await stage.answer("ann", read);
  await stage.order("resume");
  stage.taskDown = true;
  for (let tries = 0; tries < 9; tries++) expect(await stage.start({ epoch: 2 })).toMatchObject({ status: "later" });
  stage.taskDown = false;
  expect(await stage.start({ epoch: 2 })).toEqual({ status: "stored" });
  expect(await stage.show()).toMatchObject({ status: "running", epoch: 2 });
});

test("[OWN8] an edge's event to a role reaches whoever holds it, wherever that is known", async () => {
  const emitting = pair.replace(
    'unclear: { role: writer, prompt: "Write." }',
    'unclear: { role: writer, prompt: "Write.", emit: [{ kind: page.unclear, to: "role:writer, role:reader" }] }',
  );
  const stage = await playOne(emitting);
  await stage.answer("ann", { $status: "unclear" });
  await stage.pass(second);
  for (const agent of ["lead", "ann"]) expect(stage.mail(agent, "page.unclear"), agent).toHaveLength(1);
  expect(stage.mail("bea", "page.unclear")).toEqual([]);
});

test("[OWN9] a task that has ended is not told to stop, and no turn is said to its root", async () => {
  const stage = await playOne();
  await stage.answer("ann", { $status: "unclear" });
  await stage.answer("lead", { $status: "written" });
  await stage.answer("ann", read);
  const between = stage.sent
    .filter(({ to }) => /^(task|recruitment)\//.test(to))
    .map(({ to, message }) => `${to.split("/")[0]} ${message.type}`);
  expect(between).toEqual(["task host.start", "recruitment host.done"]);
});
