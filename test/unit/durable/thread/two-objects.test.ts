/** A thread's two objects: what each tells the other, what a wrong id leaves, and a task that an earlier version kept in its root's object. */
import { expect, test } from "vitest";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { createTaskDoor } from "../../../../src/durable/thread/task-door.ts";
import { beginPair, pair, writePair } from "./pair.ts";
import type { Stage } from "./stage.ts";

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

const table = (storage: ReturnType<typeof createNodeStorage>) => storage.exec("SELECT name FROM sqlite_master");

test("[OWN3] whatever is asked of a task that is not there, and said to it, leaves nothing behind", async () => {
  const storage = createNodeStorage();
  const door = createTaskDoor({
    name: "t1",
    storage,
    make: () => {
      throw new Error("it is made");
    },
    empty: async () => {},
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
