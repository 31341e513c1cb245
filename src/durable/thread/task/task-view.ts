/** A thread as its moderator sees it, out of the task's rows and what the present step adds. Knows rows, not machines. */
import type { DecisionView, Step } from "../../../compile/decide/view.ts";
import type { Json } from "../../../contract/event.ts";
import type { Storage } from "../../host/ports.ts";
import { type ChildRow, readChildren, viewChild } from "../children/child-rows.ts";
import { type MessageRow, readAllMessages, readLastMessage, readSupplement } from "./task-rows.ts";
import type { Again } from "./task-start.ts";

/** What the view needs to know of how the thread began. */
export interface ViewStart {
  workflow: string;
  event: DecisionView["start"]["event"];
  /** The sender's id. */
  initiator: string;
  /** Of a thread that was begun anew. */
  again?: Again | undefined;
  /** What it begins with; absent: it has begun, and the row says it. */
  supplement?: Json | undefined;
}

/** A step that is not written yet. */
export interface AppendedStep {
  turn: number;
  step: Step;
}

/**
 * @param appended by this very step
 * @param joined the children that were waited for, as they are now; by default those of the round before the last step
 */
export function readTaskView(storage: Storage, start: ViewStart, appended: AppendedStep[] = [], joined?: ChildRow[]): DecisionView {
  const stored = appended.length ? undefined : readLastMessage(storage, start.again);
  const supplement = start.supplement === undefined ? readSupplement(storage) : start.supplement;
  const newest = appended.at(-1);
  const turn = newest?.turn ?? stored?.turn ?? 0;
  const last = newest?.step ?? (stored && toStep(stored));
  const children = (joined ?? (turn > 0 ? readChildren(storage, turn - 1) : [])).map(viewChild);
  if (last && children.length) last.children = children;
  return {
    start: {
      workflow: start.workflow,
      event: { ...start.event, agent: start.initiator } as { [key: string]: Json },
      which: start.again?.start ?? "new",
    },
    ...(last && { last }),
    ...(children.length && { children }),
    ...(supplement !== null && { supplement }),
    steps: () => {
      const steps = readAllMessages(storage, start.again).map(toStep);
      const all = [...steps, ...appended.map(({ step }) => step)];
      // The last step already has its children.
      if (last && all.length) all[all.length - 1] = last;
      return all;
    },
  };
}

function toStep({ role, agent, output, body }: MessageRow): Step {
  return { role, agent, output: JSON.parse(output) as Step["output"], ...(body !== null && { body }) };
}
