/** How a workflow's threads fare, in figures. Pure. */
import { endedStatuses } from "../../contract/statuses.ts";
import type { LogEntry } from "../../contract/views/log.ts";
import type { ThreadEntry } from "../../contract/views/thread.ts";
import { writeSpan } from "./clock.ts";
import { readData } from "./story/moment.ts";

export interface Figures {
  ended: number;
  completed: number;
  /** How long those that completed took, half of them less; empty: none has. */
  median: string;
}

export function tellFigures(threads: readonly Pick<ThreadEntry, "status" | "createdAt" | "updatedAt">[]): Figures {
  const ended = threads.filter(({ status }) => endedStatuses.some((each) => each === status));
  const completed = ended.filter(({ status }) => status === "completed");
  const spans = completed.map(({ createdAt, updatedAt }) => Date.parse(updatedAt) - Date.parse(createdAt)).sort((a, b) => a - b);
  const middle = spans[Math.floor((spans.length - 1) / 2)];
  return { ended: ended.length, completed: completed.length, median: middle === undefined ? "" : writeSpan(middle) };
}

/** @returns whether an event tells how a thread of this workflow fares */
export const isOfWorkflow =
  (name: string) =>
  (entry: LogEntry): boolean =>
    entry.event.type.startsWith("nerve.thread.") && readData(entry)["workflow"] === name;
