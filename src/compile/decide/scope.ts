/** Builds what expressions and templates see of a thread, loading the history only for those that ask for it. */
import type { Json } from "../../contract/event.ts";
import type { Expression } from "../ir.ts";
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

/**
 * What templates of a node see.
 * @param sources the templates themselves: each role's latest output is loaded only if one of them says `_last`
 */
export async function buildTemplateScope(view: DecisionView, node: string, roles: string[], sources: string): Promise<TemplateScope> {
  const { last } = view;
  const own: object = node === "$START" || !last ? view.start.event : last.output;
  const latest: [string, Json][] = [];
  if (sources.includes("_last"))
    for (const role of roles) {
      const step = await findLatest(view, role);
      if (step) latest.push([role, step.output]);
    }
  return {
    ...own,
    _status: node === "$START" ? view.start.which : last?.output["$status"],
    _body: last?.body,
    _event: view.start.event,
    _last: Object.fromEntries(latest),
    _supplement: view.supplement,
    _children: view.children ?? last?.children,
  };
}
