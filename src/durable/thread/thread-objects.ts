/** The Durable Objects of a thread: its root, and its task where that has an object of its own. Thin hosts of the core. */

import { DurableObject } from "cloudflare:workers";
import type { Json } from "../../contract/event.ts";
import type { Accepted } from "../../contract/frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import type { ThreadExplanation } from "../../contract/views/explanation.ts";
import type { MessageView, ThreadView } from "../../contract/views/thread.ts";
import { type Environment, findNeighbours, isPaused } from "../environment.ts";
import type { Once } from "../host/control-keys.ts";
import { answerLater } from "../host/newer-version.ts";
import { type CommitKind, countCommit, countStep } from "../projector/metrics.ts";
import { parseRetention } from "../projector/retention.ts";
import type {
  ClaimCard,
  Delivery,
  Envelope,
  ForkBody,
  RecruitmentRpc,
  RestartBody,
  StepRange,
  Steps,
  TaskPeek,
  TaskRpc,
} from "../protocol/rpc.ts";
import { createDurableWorld, deleteAll, holdAlarm, isStored, readName, ringAgain } from "../storage/durable-world.ts";
import { createThreadCore, type ThreadCore } from "./thread-core.ts";

/** What may make an object that stores nothing: everything else at such a one is for a thread that is gone, or never was. */
const creating: ReadonlySet<string> = new Set(["thread.start", "thread.queued", "thread.dropped", "thread.copy", "host.start"]);

/** Milliseconds between two looks whether all calls are answered, and how often; then the object is emptied another time. */
const emptyWait = 10;
const emptyWaits = 500;

/** The answer of an object that stores nothing. */
function answerGone({ to, message }: Envelope): Delivery {
  // What was to be forgotten is.
  if (message.type === "thread.forget") return { status: "stored" };
  return { status: "refused", code: "gone", detail: `${to} does not exist (any more)` };
}

/** @param empty deletes all that the object stores */
function createCore(ctx: DurableObjectState, env: Environment, kind: CommitKind, empty: () => Promise<void>): ThreadCore {
  const read = parseRetention(env.NERVEFLARE_RETENTION);
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
    // Deleting by a rule that nobody meant cannot be onRollback: then all stays.
    retention: read.ok ? { keep: read.retention.default, empty } : undefined,
    counted: (steps) => {
      countCommit(kind);
      for (let step = 0; step < steps; step++) countStep();
    },
  });
}

type Page = { after?: number; limit: number };

export class RecruitmentObject extends DurableObject<Environment> implements RecruitmentRpc {
  #made: ThreadCore | undefined;
  /** Calls that are not answered yet. */
  #asking = 0;
  #emptying = false;

