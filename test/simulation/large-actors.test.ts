/** [HOST35] An actor is one row, with its timers and its promises' inputs: what would make it larger is set aside, and nothing stalls. */
import { afterEach, expect, test, vi } from "vitest";
import { assign, fromPromise, raise, setup } from "xstate";
import { findFormerTooLarge, formerHost } from "../../src/durable/host/former-tables.ts";
import { hostLimits } from "../../src/durable/host/limits.ts";
import { createLogics } from "../../src/durable/host/logic.ts";
import { isReceiverState } from "../../src/durable/host/receiver-state.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createStore } from "../../src/durable/host/store/store.ts";
import { FormerTooLargeError } from "../../src/durable/host/store/tables.ts";
import { makeFormer } from "../host/stored.ts";
import { createCluster } from "./cluster.ts";

afterEach(() => void vi.restoreAllMocks());

interface Text {
  type: string;
  text: string;
  delay: number;
}

/** Keeps texts in its context, in timers and in inputs of promises that run without end; its own timers may throw. */
const hoarder = setup({
  types: {} as { context: { kept: string[]; rang: number }; events: Text },
  actors: { work: fromPromise(() => new Promise(() => {})) },
}).createMachine({
  context: { kept: [], rang: 0 },
  initial: "idle",
  on: {
    keep: { actions: assign({ kept: ({ context, event }) => [...context.kept, event.text] }) },
    later: { actions: raise(({ event }) => ({ type: "ring", text: event.text, delay: 0 }), { delay: ({ event }) => event.delay }) },
    break: { actions: raise(({ event }) => ({ type: "broken", text: event.text, delay: 0 }), { delay: ({ event }) => event.delay }) },
    ring: { actions: assign({ rang: ({ context }) => context.rang + 1 }) },
    broken: {
      actions: assign(() => {
        throw new Error("broken");
      }),
    },
    forget: { actions: assign({ kept: [] }) },
  },
  states: {
    idle: { on: { work: "working" } },
    working: { invoke: { src: "work", input: ({ event }) => event.text }, on: { rest: "idle" } },
  },
});

const logics = createLogics({ hoarder: { machine: hoarder, options: { version: "1" } } });

async function open() {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const cluster = createCluster(logics);
  const host = () => cluster.host("actor/a");
  await host().start({ actor: "a", logic: "hoarder" });
  let id = 0;
  return {
    cluster,
    host,
    say: (type: string, bytes = 0, delay = 0) => host().send("a", { type, text: "x".repeat(bytes), delay }),
    deliver: (type: string, bytes = 0, delay = 0) =>
      host().deliver({ from: "client/1", id: ++id, to: "actor/a", message: { type, text: "x".repeat(bytes), delay } as never }),
  };
}

const tooLarge = { ok: false, code: "threw", detail: expect.stringContaining("actor_too_large") };

test.each(["keep", "later", "work"])(
  "[HOST35] what %s would make too large is a dead letter that says so, and the actor goes on",
  async (what) => {
    const { cluster, host, say, deliver } = await open();
    expect(await say("keep", 1_200_000)).toMatchObject({ ok: true });
    expect(await say(what, 900_000, 1_000)).toMatchObject(tooLarge);
    expect(await deliver(what, 900_000, 1_000)).toEqual({ status: "stored" });
    expect(
      host()
        .deadLetters()
        .map(({ code, error }) => [code, error]),
    ).toEqual([
      ["threw", expect.stringMatching(/^actor_too_large: .*2\d{6} bytes.* 1990000/)],
      ["threw", expect.stringContaining("actor_too_large")],
    ]);
    // In memory as on disk: as it was.
    for (const evict of [false, true]) {
      if (evict) cluster.evict("actor/a");
      expect(await host().read("a")).toMatchObject({ value: "idle", timers: [], revision: 2 });
    }
    expect(await say("keep", 1_000)).toMatchObject({ ok: true });
    expect(await say("forget")).toMatchObject({ ok: true });
    // There is room again.
    const [first] = host().deadLetters();
    expect(await host().retryDeadLetter(first?.id ?? 0)).toMatchObject({ ok: true });
  },
);

