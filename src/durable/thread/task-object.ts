/** The Durable Object of a thread's task. A thin host of the task's door. */
import { DurableObject } from "cloudflare:workers";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import type { Result } from "../../contract/problem.ts";
import type { MessageView } from "../../contract/views/thread.ts";
import { type Environment, isPaused } from "../environment.ts";
import type { HistoryEntry } from "../host/history.ts";
import { clearTombstone, holdAlarm, isStored, ringAgain } from "../host/storage/durable-world.ts";
import type { ClaimCard } from "../protocol/agent.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { StepRange, Steps, TaskPeek, TaskRpc } from "../protocol/task.ts";
import { connectTask, hearName } from "./connect-thread.ts";
import { createTaskDoor, type TaskDoor } from "./task-door.ts";

type Page = { after?: number; limit: number };

export class TaskObject extends DurableObject<Environment> implements TaskRpc {
  #made: TaskDoor | undefined;

  get #door(): TaskDoor {
    this.#made ??= createTaskDoor(connectTask(this.ctx, this.env));
    return this.#made;
  }

  deliver(envelope: Envelope): Promise<Delivery> {
    hearName(this.ctx, envelope);
    return this.#door.deliver(envelope);
  }

  adopt(): Promise<void> {
    return this.#door.adopt();
  }

  take(agent: ClaimCard, event: ThreadEvent, hash: string): Promise<Result<Accepted>> {
    return this.#door.take(agent, event, hash);
  }

  peek(task: string): Promise<TaskPeek | undefined> {
    return this.#door.peek(task);
  }

  settleDeadLetter(order: "retry" | "drop", id: number): Promise<Result<null>> {
    return this.#door.settleDeadLetter(order, id);
  }

  steps(range: StepRange): Promise<Steps> {
    return this.#door.steps(range);
  }

  asked(agent: string): Promise<boolean> {
    return this.#door.asked(agent);
  }

  messages(page: Page): Promise<{ messages: MessageView[]; next: number | null }> {
    return this.#door.messages(page);
  }

  history(task: string, page: Page): Promise<HistoryEntry[] | null> {
    return this.#door.history(task, page);
  }

  override alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => {
      // One that was emptied while in memory has its door still, and no tables.
      if (isStored(this.ctx)) await this.#door.alarm();
      else await clearTombstone(this.ctx);
    });
  }
}
