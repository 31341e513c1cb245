/** A world of many objects in plain Node: node:sqlite stores, one clock that tests move, a transport that tests can bend. Knows the host's ports only. */
import type { ActorHost, HostOptions } from "../../src/durable/host/actor-host.ts";
import { createActorHost } from "../../src/durable/host/actor-host.ts";
import type { Logics } from "../../src/durable/host/logic.ts";
import type { Transport, World } from "../../src/durable/host/ports.ts";
import type { Delivery, Envelope } from "../../src/durable/rpc.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/storage/node-storage.ts";

export interface Cluster {
  /** The object's host, made or loaded as a Durable Object would be. */
  host(address: string): ActorHost;
  /** Drops the object's memory, as an eviction does; its store stays. */
  evict(address: string): void;
  addresses(): string[];
  /** Waits until nothing runs in the background. */
  settle(): Promise<void>;
  /** Moves the clock, ringing alarms in order of time. */
  advance(milliseconds: number): Promise<void>;
  now(): number;
}

export function createCluster(
  logics: Logics,
  options: HostOptions & { intercept?: (envelope: Envelope, deliver: () => Promise<Delivery>) => Promise<Delivery> } = {},
): Cluster {
  const stores = new Map<string, NodeStorage>();
  const hosts = new Map<string, ActorHost>();
  const background = new Set<Promise<unknown>>();
  let now = 1_000_000;
  const transport: Transport = {
    deliver(envelope) {
      const deliver = (): Promise<Delivery> => host(envelope.to).deliver(envelope);
      return options.intercept ? options.intercept(envelope, deliver) : deliver();
    },
  };
  function host(address: string): ActorHost {
    let made = hosts.get(address);
    if (made) return made;
    let storage = stores.get(address);
    if (!storage) {
      storage = createNodeStorage();
      stores.set(address, storage);
    }
    const world: World = {
      address,
      storage,
      transport,
      clock: { now: () => now },
      scheduler: {
        background(work) {
          const held = work.catch(() => {}).finally(() => background.delete(held));
          background.add(held);
        },
      },
    };
    made = createActorHost(world, logics, options);
    hosts.set(address, made);
    made.resume();
    return made;
  }
  const cluster: Cluster = {
    host,
    evict: (address) => void hosts.delete(address),
    addresses: () => [...stores.keys()],
    now: () => now,
    async settle() {
      while (background.size) await Promise.all(background);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        await cluster.settle();
        const [address, due] = [...stores]
          .map(([at, store]) => [at, store.alarm ?? Number.POSITIVE_INFINITY] as const)
          .reduce((a, b) => (b[1] < a[1] ? b : a), ["", Number.POSITIVE_INFINITY]);
        if (due > end) break;
        now = Math.max(now, due);
        (stores.get(address) as NodeStorage).alarm = undefined;
        await host(address).alarm();
      }
      now = end;
    },
  };
  return cluster;
}
