/** One task of its object, without the platform: what agents say of its turns, and what is read of it. */

import type { ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import type { StepRange, Steps, TaskPeek } from "../../protocol/task.ts";
import { isAsked } from "../broadcast/audience-rows.ts";
import type { Take } from "../turn/take-in-turn.ts";
import { peekTask } from "./peek-task.ts";
import { createTurnEvents } from "./take-turn-event.ts";
import type { TaskPorts } from "./task-ports.ts";
import { readMessages, readSteps } from "./task-rows.ts";

export interface TaskCore {
  take: Take<ThreadEventOf<TurnKind>>;
  peek(): Promise<TaskPeek | undefined>;
  /** Whether the agent was given a broadcast's turn. */
  asked(agent: string): boolean;
  messages(page: { after?: number; limit: number }): { messages: MessageView[]; next: number | null };
  /** Steps that count, as rows for a copy. */
  steps(range: StepRange): Steps;
}

export function createTaskCore(ports: TaskPorts): TaskCore {
  const { storage } = ports;
  return {
    take: createTurnEvents(ports),
    asked: (agent) => isAsked(storage, agent),
    messages: (page) => readMessages(storage, page),
    steps: (range) => readSteps(storage, range),
    peek: () => peekTask(ports),
  };
}
