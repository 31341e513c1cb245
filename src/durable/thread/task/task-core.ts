/** One task of its object, without the platform: what agents say of its turns, and what is read of it. */

import type { ThreadEventOf, TurnKind } from "../../../contract/kinds/agent-kinds.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import type { StepRange, Steps, TaskPeek } from "../../protocol/task.ts";
import { isAsked } from "../broadcast/audience-documents.ts";
import type { Take } from "../turn/take-in-turn.ts";
import { readSteps } from "./copied-steps.ts";
import { peekTask } from "./peek-task.ts";
import { createTurnEvents } from "./take-turn-event.ts";
import type { TaskPorts } from "./task-ports.ts";
import { readMessages } from "./turn-documents.ts";

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
  const { documents } = ports;
  return {
    take: createTurnEvents(ports),
    asked: (agent) => isAsked(documents, agent),
    messages: (page) => readMessages(documents, page),
    steps: (range) => readSteps(documents, range),
    peek: () => peekTask(ports),
  };
}
