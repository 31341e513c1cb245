/**
 * A whole nerveflare in plain Node: agents' objects, a workflow's queue and threads, on node:sqlite, with one clock that
 * moves by hand. Any object can be ended between two steps, and any message between two can fail before or after it arrived.
 */
import { type CompiledWorkflow, compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { AgentCard } from "../../src/contract/views/agent.ts";
import type { AgentCore } from "../../src/durable/agent/agent-core.ts";
import { hashToken } from "../../src/durable/agent/token-hash.ts";
import type { Storage, World } from "../../src/durable/host/ports.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { BoardRpc, OfferHint } from "../../src/durable/protocol/board.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import { createBoard } from "../../src/durable/registry/board.ts";
import type { Registry } from "../../src/durable/registry/registry.ts";
import { readThreadName } from "../../src/durable/thread/lifecycle/epochs.ts";
import type { TaskDoor } from "../../src/durable/thread/task-door.ts";
import type { ThreadRoot } from "../../src/durable/thread/thread-root.ts";
import type { Admission } from "../../src/durable/workflow/admission.ts";
import { type ClusterRecords, createRecords } from "./cluster-records.ts";
import { type Core, createLife, findThread, type Life, makeCore } from "./thread-cores.ts";

export interface ThreadClusterOptions {
  /** What is published. */
  workflow: string | string[];
  agents: AgentCard[];
  /** What happens to a message or call between two objects. */
  fate(): "arrives" | "is lost" | "arrives, and its answer is lost";
  /** What is there at the beginning: instead of `workflow`, what was published, and what each object stored. */
  from?: { now: number; published: CompiledWorkflow[]; stores: Map<string, NodeStorage> };
  /** What arrives of a message between two objects; by default the same. */
  carry?(envelope: Envelope): Envelope;
}

export interface ThreadCluster extends Omit<ClusterRecords, "note"> {
  agent(id: string): AgentCore;
  thread(id: string): ThreadRoot;
  /** @param id of its thread */
  task(id: string): TaskDoor;
  workflow(name: string): Admission;
  /** Ends an object where it is; its store stays. */
  end(address: string): void;
  living(): string[];
  /** Waits until nothing runs. */
  settle(): Promise<void>;
  /** Moves the clock, and runs what is due. */
  advance(milliseconds: number): Promise<void>;
  /** The clock jumps, for all objects alike; nothing runs meanwhile. */
  turnClock(by: number): void;
  now(): number;
  /** Agents that are connected, and whether their pings go on. */
  connections: Map<string, { pinged?: number }>;
  /** The registry's list of agents cannot be read. */
  registryDown: boolean;
  /** The workflow is not published any more; its revision stays. */
  withdraw(name: string): void;
  /** Hears of each row that D1 is told of. */
  told?: (row: ProjectionRow) => void;
}

/** A token that is right for every agent. */
export const token = "token";

async function compile(text: string): Promise<CompiledWorkflow> {
  const { compiled, diagnostics } = await compileWorkflow(text);
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  return compiled;
}

/** Digests are computed by other threads: the event loop may turn any number of times meanwhile. */
let digestsUnderWay = 0;
const digest = crypto.subtle.digest.bind(crypto.subtle);
crypto.subtle.digest = async (...args) => {
  digestsUnderWay += 1;
  try {
    return await digest(...args);
  } finally {
    digestsUnderWay -= 1;
  }
};

export async function createThreadCluster(options: ThreadClusterOptions): Promise<ThreadCluster> {
  const { workflow, agents, fate, carry, from } = options;
  const published = from?.published ?? (await Promise.all([workflow].flat().map(compile)));
  const withdrawn = new Set<string>();
  const registry = createRegistry(published, agents, withdrawn, () => cluster.registryDown);
  const stores = from?.stores ?? new Map<string, NodeStorage>();
  const cores = new Map<string, Core>();
  const running = new Set<Promise<unknown>>();
  const clock = createHandClock(from?.now);
  let statements = 0;
  const records = createRecords();
  const connections: ThreadCluster["connections"] = new Map();

  function createWorld(address: string, life: Life): World {
    let store = stores.get(address);
    if (!store) {
      store = createNodeStorage();
      stores.set(address, store);
    }
    const storage = createMortalStorage(store, () => {
      if (!life.alive) throw new Error(`${address} was ended`);
      statements += 1;
    });
    return {
      address,
      storage,
      clock,
      scheduler: { background: track },
      transport: {
        deliver: (envelope) =>
          travel(fate, life, async () => {
            const copy = JSON.parse(JSON.stringify(carry?.(envelope) ?? envelope)) as Envelope;
            const { core, life: receiver } = open(copy.to);
            return await Promise.race([core.deliver(copy), receiver.over]);
          }),
      },
    };
  }

  function track(work: Promise<unknown>): void {
    const held: Promise<unknown> = work.catch(() => {}).finally(() => running.delete(held));
    running.add(held);
  }

  const common = (life: Life) => ({
    project: async (rows: ProjectionRow[]): Promise<undefined> =>
      travel(fate, life, async () => {
        for (const row of rows) {
          cluster.told?.(row);
          records.note(row);
        }
      }).then(() => undefined),
    settle: () => Promise.resolve(),
    later: (milliseconds: number, work: () => void) => clock.later(milliseconds, () => life.alive && work()),
  });

  const board = createClusterBoard(clock, (agent, hint) => track(Promise.resolve().then(() => cluster.agent(agent).hint(hint))));

  function open(to: string): Core {
    const kind = to.slice(0, to.indexOf("/"));
    const name = to.slice(to.indexOf("/") + 1);
    const thread = kind === "task" || kind === "recruitment" ? readThreadName(name) : name;
    const address = `${kind}/${thread}`;
    const held = cores.get(address);
    if (held) return held;
    const life = createLife(address);
    const made = makeCore(address, life, {
      ...{ world: createWorld(address, life), registry, board, open, connections, common: common(life) },
      travel: (arrive) => travel(fate, life, arrive),
    });
    cores.set(address, made);
    return made;
  }

  async function ring(address: string): Promise<void> {
    const store = stores.get(address) as NodeStorage;
    store.alarm = undefined;
    const { core, life } = open(address);
    try {
      await core.alarm();
    } finally {
      // As the platform does: an alarm that its object did not survive rings again.
      if (!life.alive) store.alarm ??= clock.now() + 1;
    }
  }

  const cluster: ThreadCluster = {
    agent: (id) => open(`agent/${id}`).core as AgentCore,
    thread: (id) => findThread(open, `recruitment/${id}`),
    task: (id) => open(`task/${id}`).core as TaskDoor,
    workflow: (name) => open(`workflow/${name}`).core as Admission,
    end(address) {
      const core = cores.get(address);
      core?.life.end();
      cores.delete(address);
    },
    living: () => [...cores.keys()],
    ...records,
    connections,
    now: clock.now,
    turnClock: clock.turn,
    registryDown: false,
    withdraw: (name) => void withdrawn.add(name),
    settle: () => waitUntilQuiet({ isBusy: () => running.size > 0, count: () => statements }),
    async advance(milliseconds) {
      const until = clock.now() + milliseconds;
      for (;;) {
        await cluster.settle();
        const due = Math.min(clock.next(), ...[...stores.values()].map(({ alarm = Number.POSITIVE_INFINITY }) => alarm));
        if (due > until) break;
        clock.passTo(due);
        for (const [address, { alarm }] of stores) if (alarm !== undefined && alarm <= clock.now()) track(ring(address));
      }
      clock.passTo(until);
    },
  };
  const hash = await hashToken(token);
  for (const card of agents) cluster.agent(card.id).register(card, hash);
  return cluster;
}

/** What is published and who there is, as a list that a test may take away. */
function createRegistry(
  published: readonly CompiledWorkflow[],
  agents: readonly AgentCard[],
  withdrawn: ReadonlySet<string>,
  isDown: () => boolean,
): Registry {
  return {
    reflexes: async () =>
      published
        .filter(({ ir }) => !withdrawn.has(ir.name))
        .map(({ ir, revision }) => ({ workflow: ir.name, revision, input: ir.input ?? null, reflexes: ir.reflexes })),
    revision: async (hash) => published.find(({ revision }) => revision === hash),
    agents: async ({ capabilities, after = "" }) => {
      if (isDown()) throw new Error("the registry cannot be asked");
      return agents.filter((card) => card.id > after && capabilities.every((each) => card.capabilities.includes(each)));
    },
    cards: async (ids) => agents.filter(({ id }) => ids.includes(id)),
    pastTurns: async () => ({ role: [], overall: [] }),
  };
}

/** A board that nothing was on before. */
function createClusterBoard({ now, later }: ReturnType<typeof createHandClock>, tell: (agent: string, hint: OfferHint) => void): BoardRpc {
  const none = async () => [];
  const board = createBoard({ now, setAlarm: (at) => later(at - now(), board.alarm), readOnline: none, readOpen: none, tell });
  return board;
}

/** A store that an ended object can't touch any more. */
function createMortalStorage(inner: NodeStorage, check: () => void): Storage {
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

/** A call from one object to another, with what may become of it. */
async function travel<T>(fate: ThreadClusterOptions["fate"], life: Life, arrive: () => Promise<T>): Promise<T> {
  const end = fate();
  if (end === "is lost") throw new Error("the call was lost");
  const answer = await arrive();
  if (end !== "arrives" || !life.alive) throw new Error("the answer was lost");
  return answer;
}

/** A clock that moves by hand, with timers. */
function createHandClock(begin = 1_800_000_000_000) {
  let now = begin;
  let timers: { at: number; work: () => void }[] = [];
  return {
    now: () => now,
    turn(by: number): void {
      now += by;
    },
    later: (milliseconds: number, work: () => void): void => void timers.push({ at: now + milliseconds, work }),
    /** When the first timer is due. */
    next: (): number => Math.min(Number.POSITIVE_INFINITY, ...timers.map(({ at }) => at)),
    /** Moves forward, and runs what is due. */
    passTo(time: number): void {
      now = Math.max(now, time);
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { work } of due) work();
    },
  };
}

/** What still runs after so many turns of the event loop without a statement waits for the clock. */
async function waitUntilQuiet({ isBusy, count }: { isBusy: () => boolean; count: () => number }): Promise<void> {
  for (let quiet = 0, before = -1; quiet < (isBusy() ? 20 : 3); ) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = count() === before && digestsUnderWay === 0 ? quiet + 1 : 0;
    before = count();
  }
}
