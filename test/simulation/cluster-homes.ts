/** Where the objects of a thread cluster live: each in one of its own, or all in a cell. */

import type { AgentCore } from "../../src/durable/agent/agent-core.ts";
import { type Cell, createCell } from "../../src/durable/cell/cell.ts";
import { createTimerQueue } from "../../src/durable/cell/timer-queue.ts";
import type { Clock, Storage, World } from "../../src/durable/host/ports.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { ObjectContext } from "../../src/durable/host/storage/object-context.ts";
import type { ObjectKind } from "../../src/durable/place.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import { readThreadName } from "../../src/durable/thread/lifecycle/epochs.ts";
import { askFromOutside } from "./ask-from-outside.ts";
import { type Core, type CoreOf, type CorePorts, createLife, type Life, makeCore } from "./thread-cores.ts";

/** What happens to a message or call between two objects. */
export type Fate = "arrives" | "is lost" | "arrives, and its answer is lost";

export interface HomePorts extends Pick<CorePorts, "registry" | "board" | "connections"> {
  clock: Clock & { later(milliseconds: number, work: () => void): void };
  stores: Map<string, NodeStorage>;
  fate(): Fate;
  carry(envelope: Envelope): Envelope;
  project: CorePorts["common"]["project"];
  track(work: Promise<unknown>): void;
  /** An object touches its store. */
  touched(): void;
  /** A cell ended, and the board with it, which is an actor of it. */
  renewBoard(): void;
  /** Of a cell: how much is in memory at most, and who comes into it. */
  cell?: { limits: { owners: number; bytes: number }; made?(endpoint: object, address: string): void } | undefined;
}

export interface Homes {
  open(to: string): Core;
  /** Asks an object, which is at work until it has answered. */
  call<T>(to: string, question: (core: CoreOf) => Promise<T>): Promise<T>;
  /** Ends the object where it is; its store stays. */
  end(address: string): void;
  living(): string[];
  /** When the next alarm is due. */
  due(): number;
  /** Rings those that are due. */
  ring(): void;
}

/** All actors of a thread, of whichever epoch, live at one address. */
function nameHome(to: string): string {
  const kind = to.slice(0, to.indexOf("/"));
  const name = to.slice(to.indexOf("/") + 1);
  return `${kind}/${kind === "task" || kind === "recruitment" ? readThreadName(name) : name}`;
}

/** A call that leaves an object, with what may become of it. */
async function travel<T>(fate: HomePorts["fate"], life: Life, arrive: () => Promise<T>): Promise<T> {
  const end = fate();
  if (end === "is lost") throw new Error("the call was lost");
  const answer = await arrive();
  if (end !== "arrives" || !life.alive) throw new Error("the answer was lost");
  return answer;
}

const common = ({ clock, fate, project }: HomePorts, life: Life): CorePorts["common"] => ({
  project: (rows) => travel(fate, life, () => project(rows)),
  settle: () => Promise.resolve(),
  later: (milliseconds, work) => clock.later(milliseconds, () => life.alive && work()),
});

/** A store that an ended object can't touch any more. */
function createMortalStorage(inner: NodeStorage, { touched }: HomePorts, name: string, life: Life): Storage {
  function check(): void {
    if (!life.alive) throw new Error(`${name} was ended`);
    touched();
  }
  return {
    exec(sql, ...values) {
      check();
      return inner.exec(sql, ...values);
    },
    transaction(body) {
      check();
      return inner.transaction(body);
    },
    setAlarm(at) {
      check();
      inner.setAlarm(at);
    },
  };
}

function findStore(stores: HomePorts["stores"], name: string): NodeStorage {
  const store = stores.get(name) ?? createNodeStorage();
  stores.set(name, store);
  return store;
}

/** Each object by itself: a message between two may be lost, and its copy is what arrives. */
export function createOwnHomes(ports: HomePorts): Homes {
  const { clock, stores, fate, carry, track } = ports;
  const cores = new Map<string, Core>();

  function createWorld(address: string, life: Life): World {
    return {
      address,
      clock,
      storage: createMortalStorage(findStore(stores, address), ports, address, life),
      scheduler: { background: track },
      transport: {
        deliver(envelope) {
          const copy = JSON.parse(JSON.stringify(carry(envelope))) as Envelope;
          return ask(life, copy.to, (core) => core.deliver(copy));
        },
      },
    };
  }

  function ask<T>(life: Life, to: string, question: (core: CoreOf) => T | Promise<T>): Promise<T> {
    return travel(fate, life, async () => {
      const { core, life: receiver } = open(to);
      const answer = Promise.resolve(question(core));
      // Where the receiver's end comes first, nobody hears that its work failed.
      answer.catch(() => {});
      return receiver.race(answer);
    });
  }

  function open(to: string): Core {
    const address = nameHome(to);
    const held = cores.get(address);
    if (held) return held;
    const life = createLife(address);
    const core = makeCore(address, {
      ...ports,
      world: createWorld(address, life),
      common: common(ports, life),
      ask: (other, question) => ask(life, other, question),
      travel: (arrive) => travel(fate, life, arrive),
    });
    const made = { core, life };
    cores.set(address, made);
    return made;
  }

  async function ring(address: string, store: NodeStorage): Promise<void> {
    store.alarm = undefined;
    const { core, life } = open(address);
    try {
      await core.alarm();
    } finally {
      // As the platform does: an alarm that its object did not survive rings again.
      if (!life.alive) store.alarm ??= clock.now() + 1;
    }
  }

  return {
    open,
    call: (to, question) => question(open(to).core),
    end(address) {
      cores.get(address)?.life.end();
      cores.delete(address);
    },
    living: () => [...cores.keys()],
    due: () => Math.min(...[...stores.values()].map(({ alarm = Number.POSITIVE_INFINITY }) => alarm)),
    ring() {
      for (const [address, store] of stores) if (store.alarm !== undefined && store.alarm <= clock.now()) track(ring(address, store));
    },
  };
}

