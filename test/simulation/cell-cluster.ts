/**
 * The objects of {@link createCluster} as actors of one cell, by the cell's own code: its alarms, facts and timers write among theirs, and
 * whatever one of them dies of, all die of.
 */
import { type Cell, createCell } from "../../src/durable/cell/cell.ts";
import { createTimerQueue } from "../../src/durable/cell/timer-queue.ts";
import { type ActorHost, createActorHost } from "../../src/durable/host/actor-host.ts";
import type { Logics } from "../../src/durable/host/logic.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { ObjectContext } from "../../src/durable/host/storage/object-context.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";
import { askFromOutside } from "./ask-from-outside.ts";
import { type Cluster, type ClusterOptions, watchStorage } from "./cluster.ts";
import { freeze } from "./cluster-homes.ts";

/** One life of the cell: what is left of an ended one can neither write nor send. */
interface CellLife {
  cell: Cell | undefined;
  alive: boolean;
}

interface HostEndpoint {
  host: ActorHost;
  alarm(): Promise<void>;
  deliver(envelope: Envelope): Promise<Delivery>;
}

function track(running: Set<Promise<unknown>>, work: Promise<unknown>): void {
  const held: Promise<unknown> = work.catch(() => {}).finally(() => running.delete(held));
  running.add(held);
}

function runAll(timers: readonly { work: () => void }[]): void {
  for (const { work } of timers)
    try {
      work();
    } catch {
      // The cell died of it.
    }
}

export function createCellCluster(logics: Logics, options: ClusterOptions = {}): Cluster {
  const database = createNodeStorage();
  const running = new Set<Promise<unknown>>();
  const known = new Set<string>();
  let timers: { at: number; work: () => void }[] = [];
  let present: CellLife | undefined;
  let now = 1_000_000;

  function end(life = present): void {
    if (life) life.alive = false;
    if (present === life) present = undefined;
  }

  /** Runs a part of what the cell does, unless it is dead or dies of it. */
  function touch(address: string, life: CellLife, what: "write" | "commit" | "send" | "sent"): void {
    if (!life.alive) throw new Error("the cell was reset");
    try {
      options.touch?.(address, what);
    } catch (error) {
      end(life);
      throw error;
    }
  }

  function makeEndpoint(ctx: ObjectContext, address: string, life: CellLife): HostEndpoint {
    const host = createActorHost(
      {
        address,
        storage: ctx.storage,
        transport: {
          async deliver(envelope) {
            touch(address, life, "send");
            const deliver = () => life.cell?.call(envelope.to, "deliver", [freeze(envelope)]) as Promise<Delivery>;
            const delivery = await (options.intercept ? options.intercept(envelope, deliver) : deliver());
            touch(address, life, "sent");
            return freeze(delivery);
          },
        },
        clock: { now: () => now },
        scheduler: { background: (work) => ctx.background(work.catch(() => {})) },
      },
      logics,
      options,
    );
    host.resume();
    return { host, alarm: () => host.alarm(), deliver: (envelope) => host.deliver(envelope) };
  }

  function open(): Cell {
    if (present?.cell) return present.cell;
    const life: CellLife = { cell: undefined, alive: true };
    present = life;
    life.cell = createCell({
      storage: watchStorage(database, (what) => touch("cell", life, what)),
      now: () => now,
      timers: createTimerQueue(
        (milliseconds, work) => void timers.push({ at: now + milliseconds, work: () => life.alive && work() }),
        () => now,
        (error) => console.warn(JSON.stringify({ at: "timer", error: String(error) })),
      ),
      background: (work) => track(running, work),
      sync: async () => {},
      failed: () => end(life),
      sockets: () => ({ accept: () => {}, list: () => [], readPing: () => 0, answerPings: () => {} }),
      make: (kind, ctx) => makeEndpoint(ctx, `${kind}/${ctx.name}`, life),
      methods: () => ["alarm", "deliver"],
      warn: (entry) => console.warn(JSON.stringify(entry)),
    });
    return life.cell;
  }

  function ring(): void {
    database.alarm = undefined;
    try {
      open().alarm();
    } catch {
      // As the platform does: an alarm that its object did not survive rings again.
      database.alarm ??= now + 1;
    }
  }

  function passTo(time: number): void {
    now = Math.max(now, time);
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    runAll(due);
    if (database.alarm !== undefined && database.alarm <= now) ring();
  }

  const cluster: Cluster = {
    host(address) {
      known.add(address);
      const cell = open();
      return askFromOutside((cell.open(address) as HostEndpoint).host, { written: cell.flush, atWork: () => {} });
    },
    store: () => database,
    evict: () => end(),
    addresses: () => [...known],
    now: () => now,
    turnClock(by) {
      now += by;
    },
    async settle() {
      for (let quiet = 0; quiet < 2; quiet = running.size > (options.held?.() ?? 0) ? 0 : quiet + 1)
        await new Promise((resolve) => setImmediate(resolve));
    },
    async advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        await cluster.settle();
        const next = Math.min(database.alarm ?? Number.POSITIVE_INFINITY, ...timers.map(({ at }) => at));
        if (next > until) break;
        passTo(next);
      }
      now = Math.max(now, until);
    },
  };
  return cluster;
}