  get #core(): ThreadCore {
    this.#made ??= createCore(this.ctx, this.env, "recruitment", () => this.#empty());
    return this.#made;
  }

  /** Undefined: nobody ever started a thread of this id. */
  #find(): ThreadCore | undefined {
    if (this.#emptying) return undefined;
    return this.#made ?? (isStored(this.ctx) ? this.#core : undefined);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return answerLater(async () => {
      if (this.#emptying) return { status: "later", detail: "the object is being emptied" };
      if (!creating.has(envelope.message.type) && !this.#find()) return answerGone(envelope);
      return this.#busy(this.#core.deliver(envelope));
    });
  }

  /** While somebody is answered the object is not emptied. */
  async #busy<T>(work: Promise<T>): Promise<T> {
    this.#asking += 1;
    try {
      return await work;
    } finally {
      this.#asking -= 1;
    }
  }

  async #ask<T>(ask: (core: ThreadCore) => Promise<Result<T>>, none: ReturnType<typeof refuse> = this.#refuse()): Promise<Result<T>> {
    const core = this.#find();
    return core ? this.#busy(ask(core)) : none;
  }

  async retire(): Promise<boolean> {
    const core = this.#find();
    if (!core) return false;
    core.host.resume();
    // Whatever the alarm is set for, or where it was lost.
    if (core.isOver()) await this.ctx.storage.setAlarm(Date.now());
    return true;
  }

  /** The alarm has seen that everything has left. */
  async #empty(): Promise<void> {
    this.#emptying = true;
    try {
      // Who asks from now on is answered from the archive; who asked before has the answer first.
      for (let waits = 0; this.#asking > 0; waits++) {
        if (waits === emptyWaits) return;
        await new Promise((resolve) => setTimeout(resolve, emptyWait));
      }
      this.#made = undefined;
      await deleteAll(this.ctx);
    } finally {
      this.#emptying = false;
    }
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#ask((core) => core.take(agent, event, hash), refuse("not_found", "There is no such offer, turn or thread."));
  }

  async show(viewer: string | null): Promise<Result<ThreadView>> {
    return this.#ask((core) => core.recruitment.show(viewer));
  }

  async messages(viewer: string | null, page: Page): Promise<Result<{ messages: MessageView[]; next: number | null }>> {
    return this.#ask((core) => core.recruitment.messages(viewer, page));
  }

  async control(
    signal: "cancel" | "suspend" | "resume",
    operator: string,
    body: { reason?: string; supplement?: Json },
    once?: Once,
  ): Promise<Result<ThreadView>> {
    return this.#ask((core) => core.recruitment.control(signal, operator, body, once));
  }

  async holders(viewer: string | null): Promise<Result<{ [role: string]: string | null }>> {
    return this.#ask((core) => core.recruitment.holders(viewer));
  }

  async restart(operator: string, body: RestartBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#ask((core) => core.recruitment.restart(operator, body, once));
  }

  async fork(operator: string, body: ForkBody, once?: Once): Promise<Result<ThreadView>> {
    return this.#ask((core) => core.recruitment.fork(operator, body, once));
  }

  async assign(operator: string, role: string, body: { agent?: string; reason?: string }, once?: Once): Promise<Result<ThreadView>> {
    return this.#ask((core) => core.recruitment.assign(operator, role, body, once));
  }

  async settleDeadLetter(order: "retry" | "drop", event: string, once?: Once): Promise<Result<null>> {
    return this.#ask((core) => core.settleDeadLetter(order, event, once));
  }

  async history(page: Page): Promise<Result<Json>> {
    return this.#ask((core) => core.recruitment.history(page));
  }

  async explain(): Promise<Result<ThreadExplanation>> {
    return this.#ask((core) => core.recruitment.explain());
  }

  #refuse(): ReturnType<typeof refuse> {
    return refuse("not_found", `There is no thread ${readName(this.ctx)}.`);
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => this.#find()?.alarm());
  }
}

export class TaskObject extends DurableObject<Environment> implements TaskRpc {
  #made: ThreadCore | undefined;

  get #core(): ThreadCore {
    this.#made ??= createCore(this.ctx, this.env, "task", async () => {});
    return this.#made;
  }

  get #name(): string {
    return readName(this.ctx);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return answerLater(async () => {
      if (!creating.has(envelope.message.type) && !this.#find()) return answerGone(envelope);
      return envelope.message.type === "thread.forget" ? this.#forget() : this.#core.deliver(envelope);
    });
  }

  /** Undefined: it stores nothing. Asking it leaves no trace. */
  #find(): ThreadCore | undefined {
    return this.#made ?? (isStored(this.ctx) ? this.#core : undefined);
  }

  /** Its thread is archived. */
  async #forget(): Promise<Delivery> {
    const core = this.#core;
    core.host.resume();
    if (!core.isSpent()) return { status: "later", detail: "something here lives, or waits to be sent" };
    this.#made = undefined;
    await deleteAll(this.ctx);
    return { status: "stored" };
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#find()?.take(agent, event, hash) ?? refuse("not_found", "There is no such turn.");
  }

  async peek(task: string): Promise<TaskPeek | undefined> {
    return this.#find()?.task(task).peek();
  }

  async settleDeadLetter(order: "retry" | "drop", id: number): Promise<Result<null>> {
    return this.#find()?.settleDeadLetter(order, String(id)) ?? refuse("not_found", `There is no dead letter ${id}.`);
  }

  async steps(range: StepRange): Promise<Steps> {
    return this.#find()?.task(this.#name).steps(range) ?? { messages: [], decisions: [] };
  }

  async asked(agent: string): Promise<boolean> {
    return this.#find()?.task(this.#name).asked(agent) ?? false;
  }

  async supplement(supplement: Json): Promise<void> {
    this.#core.task(this.#name).supplement(supplement);
  }

  async messages(page: Page): Promise<{ messages: MessageView[]; next: number | null }> {
    return this.#find()?.task(this.#name).messages(page) ?? { messages: [], next: null };
  }

  async history(task: string, page: Page): Promise<Json> {
    return (this.#find()?.host.history(task, page) ?? null) as unknown as Json;
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => this.#find()?.alarm());
  }
}
