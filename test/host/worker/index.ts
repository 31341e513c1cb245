/** The Durable Object class around the host, as small as it can be, with what the tests need to look inside. */
import { DurableObject } from "cloudflare:workers";
import type { Json } from "../../../src/contract/event.ts";
import type { ActorView, SendAnswer } from "../../../src/durable/host/actor-host.ts";
import { type ActorHost, createActorHost } from "../../../src/durable/host/actor-host.ts";
import type { DeadLetterRow } from "../../../src/durable/host/dead-letters.ts";
import type { HistoryEntry } from "../../../src/durable/host/history.ts";
import type { SqlValue } from "../../../src/durable/host/ports.ts";
import { createDurableWorld } from "../../../src/durable/host/storage/durable-world.ts";
import type { Delivery, Envelope } from "../../../src/durable/protocol/envelope.ts";
import type { TestEvent } from "../contract-world.ts";
import { logics } from "../machines.ts";
import { world } from "../world.ts";

export interface TestEnv {
  ACTOR: DurableObjectNamespace;
}

type Calls =
  | "start"
  | "send"
  | "deliver"
  | "read"
  | "history"
  | "deadLetters"
  | "retry"
  | "drop"
  | "forget"
  | "query"
  | "alarmTime"
  | "settle"
  | "die";

/** The object's stub, spelt out: the platform's own mapping of its methods is too deep for recursive JSON types. */
export type ActorStub = DurableObjectStub & Pick<TestActor, Calls>;

export function getActor(env: TestEnv, name: string): ActorStub {
  return env.ACTOR.getByName(name) as unknown as ActorStub;
}

/** Every object that was ever touched: tests settle, evict and ring them all. */
export const touched = new Set<string>();

/** Objects in memory, by name: what a test ends in the middle of its work. */
export const alive = new Map<string, DurableObjectState>();

/** What runs in the present life of each object. */
export const working = new Map<string, Set<unknown>>();

export class TestActor extends DurableObject<TestEnv> {
  private readonly host: ActorHost;

  constructor(ctx: DurableObjectState, env: TestEnv) {
    super(ctx, env);
    const name = String(ctx.id.name);
    touched.add(name);
    alive.set(name, ctx);
    const durable = createDurableWorld(ctx, `actor/${name}`, {
      deliver: (envelope) => world.transport(envelope, async () => getActor(env, envelope.to.slice("actor/".length)).deliver(envelope)),
    });
    const background = new Set<Promise<unknown>>();
    working.set(name, background);
    const scheduler = {
      background(work: Promise<unknown>): void {
        const held = work.catch(() => {}).finally(() => background.delete(held));
        background.add(held);
        durable.scheduler.background(work);
      },
    };
    this.host = createActorHost({ ...durable, scheduler }, logics);
    this.host.resume();
  }

  start(actor: string, logic: string, input?: Json): Promise<SendAnswer> {
    return this.host.start({ actor, logic, ...(input !== undefined && { input }) });
  }
  send(actor: string, event: TestEvent): Promise<SendAnswer> {
    return this.host.send(actor, event);
  }
  deliver(envelope: Envelope): Promise<Delivery> {
    return this.host.deliver(envelope);
  }
  override alarm(): Promise<void> {
    return this.host.alarm();
  }
  read(actor: string): Promise<ActorView | undefined> {
    return this.host.read(actor);
  }
  history(actor: string, page?: { after?: number; limit?: number }): HistoryEntry[] {
    return this.host.history(actor, page);
  }
  deadLetters(): DeadLetterRow[] {
    return this.host.deadLetters();
  }
  retry(id: number): Promise<SendAnswer> {
    return this.host.retryDeadLetter(id);
  }
  drop(id: number): boolean {
    return this.host.dropDeadLetter(id);
  }
  forget(actor: string): Promise<boolean> {
    return this.host.forget(actor);
  }
  query(sql: string, values: SqlValue[]): Record<string, SqlValue>[] {
    return this.ctx.storage.sql.exec<Record<string, SqlValue>>(sql, ...values).toArray();
  }
  die(): void {
    this.ctx.abort("killed by a test");
  }
  alarmTime(): Promise<number | null> {
    return this.ctx.storage.getAlarm();
  }
  /** A turn of the object's own event loop, and how much of its work still runs. */
  async settle(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return working.get(String(this.ctx.id.name))?.size ?? 0;
  }
}

export { OrderObject } from "../example/order-object.ts";

export default { fetch: () => new Response("the actor host's tests") };
