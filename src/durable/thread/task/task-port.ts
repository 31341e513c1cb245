/** A task as its root asks it. */
import type { HistoryEntry } from "../../host/history.ts";
import type { TaskPeek, TaskRpc } from "../../protocol/task.ts";

/** The task of one address. */
export interface TaskPort extends Pick<TaskRpc, "asked" | "messages" | "steps"> {
  peek(): Promise<TaskPeek | undefined>;
  history(page: { after?: number; limit: number }): Promise<HistoryEntry[] | null>;
}

/** @param name its actor's id: one object has the tasks of all of a thread's epochs */
export function createTaskPort(name: string, object: TaskRpc): TaskPort {
  return {
    peek: () => object.peek(name),
    asked: (agent) => object.asked(agent),
    messages: (page) => object.messages(page),
    steps: (range) => object.steps(range),
    history: (page) => object.history(name, page),
  };
}
