/** Builds what expressions and templates see of a thread, loading the history only for those that ask for it. */
import type { Json } from "../../contract/event.ts";
import type { Expression, WorkflowIr } from "../ir.ts";
import { type Evaluated, evaluateExpression } from "./expression.ts";
import { readsSteps } from "./reads-steps.ts";
import type { TemplateScope } from "./template.ts";
import { type DecisionView, findFirst, findLatest, type Step } from "./view.ts";

function describeStart(view: DecisionView): { [key: string]: Json | undefined } {
  const { workflow, event } = view.start;
  const data = (event as { data?: Json }).data;
  const prompt = view.start.prompt ?? (typeof data === "object" && data !== null && !Array.isArray(data) ? data["prompt"] : undefined);
  return { workflow, event: event as { [key: string]: Json }, ...(prompt === undefined ? {} : { prompt }) };
}

function requireRole(role: unknown, name: string): string {
  if (typeof role !== "string") throw new TypeError(`$${name} takes the name of a role, a string`);
  return role;
}

/** Evaluates an expression over `{start, steps}`, with `$first`, `$last` and `$event`. */
export async function evaluateOverThread(source: Expression, view: DecisionView): Promise<Evaluated> {
  const steps: Step[] = readsSteps(source) ? await view.steps() : view.last ? [view.last] : [];
  // JSONata would fill a missing argument with its context; a rest parameter sees what was written.
  return evaluateExpression(
    source,
    { start: describeStart(view), steps },
    {
      event: view.start.event,
      first: async (...roles: unknown[]) => (await findFirst(view, requireRole(roles[0], "first")))?.output,
      last: async (...roles: unknown[]) => (await findLatest(view, requireRole(roles[0], "last")))?.output,
    },
  );
}

/** Whether templates ask for each role's latest output. @param sources the templates themselves */
export function readsLatest(sources: string): boolean {
  return sources.includes("_last");
}

/** Each role's latest output, of those that have one. */
export async function readLatest(view: DecisionView, { roles }: Pick<WorkflowIr, "roles">): Promise<{ [role: string]: Json }> {
  const latest: [string, Json][] = [];
  for (const { name } of roles) {
    const step = await findLatest(view, name);
    if (step) latest.push([name, step.output]);
  }
  return Object.fromEntries(latest);
}

/** What templates of a node see. @param latest each role's latest output, where they ask for it */
export function buildTemplateScope(view: DecisionView, node: string, latest: { [role: string]: Json }): TemplateScope {
  const { last } = view;
  const own: object = node === "$START" || !last ? view.start.event : last.output;
  return {
    ...own,
    _status: node === "$START" ? view.start.which : last?.output["$status"],
    _body: last?.body,
    _event: view.start.event,
    _last: latest,
    _supplement: view.supplement,
    _children: view.children ?? last?.children,
  };
}
