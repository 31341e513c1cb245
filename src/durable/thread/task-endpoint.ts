/** What may be asked of a thread's task. A thin host of the task's door. */
import type { Accepted } from "../../contract/frames/server-frames.ts";
import type { ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import type { Result } from "../../contract/problem.ts";
import type { MessageView } from "../../contract/views/thread.ts";
import { Endpoint } from "../endpoint.ts";
import { isPaused } from "../environment.ts";
import type { HistoryEntry } from "../host/history.ts";
import { clearTombstone, holdAlarm, ringAgain } from "../host/storage/object-context.ts";
import type { ClaimCard } from "../protocol/agent.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { StepRange, Steps, TaskPeek, TaskRpc } from "../protocol/task.ts";
import { connectTask, hearName } from "./connect-thread.ts";
import { createTaskDoor, type TaskDoor } from "./task-door.ts";

type Page = { after?: number; limit: number };

export class TaskEndpoint extends Endpoint implements TaskRpc {
  #made: TaskDoor | undefined;

  get #door(): TaskDoor {
    this.#made ??= createTaskDoor(connectTask(this.ctx, this.near));
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

  alarm(): Promise<void> {
    if (isPaused(this.env)) return holdAlarm(this.ctx);
    return ringAgain(this.ctx, async () => {
      // One that was emptied while in memory has its door still, and no tables.
      if (this.ctx.isStored()) await this.#door.alarm();
      else await clearTombstone(this.ctx);
    });
  }
}
