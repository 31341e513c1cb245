/** The Durable Objects of a thread: its root, and its task where that has an object of its own. Thin hosts of the core. */
import { DurableObject } from "cloudflare:workers";
import type { CloudEvent, Json } from "../../wire/event.ts";
import type { Accepted } from "../../wire/frames.ts";
import type { Result } from "../../wire/problem.ts";
import { type Environment, findNeighbours } from "../environment.ts";
import { type CommitKind, countCommit, countStep } from "../metrics.ts";
import type { ClaimCard, Delivery, Envelope, MessageView, RecruitmentRpc, TaskPeek, TaskRpc, ThreadView } from "../rpc.ts";
import { createDurableWorld } from "../storage/durable-world.ts";
import { createThreadCore, type ThreadCore } from "./thread-core.ts";

function createCore(ctx: DurableObjectState, env: Environment, kind: CommitKind): ThreadCore {
  const near = findNeighbours(env);
  const address = `${kind}/${ctx.id.name ?? ""}`;
  return createThreadCore({
    world: createDurableWorld(ctx, address, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
    registry: near.registry,
    beside: near.beside,
    remoteTask: near.task,
    project: near.project,
    later: (milliseconds, work) => void setTimeout(work, milliseconds),
    counted: (steps) => {
      countCommit(kind);
      for (let step = 0; step < steps; step++) countStep();
    },
  });
}

type Page = { after?: number; limit: number };

export class RecruitmentObject extends DurableObject<Environment> implements RecruitmentRpc {
  readonly #core: ThreadCore;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#core = createCore(ctx, env, "recruitment");
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return this.#core.deliver(envelope);
  }

  /** Claims and releases name the thread, answers name a turn of the task that lives here. */
  take(agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>> {
    const { turn } = event.data as { turn?: string };
    return turn === undefined
      ? this.#core.recruitment.take(agent, event, hash)
      : this.#core.task(turn.slice(0, turn.lastIndexOf(":"))).take(agent, event, hash);
  }

  show(viewer: string | null): Promise<Result<ThreadView>> {
    return this.#core.recruitment.show(viewer);
  }

  messages(viewer: string | null, page: Page): Promise<Result<{ messages: MessageView[]; next: number | null }>> {
    return this.#core.recruitment.messages(viewer, page);
  }

  control(
    signal: "cancel" | "suspend" | "resume",
    operator: string,
    body: { reason?: string; supplement?: Json },
  ): Promise<Result<ThreadView>> {
    return this.#core.recruitment.control(signal, operator, body);
  }

  history(page: Page): Promise<Result<Json>> {
    return this.#core.recruitment.history(page);
  }

  override alarm(): Promise<void> {
    return this.#core.alarm();
  }
}

export class TaskObject extends DurableObject<Environment> implements TaskRpc {
  readonly #core: ThreadCore;
  readonly #name: string;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    this.#core = createCore(ctx, env, "task");
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return this.#core.deliver(envelope);
  }

  take(agent: ClaimCard, event: CloudEvent, hash: string): Promise<Result<Accepted>> {
    return this.#core.task(this.#name).take(agent, event, hash);
  }

  peek(): Promise<TaskPeek | undefined> {
    return this.#core.task(this.#name).peek();
  }

  async messages(page: Page): Promise<{ messages: MessageView[]; next: number | null }> {
    return this.#core.task(this.#name).messages(page);
  }

  async history(page: Page): Promise<Json> {
    return this.#core.host.history(this.#name, page) as unknown as Json;
  }

  override alarm(): Promise<void> {
    return this.#core.alarm();
  }
}