/** A core in a cell: what the cell calls, and what the test asks. */
interface CellCore extends Core {
  alarm(): Promise<void>;
  ask(question: (core: CoreOf) => unknown): unknown;
  /** It stays in memory until the work ends. */
  atWork(work: Promise<unknown>): void;
}

/**
 * All objects in a cell, whose real code it is: nothing between two is lost, and what one gives another is the same thing, so it may be
 * changed by neither. What ends an object is an eviction where it rests, and every other time a crash of all.
 */
export function createCellHomes(ports: HomePorts): Homes {
  const { clock, stores, fate, track } = ports;
  const database = findStore(stores, "cell");
  let present: { cell: Cell; life: Life } | undefined;
  let crashes = false;
  /** Cores as tests ask them. */
  const outside = new WeakMap<CoreOf, CoreOf>();

  function findCell(): { cell: Cell; life: Life } {
    if (present) return present;
    const life = createLife("the cell");
    const cell = createCell({
      storage: createMortalStorage(database, ports, "the cell", life),
      now: clock.now,
      timers: createTimerQueue(common(ports, life).later, clock.now, (error) =>
        console.warn(JSON.stringify({ at: "timer", error: String(error) })),
      ),
      background: track,
      sync: async () => {},
      failed() {
        if (present?.life === life) crash();
        else life.end();
      },
      sockets: () => ({ accept: () => {}, list: () => [], readPing: () => 0, answerPings: () => {} }),
      make(kind, ctx) {
        const endpoint = makeEndpoint(kind, ctx, life);
        ports.cell?.made?.(endpoint, `${kind}/${ctx.name}`);
        return endpoint;
      },
      ...(ports.cell && { limits: ports.cell.limits }),
      methods: () => ["alarm", "ask"],
      warn: (entry) => console.warn(JSON.stringify(entry)),
    });
    present = { cell, life };
    return present;
  }

  function ask<T>(life: Life, to: string, question: (core: CoreOf) => T | Promise<T>): Promise<T> {
    // No call is lost here, but who decides of that may end an object now.
    fate();
    if (!life.alive) return Promise.reject(new Error(`${to} is asked by one that was ended`));
    const { cell } = findCell();
    const asked = cell.call(nameHome(to), "ask", [(core: CoreOf) => question(core)]) as Promise<T>;
    return life.race(asked.then(freeze));
  }

  function makeEndpoint(kind: ObjectKind, ctx: ObjectContext, life: Life): CellCore {
    const address = `${kind}/${ctx.name}`;
    const core = makeCore(address, {
      ...ports,
      world: {
        address,
        clock,
        storage: ctx.storage,
        scheduler: { background: (work) => ctx.background(work.catch(() => {})) },
        transport: { deliver: (envelope) => ask(life, envelope.to, (other) => other.deliver(freeze(ports.carry(envelope)))) },
      },
      common: {
        async project(rows) {
          await new Promise<void>((resolve) => ctx.leave(resolve));
          return travel(fate, life, () => ports.project(rows));
        },
        settle: ctx.settle as () => Promise<void>,
        later: ctx.later,
      },
      ask: (to, question) => ask(life, to, question),
      travel: async (arrive) => {
        if (!life.alive) throw new Error("the cell was ended");
        return arrive();
      },
    });
    if ("mailbox" in core) holdFrames(core.mailbox, ctx);
    return {
      core,
      life,
      alarm: () => core.alarm(),
      ask: (question) => question(core),
      atWork: (work) => ctx.background(work.catch(() => {})),
    };
  }

  function crash(): void {
    present?.life.end();
    present = undefined;
    ports.renewBoard();
  }

  return {
    open(to) {
      const { cell } = findCell();
      const made = cell.open(nameHome(to)) as CellCore;
      const core = outside.get(made.core) ?? askFromOutside(made.core, { written: cell.flush, atWork: made.atWork });
      outside.set(made.core, core);
      return { ...made, core };
    },
    async call<T>(to: string, question: (core: CoreOf) => Promise<T>) {
      const { cell } = findCell();
      const answer = await (cell.call(nameHome(to), "ask", [question]) as Promise<T>);
      cell.flush();
      return answer;
    },
    end(address) {
      crashes = !crashes;
      if (crashes || !present?.cell.evict(address)) crash();
    },
    living: () => present?.cell.owners() ?? [],
    due: () => database.alarm ?? Number.POSITIVE_INFINITY,
    ring() {
      if (database.alarm === undefined || database.alarm > clock.now()) return;
      database.alarm = undefined;
      findCell().cell.alarm();
    },
  };
}

/** What a reader is given leaves behind the disk, as a socket's frames do. */
function holdFrames(mailbox: AgentCore["mailbox"], { leave }: ObjectContext): void {
  const { attach } = mailbox;
  mailbox.attach = (...readers) => {
    for (const reader of readers) {
      const { give } = reader;
      reader.give = (...given) => leave(() => give(...given));
    }
    return attach(...readers);
  };
}

/** What two objects have in common may be changed by neither. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
  return value;
}
