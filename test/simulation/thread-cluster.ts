/**
 * A whole nerveflare in plain Node: agents' objects, a workflow's queue and threads, on node:sqlite, with one clock that
 * moves by hand. Any object can be ended between two steps, and any message between two can fail before or after it arrived.
 */
import { type CompiledWorkflow, compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { AgentCard } from "../../src/contract/views/agent.ts";
import { type AgentCore, createAgentCore } from "../../src/durable/agent/agent-core.ts";
import type { Storage, World } from "../../src/durable/host/ports.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import type { TaskRpc } from "../../src/durable/protocol/task.ts";
import type { Registry } from "../../src/durable/registry/registry.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/storage/node-storage.ts";
import { readThreadName } from "../../src/durable/thread/lifecycle/epochs.ts";
import type { Tasks } from "../../src/durable/thread/task/tasks.ts";
import { createThreadRoot, type ThreadRoot } from "../../src/durable/thread/thread-root.ts";
import { createThreadTask, type ThreadTask } from "../../src/durable/thread/thread-task.ts";
import { type Admission, createAdmission } from "../../src/durable/workflow/admission.ts";

export interface ThreadClusterOptions {
  /** What is published. */
  workflow: string | string[];
  agents: AgentCard[];
  /** Whether a task lives in its thread's object. */
  beside: boolean;
  /** What happens to a message or call between two objects. */
  fate(): "arrives" | "is lost" | "arrives, and its answer is lost";
}

interface Life {
  alive: boolean;
  /** Rejects when it ends, and with it all calls that it has not answered. */
  over: Promise<never>;
  end(): void;
}

function createLife(address: string): Life {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const life: Life = {
    alive: true,
    over: promise,
    end() {
      life.alive = false;
      reject(new Error(`${address} was ended`));
    },
  };
  return life;
}

type Core = { life: Life } & (
  | { kind: "agent"; core: AgentCore }
  | { kind: "workflow"; core: Admission }
  | { kind: "recruitment"; core: ThreadRoot }
  | { kind: "task"; core: ThreadTask }
);

export interface ThreadCluster {
  agent(id: string): AgentCore;
  thread(id: string): ThreadRoot;
  workflow(name: string): Admission;
  /** Ends an object where it is; its store stays. */
  end(address: string): void;
  living(): string[];
  /** Waits until nothing runs. */
  settle(): Promise<void>;
  /** Moves the clock, and runs what is due. */
  advance(milliseconds: number): Promise<void>;
  /** What D1 was told: events by source and id, with how often. */
  log: Map<string, { row: Extract<ProjectionRow, { table: "event" }>; times: number }>;
  index: Map<string, Extract<ProjectionRow, { table: "thread" }>>;
  /** What became of turns, by turn and attempt. */
  turns: Map<string, Extract<ProjectionRow, { table: "turn" }>>;
  /** By thread and part. */
  waits: Map<string, Extract<ProjectionRow, { table: "wait" }>>;
  /** What D1 was last told of each agent's being there. */
  presence: Map<string, string>;
  /** The clock jumps, for all objects alike; nothing runs meanwhile. */
  turnClock(by: number): void;
  now(): number;
  /** Agents that are connected, and whether their pings go on. */
  connections: Map<string, { pinged?: number }>;
  /** `<thread> <agent>` of those who were given a broadcast's turn. */
  audiences: Set<string>;
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

export async function createThreadCluster({ workflow, agents, beside, fate }: ThreadClusterOptions): Promise<ThreadCluster> {
  const published = await Promise.all([workflow].flat().map(compile));
  const withdrawn = new Set<string>();
  const registry: Registry = {
    reflexes: async () =>
      published
        .filter(({ ir }) => !withdrawn.has(ir.name))
        .map(({ ir, revision }) => ({ workflow: ir.name, revision, input: ir.input ?? null, reflexes: ir.reflexes })),
    revision: async (hash) => published.find(({ revision }) => revision === hash),
    agents: async ({ capabilities, after = "" }) => {
      if (cluster.registryDown) throw new Error("the registry cannot be asked");
      return agents.filter((card) => card.id > after && capabilities.every((each) => card.capabilities.includes(each)));
    },
    cards: async (ids) => agents.filter(({ id }) => ids.includes(id)),
    pastTurns: async () => ({ role: [], overall: [] }),
  };
  const hash = [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

  const stores = new Map<string, NodeStorage>();
  const cores = new Map<string, Core>();
  const running = new Set<Promise<unknown>>();
  let timers: { at: number; work: () => void }[] = [];
  let statements = 0;
  let now = 1_800_000_000_000;
  const log: ThreadCluster["log"] = new Map();
  const index: ThreadCluster["index"] = new Map();
  const turns: ThreadCluster["turns"] = new Map();
  const waits: ThreadCluster["waits"] = new Map();
  const presence: ThreadCluster["presence"] = new Map();
  const connections: ThreadCluster["connections"] = new Map();
  const audiences: ThreadCluster["audiences"] = new Set();

  function createWorld(address: string, life: Life): World {
    let store = stores.get(address);
    if (!store) {
      store = createNodeStorage();
      stores.set(address, store);
    }
    const inner = store;
    const check = (): void => {
      if (!life.alive) throw new Error(`${address} was ended`);
    };
    const storage: Storage = {
      exec(sql, ...values) {
        check();
        statements += 1;
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
    return {
      address,
      storage,
      clock: { now: () => now },
      scheduler: { background: track },
      transport: {
        deliver: (envelope) =>
          travel(life, async () => {
            const copy = JSON.parse(JSON.stringify(envelope)) as Envelope;
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

  /** A call from one object to another, with what may become of it. */
  async function travel<T>(life: Life, arrive: () => Promise<T>): Promise<T> {
    const end = fate();
    if (end === "is lost") throw new Error("the call was lost");
    const answer = await arrive();
    if (end !== "arrives" || !life.alive) throw new Error("the answer was lost");
    return answer;
  }

  const common = (life: Life) => ({
    project: async (rows: ProjectionRow[]): Promise<void> =>
      travel(life, async () => {
        for (const row of rows) {
          cluster.told?.(row);
          if (row.table === "thread") {
            if ((index.get(row.id)?.revisionNumber ?? -1) < row.revisionNumber) index.set(row.id, row);
            continue;
          }
          if (row.table === "turn") {
            turns.set(`${row.turn}#${row.attempt}`, row);
            continue;
          }
          if (row.table === "wait") {
            waits.set(`${row.thread} ${row.part}`, row);
            continue;
          }
          if (row.table === "presence") {
            presence.set(row.agent, row.state);
            continue;
          }
          if (row.table === "audience") {
            for (const agent of row.agents) audiences.add(`${row.thread} ${agent}`);
            continue;
          }
          if (row.table !== "event") continue;
          const key = `${row.event.source} ${row.event.id}`;
          const before = log.get(key);
          const routing = row.routing ?? before?.row.routing;
          log.set(key, { row: { ...row, ...(routing && { routing }) }, times: (before?.times ?? 0) + 1 });
        }
      }),
    settle: () => Promise.resolve(),
    later(milliseconds: number, work: () => void): void {
      timers.push({
        at: now + milliseconds,
        work: () => {
          if (life.alive) work();
        },
      });
    },
  });

  function open(to: string): Core {
    const kind = to.slice(0, to.indexOf("/"));
    const name = to.slice(to.indexOf("/") + 1);
    const thread = kind === "task" || kind === "recruitment" ? readThreadName(name) : name;
    const address = `${kind === "task" && beside ? "recruitment" : kind}/${thread}`;
    const held = cores.get(address);
    if (held) return held;
    const life = createLife(address);
    const made = make(address, life);
    cores.set(address, made);
    return made;
  }

  function make(address: string, life: Life): Core {
    const name = address.slice(address.indexOf("/") + 1);
    const world = createWorld(address, life);
    if (address.startsWith("agent/")) {
      const core = createAgentCore(name, {
        world,
        registry,
        threadActor: (to) => ({ take: (...given) => travel(life, () => take(to, ...given)) }),
        outcomes: (workflow, refs) => travel(life, async () => (open(`workflow/${workflow}`).core as Admission).outcomes(refs)),
        holders: (thread, viewer) => travel(life, () => findThread(`recruitment/${thread}`).recruitment.holders(viewer)),
        askRoom: (agent, source, bytes) => travel(life, async () => (open(`agent/${agent}`).core as AgentCore).room(source, bytes)),
        countCommit: () => {},
        connections: () => {
          const connection = connections.get(name);
          return { count: connection ? 1 : 0, pinged: connection?.pinged };
        },
        ...common(life),
      });
      return { kind: "agent", core, life };
    }
    if (address.startsWith("workflow/"))
      return { kind: "workflow", core: createAdmission({ name, world, registry, countCommit: () => {}, ...common(life) }), life };
    const ports = {
      world,
      registry,
      random: () => 0.5,
      card: (agent: string) => travel(life, async () => (open(`agent/${agent}`).core as AgentCore).card()),
      counted: () => {},
      ...common(life),
    };
    if (address.startsWith("task/")) return { kind: "task", core: createThreadTask(ports), life };
    const core = createThreadRoot({
      ...ports,
      beside,
      remoteTask: (to) => askTask(life, to),
      admission: (workflow) =>
        travel(life, async () => {
          const { core } = open(`workflow/${workflow}`) as { core: Admission };
          return core.admission();
        }),
      standing: (agent, offer) => travel(life, async () => (open(`agent/${agent}`).core as AgentCore).standing(offer)),
    });
    return { kind: "recruitment", core, life };
  }

  function findThread(to: string): ThreadRoot {
    return open(to).core as ThreadRoot;
  }

  async function take(to: string, ...given: Parameters<TaskRpc["take"]>): ReturnType<TaskRpc["take"]> {
    const { core, life } = open(to) as { core: ThreadRoot | ThreadTask; life: Life };
    return await Promise.race([core.take(...given), life.over]);
  }

  function askTask(life: Life, to: string): TaskRpc {
    const object = () => open(to).core as ThreadRoot | ThreadTask;
    const core = () => (object().tasks as Tasks).find(to.slice("task/".length));
    return {
      peek: () => travel(life, () => core().peek()),
      asked: (agent) => travel(life, async () => core().asked(agent)),
      steps: (range) => travel(life, async () => core().steps(range)),
      take: (...given) => travel(life, () => object().take(...given)),
      messages: (page) => travel(life, async () => core().messages(page)),
      supplement: (supplement) => travel(life, async () => core().supplement(supplement)),
      history: async () => null,
      settleDeadLetter: (order, id) => travel(life, () => object().settleDeadLetter(order, String(id))),
      deliver: (envelope) => object().deliver(envelope),
    };
  }

  async function ring(address: string): Promise<void> {
    const store = stores.get(address) as NodeStorage;
    store.alarm = undefined;
    const { core, life } = open(address);
    try {
      await core.alarm();
    } finally {
      // As the platform does: an alarm that its object did not survive rings again.
      if (!life.alive) store.alarm ??= now + 1;
    }
  }

  const cluster: ThreadCluster = {
    agent: (id) => open(`agent/${id}`).core as AgentCore,
    thread: (id) => findThread(`recruitment/${id}`),
    workflow: (name) => open(`workflow/${name}`).core as Admission,
    end(address) {
      const core = cores.get(address);
      core?.life.end();
      cores.delete(address);
    },
    living: () => [...cores.keys()],
    log,
    index,
    turns,
    waits,
    presence,
    connections,
    now: () => now,
    turnClock(by) {
      now += by;
    },
    audiences,
    registryDown: false,
    withdraw: (name) => void withdrawn.add(name),
    async settle() {
      // What still runs after so many turns without a statement waits for the clock.
      for (let quiet = 0, before = -1; quiet < (running.size ? 20 : 3); ) {
        await new Promise((resolve) => setImmediate(resolve));
        quiet = statements === before && digestsUnderWay === 0 ? quiet + 1 : 0;
        before = statements;
      }
    },
    async advance(milliseconds) {
      const until = now + milliseconds;
      for (;;) {
        await cluster.settle();
        const timer = timers.reduce((first, each) => Math.min(first, each.at), Number.POSITIVE_INFINITY);
        const alarm = [...stores].reduce(
          (first, [, { alarm = Number.POSITIVE_INFINITY }]) => Math.min(first, alarm),
          Number.POSITIVE_INFINITY,
        );
        const due = Math.min(timer, alarm);
        if (due > until) break;
        now = Math.max(now, due);
        const works = timers.filter(({ at }) => at <= now);
        timers = timers.filter(({ at }) => at > now);
        for (const { work } of works) work();
        for (const [address, store] of stores) if (store.alarm !== undefined && store.alarm <= now) track(ring(address));
      }
      now = Math.max(now, until);
    },
  };
  for (const card of agents) cluster.agent(card.id).register(card, hash);
  return cluster;
}
