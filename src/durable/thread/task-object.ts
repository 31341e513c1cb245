/** The Durable Object of a task that lives apart from its thread's root. A thin host of the task. */
import { DurableObject } from "cloudflare:workers";
import type { Json } from "../../contract/event.ts";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import type { MessageView } from "../../contract/views/thread.ts";
import { type Environment, isPaused } from "../environment.ts";
import type { HistoryEntry } from "../host/history.ts";
import { deleteAll, holdAlarm, isStored, readName, ringAgain } from "../host/storage/durable-world.ts";
import { takeEnvelope } from "../host/take-envelope.ts";
import type { ClaimCard } from "../protocol/agent.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { StepRange, Steps, TaskPeek, TaskRpc } from "../protocol/task.ts";
import { answerGone, mayCreate } from "./absent-object.ts";
import { connectTask } from "./connect-thread.ts";
import { createThreadTask, type ThreadTask } from "./thread-task.ts";

type Page = { after?: number; limit: number };

export class TaskObject extends DurableObject<Environment> implements TaskRpc {
  #made: ThreadTask | undefined;

  get #task(): ThreadTask {
    this.#made ??= createThreadTask(connectTask(this.ctx, this.env));
    return this.#made;
  }

  get #name(): string {
    return readName(this.ctx);
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    return takeEnvelope(envelope, async () => {
      if (!mayCreate(envelope) && !this.#find()) return answerGone(envelope);
      return envelope.message.type === "thread.forget" ? this.#forget() : this.#task.deliver(envelope);
    });
  }

  /** Undefined: it stores nothing. Asking it leaves no trace. */
  #find(): ThreadTask | undefined {
    return this.#made ?? (isStored(this.ctx) ? this.#task : undefined);
  }

  /** Its thread is archived. */
  async #forget(): Promise<Delivery> {
    const task = this.#task;
    task.host.resume();
    if (!task.isSpent()) return { status: "later", detail: "something here lives, or waits to be sent" };
    this.#made = undefined;
    await deleteAll(this.ctx);
    return { status: "stored" };
  }

  async take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#find()?.take(agent, event, hash) ?? refuse("not_found", "There is no such turn.");
  }

  async peek(task: string): Promise<TaskPeek | undefined> {
    return this.#find()?.tasks.find(task).peek();
  }

  async settleDeadLetter(order: "retry" | "drop", id: number): Promise<Result<null>> {
    return this.#find()?.settleDeadLetter(order, String(id)) ?? refuse("not_found", `There is no dead letter ${id}.`);
  }

  async steps(range: StepRange): Promise<Steps> {
    return this.#find()?.tasks.find(this.#name).steps(range) ?? { messages: [], decisions: [] };
  }

  async asked(agent: string): Promise<boolean> {
    return this.#find()?.tasks.find(this.#name).asked(agent) ?? false;
  }

  async supplement(supplement: Json): Promise<void> {
    this.#task.tasks.find(this.#name).supplement(supplement);
  }

  async messages(page: Page): Promise<{ messages: MessageView[]; next: number | null }> {
    return this.#find()?.tasks.find(this.#name).messages(page) ?? { messages: [], next: null };
  }

  async history(task: string, page: Page): Promise<HistoryEntry[] | null> {
    return this.#find()?.host.history(task, page) ?? null;
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => this.#find()?.alarm());
  }
}
