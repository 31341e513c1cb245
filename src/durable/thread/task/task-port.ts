/** A task as its root asks it, in the same object or in one of its own. */
import type { HistoryEntry } from "../../host/history.ts";
import type { TaskPeek, TaskRpc } from "../../protocol/task.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import type { TaskCore } from "./task-core.ts";

/** The task of one address. */
export interface TaskPort extends Pick<TaskRpc, "asked" | "messages" | "steps" | "supplement"> {
  peek(): Promise<TaskPeek | undefined>;
  history(page: { after?: number; limit: number }): Promise<HistoryEntry[] | null>;
}

/** A task that lives in its root's object. @param name its actor's id */
export function createNearTask(name: string, core: TaskCore, host: Pick<ThreadHost, "history">): TaskPort {
  return {
    peek: core.peek,
    asked: async (agent) => core.asked(agent),
    messages: async (page) => core.messages(page),
    steps: async (range) => core.steps(range),
    supplement: async (supplement) => core.supplement(supplement),
    history: async (page) => host.history(name, page),
  };
}

/** A task that lives in an object of its own. @param name its actor's id */
export function createFarTask(name: string, object: TaskRpc): TaskPort {
  return {
    peek: () => object.peek(name),
    asked: (agent) => object.asked(agent),
    messages: (page) => object.messages(page),
    steps: (range) => object.steps(range),
    supplement: (supplement) => object.supplement(supplement),
    history: (page) => object.history(name, page),
  };
}
