/** A thread on the real host over node:sqlite, with a clock that moves by hand and nobody outside. */
import type { RecruitmentContext } from "../../machines/recruitment/context.ts";
import type { TaskContext } from "../../machines/task/context.ts";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Json } from "../contract/event.ts";
import { type ActorHost, type ActorView, createActorHost } from "../durable/host/actor-host.ts";
import type { World } from "../durable/host/ports.ts";
import { createNodeStorage } from "../durable/host/storage/node-storage.ts";
import type { Envelope } from "../durable/protocol/envelope.ts";
import { createSimulatedBroadcast, type SimulatedBroadcast } from "./simulated-broadcast.ts";
import { createSimulationLogics, type WalkRecord } from "./simulation-logics.ts";

/** The root's name. */
export const thread = "simulated";

export interface SimulatedThread {
  compiled: CompiledWorkflow;
  event: { [key: string]: Json };
  host: ActorHost;
  record: WalkRecord;
  broadcast: SimulatedBroadcast;
  readRoot(): Promise<(ActorView & { facts: RecruitmentContext }) | undefined>;
  /** The task, also when it has ended. */
  readTask(): Promise<(ActorView & { name: string; facts: TaskContext }) | undefined>;
  /** @returns why the event was refused, if it was */
  send(actor: string, fact: { type: string; [name: string]: Json }, metadata?: unknown): Promise<string | undefined>;
  /** Settles when no message is on its way. */
  idle(): Promise<void>;
  /** Moves the clock forward, and rings. */
  passTo(time: number): Promise<void>;
  close(): void;
}

export function createSimulatedThread(compiled: CompiledWorkflow, event: { [key: string]: Json }): SimulatedThread {
  const storage = createNodeStorage();
  const background = new Set<Promise<unknown>>();
  const record: WalkRecord = { steps: [], decisions: [], prompts: new Map() };
  const broadcast = createSimulatedBroadcast();
  let now = Date.UTC(2026, 0, 1);
  let taskAddress: string | undefined;

  function deliver(envelope: Envelope): ReturnType<World["transport"]["deliver"]> {
    if (/^(task|recruitment)\//.test(envelope.to)) return host.deliver(envelope);
    if (envelope.message.type === "audience.ask") broadcast.ask(envelope.message);
    return Promise.resolve({ status: "stored" });
  }

  const world: World = {
    address: `recruitment/${thread}`,
    storage: {
      exec: (sql, ...values) => storage.exec(sql, ...values),
      transaction: (body) => storage.transaction(body),
      setAlarm: () => {},
    },
    clock: { now: () => now },
    transport: { deliver },
    scheduler: {
      background(work) {
        const held = work.catch(() => {}).finally(() => background.delete(held));
        background.add(held);
      },
    },
  };
  const logics = createSimulationLogics({ compiled, event, record, broadcast });
  const host: ActorHost = createActorHost(world, logics, { definitions: () => Promise.resolve(compiled) });

  return {
    ...{ compiled, event, host, record, broadcast },
    async readRoot() {
      const root = await host.read(thread);
      return root && { ...root, facts: root.context as unknown as RecruitmentContext };
    },
    async readTask() {
      const root = await host.read(thread);
      taskAddress = root?.children.find(({ id }) => id === "task")?.address ?? taskAddress;
      if (taskAddress === undefined) return undefined;
      const name = taskAddress.slice("task/".length);
      const view = await host.read(name);
      return view && { ...view, name, facts: view.context as unknown as TaskContext };
    },
    async send(actor, fact, metadata) {
      const answer = await host.send(actor, fact, metadata === undefined ? {} : { metadata });
      return answer.ok ? undefined : `${answer.code}: ${answer.detail}`;
    },
    async idle() {
      while (background.size > 0) await Promise.all(background);
    },
    async passTo(time) {
      now = Math.max(now, time);
      await host.alarm();
    },
    close: () => storage.close(),
  };
}