test("[HOST35] at its bound an actor's timers still ring, and one that throws is set aside", async () => {
  const { cluster, host, say } = await open();
  await say("later", 1_000, 5_000);
  await say("break", 1_000, 6_000);
  // As large as it may be, to the byte.
  const [row] = cluster.store("actor/a").exec<{ size: number }>("SELECT length(body) AS size FROM document WHERE collection = 'actor'");
  const left = hostLimits.actorBytes - (row?.size ?? 0) - `"",`.length + 1;
  expect(await say("keep", left + 1)).toMatchObject(tooLarge);
  expect(await say("keep", left)).toMatchObject({ ok: true });
  host().dropDeadLetter(1);
  await cluster.advance(10_000);
  expect(await host().read("a")).toMatchObject({ context: { rang: 1 } });
  expect(host().deadLetters()).toMatchObject([{ code: "threw", error: "broken" }]);
  expect(await say("forget")).toMatchObject({ ok: true });
});

/** An actor of before, whose snapshot and timer were rows each. */
function makeFormerActor(storage: ReturnType<typeof createNodeStorage>, snapshot: number, timer: number): void {
  makeFormer(storage, { lane: formerHost.lane.migrations, host: formerHost.host.migrations });
  const state = JSON.stringify({ status: "active", value: "idle", context: { kept: ["x".repeat(snapshot)], rang: 0 }, children: {} });
  storage.exec("INSERT INTO actor VALUES ('a', 'hoarder', '1', NULL, NULL, NULL, 'active', ?, 1, NULL, NULL, 0, 0)", state);
  const event = JSON.stringify({ type: "ring", text: "x".repeat(timer), delay: 0 });
  storage.exec("INSERT INTO timer VALUES ('a', 'later', 1, 1, ?, NULL)", event);
}

test("[UPG6] an actor of before that is too large for one row is not taken over, says so, and nothing that was sent to it is lost", async () => {
  for (const way of ["error", "warn"] as const) vi.spyOn(console, way).mockImplementation(() => {});
  const cluster = createCluster(logics);
  const storage = cluster.store("actor/a");
  makeFormerActor(storage, 1_200_000, 900_000);
  const open = () => createStore(storage, "actor/a", formerHost);
  expect(open).toThrow(FormerTooLargeError);
  expect(open).toThrow(/^former_too_large: the actor a of 2\d{6} bytes .* run that version/);
  expect(findFormerTooLarge(storage)).toEqual(["a"]);
  // As it was, however often it is tried.
  expect(storage.exec("SELECT room, version FROM schema_version ORDER BY room")).toHaveLength(2);
  expect(storage.exec("SELECT name FROM sqlite_master WHERE name = 'document'")).toEqual([]);
  // Its sender takes it for the object's state, and asks again.
  try {
    open();
  } catch (error) {
    expect(isReceiverState(error)).toBe(true);
  }

  const small = createNodeStorage();
  makeFormerActor(small, 1_000_000, 900_000);
  expect(findFormerTooLarge(small)).toEqual([]);
  expect(createStore(small, "actor/a", formerHost).owner).toBe("actor/a");
});

test("[UPG6] any other row of before that fits no row of now is told of in the same way", () => {
  const storage = createNodeStorage();
  makeFormer(storage, { lane: formerHost.lane.migrations, host: formerHost.host.migrations });
  storage.exec(
    "INSERT INTO parked (actor, at, event, code, error) VALUES ('a', 0, ?, 'threw', '')",
    JSON.stringify({ type: "x", text: "x".repeat(1_999_900) }),
  );
  expect(() => createStore(storage, "actor/a", formerHost)).toThrow(FormerTooLargeError);
  expect(storage.exec("SELECT count(*) AS n FROM parked")).toEqual([{ n: 1 }]);
});
