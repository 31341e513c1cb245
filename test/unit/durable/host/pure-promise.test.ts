import { afterEach, expect, test, vi } from "vitest";
import { type AnyStateMachine, fromPromise, setup } from "xstate";
import { advance } from "../../../../src/durable/host/advance.ts";
import { hostLimits } from "../../../../src/durable/host/limits.ts";
import { createLogics, type MachineLogic, type PromiseLogic, type StepScope } from "../../../../src/durable/host/logic.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const machine = setup({ actors: { judge: fromPromise<string>(async () => "") } }).createMachine({
  initial: "judging",
  states: { judging: { invoke: { src: "judge", id: "judge", onDone: "done", onError: "failed" } }, done: {}, failed: {} },
}) as unknown as AnyStateMachine;

function begin(run: PromiseLogic["run"]) {
  const logics = createLogics({
    m: { load: () => machine, options: { actors: { judge: "judge" } } },
    judge: { type: "promise", mode: "pure", run },
  });
  const logic = logics.get("m") as MachineLogic;
  return advance(logic.load({}), logic, logics, {} as StepScope, { id: "a", child: false }, { input: null });
}

test("[HOST37] a pure promise that only computes sets no clock", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  const steps = await begin(async () => {
    for (let turn = 0; turn < 20; turn++) await undefined;
    return { output: null };
  });
  expect(steps.at(-1)?.snapshot.value).toBe("done");
  expect(set).not.toHaveBeenCalled();
});

test.each(["before", "after"])(
  "[HOST37] a pure promise that never settles fails when its time is over, and hears so where it asked %s",
  async (when) => {
    vi.useFakeTimers();
    let ask: (() => AbortSignal) | undefined;
    const begun = begin((_input, _scope, _pending, signal) => {
      ask = signal;
      if (when === "before") signal();
      return new Promise<never>(() => {});
    });
    await vi.advanceTimersByTimeAsync(hostLimits.purePromise);
    const steps = await begun;
    expect(steps.at(-1)).toMatchObject({
      snapshot: { value: "failed" },
      event: { error: { message: expect.stringContaining("took longer than") } },
    });
    expect(ask?.().aborted).toBe(true);
  },
);
