/**
 * A whole nerveflare in plain Node: agents' objects, a workflow's queue and threads, on node:sqlite, with one clock that
 * moves by hand. Any object can be ended between two steps, and any message between two can fail before or after it arrived.
 */
import { hash } from "node:crypto";
import { type CompiledWorkflow, compileWorkflow } from "../../src/compile/compile-workflow.ts";
import type { Placement } from "../../src/contract/placement.ts";
import type { AgentCard } from "../../src/contract/views/agent.ts";
import type { AgentCore } from "../../src/durable/agent/agent-core.ts";
import { hashToken } from "../../src/durable/agent/token-hash.ts";
import type { NodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import type { BoardRpc, OfferHint } from "../../src/durable/protocol/board.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../src/durable/protocol/projector.ts";
import { createBoard } from "../../src/durable/registry/board.ts";
import type { Registry } from "../../src/durable/registry/registry.ts";
import type { TaskDoor } from "../../src/durable/thread/task-door.ts";
import type { ThreadRoot } from "../../src/durable/thread/thread-root.ts";
import type { Admission } from "../../src/durable/workflow/admission.ts";
import { testPlacement } from "../placement.ts";
import { createCellHomes, createOwnHomes, type Fate, type HomePorts } from "./cluster-homes.ts";
import { type ClusterRecords, createRecords } from "./cluster-records.ts";

export interface ThreadClusterOptions {
  /** What is published. */
  workflow: string | string[];
  agents: AgentCard[];
  /** What happens to a message or call between two objects. */
  fate(): Fate;
  /** What is there at the beginning: instead of `workflow`, what was published, and what each object stored. */
  from?: { now: number; published: CompiledWorkflow[]; stores: Map<string, NodeStorage> };
  /** What arrives of a message between two objects; by default the same. */
  carry?(envelope: Envelope): Envelope;
  /** Where the actors live; by default as the run of the tests says. In a cell no message is lost, and what ends one object ends all, or is an eviction. */
  placement?: Placement;
  /** How much of a cell is in memory at most, and who comes into it. */
  cell?: HomePorts["cell"];
}

export interface ThreadCluster extends Omit<ClusterRecords, "note"> {
  agent(id: string): AgentCore;
  /** Asks an agent's object, which is at work until it has answered: it does not leave memory meanwhile. */
  callAgent<T>(id: string, question: (agent: AgentCore) => Promise<T>): Promise<T>;
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
  /** Publishes a workflow in place of what has its name, and tells its object. */
  publish(text: string): Promise<void>;
  /** The workflow is not published any more; its revision stays. */
  withdraw(name: string): void;
  /** Hears of each row that D1 is told of. */
  told?: (row: ProjectionRow) => void;
}

/** A token that is right for every agent. */
export const token = "token";

/** What was compiled last, by its text: seeds play one workflow a hundred times. */
const compiledTexts = new Map<string, CompiledWorkflow>();

function compile(text: string): CompiledWorkflow {
  const known = compiledTexts.get(text);
  if (known) return known;
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  if (compiledTexts.size === 20) compiledTexts.clear();
  compiledTexts.set(text, compiled);
  return compiled;
}

/** Computed at once, as workerd does: in Node other threads do it, and which of two steps comes first would be for the machine's load to say. */
crypto.subtle.digest = async (algorithm, content) => {
  const name = typeof algorithm === "string" ? algorithm : algorithm.name;
  const bytes =
    content instanceof ArrayBuffer ? new Uint8Array(content) : new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  return Uint8Array.from(hash(name.replace("-", ""), bytes, "buffer")).buffer;
};

export async function createThreadCluster(options: ThreadClusterOptions): Promise<ThreadCluster> {
  const { workflow, agents, fate, carry, from } = options;
  const published = [...(from?.published ?? [workflow].flat().map(compile))];
  const withdrawn = new Set<string>();
  const replaced = new Set<string>();
  const registry = createRegistry(published, agents, { withdrawn, replaced }, () => cluster.registryDown);
  const running = new Set<Promise<unknown>>();
  const clock = createHandClock(from?.now);
  let statements = 0;
  const records = createRecords();
  const connections: ThreadCluster["connections"] = new Map();

  function track(work: Promise<unknown>): void {
    const held: Promise<unknown> = work.catch(() => {}).finally(() => running.delete(held));
    running.add(held);
  }

  const board = createClusterBoard(clock, (agent, hint) => track(Promise.resolve().then(() => cluster.agent(agent).hint(hint))));
  const createHomes = (options.placement ?? testPlacement) === "cell" ? createCellHomes : createOwnHomes;
  const { open, call, end, living, due, ring } = createHomes({
    ...{ registry, board, connections, clock, fate, track, cell: options.cell, renewBoard: board.renew },
    carry: carry ?? ((envelope) => envelope),
    stores: from?.stores ?? new Map(),
    async project(rows) {
      for (const row of rows) {
        cluster.told?.(row);
        records.note(row);
      }
      return undefined;
    },
    touched() {
      statements += 1;
    },
  });

  const cluster: ThreadCluster = {
    agent: (id) => open(`agent/${id}`).core as AgentCore,
    callAgent: (id, question) => call(`agent/${id}`, (core) => question(core as AgentCore)),
    thread: (id) => open(`recruitment/${id}`).core as ThreadRoot,
    task: (id) => open(`task/${id}`).core as TaskDoor,
    workflow: (name) => open(`workflow/${name}`).core as Admission,
    end,
    living,
    ...records,
    connections,
    now: clock.now,
    turnClock: clock.turn,
    registryDown: false,
    async publish(text) {
      const made = compile(text);
      for (const { ir, revision } of published) if (ir.name === made.ir.name) replaced.add(revision);
      replaced.delete(made.revision);
      if (!published.some(({ revision }) => revision === made.revision)) published.push(made);
      withdrawn.delete(made.ir.name);
      await cluster.workflow(made.ir.name).published(made.revision);
    },
    withdraw: (name) => void withdrawn.add(name),
    settle: () => waitUntilQuiet({ isBusy: () => running.size > 0, count: () => statements }),
    async advance(milliseconds) {
      const until = clock.now() + milliseconds;
      for (;;) {
        await cluster.settle();
        const next = Math.min(clock.next(), due());
        if (next > until) break;
        clock.passTo(next);
        ring();
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
  { withdrawn, replaced }: { withdrawn: ReadonlySet<string>; replaced: ReadonlySet<string> },
  isDown: () => boolean,
): Registry {
  return {
    reflexes: async () =>
      published
        .filter(({ ir, revision }) => !withdrawn.has(ir.name) && !replaced.has(revision))
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
function createClusterBoard(
  { now, later }: ReturnType<typeof createHandClock>,
  tell: (agent: string, hint: OfferHint) => void,
): BoardRpc & { renew(): void } {
  const none = async () => [];
  const ask = () => Promise.reject(new Error("nobody asks threads here"));
  function make(): ReturnType<typeof createBoard> {
    const made = createBoard({ now, setAlarm: (at) => later(at - now(), made.alarm), readOnline: none, readOpen: none, ask, tell });
    return made;
  }
  let board = make();
  return {
    post: (...posting) => board.post(...posting),
    close: (...closing) => board.close(...closing),
    attend: (attending) => board.attend(attending),
    leave: (...leaving) => board.leave(...leaving),
    renew() {
      board = make();
    },
  };
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
    quiet = count() === before ? quiet + 1 : 0;
    before = count();
  }
}
