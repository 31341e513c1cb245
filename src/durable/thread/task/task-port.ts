/** A task as its root asks it: it answers soon, or is named as one that cannot be reached. */
import { refuse } from "../../../contract/problem.ts";
import type { UnreachableView } from "../../../contract/views/unreachable.ts";
import { toPlainError } from "../../host/error-data.ts";
import type { HeldBack } from "../../host/held-back.ts";
import type { HistoryEntry } from "../../host/history.ts";
import { viewHeldBack } from "../../projector/held-back-row.ts";
import type { TaskPeek, TaskRpc } from "../../protocol/task.ts";

/** Milliseconds that a task's object has to answer: whoever looks at a page waits for it. */
export const taskAnswer = 3_000;

/** The task's object did not answer. */
export class TaskUnreachableError extends Error {
  override name = "TaskUnreachableError";
  readonly code = "task_unreachable";
  /** The task's address. */
  readonly receiver: string;

  constructor(receiver: string, why: string) {
    super(why);
    this.receiver = receiver;
  }
}

/** The task of one address. Every question throws {@link TaskUnreachableError} where its object does not answer. */
export interface TaskPort extends Pick<TaskRpc, "asked" | "messages" | "steps"> {
  peek(): Promise<TaskPeek | undefined>;
  history(page: { after?: number; limit: number }): Promise<HistoryEntry[] | null>;
}

/** @param address the task's: one object has the tasks of all of a thread's epochs */
export function createTaskPort(address: string, object: TaskRpc): TaskPort {
  const name = address.slice("task/".length);
  const ask = <T>(question: Promise<T>): Promise<T> => answerSoon(address, question);
  return {
    peek: () => ask(object.peek(name)),
    asked: (agent) => ask(object.asked(agent)),
    messages: (page) => ask(object.messages(page)),
    steps: (range) => ask(object.steps(range)),
    history: (page) => ask(object.history(name, page)),
  };
}

async function answerSoon<T>(address: string, question: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${taskAnswer / 1_000} s`)), taskAnswer);
  });
  try {
    return await Promise.race([question, silence]);
  } catch (error) {
    throw new TaskUnreachableError(address, toPlainError(error).message);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

/** Whom nobody reaches: the task that did not answer, and receivers whose messages wait. Each once. */
export function listUnreachable(silent: TaskUnreachableError | undefined, held: HeldBack[], now: number): UnreachableView[] {
  const views = viewHeldBack(held);
  if (!silent || views.some(({ receiver }) => receiver === silent.receiver)) return views;
  return [{ receiver: silent.receiver, since: new Date(now).toISOString(), messages: 0, error: silent.message }, ...views];
}

/** Asks a task what may be left out of the answer. */
export async function tryTask<T>(
  question: () => Promise<T> | undefined,
): Promise<{ answer?: T | undefined; silent?: TaskUnreachableError }> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (error instanceof TaskUnreachableError) return { silent: error };
    throw error;
  }
}

/** The answer where nothing can be said without the task. */
export function refuseUnreachable({ receiver, message }: TaskUnreachableError): ReturnType<typeof refuse> {
  return refuse(
    "unavailable",
    `The object ${receiver}, which has the thread's turns and messages, cannot be reached: ${message}. Ask again.`,
    {
      retryAfter: 1,
      unreachable: [receiver],
    },
  );
}
