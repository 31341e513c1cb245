/** What the history of a thread's machines says of their context. */
import { expect, test } from "vitest";
import { taskContext } from "../../../../machines/task/context.ts";
import type { Json } from "../../../../src/contract/event.ts";
import type { HistoryView } from "../../../../src/contract/views/log.ts";
import { beginPair } from "./pair.ts";
import type { Stage } from "./stage.ts";

const add = (steps: readonly HistoryView[]): { [key: string]: Json } => Object.assign({}, ...steps.map(({ context }) => context)) as never;

async function readContexts(stage: Stage) {
  const page = await stage.root().recruitment.history({ limit: 200 });
  if (!page.ok) throw new Error(page.problem.detail);
  const { recruitment, task } = page.value;
  return { recruitment, task: task ?? [] };
}

/** The history so far adds up to the machines' contexts. */
async function expectContexts(stage: Stage): Promise<void> {
  const { recruitment, task } = await readContexts(stage);
  expect(add(recruitment)).toEqual((await stage.root().host.peek("t1"))?.context);
  if (task.length === 0) return;
  const { open, round } = taskContext.parse(add(task));
  const { turn, ...shown } = await stage.show();
  expect(round).toBe(shown.round);
  expect(open?.agent).toBe(turn?.agent);
}

test("[THREAD39] what each step changed of a machine's context is in the history, and adds up to it at any step, in each epoch", async () => {
  const stage = await beginPair();
  await expectContexts(stage);
  await stage.claim("ann");
  await expectContexts(stage);
  await stage.answer("ann", { $status: "unclear" });
  await expectContexts(stage);
  await stage.reload();
  await stage.answer("lead", { $status: "written" });
  await stage.order("suspend", { reason: "wait" });
  await expectContexts(stage);
  await stage.order("resume");
  await expectContexts(stage);
  const { task } = await readContexts(stage);
  // A step says what it changed, and no more: what stays is not said again.
  expect(task[0]?.context).toHaveProperty("seats");
  for (const { context } of task.slice(1)) expect(Object.keys(context ?? {}).length).toBeLessThan(6);
  const before = add(
    task.slice(
      0,
      task.findIndex(({ event }) => event.type === "turn.answered"),
    ),
  );
  expect(before).toMatchObject({ round: 1, open: { turn: 1, role: "reader", agent: "ann" } });

  await stage.root().recruitment.restart("admin", { at: 1 });
  await stage.pass(1_000);
  await stage.start({ epoch: 2 });
  const again = await readContexts(stage);
  expect(again.recruitment[0]).toMatchObject({
    revision: 1,
    before: null,
    context: { seats: { reader: { agent: "ann", generation: 2 } } },
  });
  expect(taskContext.parse(add(again.task))).toMatchObject({ open: { role: "writer" } });
});
