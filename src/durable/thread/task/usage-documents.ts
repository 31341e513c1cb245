/** What turns took of language models, as their agents said: kept with each turn and summed by role. Knows documents, no machine. */
import { type Spent, threadBudget } from "../../../../machines/messages.ts";
import { readSpent } from "../../../../machines/task/budgets.ts";
import type { TaskContext } from "../../../../machines/task/context.ts";
import { hasBudget } from "../../../compile/has-budget.ts";
import type { BudgetIr, WorkflowIr } from "../../../compile/ir.ts";
import { addCosts, addUsage, readUsage, type SaidUsage, type Usage } from "../../../contract/usage.ts";
import type { BudgetView } from "../../../contract/views/explanation.ts";
import type { TaskDocuments } from "./task-documents.ts";
import { changeTurn, readTurn } from "./turn-documents.ts";

/** Adds what an agent said to its turn and its role; within the transaction in which its event is taken, so once. */
export function noteUsage(documents: TaskDocuments, turn: number, role: string, said: SaidUsage | undefined): void {
  const took = said && readUsage(said);
  if (!took) return;
  changeTurn(documents, turn, { usage: addUsage(readTurn(documents, turn)?.usage, took) });
  documents.usage.put(role, addUsage(documents.usage.get(role), took));
  const given = readTurn(documents, turn - 1)?.given;
  if (given) changeTurn(documents, turn - 1, { given: { ...given, usage: addUsage(given.usage, took) } });
}

/** What the machine is told of what was said: nothing where no budget is. */
export function spend(ir: WorkflowIr | undefined, said: SaidUsage | undefined): { usage?: Spent } {
  const took = said && ir && hasBudget(ir) ? readUsage(said) : undefined;
  return took ? { usage: { tokens: took.tokens, cost: took.cost ?? 0 } } : {};
}

/**
 * What a refused answer took was spent. Its event is not kept, and may come again: then it is refused again, and took nothing more.
 * @returns `note`: writes it, in the transaction of the refusal
 */
export function spendRefused(
  documents: TaskDocuments,
  { turn, role, ir, agent, id }: { turn: number; role: string; ir: WorkflowIr | undefined; agent: string; id: string },
  said: SaidUsage | undefined,
): { spent: { usage?: Spent }; note(): void } {
  const known = readTurn(documents, turn)?.refused;
  if (!said || (known?.agent === agent && known.id === id)) return { spent: {}, note() {} };
  return {
    spent: spend(ir, said),
    note() {
      noteUsage(documents, turn, role, said);
      changeTurn(documents, turn, { refused: { agent, id } });
    },
  };
}

/** Of each role whose agents said any. */
export function readUsageByRole({ usage }: TaskDocuments): { [role: string]: Usage } {
  return Object.fromEntries(usage.entries());
}

/** What is left of each budget. */
export function viewBudgets({ roles, budget: own }: WorkflowIr, context: TaskContext): BudgetView[] {
  const view = (role: string | null, budget: BudgetIr | undefined): BudgetView[] => {
    if (!budget) return [];
    const spent = readSpent(context, role ?? threadBudget);
    const { tokens, cost } = budget;
    return [
      {
        role,
        ...(tokens !== undefined && { tokens: leave(tokens, spent.tokens) }),
        ...(cost !== undefined && { cost: leave(cost, spent.cost) }),
      },
    ];
  };
  return [...view(null, own), ...roles.flatMap(({ name, budget }) => view(name, budget))];
}

function leave(of: number, spent: number): { of: number; spent: number; left: number } {
  return { of, spent, left: Math.max(0, addCosts(of, -spent)) };
}
