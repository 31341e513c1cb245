/**
 * A world of many objects in plain Node: node:sqlite stores, one clock that tests move, a transport that tests can bend,
 * and crashes at any statement. Knows the host's ports only.
 */
import type { ActorHost, HostOptions } from "../../src/durable/host/actor-host.ts";
import { createActorHost } from "../../src/durable/host/actor-host.ts";
import type { Logics } from "../../src/durable/host/logic.ts";
import type { Storage, Transport, World } from "../../src/durable/host/ports.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";

export interface ClusterOptions extends HostOptions {
  intercept?: (envelope: Envelope, deliver: () => Promise<Delivery>) => Promise<Delivery>;
  /** Called before each thing that an object does; a throw is a crash of that object, right there. */
  touch?: (address: string, what: "write" | "commit" | "send" | "sent") => void;
  /** Works that tests hold: they don't count as running. */
  held?: () => number;
}

export interface Cluster {
  /** The object's host, made or loaded as a Durable Object would be. */
  host(address: string): ActorHost;
  store(address: string): NodeStorage;
  /** Ends the object where it is, as a crash or an eviction does; its store stays. */
  evict(address: string): void;
  addresses(): string[];
  /** Waits until nothing runs in the background. */
  settle(): Promise<void>;
  /** Moves the clock, ringing alarms in order of time. */
  advance(milliseconds: number): Promise<void>;
  now(): number;
  turnClock(by: number): void;
}

/** One life of an object: what is left of an ended one can neither write nor send. */
interface Life {
  host: ActorHost | undefined;
  alive: boolean;
}

export function createCluster(logics: Logics, options: ClusterOptions = {}): Cluster {
  const stores = new Map<string, NodeStorage>();
  const lives = new Map<string, Life>();
  const background = new Set<Promise<unknown>>();
  let now = 1_000_000;

  function store(address: string): NodeStorage {
    let made = stores.get(address);
    if (!made) {
      made = createNodeStorage();
      stores.set(address, made);
    }
    return made;
  }

  function end(address: string): void {
    const life = lives.get(address);
    if (life) life.alive = false;
    lives.delete(address);
  }

  /** Runs a part of what an object does, unless it is dead or dies of it. */
  function touch(address: string, life: Life, what: "write" | "commit" | "send" | "sent"): void {
    if (!life.alive) throw new Error(`${address} was reset`);
    try {
      options.touch?.(address, what);
    } catch (error) {
      life.alive = false;
      if (lives.get(address) === life) lives.delete(address);
      throw error;
    }
  }

  function createWorld(address: string, life: Life): World {
    const storage = watchStorage(store(address), (what) => touch(address, life, what));
    const transport: Transport = {
      async deliver(envelope) {
        touch(address, life, "send");
        // Through JSON, as between objects: nothing is shared.
        const copy = JSON.parse(JSON.stringify(envelope)) as Envelope;
        const deliver = async (): Promise<Delivery> => host(copy.to).deliver(copy);
        const delivery = await (options.intercept ? options.intercept(copy, deliver) : deliver());
        touch(address, life, "sent");
        return delivery;
      },
    };
    return {
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
  }

  function host(address: string): ActorHost {
    const held = lives.get(address)?.host;
    if (held) return held;
    const life: Life = { host: undefined, alive: true };
    lives.set(address, life);
    const made = createActorHost(createWorld(address, life), logics, options);
    life.host = made;
    made.resume();
    return made;
  }

  async function ring(address: string): Promise<void> {
    const storage = store(address);
    storage.alarm = undefined;
    let ended = false;
    try {
      const rung = host(address);
      const life = lives.get(address);
      await rung.alarm();
      ended = life?.alive === true;
    } finally {
      // As the platform does: an alarm that its object did not survive rings again.
      if (!ended) storage.alarm ??= now + 1;
    }
  }

  const cluster: Cluster = {
    host,
    store,
    evict: end,
    addresses: () => [...stores.keys()],
    now: () => now,
    turnClock(by) {
      now += by;
    },
    async settle() {
      while (background.size > (options.held?.() ?? 0)) await new Promise((resolve) => setImmediate(resolve));
    },
    async advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        await cluster.settle();
        let due = Number.POSITIVE_INFINITY;
        let next = "";
        for (const [address, { alarm }] of stores) if (alarm !== undefined && alarm < due) [next, due] = [address, alarm];
        if (due > until) break;
        now = Math.max(now, due);
        await ring(next).catch(() => {});
      }
      now = Math.max(now, until);
    },
  };
  return cluster;
}

/** A store that tells before each write and around each commit. */
export function watchStorage(inner: NodeStorage, touch: (what: "write" | "commit") => void): Storage {
  return {
    exec(sql, ...values) {
      touch("write");
      return inner.exec(sql, ...values);
    },
    transaction(body) {
      touch("commit");
      return inner.transaction(() => {
        const result = body();
        touch("commit");
        return result;
      });
    },
    setAlarm(at) {
      touch("write");
      inner.setAlarm(at);
    },
  };
}
