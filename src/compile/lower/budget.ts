/** Lowers budgets: what is counted, and where a turn is held back because one is spent. A workflow without any has nothing of it. */

import type { ConfigJson, NamedJson, StateJson, TransitionJson, TransitionsJson } from "../../../machines/config.ts";
import { threadBudget } from "../../../machines/messages.ts";
import { hasBudget } from "../has-budget.ts";
import type { BudgetIr, RoleIr, WorkflowIr } from "../ir.ts";
import { name } from "./names.ts";

/** The budgets that a role's turn draws on: its own first, which says more. */
function listBudgets(ir: WorkflowIr, role: RoleIr): [name: string, budget: BudgetIr][] {
  return [
    ...(role.budget ? [[role.name, role.budget] as [string, BudgetIr]] : []),
    ...(ir.budget ? [[threadBudget, ir.budget] as [string, BudgetIr]] : []),
  ];
}

/** Before the role is given a turn: a person is asked where a budget is spent. */
export function lowerOverspent(ir: WorkflowIr, role: RoleIr): TransitionJson[] {
  const budgets = listBudgets(ir, role);
  if (budgets.length === 0) return [];
  const params: { [key: string]: ConfigJson } = { budgets: Object.fromEntries(budgets.map(([of, budget]) => [of, { ...budget }])) };
  return [
    {
      guard: name("overBudget", params),
      description: "budget spent: suspend",
      target: "#task.suspended",
      actions: [name("becauseBudget", params)],
    },
  ];
}

/** Where a turn goes that is given once more, or to somebody else: past its budgets, if there are any. */
export function lowerOnceMore(ir: WorkflowIr, role: RoleIr, state: "waiting" | "vacant"): "waiting" | "vacant" | "seating" {
  return listBudgets(ir, role).length > 0 ? "seating" : state;
}

/** After a suspension: the budgets that were its reason are granted once more. */
export function lowerGrant(ir: WorkflowIr): NamedJson[] {
  return hasBudget(ir) ? [name("grantBudget")] : [];
}

/** What agents say that may have taken something. */
const spending = ["turn.answered", "turn.failed", "turn.invalid"];

/** Has whatever a state and those within it take of agents counted. */
export function countUsage(ir: WorkflowIr, state: StateJson): StateJson {
  if (!hasBudget(ir)) return state;
  const { on, states } = state;
  return {
    ...state,
    ...(on && {
      on: Object.fromEntries(
        Object.entries(on).map(([event, transitions]) => [event, spending.includes(event) ? countIn(transitions) : transitions]),
      ),
    }),
    ...(states && { states: Object.fromEntries(Object.entries(states).map(([key, inner]) => [key, countUsage(ir, inner)])) }),
  };
}

function countIn(transitions: TransitionsJson): TransitionsJson {
  const count = (transition: TransitionJson): TransitionJson => ({
    ...transition,
    actions: [name("countUsage"), ...(transition.actions ?? [])],
  });
  return Array.isArray(transitions) ? transitions.map(count) : count(transitions);
}
