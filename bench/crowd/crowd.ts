/** Many threads at once between pairs of agents over raw sockets, at a pace of their own; each turn's wait is noted. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InboxItem } from "../../src/contract/frames/server-frames.ts";
import type { TurnAssigned } from "../../src/contract/kinds/turn.ts";
import { pickQuantile } from "../pick-quantile.ts";
import { type AgentSocket, openAgentSocket } from "../review/agent-socket.ts";
import { callOperator, type Operated, registerAgent } from "../review/call-operator.ts";

/** How a thread is played. */
export interface Pace {
  /** Milliseconds until an answer; `open`: the first turn is never answered. */
  pause: number | "open";
  /** Turns after which the thread ends, an even number; absent: when {@link Crowd.finish} says so. */
  turns?: number;
}

/** From an answer leaving an agent to the thread's next turn reaching one, in milliseconds. */
export interface Waits {
  turns: number;
  p50: number;
  p90: number;
  worst: number;
}

export interface Crowd {
  /** Starts so many threads. Resolves when each was given its first turn, to the milliseconds that took. */
  start(threads: number, pace: Pace): Promise<number>;
  /** Plays one thread to its end. */
  play(pace: Pace & { turns: number }): Promise<void>;
  /** The milliseconds of each turn that is given while `work` runs. */
  measure(work: () => Promise<unknown>): Promise<number[]>;
  /** Resolves when all threads that are not open have ended; those without a number of turns end with their next one. */
  finish(): Promise<void>;
  /** Every wait until now, in order. */
  readonly waits: readonly number[];
  /** Threads that were started and have not ended. */
  readonly running: number;
  close(): void;
}

/** Threads that are started before the first has its turn: an initiator's queue is short, and a person does not start more. */
const startedAtOnce = 16;

/** Milliseconds without any turn after which a crowd counts as stuck. */
const stuck = 60_000;

interface Thread {
  pace: Pace;
  answered: number;
  answeredAt: number | undefined;
  first(): void;
  ended(): void;
}

/** What publishes the workflow that crowds play. */
export function readCrowdWorkflow(): string {
  return readFileSync(join(dirname(fileURLToPath(import.meta.url)), "crowd.yaml"), "utf8");
}

/** Waits as figures. */
export function describeWaits(waits: readonly number[]): Waits {
  const sorted = waits.toSorted((a, b) => a - b);
  return {
    turns: sorted.length,
    p50: pickQuantile(sorted, 0.5),
    p90: pickQuantile(sorted, 0.9),
    worst: sorted.at(-1) ?? Number.NaN,
  };
}

/** Registers and connects so many pairs of agents, and publishes what they play. */
export async function openCrowd(server: Operated, pairs: number): Promise<Crowd> {
  await callOperator(server, "PUT", "/v1/workflows/crowd", readCrowdWorkflow(), "text/yaml");
  const threads = new Map<string, Thread>();
  const waits: number[] = [];
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let finishing = false;
  let started = 0;
  let lastTurn = performance.now();
  let changed = (): void => {};

  function onItem(socket: AgentSocket, { event }: InboxItem): void {
    if (event.type === "nerve.turn.assigned") give(socket, event.data as unknown as TurnAssigned);
    else if (/^nerve\.thread\.(completed|failed|suspended|cancelled|dropped)$/.test(event.type)) {
      const { thread } = event.data as { thread: string };
      if (event.type !== "nerve.thread.completed") fail(new Error(`${event.type}: ${JSON.stringify(event.data)}`));
      threads.get(thread)?.ended();
      threads.delete(thread);
      changed();
    }
  }

  function give(socket: AgentSocket, { turn, lease, thread: id, role, event }: TurnAssigned): void {
    const now = performance.now();
    lastTurn = now;
    // Until its first turn a thread is known by the event that began it.
    const thread = threads.get(id) ?? threads.get(`${event.source} ${event.id}`);
    if (!thread) return;
    if (!threads.has(id)) {
      threads.delete(`${event.source} ${event.id}`);
      threads.set(id, thread);
      thread.first();
    }
    if (thread.answeredAt !== undefined) waits.push(now - thread.answeredAt);
    const { pause, turns } = thread.pace;
    if (pause === "open") return;
    const respond = (): void => {
      thread.answered += 1;
      const isLast = turns === undefined ? finishing : thread.answered >= turns;
      const $status = role.name === "one" ? "wanted" : isLast ? "done" : "more";
      thread.answeredAt = performance.now();
      socket.send("nerve.turn.respond", { turn, lease: lease.generation, output: { $status, note: "Rename the flag." } });
    };
    if (pause === 0) respond();
    else setTimeout(respond, pause);
  }

  const sockets: { id: string; socket: AgentSocket }[] = [];
  for (let index = 0; index < pairs * 2; index += 1) {
    const id = `crowd-${index}`;
    const token = await registerAgent(server, id, "crowd");
    const socket = await openAgentSocket({ url: server.url, token, onItem, onFailure: (why) => fail(new Error(`${id}: ${why}`)) });
    sockets.push({ id, socket });
  }

  /** Starts one thread. */
  function startOne(pace: Pace): { first: Promise<void>; ended: Promise<void> } {
    const [one, two] = [sockets[(started * 2) % sockets.length], sockets[(started * 2 + 1) % sockets.length]];
    if (!one || !two) throw new Error("a crowd has a pair at least");
    started += 1;
    const first = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const id = one.socket.send("crowd.wanted", { other: two.id });
    threads.set(`/agents/${one.id} ${id}`, {
      ...{ pace, answered: 0, answeredAt: undefined, first: first.resolve, ended: ended.resolve },
    });
    return { first: first.promise, ended: ended.promise };
  }

  /** Fails with what went wrong, or when no turn is given any more. */
  async function guard<T>(work: Promise<T>): Promise<T> {
    lastTurn = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (performance.now() - lastTurn > stuck) reject(new Error(`no turn in ${stuck / 1000} s, ${threads.size} threads under way`));
      }, 1_000);
    });
    try {
      return await Promise.race([work, failed, silent]);
    } finally {
      clearInterval(timer);
    }
  }

  return {
    async start(count, pace) {
      const began = performance.now();
      let left = count;
      const starter = async (): Promise<void> => {
        while (left-- > 0) await startOne(pace).first;
      };
      await guard(Promise.all(Array.from({ length: startedAtOnce }, starter)));
      return performance.now() - began;
    },
    play: (pace) => guard(startOne(pace).ended),
    async measure(work) {
      const from = waits.length;
      await guard(work());
      return waits.slice(from);
    },
    finish() {
      finishing = true;
      const isOver = (): boolean => [...threads.values()].every(({ pace }) => pace.pause === "open");
      return guard(
        new Promise((resolve) => {
          changed = () => isOver() && resolve();
          changed();
        }),
      );
    },
    waits,
    get running() {
      return threads.size;
    },
    close() {
      for (const { socket } of sockets) socket.close();
    },
  };
}
