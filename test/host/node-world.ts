/** The contract's world in plain Node. */
import { createCluster } from "../simulation/cluster.ts";
import type { ContractWorld } from "./contract-world.ts";
import { logics } from "./machines.ts";
import { world } from "./world.ts";

export function createNodeWorld(): ContractWorld {
  const cluster = createCluster(logics, {
    intercept: (envelope, deliver) => world.transport(envelope, deliver),
    held: () => world.waiting,
  });
  const host = (actor: string) => cluster.host(`actor/${actor}`);
  return {
    start: (actor, logic, input) => host(actor).start({ actor, logic, ...(input !== undefined && { input }) }),
    send: (actor, event) => host(actor).send(actor, event),
    deliver: async (envelope) => cluster.host(envelope.to).deliver(envelope),
    read: (actor) => host(actor).read(actor),
    history: async (actor, page) => host(actor).history(actor, page),
    deadLetters: async (actor) => host(actor).deadLetters(),
    retry: (actor, id) => host(actor).retryDeadLetter(id),
    drop: async (actor, id) => host(actor).dropDeadLetter(id),
    forget: (actor) => host(actor).forget(actor),
    query: async (actor, sql, ...values) => cluster.store(`actor/${actor}`).exec(sql, ...values),
    evict: async (actor) => cluster.evict(`actor/${actor}`),
    async evictAll() {
      for (const address of cluster.addresses()) cluster.evict(address);
    },
    kill: async (actor) => cluster.evict(`actor/${actor}`),
    crashOnce(actor) {
      world.crash = (crashing) => {
        if (crashing !== actor) return;
        world.crash = () => {};
        cluster.evict(`actor/${actor}`);
        throw new Error("crashed");
      };
    },
    settle: cluster.settle,
    advance: async (milliseconds) => {
      await cluster.advance(milliseconds);
      await cluster.settle();
    },
    alarm: async (actor) => cluster.store(`actor/${actor}`).alarm,
    now: cluster.now,
    turnClock: cluster.turnClock,
  };
}
