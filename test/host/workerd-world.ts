/** The contract's world in workerd: real Durable Objects, evicted and rung by the test; only their clock is held. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { ContractWorld } from "./contract-world.ts";
import { type ActorStub, alive, getActor, type TestEnv, touched, working } from "./worker/index.ts";
import { world } from "./world.ts";

// Far ahead, so that no alarm of a test rings by itself.
const epoch = Date.UTC(2199, 0, 1);

export function stubOf(actor: string): ActorStub {
  return getActor(env as unknown as TestEnv, actor);
}

export function createWorkerdWorld(): ContractWorld {
  vi.useFakeTimers({ toFake: ["Date"], now: epoch });
  touched.clear();
  working.clear();
  const w: ContractWorld = {
    start: async (actor, logic, input) => stubOf(actor).start(actor, logic, input),
    send: async (actor, event) => stubOf(actor).send(actor, event),
    deliver: async (envelope) => stubOf(envelope.to.slice("actor/".length)).deliver(envelope),
    read: async (actor) => stubOf(actor).read(actor),
    history: async (actor, page) => stubOf(actor).history(actor, page),
    deadLetters: async (actor) => stubOf(actor).deadLetters(),
    retry: async (actor, id) => stubOf(actor).retry(id),
    drop: async (actor, id) => stubOf(actor).drop(id),
    forget: async (actor) => stubOf(actor).forget(actor),
    query: async (actor, sql, ...values) => stubOf(actor).query(sql, values),
    evict: async (actor) => evictDurableObject(stubOf(actor)),
    async evictAll() {
      for (const actor of touched) await evictDurableObject(stubOf(actor));
    },
    async kill(actor) {
      await Promise.resolve(stubOf(actor).die()).catch(() => {});
      // What ran in the object has ended with it.
      working.delete(actor);
      world.running.clear();
    },
    crashOnce(actor) {
      world.crash = (crashing) => {
        if (crashing !== actor) return;
        world.crash = () => {};
        alive.get(actor)?.abort("crashed by a test");
        throw new Error("crashed");
      };
    },
    async settle() {
      // Every object has a turn, then all are counted at once: what one has sent, another has begun.
      const busy = (): number => [...working.values()].reduce((sum, { size }) => sum + size, 0);
      // Who dies of a test meanwhile is asked again in its next life.
      do for (const actor of [...touched]) await Promise.resolve(stubOf(actor).settle()).catch(() => {});
      while (busy() > world.waiting);
    },
    async advance(milliseconds) {
      const until = Date.now() + milliseconds;
      for (;;) {
        await w.settle();
        let due = Number.POSITIVE_INFINITY;
        let next = "";
        for (const actor of [...touched]) {
          const alarm = (await stubOf(actor).alarmTime()) ?? Number.POSITIVE_INFINITY;
          if (alarm < due) [next, due] = [actor, alarm];
        }
        if (due > until) break;
        vi.setSystemTime(Math.max(Date.now(), due));
        await runDurableObjectAlarm(stubOf(next));
      }
      vi.setSystemTime(Math.max(Date.now(), until));
      await w.settle();
    },
    alarm: async (actor) => (await stubOf(actor).alarmTime()) ?? undefined,
    now: () => Date.now(),
    turnClock: (by) => void vi.setSystemTime(Date.now() + by),
  };
  return w;
}
