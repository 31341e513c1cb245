/** What turns spend of a thread's budgets, when one is spent, and how that is said. Knows the context, no workflow. */
import { addCosts, writeNumber } from "../../src/contract/usage.ts";
import { budgetReason } from "../../src/contract/waits.ts";
import { lookUp, readNumber, readObject } from "../facts.ts";
import { type Spent, threadBudget } from "../messages.ts";
import type { Facts, Params } from "../steps.ts";
import type { Spending, TaskContext } from "./context.ts";

/** What a budget allows; absent: as much as anybody likes. */
export interface Budget {
  tokens?: number | undefined;
  cost?: number | undefined;
}

const nothing: Spending = { thread: {}, roles: {} };

function add(one: Spent | undefined, other: Spent): Spent {
  return one ? { tokens: Math.min(Number.MAX_SAFE_INTEGER, one.tokens + other.tokens), cost: addCosts(one.cost, other.cost) } : other;
}

/** With what an event says that the role's turn took; undefined: it says nothing. */
export function countSpent(spending: Spending = nothing, role: string, event: Facts): Spending | undefined {
  const said = readObject(event, "usage");
  const took: Spent = { tokens: readNumber(said, "tokens") ?? 0, cost: readNumber(said, "cost") ?? 0 };
  if (took.tokens <= 0 && took.cost <= 0) return undefined;
  const { thread, roles } = spending;
  return {
    thread: { ...thread, [role]: add(lookUp(thread, role), took) },
    roles: { ...roles, [role]: add(lookUp(roles, role), took) },
  };
}

/** What was spent of a budget since it was granted. */
export function readSpent({ spending = nothing }: Pick<TaskContext, "spending">, budget: string): Spent {
  if (budget !== threadBudget) return lookUp(spending.roles, budget) ?? { tokens: 0, cost: 0 };
  return Object.values(spending.thread).reduce(add, { tokens: 0, cost: 0 });
}

function isSpent({ tokens, cost }: Budget, spent: Spent): boolean {
  return (tokens !== undefined && spent.tokens >= tokens) || (cost !== undefined && spent.cost >= cost);
}

/** The budgets that a role's turn draws on, out of the params of a guard or an action. */
function readBudgets(params: Params): [name: string, budget: Budget][] {
  return Object.entries(readObject(params, "budgets")).map(([name]) => {
    const budget = readObject(readObject(params, "budgets"), name);
    return [name, { tokens: readNumber(budget, "tokens"), cost: readNumber(budget, "cost") }];
  });
}

/** Those of them that are spent. */
export function listOverspent(context: TaskContext, params: Params): [name: string, budget: Budget][] {
  return readBudgets(params).filter(([name, budget]) => isSpent(budget, readSpent(context, name)));
}

/** Why the thread stands still, and what to do: within the bytes that a reason may take. */
export function describeOverspent(context: TaskContext, [name, budget]: [name: string, budget: Budget]): string {
  const spent = readSpent(context, name);
  const amounts = [
    ...(budget.tokens === undefined ? [] : [`${writeNumber(spent.tokens)} of ${writeNumber(budget.tokens)} tokens`]),
    ...(budget.cost === undefined ? [] : [`a cost of ${writeNumber(spent.cost)} of ${writeNumber(budget.cost)}`]),
  ].join(", ");
  const whose = name === threadBudget ? "the workflow" : name;
  const by = name === threadBudget ? describeSpenders(context.spending ?? nothing, budget) : "";
  return `${budgetReason}that of ${whose}, ${amounts}${by}; a resume grants it once more`;
}

/** The three who spent most. */
function describeSpenders({ thread }: Spending, { tokens }: Budget): string {
  const spenders = Object.entries(thread)
    .map(([role, spent]): [string, number] => [role, tokens === undefined ? spent.cost : spent.tokens])
    .sort(([, a], [, b]) => b - a);
  const named = spenders.slice(0, 3).map(([role, amount]) => `${role} ${writeNumber(amount)}`);
  return ` (${named.join(", ")}${spenders.length > 3 ? `, ${spenders.length - 3} more` : ""})`;
}

/** Counts budgets from nothing again. */
export function grantAnew(spending: Spending = nothing, budgets: readonly string[]): Spending {
  return {
    thread: budgets.includes(threadBudget) ? {} : spending.thread,
    roles: Object.fromEntries(Object.entries(spending.roles).filter(([role]) => !budgets.includes(role))),
  };
}
