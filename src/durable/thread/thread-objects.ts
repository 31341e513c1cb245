/** The Durable Objects of a thread: its root, and its task where that has an object of its own. Thin hosts of the core. */

import { DurableObject } from "cloudflare:workers";
import type { Json } from "../../wire/event.ts";
import type { Accepted } from "../../wire/frames.ts";
import type { ThreadEvent } from "../../wire/kinds.ts";
import { type Result, refuse } from "../../wire/problem.ts";
import type { Once } from "../control-keys.ts";
import { type Environment, findNeighbours, isPaused } from "../environment.ts";
import { answerLater } from "../host/newer-version.ts";
import { type CommitKind, countCommit, countStep } from "../metrics.ts";
import type {
  ClaimCard,
  Delivery,
  Envelope,
  ForkBody,
  MessageView,
  RecruitmentRpc,
  RestartBody,
  StepRange,
  Steps,
  TaskPeek,
  TaskRpc,
  ThreadExplanation,
  ThreadView,
} from "../rpc.ts";
import { createDurableWorld, holdAlarm, isStored, readName, ringAgain } from "../storage/durable-world.ts";
import { createThreadCore, type ThreadCore } from "./thread-core.ts";

function createCore(ctx: DurableObjectState, env: Environment, kind: CommitKind): ThreadCore {
  const near = findNeighbours(env, ctx.id.name);
  const address = `${kind}/${readName(ctx)}`;
  return createThreadCore({
    world: createDurableWorld(ctx, address, { deliver: (envelope) => near.object(envelope.to).deliver(envelope) }),
    registry: near.registry,
    beside: near.beside,
    remoteTask: near.task,
    async admission(workflow) {
      const view = await near.workflow(workflow).admission();
      if (!view.ok) throw new Error(view.problem.detail);
      return view.value;
    },
    standing: (agent, offer) => near.agent(agent).standing(offer),
    project: near.project,
    random: () => Math.random(),
    card: (agent) => near.agent(agent).card(),
    later: (milliseconds, work) => void setTimeout(work, milliseconds),
    counted: (steps) => {
      countCommit(kind);
      for (let step = 0; step < steps; step++) countStep();
    },
  });
}

type Page = { after?: number; limit: number };

export class RecruitmentObject extends DurableObject<Environment> implements RecruitmentRpc {
  #made: ThreadCore | undefined;

  get #core(): ThreadCore {
    this.#made ??= createCore(this.ctx, this.env, "recruitment");
    return this.#made;
  }

  /** Undefined: nobody ever started a thread of this id. */
  #find(): ThreadCore | undefined {
    return this.#made ?? (isStored(this.ctx) ? this.#core : undefined);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return answerLater(() => this.#core.deliver(envelope));
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#find()?.take(agent, event, hash) ?? refuse("not_found", "There is no such offer, turn or thread.");
  }

  async show(viewer: string | null): Promise<Result<ThreadView>> {
    return this.#find()?.recruitment.show(viewer) ?? this.#refuse();
  }

  async messages(viewer: string | null, page: Page): Promise<Result<{ messages: MessageView[]; next: number | null }>> {
    return this.#find()?.recruitment.messages(viewer, page) ?? this.#refuse();
  }

  async control(
    signal: "cancel" | "suspend" | "resume",
    operator: string,
    body: { reason?: string; supplement?: Json },
    once?: Once,
  ): Promise<Result<ThreadView>> {
    return this.#find()?.recruitment.control(signal, operator, body, once) ?? this.#refuse();
  }

  async holders(viewer: string | null): Promise<Result<{ [role: string]: string | null }>> {
    return this.#find()?.recruitment.holders(viewer) ?? this.#refuse();
  }

  async restart(operator: string, body: RestartBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#find()?.recruitment.restart(operator, body, once) ?? this.#refuse();
  }

  async fork(operator: string, body: ForkBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#find()?.recruitment.fork(operator, body, once) ?? this.#refuse();
  }

  async assign(operator: string, role: string, body: { agent?: string; reason?: string }, once?: Once): Promise<Result<ThreadView>> {
    return this.#find()?.recruitment.assign(operator, role, body, once) ?? this.#refuse();
  }

  async settleParked(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>> {
    return this.#find()?.settleParked(order, event, once) ?? this.#refuse();
  }

  async history(page: Page): Promise<Result<Json>> {
    return this.#find()?.recruitment.history(page) ?? this.#refuse();
  }

  async explain(): Promise<Result<ThreadExplanation>> {
    return this.#find()?.recruitment.explain() ?? this.#refuse();
  }

  #refuse(): ReturnType<typeof refuse> {
    return refuse("not_found", `There is no thread ${readName(this.ctx)}.`);
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, () => this.#core.alarm());
  }
}

export class TaskObject extends DurableObject<Environment> implements TaskRpc {
  #made: ThreadCore | undefined;

  get #core(): ThreadCore {
    this.#made ??= createCore(this.ctx, this.env, "task");
    return this.#made;
  }

  get #name(): string {
    return readName(this.ctx);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return answerLater(() => this.#core.deliver(envelope));
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    if (!this.#made && !isStored(this.ctx)) return refuse("not_found", "There is no such turn.");
    return this.#core.take(agent, event, hash);
  }

  peek(task: string): Promise<TaskPeek | undefined> {
    return this.#core.task(task).peek();
  }

  async settleParked(order: "retry" | "drop", id: number): Promise<Result<null>> {
    return this.#core.settleParked(order, String(id));
  }

  async steps(range: StepRange): Promise<Steps> {
    return this.#core.task(this.#name).steps(range);
  }

  async asked(agent: string): Promise<boolean> {
    return this.#core.task(this.#name).asked(agent);
  }

  async supplement(supplement: Json): Promise<void> {
    this.#core.task(this.#name).supplement(supplement);
  }

  async messages(page: Page): Promise<{ messages: MessageView[]; next: number | null }> {
    return this.#core.task(this.#name).messages(page);
  }

  async history(task: string, page: Page): Promise<Json> {
    return this.#core.host.history(task, page) as unknown as Json;
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, () => this.#core.alarm());
  }
}
