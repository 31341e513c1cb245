/** A workflow's admission on a disk that can be full, among objects that can be away, with a clock that the test moves. */
import { expect } from "vitest";
import type { WorkflowIr } from "../../../../src/compile/ir.ts";
import type { Storage } from "../../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import type { Envelope, Message } from "../../../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import type { Registry } from "../../../../src/durable/registry/registry.ts";
import { type Admission, createAdmission } from "../../../../src/durable/workflow/admission.ts";

type Queueing = { concurrency?: number; overflow?: "queue" | "drop"; maxQueue?: number };

/** A storage that can be full. */
function makeDisk() {
  const stored = createNodeStorage();
  /** Which statement from now on fails. */
  let failAt = Number.POSITIVE_INFINITY;
  const storage: Storage = {
    exec(sql, ...values) {
      failAt -= 1;
      if (failAt === 0) throw new Error("the disk is full");
      return stored.exec(sql, ...values);
    },
    transaction: (body) => stored.transaction(body),
    setAlarm: (at) => stored.setAlarm(at),
  };
  /** Calls it while each of its statements fails in turn, until none does. @returns how often it failed */
  async function failEverywhere(work: () => Promise<void>, check: () => void): Promise<number> {
    for (let at = 1; ; at++) {
      failAt = at;
      const failed = await work().then(
        () => false,
        () => true,
      );
      const isOver = failAt > 0;
      failAt = Number.POSITIVE_INFINITY;
      if (!failed && isOver) return at - 1;
      if (failed) check();
    }
  }
  return { storage, failEverywhere };
}

export function setUp(first: Queueing = { concurrency: 1 }) {
  const { storage, failEverywhere } = makeDisk();
  const revisions = new Map<string, Queueing>([["r1", first]]);
  let published = "r1";
  let sent = 0;
  let now = 1_000;
  let down = false;
  const archived = new Set<string>();
  const unreachable = new Set<string>();
  const received: { to: string; message: Message }[] = [];
  const rows: ProjectionRow[] = [];
  const registry = {
    revision: async (hash: string) => {
      const queueing = revisions.get(hash);
      return queueing && { ir: { overflow: "queue", reflexes: [] as WorkflowIr["reflexes"], ...queueing } as WorkflowIr };
    },
    reflexes: async () => [{ workflow: "w", revision: published, input: null, reflexes: [] }],
  } as unknown as Registry;
  const running = new Set<Promise<unknown>>();
  const open = (): Admission =>
    createAdmission({
      name: "w",
      world: {
        address: "workflow/w",
        storage,
        clock: { now: () => now },
        scheduler: { background: (work) => void running.add(work.catch(() => {}).finally(() => running.delete(work))) },
        transport: {
          deliver: async ({ to, message }) => {
            if (down) throw new Error("nobody there");
            if (unreachable.has(to)) throw Object.assign(new Error("no route"), { retryable: true });
            received.push({ to, message });
            if (archived.has(to)) return { status: "refused", code: "gone", detail: "it does not exist any more" };
            return { status: "stored" };
          },
        },
      },
      registry,
      project: async (given) => void rows.push(...given),
      settle: async () => {},
      later: (_, work) => work(),
      countCommit: () => {},
    });
  let admission = open();
  const deliver = async (message: Message, from = "agent/a", id = ++sent): Promise<void> => {
    const envelope: Envelope = { from, id, to: "workflow/w", message };
    expect(await admission.deliver(envelope)).toMatchObject({ status: "stored" });
    await settle();
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    storage,
    failEverywhere,
    deliver,
    settle,
    received,
    archived,
    unreachable,
    rows,
    revisions,
    get admission() {
      return admission;
    },
    admit: (thread: string, more: { key?: string; priority?: number; revision?: string; agent?: string; epoch?: number } = {}) =>
      deliver({
        type: "admit",
        thread,
        workflow: "w",
        revision: more.revision ?? published,
        event: { id: thread, source: `/agents/${more.agent ?? "a"}`, type: "x", specversion: "1.0" },
        initiator: more.agent ?? "a",
        key: more.key ?? null,
        ...(more.priority !== undefined && { priority: more.priority }),
        ...(more.epoch !== undefined && { epoch: more.epoch }),
      }),
    end: (thread: string, epoch?: number) => deliver({ type: "thread.ended", thread, revision: "r1", ...(epoch && { epoch }) }),
    publish(revision: string, queueing: Queueing) {
      revisions.set(revision, queueing);
      published = revision;
    },
    crash() {
      admission = open();
    },
    setDown(value: boolean) {
      down = value;
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    /** Time passes in steps, and the alarm rings after each. */
    async wait(milliseconds: number) {
      for (const until = now + milliseconds; now < until; ) {
        now += 100;
        await admission.alarm();
        await settle();
      }
    },
    told: (type: string) =>
      received.flatMap(({ to, message }) => (message.type === type && to.startsWith("recruitment/") ? [message.thread] : [])),
    mails: () =>
      received.flatMap(({ message }) =>
        message.type === "mail"
          ? [(message as unknown as { event: { type: string; data: { thread: string; reason: string } } }).event]
          : [],
      ),
  };
}
