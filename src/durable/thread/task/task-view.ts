/** A thread as its moderator sees it, out of the task's documents and what the present step adds. Knows documents, not machines. */
import { type DecisionView, isEngineOutput, type Step } from "../../../compile/decide/view.ts";
import type { Json } from "../../../contract/event.ts";
import { readChildren, viewChild } from "../children/child-documents.ts";
import type { ChildDocument, StepDocument, TaskDocuments } from "./task-documents.ts";
import type { Again } from "./task-start.ts";
import { readAllSteps, readLastStep, readTally, readTurn } from "./turn-documents.ts";

/** What the view needs to know of how the thread began. */
export interface ViewStart {
  workflow: string;
  event: DecisionView["start"]["event"];
  /** The sender's id. */
  initiator: string;
  /** Of a thread that was begun anew. */
  again?: Again | undefined;
  /** What it begins with; absent: it has begun, and its document says it. */
  supplement?: Json | undefined;
}

/** A step that is not written yet. */
export interface AppendedStep {
  turn: number;
  step: Step;
}

/**
 * Reads the last step; any other only if it is asked for.
 * @param appended by this very step
 * @param joined the children that were waited for, as they are now; by default those of the round before the last step
 */
export function readTaskView(
  documents: TaskDocuments,
  start: ViewStart,
  appended: AppendedStep[] = [],
  joined?: ChildDocument[],
): DecisionView {
  const { again } = start;
  const stored = appended.length ? undefined : readLastStep(documents, again);
  const supplement = start.supplement === undefined ? documents.supplement.get("") : start.supplement;
  const newest = appended.at(-1);
  const turn = newest?.turn ?? stored?.turn ?? 0;
  const children = (joined ?? (turn > 0 ? readChildren(documents, turn - 1) : [])).map(viewChild);
  const said = newest?.step ?? (stored && viewStep(stored.step));
  const last = said && (children.length ? { ...said, children } : said);
  const isSaid = ({ step }: AppendedStep, role: string): boolean => step.role === role && !isEngineOutput(step.output);
  const readStep = (of: number | undefined): Step | undefined => {
    const step = of === undefined ? undefined : readTurn(documents, of)?.step;
    return step && viewStep(step);
  };
  return {
    start: viewStart(start),
    ...(last && { last }),
    ...(children.length && { children }),
    ...(supplement !== undefined && supplement !== null && { supplement }),
    first: (role) => readStep(readTally(documents, role, again).first) ?? appended.find((each) => isSaid(each, role))?.step,
    latest: (role) => appended.findLast((each) => isSaid(each, role))?.step ?? readStep(readTally(documents, role, again).last),
    steps() {
      const all = [...readAllSteps(documents, again).map(viewStep), ...appended.map(({ step }) => step)];
      // The last step already has its children.
      if (last && all.length) all[all.length - 1] = last;
      return all;
    },
  };
}

/** How threads began, as moderators see it: the same at each of their steps. */
const startViews = new WeakMap<ViewStart, DecisionView["start"]>();

function viewStart(start: ViewStart): DecisionView["start"] {
  let view = startViews.get(start);
  if (!view) {
    const { workflow, event, initiator, again } = start;
    view = { workflow, event: { ...event, agent: initiator } as { [key: string]: Json }, which: again?.start ?? "new" };
    startViews.set(start, view);
  }
  return view;
}

function viewStep({ role, agent, output, body }: StepDocument): Step {
  return { role, agent, output, ...(body !== undefined && { body }) };
}
